"""IO. Clio Manage."""
