"""An installer's point list, as blocks and heads of a site file."""
