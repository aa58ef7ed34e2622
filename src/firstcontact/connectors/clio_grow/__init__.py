"""IO. Clio Grow."""
