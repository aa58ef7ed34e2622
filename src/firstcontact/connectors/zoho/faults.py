"""PURE. What Zoho CRM says went wrong, as the contract's errors (apis A4, "Duplicate", "Error codes").

An error stands alone as the whole answer, or in place of one record's result; it looks the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.connectors.contract import Exists, Rejected, TryAgain

LIMITS = frozenset({"LIMIT_EXCEEDED", "TOO_MANY_REQUESTS", "API_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"})
SUCCESS = "SUCCESS"
INVALID = "INVALID_DATA"
DUPLICATE = "DUPLICATE_DATA"
CLOSED = frozenset(
    {"NO_PERMISSION", "PERMISSION_DENIED", "FEATURE_PERMISSION", "INVALID_MODULE", "NOT_SUPPORTED"}
)
"""What is said of a whole module."""
UNSURE = frozenset({"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"})
"""Nobody knows whether the record was written."""
_AGAIN_SECONDS = 5.0
_TYPES = {"Contacts": "contact", "Leads": "lead", "Accounts": "account"}


class Fault(msgspec.Struct, frozen=True):
    """One error: its code and words, the field at fault, and the record that a duplicate names."""

    code: str = ""
    message: str = ""
    field: str = ""
    module: str = ""
    record: str = ""

    def __str__(self) -> str:
        """For a person."""
        about = f" ({self.field})" if self.field else ""
        return f"{self.code}: {self.message}{about}"


class Refused(Exception):
    """Zoho said no to a whole request. Never leaves the connector."""

    def __init__(self, status: int, fault: Fault) -> None:
        super().__init__(f"Zoho CRM answered {status}: {fault}")
        self.status = status
        self.fault = fault


def fault_of(body: Any) -> Fault:
    """The error of an answer or of one record's result; an empty one where it is none."""
    if not isinstance(body, Mapping):
        return Fault()
    details = body.get("details")
    details = details if isinstance(details, Mapping) else {}
    duplicate = details.get("duplicate_record")
    duplicate = duplicate if isinstance(duplicate, Mapping) else {}
    module = duplicate.get("module")
    module = module.get("api_name") if isinstance(module, Mapping) else module
    return Fault(
        code=str(body.get("code") or ""),
        message=str(body.get("message") or ""),
        field=str(details.get("api_name") or details.get("expected_field") or ""),
        module=str(module or ""),
        # Before version 8 the id stands in the details themselves.
        record=str(duplicate.get("id") or (details.get("id") or "" if body.get("code") == DUPLICATE else "")),
    )


def outcome(fault: Fault, module: str, *, made: bool) -> Exists | Rejected | TryAgain:
    """What a record that was refused is answered with. made: it was to be a new one."""
    if fault.code in LIMITS:
        return TryAgain(f"Zoho CRM asks to try again ({fault.code}).", _AGAIN_SECONDS)
    if fault.code == DUPLICATE and made and fault.record:
        type = _TYPES.get(fault.module or module, "")
        if type:
            return Exists(f"Zoho CRM has this {type} already, by its {fault.field}.", type, fault.record)
    return Rejected(f"Zoho CRM: {fault}.", (fault.field,) if fault.field else ())
