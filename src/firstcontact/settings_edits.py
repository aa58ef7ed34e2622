"""The text of a settings file, changed: one thing in it, everything else as it stands there.

Comments, order and the way in which something is written stay. Touches no file; `config` does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.setting import SCOPES, Layer, Place, Problem, Scope, SettingsProblem, unknown_key
from firstcontact.settings_text import Connection, Home, StoreAt, read_book

_HEAD = """\
# The settings of this FirstContact. Every key is explained in docs/reference/settings.md;
# `firstcontact settings show` tells which value applies to whom, and where it comes from.
"""


def initial_text(team: Mapping[str, object], preset: str) -> str:
    """The text of a first settings file. team: in the written form of `[team]`."""
    import tomlkit

    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line.removeprefix("# ")))
    document.add(tomlkit.nl())
    plain = tomlkit.table()
    users = tomlkit.aot()
    for name, value in team.items():
        if name == "users" and isinstance(value, list | tuple):
            for user in value:
                users.append(tomlkit.item({key: item for key, item in user.items() if item is not None}))
        elif value is not None:
            plain[name] = list(value) if isinstance(value, tuple) else value
    if users:
        plain["users"] = users
    document["team"] = plain
    organisation = tomlkit.table()
    organisation["preset"] = preset
    document["organisation"] = organisation
    return tomlkit.dumps(document)


def with_store(text: str, store: StoreAt) -> str:
    """The settings with this `[store]`, everything else as it stands there."""
    import tomlkit

    document = tomlkit.parse(text)
    said = msgspec.to_builtins(store)
    if not said:
        document.pop("store", None)
    elif "store" in document:
        table = cast("dict[str, object]", document["store"])
        for name in (*table, *said):
            if name in said:
                table[name] = said[name]
            else:
                del table[name]
    else:
        made = tomlkit.table()
        for name, value in said.items():
            made[name] = value
        document["store"] = made
    return tomlkit.dumps(document)


def with_connection(text: str, connection: Connection) -> str:
    """The settings with this `[connection.NAME]`, everything else as it stands there; "" where that is
    written in a way that cannot be edited."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.parse(text)
    try:
        _edit_connection(document, connection)
        return tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError, IndexError):
        return ""


def _edit_connection(document: Any, connection: Connection) -> None:
    import tomlkit

    if "connection" not in document:
        document["connection"] = tomlkit.table(is_super_table=True)
    group = document["connection"]
    if connection.name not in group:
        group[connection.name] = tomlkit.table()
    table = group[connection.name]
    if table.get("kind") != connection.kind:
        table["kind"] = connection.kind
    for key, wanted in (("options", connection.options), ("users", connection.users)):
        _set_table(table, key, wanted)
    if connection.read_only:
        table["read_only"] = True
    else:
        table.pop("read_only", None)


def _set_table(table: Any, key: str, wanted: Mapping[str, object]) -> None:
    """The small table under the key as it is wanted, key by key, so that comments stay."""
    import tomlkit

    if not wanted:
        if table.get(key):
            del table[key]
        return
    if key not in table:
        table[key] = tomlkit.inline_table()
    for name in [name for name in table[key] if name not in wanted]:
        del table[key][name]
    for name, value in wanted.items():
        if name not in table[key] or table[key][name] != value:
            table[key][name] = value


def layer_place_of(home: Home, scope: str) -> Place:
    """Where a scope's table stands in the file. Raises SettingsProblem where there can be none."""
    kind, _, name = scope.partition(":")
    sentence = ""
    if kind not in SCOPES:
        sentence = unknown_key(kind, SCOPES, "scope")
    elif (kind == "organisation") == bool(name):
        sentence = "a scope is `organisation`, `connection:NAME`, `profile:NAME` or `user:ID`"
    elif kind == "profile" and name not in home.book.profiles:
        sentence = unknown_key(name, home.book.profiles, "profile")
    elif kind == "user" and name not in {user.id for user in home.book.team.users}:
        sentence = unknown_key(name, (user.id for user in home.book.team.users), "user")
    if sentence:
        raise SettingsProblem([Problem(sentence=sentence, key=scope, file=str(home.path))])
    return (kind, name) if name else (kind,)


def _layer(book: SettingsBook, place: Place) -> Layer:
    scope, name = cast("Scope", place[0]), str(place[1]) if len(place) > 1 else ""
    if scope == "organisation":
        return book.organisation
    layers = {"connection": book.connections, "profile": book.profiles, "user": book.users}[scope]
    return layers.get(name) or Layer(scope=scope, name=name)


