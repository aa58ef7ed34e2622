"""What every kind of record has: attributes and relationships, how they are shown, found and saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError
from firstcontact.testing.simulators.lawmatics.quirks import Quirks
from firstcontact.testing.simulators.lawmatics.state import Record, State, written_time

Attribute = Literal["text", "time", "number", "flag", "whole"]
"""`whole`: a list or object, which cannot be filtered or sorted by."""
Linked = tuple[str, int] | list[tuple[str, int]] | None
"""What a relationship points at: type and id, several, or nothing."""
Derived = Callable[[State, Record], Any]
Save = Callable[[State, Record | None, dict[str, Any], Record], Record]
"""Makes a record (None) or changes one from a body, for the user whose login it is."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record.

    path: as in the address. type: as in answers. what: its name in refusals. link: the path that `links`
        name.
    attributes: those of `fields=all`, in order, with what they are. shown: those without `fields`; saved:
        those after POST and PUT.
    relations: relationships of `fields=all`; related: those without `fields`; saved_related: those after
        POST and PUT.
    derived: attributes that are computed.
    owner: relationship that is any of several kinds, by which lists can be filtered with `contact_id`,
        `matter_id` …. links: other `_id` filters.
    form: bodies are multipart. create, update: fields of bodies, with their kinds (`bodies.read`); none for
        a route that is not offered. made: what POST answers.
    finders: there is `find_by_phone` and the like. single: one can be asked for by its id.
    hidden: relationships that a quirk takes away.
    """

    path: str
    type: str
    what: str
    link: str = ""
    attributes: Mapping[str, Attribute]
    shown: tuple[str, ...]
    saved: tuple[str, ...] = ()
    relations: Mapping[str, Callable[[State, Record], Linked]] = {}
    related: tuple[str, ...] = ()
    saved_related: tuple[str, ...] = ()
    derived: Mapping[str, Derived] = {}
    owner: str = ""
    links: Mapping[str, Callable[[State, Record], int | None]] = {}
    form: bool = False
    create: Mapping[str, Any] = {}
    update: Mapping[str, Any] = {}
    save: Save | None = None
    remove: Callable[[State, Record], None] | None = None
    finders: bool = False
    hidden: Callable[[Quirks], tuple[str, ...]] = lambda _quirks: ()
    single: bool = True
    made: int = 201

    def value(self, state: State, record: Record, name: str) -> Any:
        """An attribute as it is held: times are microseconds."""
        if name in self.derived:
            return self.derived[name](state, record)
        if name == "created_at":
            return record.created
        if name == "updated_at":
            return record.updated
        return record.values.get(name)

    def shown_value(self, state: State, record: Record, name: str) -> Any:
        """An attribute as it is answered."""
        value = self.value(state, record, name)
        if self.attributes[name] == "time" and value is not None:
            return written_time(value)
        return value


def wanted(
    kind: Kind, quirks: Quirks, fields: str | None, saved: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Attributes and relationships that the parameter `fields` asks for, in its order (apis A3, "Shape").
    Raises LawmaticsError 422 for a name that is none."""
    if fields is None and saved:
        return kind.saved or kind.shown, kind.saved_related or kind.related
    if fields is None:
        return kind.shown, kind.related
    relations = tuple(name for name in kind.relations if name not in kind.hidden(quirks))
    if fields.strip() == "all":
        return tuple(kind.attributes), relations
    names = [name.strip() for name in fields.split(",") if name.strip()]
    for name in names:
        if name not in kind.attributes and name not in relations:
            raise LawmaticsError(
                422, "Fields Parameter Not Available", f"{name!r} is not a field of {kind.path}."
            )
    attributes = tuple(name for name in names if name in kind.attributes)
    return attributes, tuple(name for name in names if name in relations)


def view(
    kind: Kind, state: State, record: Record, names: tuple[tuple[str, ...], tuple[str, ...]]
) -> dict[str, Any]:
    """A record as it is answered: its id is a text (apis A3, "Shape")."""
    attributes, relations = names
    return {
        "id": str(record.id),
        "type": kind.type,
        "attributes": {name: kind.shown_value(state, record, name) for name in attributes},
        "relationships": {name: {"data": _linked(kind.relations[name](state, record))} for name in relations},
    }


def _linked(target: Linked) -> Any:
    if target is None:
        return None
    if isinstance(target, list):
        return [{"id": str(id), "type": type} for type, id in target]
    return {"id": str(target[1]), "type": target[0]}


def to_user(name: str) -> Callable[[State, Record], Linked]:
    """A relationship to the user whose id a record holds under this name."""
    return lambda state, record: _there(state, "users", "user", record.values.get(name))


def to_one(name: str, kind: str, type: str) -> Callable[[State, Record], Linked]:
    """A relationship to the record whose id is held under this name; nothing where it is gone."""
    return lambda state, record: _there(state, kind, type, record.values.get(name))


def _there(state: State, kind: str, type: str, id: int | None) -> Linked:
    return (type, id) if id is not None and state.get(kind, id) is not None else None


OWNERS: Mapping[str, str] = {"contact": "contacts", "prospect": "prospects", "company": "companies"}
"""Types that notes, events, files and so on can stand on, with their kinds; `firm` is one as well."""


def to_owner(state: State, record: Record) -> Linked:
    """What a record of that sort stands on: `(type, id)` under `owner`."""
    owner = record.values.get("owner")
    if owner is None or (owner[0] in OWNERS and state.get(OWNERS[owner[0]], owner[1]) is None):
        return None
    found: tuple[str, int] = owner
    return found


def none(_state: State, _record: Record) -> Linked:
    """A relationship to what is not simulated: nothing."""
    return None


def nothing(_state: State, _record: Record) -> Linked:
    """A relationship to several of what is not simulated: none."""
    return []
