"""PURE. What Dataverse says went wrong, as the contract's errors (apis A5, "Error shape").

An error is known by its code, never by its status: a duplicate comes with 412 and with 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.dynamics.names import TITLE
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE

DUPLICATE = "0x80040333"
"""A duplicate detection rule; which record it found is not told."""
TAKEN = frozenset({"0x80040237", "0x80060892"})
"""The key, or the id, is another record's: with a key of ours, the record is ours."""
GONE = frozenset({"0x80040217", "0x80060891"})
CHANGED = frozenset({"0x80060882"})
"""Changed since its etag was read."""
THROTTLED = frozenset({"0x80072321", "0x80072322", "0x80072326"})
EXPIRED = frozenset({"0x80044352"})
"""A place in the changes that is too old to go on from."""
NO_USER = frozenset({"0x80072560", "0x80072561"})
"""The login is good, but nobody in this organisation is behind it, or somebody who is disabled."""
NOT_ALLOWED = frozenset({"0x80040220"})
_AGAIN = frozenset({"0x80040216", "0x80044151", "0x80044150", "0x8004e107", "0x80071151"})
_NO_PROPERTY = re.compile(r"(Could not find a property named|undeclared property|Invalid property) '([^']+)'")
THROTTLED_SECONDS = 60.0


class Fault(msgspec.Struct, frozen=True):
    """An error: its code in lower case, "" for none, the words, and the status they came with."""

    status: int
    code: str = ""
    message: str = ""

    @property
    def taken(self) -> bool:
        """Whether there is a record with this key or id already. Documents show it with an empty code."""
        return self.code in TAKEN or (self.status == 412 and self.code in ("", "0x0"))

    @property
    def gone(self) -> bool:
        """Whether something that it is about does not exist."""
        return self.code in GONE or (self.status == 404 and not self.code)

    @property
    def stale(self) -> bool:
        """Whether the organisation has other columns than those that the request was made for."""
        return self.status == 400 and bool(_NO_PROPERTY.search(self.message))


def read_fault(status: int, body: Any) -> Fault:
    """The error of an answer that is none of success."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Fault(status)
    return Fault(status, str(error.get("code") or "").lower(), str(error.get("message") or ""))


def words(fault: Fault) -> str:
    """What was said, as a sentence."""
    said = fault.message.strip() or "no reason given"
    code = f" ({fault.code})" if fault.code else ""
    return f"{TITLE}: {said}{code}"


def outcome(fault: Fault, after: float = 0.0) -> Rejected | TryAgain:
    """What a refused operation means for the write it was of. after: its `Retry-After`."""
    if fault.status == 429 or fault.code in THROTTLED:
        return TryAgain(f"{TITLE} takes no more requests for now.", after or THROTTLED_SECONDS)
    if fault.code in CHANGED:
        return TryAgain(f"{TITLE}: the record has changed meanwhile; it is read again.", 1.0)
    if fault.code in _AGAIN or fault.status in (401, 408):
        return TryAgain(words(fault), after or AFTER_TROUBLE)
    if fault.status >= 500 and fault.code != DUPLICATE:
        return TryAgain(words(fault), after or AFTER_TROUBLE)
    found = _NO_PROPERTY.search(fault.message)
    return Rejected(words(fault), (found[2],) if found else ())
