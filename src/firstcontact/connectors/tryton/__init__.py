"""Tryton, over its JSON-RPC (see README.md)."""
