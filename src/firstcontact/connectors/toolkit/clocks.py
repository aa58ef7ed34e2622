"""The clock on the other side: how far it is from ours, and what `doctor` says of it."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from firstcontact.connectors.contract import Diagnosis

APART = 120_000_000
"""Microseconds by which two clocks may differ without a word."""
REMEDY = "Let this machine set its clock by the network (NTP)."


def skew(headers: Mapping[str, str], now: int) -> int | None:
    """By how many microseconds the clock of who answered is ahead of ours (`Date`, RFC 9110 §6.6.1); None
    where the answer does not tell."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return int(date.timestamp() * 1_000_000) - now


def examined(
    title: str,
    skew: int | None,
    *,
    wrong: Literal["warning", "error"] = "warning",
    remedy: str = REMEDY,
) -> Diagnosis:
    """What is to be said of a clock that is ahead of ours by so much. title: whose it is; wrong: how bad a
    clock that is off is there."""
    if skew is None:
        said = f"{title} does not tell the time in its answers."
        return Diagnosis(state="warning", about="clock", sentence=said)
    if abs(skew) <= APART:
        said = f"This machine's clock agrees with {title}'s."
        return Diagnosis(state="ok", about="clock", sentence=said)
    direction = "behind" if skew > 0 else "ahead of"
    said = f"This machine's clock is {abs(skew) // 1_000_000} seconds {direction} {title}'s."
    return Diagnosis(state=wrong, about="clock", sentence=said, remedy=remedy)
