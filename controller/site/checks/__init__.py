"""What a site file must hold beyond its form, by theme. Each check yields every problem that it finds."""
