"""The detector: kernels over banks of points, from the image to a level and a fault for every head."""
