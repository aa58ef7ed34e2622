"""IO. Due work, leased and drained in batches."""
