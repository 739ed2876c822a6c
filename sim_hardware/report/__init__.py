"""What a drill came to: figures, acceptance, timeline and curves, as HTML, JSON, SVG and a table."""
