"""IO. Where interactions come from and where writes go: the contract, and one folder per vendor."""
