"""The kinds of CRM by name, built in or plugins; a vendor's code is imported only when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import msgspec

from firstcontact.connectors.contract import CRM_GROUP, CrmKind
from firstcontact.planning.capabilities import Capabilities

KINDS = ("address_book", "clio", "clio_grow", "lawmatics", "zoho", "dynamics", "salesforce")
"""In the order of the table of SPEC §3."""
STANDARDS = ("tryton", "carddav")
"""Built in beside them."""


class UnknownKind(LookupError):
    """No CRM of that kind. `str(error)` names those there are."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no CRM of the kind {kind!r}; known are {', '.join(names())}")


class BrokenPlugin(UnknownKind):
    """The plugin that has this kind cannot be used, so that there is none. `str(error)` names the
    distribution it came with, says what is wrong, and what to do."""

    def __init__(self, plugin: Plugin, wrong: str) -> None:
        project = plugin.distribution.split()[0]
        LookupError.__init__(
            self,
            f"the plugin {plugin.distribution} has the kind {plugin.name!r}, and it cannot be used: {wrong}. "
            f"Install another version of it, or take it away: pip uninstall {project}",
        )


class NotConnected(LookupError):
    """A kind that no connection is opened to: the built-in address book is used where there is none."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"{kind!r} is built in, and used where there is no connection; connect to one of "
            f"{', '.join(connected())}"
        )


class Plugin(msgspec.Struct, frozen=True):
    """A kind that an installed distribution brings.

    name: of the kind. distribution: name and version. value: what its entry point names
    (`package.module:KIND`). clash: why it is not looked at, "" where it is.
    """

    name: str
    distribution: str
    value: str
    clash: str = ""


def names() -> tuple[str, ...]:
    """Every kind: the built-in ones, then plugins by name."""
    return (*KINDS, *STANDARDS, *sorted(_plugins()))


def connected() -> tuple[str, ...]:
    """Kinds that a connection can be opened to."""
    return (*_connected(), *sorted(_plugins()))


def plugins() -> tuple[Plugin, ...]:
    """Every kind that some distribution brings, by name, those that are not looked at too."""
    points = sorted(entry_points(group=CRM_GROUP), key=lambda point: (point.name, _distribution(point)))
    return tuple(
        _plugin(point, [other for other in points if other.name == point.name and other is not point])
        for point in points
    )


@cache
def kind(name: str) -> CrmKind:
    """A kind of CRM that connections can be opened to. Raises UnknownKind, BrokenPlugin, NotConnected."""
    if name in _connected():
        found: CrmKind = import_module(f"firstcontact.connectors.{name}.kind").KIND
        return found
    if name in KINDS:
        raise NotConnected(name)
    point = _plugins().get(name)
    if point is None:
        raise UnknownKind(name)
    return _loaded(point)


@cache
def capabilities(name: str) -> Capabilities:
    """What a kind of CRM offers. Raises UnknownKind, BrokenPlugin."""
    if name not in (*KINDS, *STANDARDS):
        return kind(name).capabilities
    module = import_module(f"firstcontact.connectors.{name}.capabilities")
    found: Capabilities = module.CAPABILITIES
    return found


def offered(name: str, options: Mapping[str, str | int | bool]) -> Capabilities:
    """What a connection of a kind with these options offers: less than the kind, where its options say so (a
    function `offered` beside its `CAPABILITIES`). Raises UnknownKind, BrokenPlugin."""
    whole = capabilities(name)
    if not options or name not in (*KINDS, *STANDARDS):
        return whole
    narrowed = getattr(import_module(f"firstcontact.connectors.{name}.capabilities"), "offered", None)
    return whole if narrowed is None else narrowed(options)


@cache
def _connected() -> tuple[str, ...]:
    """The built-in kinds whose folder has a `kind.py`, which is what a connection is opened by."""
    here = Path(__file__).parent
    return tuple(name for name in (*KINDS, *STANDARDS) if (here / name / "kind.py").is_file())


@cache
def _plugins() -> dict[str, EntryPoint]:
    """Plugins by the name of their kind; a built-in kind is not replaced."""
    found = {point.name: point for point in entry_points(group=CRM_GROUP)}
    return {name: point for name, point in found.items() if name not in (*KINDS, *STANDARDS)}


def _loaded(point: EntryPoint) -> CrmKind:
    """What the entry point names. Raises BrokenPlugin, also for whatever its code raises."""
    plugin = next(each for each in plugins() if each.name == point.name)
    if plugin.clash:
        raise BrokenPlugin(plugin, plugin.clash)
    try:
        loaded = point.load()
    except Exception as error:  # the code is anybody's
        raise BrokenPlugin(plugin, f"{point.value} raises {type(error).__name__}: {error}") from error
    if not isinstance(loaded, CrmKind):
        raise BrokenPlugin(plugin, f"{point.value} is to be a CrmKind, and is a {type(loaded).__name__}")
    if loaded.capabilities.kind != point.name:
        raise BrokenPlugin(
            plugin, f"its capabilities say that it is of the kind {loaded.capabilities.kind!r}"
        )
    return loaded


def _plugin(point: EntryPoint, others: Sequence[EntryPoint]) -> Plugin:
    clash = "a kind of that name is built in, and stays" if point.name in (*KINDS, *STANDARDS) else ""
    if not clash and others:
        clash = f"so has {' and '.join(map(_distribution, others))}, and which is meant is not guessed"
    return Plugin(point.name, _distribution(point), point.value, clash)


def _distribution(point: EntryPoint) -> str:
    """Name and version of what was installed."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "of unknown origin"
