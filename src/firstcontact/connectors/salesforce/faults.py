"""PURE. What Salesforce says went wrong, as the contract's errors (apis A1, "Error envelope").

An error comes as `errorCode` from the plain resources and as `statusCode` from the collections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.connectors.contract import Exists, Rejected, TryAgain

LOCKED_SECONDS = 2.0
QUOTA_SECONDS = 900.0
"""The quota counts a rolling day, and Salesforce does not say when room comes; a quarter of an hour later a
hundredth of it is there again."""

QUOTA = frozenset({"REQUEST_LIMIT_EXCEEDED"})
CLOSED = frozenset({"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "OAUTH_APP_BLOCKED"})
"""The API is closed to us until an administrator opens it."""
SLOW = frozenset({"QUERY_TIMEOUT", "QUERY_TOO_COMPLICATED", "OPERATION_TOO_LARGE"})
_AGAIN = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "REQUEST_RUNNING_TOO_LONG",
        "UNKNOWN_EXCEPTION",
        "TXN_SECURITY_METERING_ERROR",
        "CONCURRENT_API_LIMIT_EXCEEDED",
        "PROCESSING_HALTED",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    }
)
ENDED = frozenset({"INVALID_SESSION_ID", "SESSION_EXPIRED"})
"""What SOAP says with a fault where REST answers 401."""
GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"})
STALE = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE"})
"""What is answered where the organisation has changed since we asked for its fields."""

_TYPES = {"Contact": "contact", "Lead": "lead", "Account": "account"}
_WITH_ID = re.compile(r"record with id: ?([0-9A-Za-z]{15,18})")
_PREFIXES = {"003": "contact", "00Q": "lead", "001": "account"}


class Fault(msgspec.Struct, frozen=True):
    """One error of an answer; `matches` are type and id of the records that a duplicate rule names."""

    code: str
    message: str = ""
    fields: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()


def read_faults(body: Any) -> tuple[Fault, ...]:
    """The errors of an answer: a list, or now and then a bare object; () for anything else."""
    given = body if isinstance(body, list) else [body]
    return tuple(_fault(one) for one in given if isinstance(one, Mapping) and _code(one))


def _code(given: Mapping[str, Any]) -> str:
    return str(given.get("errorCode") or given.get("statusCode") or given.get("error") or "")


def _fault(given: Mapping[str, Any]) -> Fault:
    message = str(given.get("message") or given.get("error_description") or "")
    fields = tuple(str(name) for name in given.get("fields") or ())
    # Misspelled by Salesforce itself; some installations spell it right.
    result = given.get("duplicateResut") or given.get("duplicateResult") or {}
    return Fault(_code(given), message, fields, tuple(_matches(result)))


def _matches(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[float, str, str]] = []
    for match in result.get("matchResults") or ():
        for one in match.get("matchRecords") or ():
            record = one.get("record") or {}
            type = (record.get("attributes") or {}).get("type") or match.get("entityType") or ""
            if record.get("Id") and type in _TYPES:
                found.append((-float(one.get("matchConfidence") or 0), _TYPES[type], str(record["Id"])))
    return [(type, id) for _, type, id in sorted(found)]


def taken_by(fault: Fault) -> str:
    """The record that already has a unique value; "" where the message does not name it."""
    found = _WITH_ID.search(fault.message) if fault.code == "DUPLICATE_VALUE" else None
    return long_id(found[1]) if found else ""


def outcome(faults: tuple[Fault, ...]) -> Exists | Rejected | TryAgain:
    """What a write that was refused with these errors is answered with."""
    if not faults:
        return Rejected("Salesforce refused the record and did not say why.")
    for fault in faults:
        if fault.code in QUOTA:
            return TryAgain("Salesforce takes no more requests for today.", QUOTA_SECONDS)
    for fault in faults:
        if fault.code in _AGAIN:
            return TryAgain(f"Salesforce asks to try again ({fault.code}).", LOCKED_SECONDS)
    for fault in faults:
        for type, id in fault.matches:
            return Exists(f"Salesforce has this {type} already: {fault.message}", type, id)
    for fault in faults:
        id = taken_by(fault)
        if id and id[:3] in _PREFIXES:
            return Exists(f"Salesforce has this value already: {fault.message}", _PREFIXES[id[:3]], id)
    fields = tuple(dict.fromkeys(name for fault in faults for name in fault.fields))
    words = " ".join(f"{fault.message} ({fault.code})." for fault in faults)
    return Rejected(f"Salesforce: {words}", fields)


def has(faults: tuple[Fault, ...], codes: frozenset[str]) -> bool:
    """Whether one of the errors is one of these."""
    return any(fault.code in codes for fault in faults)


def long_id(id: str) -> str:
    """An id in the form of 18 characters, which does not depend on upper and lower case.

    The last three say for each five of the fifteen which of them are upper case (published by Salesforce).
    """
    if len(id) != 15:
        return id
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    ends = ""
    for begin in range(0, 15, 5):
        bits = sum(1 << place for place, letter in enumerate(id[begin : begin + 5]) if letter.isupper())
        ends += alphabet[bits]
    return id + ends
