"""PURE. Asterisk call detail records (CDR) as calls. See README.md."""

from firstcontact.connectors.asterisk.mapping import normalise

__all__ = ["normalise"]
