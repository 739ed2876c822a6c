"""The site file: its model, its loader, its checker and its summary."""
