"""How settings that somebody wrote become a layer.

A layer may be written with nested maps or with dotted keys; both become *leaves* (`schema`). Everything that
cannot be read is a `Problem` with its place and a sentence that names what is allowed and the nearest known
key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from firstcontact.policy.schema import BY_NAME, GROUPS, LEAF_KEYS, is_leaf, setting_of, typed_by
from firstcontact.policy.setting import Layer, Leaves, Place, Problem, Scope, Setting, unknown_key
from firstcontact.policy.written import choice, texts

PRESET_NAMES = ("standard", "call-connector", "app-connect", "backstory")
_RESERVED = ("preset", "lock")


class LayerReading(msgspec.Struct, frozen=True):
    """A layer as far as it could be read, and what could not be."""

    layer: Layer
    problems: tuple[Problem, ...] = ()


def read_layer(
    written: Mapping[str, object], scope: Scope, name: str = "", place: Place = (), also: Sequence[str] = ()
) -> LayerReading:
    """One scope's settings as written, nested or dotted, as a `Layer`.

    `place` is where the mapping stands in its file. `also` names keys that the caller reads itself.
    """
    reader = _Reader(scope, also)
    reader.walk(written, "", place)
    layer = Layer(
        scope=scope,
        name=name,
        preset=reader.preset,
        values=reader.values,
        lock=tuple(reader.lock),
        places=reader.places,
    )
    return LayerReading(layer, tuple(reader.problems))


def read_text(leaf: str, text: str) -> object:
    """A value typed on a command line, in the type that this key takes: `true`, `42`, `0.5`, `a, b`.

    Only the type is settled here; whether the value is allowed, `read_layer` says. An unknown key keeps
    the text.
    """
    setting = typed_by(leaf)
    type = "list" if leaf == "lock" else setting.type if setting is not None else "text"
    word = text.strip()
    if type == "list":
        return [part.strip() for part in word.strip("[]").split(",") if part.strip()]
    if type == "switch" and word.lower() in ("true", "false"):
        return word.lower() == "true"
    if type in ("whole", "fraction"):
        try:
            return int(word) if type == "whole" else float(word)
        except ValueError:
            return word
    return word


class _Reader:
    def __init__(self, scope: Scope, also: Sequence[str]) -> None:
        self.scope = scope
        self.also = also
        self.preset = ""
        self.values: Leaves = {}
        self.lock: list[str] = []
        self.places: dict[str, Place] = {}
        self.problems: list[Problem] = []

    def walk(self, written: Mapping[str, object], prefix: str, place: Place) -> None:
        for name, value in written.items():
            key = f"{prefix}.{name}" if prefix else str(name)
            here = (*place, name)
            if not prefix and name in self.also:
                continue
            if key == "preset":
                self._preset(value, here)
            elif key == "lock":
                self._lock(value, here)
            elif isinstance(value, Mapping):
                self._nested(key, value, here)
            else:
                self._leaf(key, value, here)

    def _problem(self, key: str, place: Place, sentence: str, other: Place = ()) -> None:
        self.problems.append(Problem(sentence=sentence, key=key, place=place, other=other))

    def _preset(self, value: object, place: Place) -> None:
        try:
            self.preset = str(choice(*PRESET_NAMES)(value))
            self.places["preset"] = place
        except ValueError as error:
            self._problem("preset", place, str(error))

    def _lock(self, value: object, place: Place) -> None:
        try:
            items = texts([value] if isinstance(value, str) else value)
        except ValueError as error:
            self._problem("lock", place, str(error))
            return
        self.places["lock"] = place
        lockable = ("preset", *BY_NAME, *GROUPS, *LEAF_KEYS)
        for item in items:
            if item in lockable:
                self.lock.append(item)
                self.places[f"lock.{item}"] = place
            else:
                self._problem("lock", place, unknown_key(item, lockable))

    def _nested(self, key: str, value: Mapping[str, object], place: Place) -> None:
        root = key.partition(".")[0]
        setting = BY_NAME.get(root)
        if (setting is not None and setting.is_map) or key in GROUPS:
            self.walk(value, key, place)
        elif key in BY_NAME:
            self._problem(key, place, f"`{key}` takes {BY_NAME[key].allowed}, not keys of its own")
        else:
            self._unknown(key, place)

    def _leaf(self, key: str, value: object, place: Place) -> None:
        setting = BY_NAME.get(key)
        if setting is not None and setting.is_map:
            self._whole_map(setting, value, place)
        elif key == "dedupe" and isinstance(value, str) and ":" in value:  # "bool, time of day" (SPEC §3)
            self._set("dedupe", True, place)
            self._set("dedupe_at", value, place, once="dedupe")
        elif is_leaf(key):
            self._set(key, value, place)
        else:
            self._unknown(key, place)

    def _whole_map(self, setting: Setting, value: object, place: Place) -> None:
        if setting.name == "required_fields" and isinstance(value, list | tuple):
            for kind in ("email", "meeting"):
                self._set(f"required_fields.{kind}", value, place, once="required_fields")
            return
        if setting.name == "unknown_contact" and isinstance(value, str):
            self._set("unknown_contact.default", value, place, once="unknown_contact")
            return
        sentence = f"`{setting.name}` takes keys, such as `{setting.name}.{setting.keys[0]}`"
        self._problem(setting.name, place, sentence)

    def _set(self, key: str, value: object, place: Place, once: str = "") -> None:
        setting = setting_of(key)
        if self.scope not in setting.scopes:
            where = " or ".join(f"the {scope}" for scope in setting.scopes)
            self._problem(key, place, f"`{key}` can only be set for {where}, not for a {self.scope}")
            return
        if key in self.values:
            self._problem(key, place, f"`{key}` is set twice", self.places[key])
            return
        try:
            self.values[key] = setting.read(value)
            self.places[key] = place
        except ValueError as error:
            problem = Problem(sentence=str(error), key=once or key, place=place)
            if problem not in self.problems:
                self.problems.append(problem)

    def _unknown(self, key: str, place: Place) -> None:
        root, _, rest = key.partition(".")
        setting = BY_NAME.get(root)
        if key == "enrich.owner":
            self._problem(
                key, place, "`enrich.owner` does not exist: the owner of a contact is never changed"
            )
        elif setting is not None and setting.is_map:
            sentence = unknown_key(key, (f"{root}.{known}" for known in setting.keys))
            joint = "" if sentence.endswith("?") else "."
            self._problem(key, place, f"{sentence}{joint} After `{root}.` comes {setting.key_note}")
        else:
            known = (*BY_NAME, *_RESERVED, *self.also) if not rest else LEAF_KEYS
            self._problem(key, place, unknown_key(key, known))
