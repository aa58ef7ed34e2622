"""The kinds of CRM by name, with what each offers; a vendor's code is imported only when it is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from firstcontact.planning.capabilities import Capabilities

KINDS = ("address_book", "clio", "clio_grow", "lawmatics", "zoho", "dynamics", "salesforce")
"""In the order of the table of SPEC §3."""


class UnknownKind(LookupError):
    """No CRM of that kind. `str(error)` names those there are."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no CRM of the kind {kind!r}; known are {', '.join(KINDS)}")


@cache
def capabilities(kind: str) -> Capabilities:
    """What a kind of CRM offers. Raises UnknownKind."""
    if kind not in KINDS:
        raise UnknownKind(kind)
    module = import_module(f"firstcontact.connectors.{kind}.capabilities")
    found: Capabilities = module.CAPABILITIES
    return found
