"""PURE. Twilio calls and messages as interactions. See README.md."""

from firstcontact.connectors.twilio.mapping import normalise

__all__ = ["normalise"]
