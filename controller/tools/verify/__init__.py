"""`haechi verify`: the release logic of a site explored over its states, with the very `decide` that runs (docs/verify.md)."""