def edited(home: Home, layer_place: Place, key: str, value: object) -> str:
    """The text with the key set, None: taken away. Several ways of writing it are tried; the first that reads
    back as nothing but this one change is taken. Raises SettingsProblem where none does."""
    plain = _plain(value)
    if key == "unknown_contact" and isinstance(plain, str):
        key = "unknown_contact.default"  # as one word is read
    wanted = _after(home.book, layer_place, key, plain)
    for way in (_in_place, _in_its_table, _as_dotted_key):
        text = _try_edit(way, home, layer_place, key, plain)
        if text is not None and _says(text, home, wanted):
            return text
    sentence = f"`{key}` cannot be set here without disturbing the file; please edit it by hand"
    raise SettingsProblem([Problem(sentence=sentence, key=key, file=str(home.path))])


def _try_edit(way: _Way, home: Home, layer_place: Place, key: str, value: object) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.parse(home.text)
    try:
        way(document, _layer(home.book, layer_place), layer_place, key, value)
        return tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError):
        return None


_Way = Callable[[Any, Layer, Place, str, object], None]


def _in_place(document: Any, layer: Layer, _: Place, key: str, value: object) -> None:
    """Where the key stands already, whichever way it is written there."""
    place = layer.places[_leaves(key)[0]]
    container = _walk(document, place[:-1])
    if value is None:
        del container[place[-1]]
    else:
        container[place[-1]] = value


def _in_its_table(document: Any, layer: Layer, layer_place: Place, key: str, value: object) -> None:
    """As a new key of its map's own table, where there is one: `[organisation.log]`."""
    _take_away(document, layer, key)
    if value is not None:
        root, _, rest = key.partition(".")
        _walk(document, (*layer_place, root))[rest] = value


def _as_dotted_key(document: Any, layer: Layer, layer_place: Place, key: str, value: object) -> None:
    """As a quoted dotted key of the scope's table: `"log.email" = false`."""
    import tomlkit

    shared = _take_away(document, layer, key)
    table = document
    for part in layer_place:
        if part not in table:
            table[part] = tomlkit.table(is_super_table=part != layer_place[-1])
        table = table[part]
    for leaf in shared:
        table[leaf] = _plain(layer.values[leaf])
    if value is not None:
        # A list for e-mail and meetings cannot stand beside keys for other kinds.
        others = any(leaf.startswith(f"{key}.") and leaf not in _leaves(key) for leaf in layer.values)
        for name in _leaves(key) if others else (key,):
            table[name] = value


def _take_away(document: Any, layer: Layer, key: str) -> tuple[str, ...]:
    """Removes the key, whichever way it is written; returns the other keys that went with it (one plain list
    of `required_fields` stands for two)."""
    leaves = _leaves(key)
    gone = dict.fromkeys(layer.places[leaf] for leaf in leaves if leaf in layer.places)
    for place in gone:
        del _walk(document, place[:-1])[place[-1]]
    return tuple(leaf for leaf in layer.values if layer.places[leaf] in gone and leaf not in leaves)


def _walk(document: Any, place: Place) -> Any:
    for part in place:
        document = document[part]
    return document


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _leaves(key: str) -> tuple[str, ...]:
    return ("required_fields.email", "required_fields.meeting") if key == "required_fields" else (key,)


def _after(book: SettingsBook, layer_place: Place, key: str, value: object) -> Mapping[str, object]:
    """What each scope says once the key is set, in the values' written types."""
    said = _said(book)
    label = ":".join(str(part) for part in layer_place)
    layer = dict(said.get(label, {}))
    for leaf in _leaves(key):
        layer.pop(leaf, None)
        if value is not None:
            layer[leaf] = value
    return {
        **{name: values for name, values in said.items() if name != label},
        **({label: layer} if layer else {}),
    }


def _said(book: SettingsBook) -> dict[str, dict[str, object]]:
    said: dict[str, dict[str, object]] = {}
    for layer in book.layers():
        values: dict[str, object] = {key: _plain(value) for key, value in layer.values.items()}
        if layer.preset:
            values["preset"] = layer.preset
        if "lock" in layer.places:
            values["lock"] = list(layer.lock)
        if values:
            said[layer.label] = values
    return said


def _says(text: str, home: Home, wanted: Mapping[str, object]) -> bool:
    """Whether the text reads as wanted. A text that the settings refuse says what the person asked for, so it
    is let through, to be refused with the sentence that is about it."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    try:
        book = read_book(parsed)
    except SettingsProblem as found:
        return not any("is set twice" in problem.sentence for problem in found.problems)
    return book.team == home.book.team and _said(book) == wanted


def refuse_locked(before: Home, after: Home, layer_place: Place) -> None:
    """Raises SettingsProblem where a change at this place is one that a lock keeps out."""
    known = {(problem.key, problem.sentence) for problem in before.book.ignored}
    news = tuple(
        problem
        for problem in after.book.ignored
        if problem.place[: len(layer_place)] == layer_place and (problem.key, problem.sentence) not in known
    )
    if news:
        raise SettingsProblem(after.place(news))
