"""The kinds of CRM by name, built in or plugins; a vendor's code is imported only when asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from firstcontact.connectors.contract import CRM_GROUP, CrmKind
from firstcontact.planning.capabilities import Capabilities

KINDS = ("address_book", "clio", "clio_grow", "lawmatics", "zoho", "dynamics", "salesforce")
"""In the order of the table of SPEC §3."""
STANDARDS = ("tryton", "carddav")
"""Built in beside them."""
CONNECTED = ("salesforce", "clio", *STANDARDS)
"""Those of the built-in ones that a connection can be opened to; each has a `kind.KIND`."""


class UnknownKind(LookupError):
    """No CRM of that kind. `str(error)` names those there are."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no CRM of the kind {kind!r}; known are {', '.join(names())}")


class NotConnected(LookupError):
    """A kind whose behaviour is known, for scenarios, but that no connection can be opened to yet."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no connector for {kind!r} yet; there are {', '.join(connected())}")


def names() -> tuple[str, ...]:
    """Every kind: the built-in ones, then plugins by name."""
    return (*KINDS, *STANDARDS, *sorted(_plugins()))


def connected() -> tuple[str, ...]:
    """Kinds that a connection can be opened to."""
    return (*CONNECTED, *sorted(_plugins()))


@cache
def kind(name: str) -> CrmKind:
    """A kind of CRM that connections can be opened to. Raises UnknownKind, NotConnected."""
    if name in CONNECTED:
        found: CrmKind = import_module(f"firstcontact.connectors.{name}.kind").KIND
        return found
    if name in KINDS:
        raise NotConnected(name)
    plugin = _plugins().get(name)
    if plugin is None:
        raise UnknownKind(name)
    loaded = plugin.load()
    if not isinstance(loaded, CrmKind):
        raise UnknownKind(name)
    return loaded


@cache
def capabilities(name: str) -> Capabilities:
    """What a kind of CRM offers. Raises UnknownKind."""
    if name not in (*KINDS, *STANDARDS):
        return kind(name).capabilities
    module = import_module(f"firstcontact.connectors.{name}.capabilities")
    found: Capabilities = module.CAPABILITIES
    return found


@cache
def _plugins() -> dict[str, EntryPoint]:
    """Plugins by the name of their kind; a built-in kind is not replaced."""
    found = {point.name: point for point in entry_points(group=CRM_GROUP)}
    return {name: point for name, point in found.items() if name not in (*KINDS, *STANDARDS)}
