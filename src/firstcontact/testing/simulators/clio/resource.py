"""What every resource has: a view of its records, how they are saved, and what its lists are filtered by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.testing.simulators.clio.errors import bad, invalid
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.state import Record, State, read_time


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says beside its body: who sends it, under which version, where to, with what.

    by_hand: somebody fills in Clio's page, and its required fields with it.
    """

    user: Record
    version: tuple[int, ...]
    base: str
    params: Mapping[str, Sequence[str]]
    by_hand: bool = False


Test = Callable[[Record], bool]
Filter = Callable[[State, str], Test]


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record.

    filters: parameters of lists beside those that all have. others: parameters that are not filters.
    texts: what `query` looks through; None where there is no such parameter. hidden: records that a list
    leaves out. needed: parameters without which there is no list.
    """

    kind: str
    type: str
    view: Callable[[State, Record, Asked], View]
    save: Callable[[State, Record | None, dict[str, Any], Asked], Record] | None = None
    filters: Mapping[str, Filter] = {}
    others: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    orders: Mapping[str, Callable[[Record], Any]] = {}
    texts: Callable[[State, Record], Iterator[str]] | None = None
    hidden: Callable[[Record, Asked], bool] | None = None
    most: int = 200


# --- filters -------------------------------------------------------------------------------------------


def number(text: str) -> int:
    """A whole number. Raises ClioError 400."""
    if not (text.isascii() and text.isdigit()):
        raise bad(f"{text!r} is not a number")
    return int(text)


def flag(text: str) -> bool:
    """`true` or `false`. Raises ClioError 400."""
    if text not in ("true", "false"):
        raise bad(f"{text!r} is neither true nor false")
    return text == "true"


def by_id(name: str) -> Filter:
    """Records whose value is this id."""

    def build(_state: State, text: str) -> Test:
        id = None if text == "null" else number(text)
        return lambda record: record.values.get(name) == id

    return build


def by_text(name: str, choices: Sequence[str]) -> Filter:
    """Records whose value is one of those, separated by commas. Raises ClioError 400 for another."""

    def build(_state: State, text: str) -> Test:
        wanted = text.split(",")
        if unknown := [one for one in wanted if one not in choices]:
            raise bad(f"{unknown[0]!r} is not one of {', '.join(choices)}")
        return lambda record: str(record.values.get(name)).lower() in {one.lower() for one in wanted}

    return build


def by_flag(name: str) -> Filter:
    """Records whose value is so."""

    def build(_state: State, text: str) -> Test:
        wanted = flag(text)
        return lambda record: bool(record.values.get(name)) == wanted

    return build


def since(when: Callable[[Record], int]) -> Filter:
    """Records whose moment is after, whole seconds compared; of that very second as the quirk says."""

    def build(state: State, text: str) -> Test:
        second = read_time(text) // 1_000_000
        if state.quirks.updated_since == "exclusive":
            return lambda record: when(record) // 1_000_000 > second
        return lambda record: when(record) // 1_000_000 >= second

    return build


COMMON: Mapping[str, Filter] = {
    "created_since": since(lambda record: record.created),
    "updated_since": since(lambda record: record.updated),
}


def by_query(state: State, text: str) -> Test:
    """Records that the search knows to have the text (apis A2, "Lookup"; N, "phone query tokenisation")."""
    asked = text.casefold()
    mode = state.quirks.phone_query
    if mode == "substring":
        return lambda record: any(asked in known for known in state.indexed(record))
    parts = _words(asked)

    def tokens(record: Record) -> bool:
        words = [word for known in state.indexed(record) for word in _words(known)]
        return bool(parts) and all(any(word.startswith(part) for word in words) for part in parts)

    def exact(record: Record) -> bool:
        return any(asked == known or asked in known.split() for known in state.indexed(record))

    return tokens if mode == "tokens" else exact


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


# --- saving --------------------------------------------------------------------------------------------


def reference(state: State, kind: str, given: Mapping[str, Any] | None, what: str) -> int | None:
    """The id within `{"id": …}`, of a record that is there. Raises ClioError 422."""
    if given is None or given.get("id") is None:
        return None
    id: int = given["id"]
    if state.get(kind, id) is None:
        raise invalid(f"{what} {id} does not exist")
    return id


def merged_parts(
    state: State,
    kind: str,
    before: Sequence[Record],
    given: Sequence[Mapping[str, Any]],
    values: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> list[Record]:
    """The parts of a record after a list of changes: one without `id` is added, one with it is changed, with
    `_destroy` it goes. Raises ClioError 422 for an id that the record does not have."""
    parts = list(before)
    for one in given:
        if one.get("id") is None:
            parts.append(state.part(kind, values(one)))
            continue
        found = next((part for part in parts if part.id == one["id"]), None)
        if found is None:
            raise invalid(f"{kind} {one['id']} does not belong to this record")
        if one.get("_destroy"):
            parts.remove(found)
            continue
        changed = Record(kind, found.id, found.created, {**found.values, **values(one)})
        changed.changes = found.changes
        state.touch(changed)
        parts[parts.index(found)] = changed
    return parts


def stored(state: State, record: Record | None, kind: str, values: Mapping[str, Any]) -> Record:
    """A new record with these values, or the one there is, changed and with a new etag."""
    if record is None:
        return state.add(kind, values)
    record.values.update(values)
    state.touch(record)
    return record
