"""IO. Lawmatics."""
