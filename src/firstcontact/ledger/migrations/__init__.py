"""IO. The ledger's history of revisions."""
