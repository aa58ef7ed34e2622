"""What could not be read, and why: nothing that was delivered disappears without one of these."""

from __future__ import annotations

import msgspec


class Rejection(msgspec.Struct, frozen=True):
    """One thing in a delivery that is no interaction.

    place: where in the delivery (`message 12 at byte 40213`, `line 7`, `VEVENT uid=…`).
    reason: a short stable name (`not_json`, `no_date`, `truncated`, `draft`, `presence_event` …).
    detail: a plain sentence for a person, saying what to do where something can be done.
    """

    place: str
    reason: str
    detail: str
