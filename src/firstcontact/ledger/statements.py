"""The ledger's names for what is in `store.statements`."""

from __future__ import annotations

from firstcontact.store.statements import CHUNK, chunks, insert_new, upsert
from firstcontact.store.statements import Values as Row

__all__ = ["CHUNK", "Row", "chunks", "insert_new", "upsert"]
