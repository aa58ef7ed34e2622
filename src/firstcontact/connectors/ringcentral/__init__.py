"""PURE. RingCentral call logs, messages and notifications as interactions. See README.md."""

from firstcontact.connectors.ringcentral.mapping import normalise

__all__ = ["normalise"]
