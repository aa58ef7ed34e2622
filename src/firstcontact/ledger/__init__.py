"""IO. The append-only account of everything: tables and named queries."""
