"""The cause-and-effect matrix as people pass it on: a sheet of causes against effects, a page to look at, and back."""
