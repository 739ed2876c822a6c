"""Settings fitted to a site's own recorded normal life, as a proposal that a person decides on."""
