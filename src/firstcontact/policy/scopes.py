"""Scopes, presets and locks, folded into effective settings (SPEC §3).

built-in < organisation < connection < profile < user: the more specific wins. A layer may name a preset,
which replaces every setting that may be set at that scope; its own keys come on top. Maps are merged key by
key. A locked key cannot be set by a more specific scope: what such a scope says is ignored, and listed in
`SettingsBook.ignored` with both places.

Written form, in scenarios and from `config.py` alike::

    preset: backstory                 # the organisation's keys stand at the top
    engagement: two_way
    lock: [unknown_contact]
    connection: {clio: {matter_association: false}}
    profile: {sales: {members: [ana], preset: call-connector}}
    user: {ana: {unknown_contact: {default: skip}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, cast

import msgspec

from firstcontact.identity.team import Team
from firstcontact.interactions.model import KINDS
from firstcontact.policy.layers import read_layer
from firstcontact.policy.patterns import compile_patterns
from firstcontact.policy.presets import PRESETS
from firstcontact.policy.schema import SETTINGS, built_in, setting_of
from firstcontact.policy.setting import (
    SCOPES,
    Layer,
    Leaves,
    Place,
    Problem,
    Scope,
    SettingsProblem,
    Value,
    unknown_key,
)
from firstcontact.policy.settings import Effective
from firstcontact.policy.team_reading import read_team

__all__ = ["BUILT_IN", "Described", "Problem", "SettingsBook", "SettingsProblem", "describe", "written"]

BUILT_IN = "built-in"
SUB_SCOPES: tuple[Scope, ...] = ("connection", "profile", "user")
_ALSO: Mapping[str, tuple[str, ...]] = {
    "connection": ("kind", "options", "read_only", "users"),
    "profile": ("members",),
    "user": (),
}
"""Keys of a sub-layer that are no settings: what a connection is, and who is in a profile."""


class _Lock(NamedTuple):
    label: str
    place: Place
    first_refused: int
    preset: str = ""


class _Fold:
    """Layers laid over the built-in values, one after the other."""

    def __init__(self) -> None:
        self.values: Leaves = built_in()
        self.origins: dict[str, str] = dict.fromkeys(("preset", *self.values), BUILT_IN)
        self.preset = "standard"
        self.always_required: dict[str, tuple[str, ...]] = {}
        self.locks: dict[str, _Lock] = {}
        self.ignored: list[Problem] = []

    def lay(self, layer: Layer) -> None:
        if layer.preset and not self._refused("preset", layer):
            self._take_preset(layer)
        for key, value in layer.values.items():
            if not self._refused(key, layer):
                self.values[key] = value
                self.origins[key] = layer.label
        for key in layer.lock:
            self._lock(key, layer)

    def lock_on(self, key: str, scope: Scope) -> _Lock | None:
        """The lock that keeps this scope from setting this key: on the key or on anything it is part of."""
        while key:
            lock = self.locks.get(key)
            if lock is not None and SCOPES.index(scope) >= lock.first_refused:
                return lock
            key = key.rpartition(".")[0]
        return None

    def complete(self) -> _Fold:
        """With the fields that the preset in force always requires."""
        for key, fields in self.always_required.items():
            asked = cast("tuple[str, ...]", self.values.get(key, ()))
            self.values[key] = tuple(dict.fromkeys((*fields, *asked)))
        return self

    def _refused(self, key: str, layer: Layer) -> bool:
        lock = self.lock_on(key, layer.scope)
        if lock is None:
            return False
        whose = f"locked by {lock.label}"
        if lock.preset:
            whose = f"the admin's under the preset `{lock.preset}` of {lock.label}"
        sentence = f"`{key}` is {whose}, so what {layer.label} sets is not used"
        self.ignored.append(Problem(sentence=sentence, key=key, place=layer.places[key], other=lock.place))
        return True

    def _take_preset(self, layer: Layer) -> None:
        preset = PRESETS[layer.preset]
        place = layer.places.get("preset", ())
        if layer.scope != "user":
            # A user who names another preset does not take over what the first one left to the admin.
            self.locks = {key: lock for key, lock in self.locks.items() if not lock.preset}
        for key in preset.admins:
            lock = _Lock(layer.label, place, SCOPES.index("user"), preset.name)
            self.locks.setdefault(key, lock)
        before = dict(self.values)
        taken = preset.values()
        for kind in KINDS:
            key = f"required_fields.{kind}"
            if self._preset_sets(key, layer):
                self.always_required.pop(key, None)
                if kind in preset.always_required:
                    self.always_required[key] = preset.always_required[kind]
        for key in [*before, *(key for key in taken if key not in before)]:
            if self._preset_sets(key, layer):
                self.values.pop(key, None)
                self.origins.pop(key, None)
                if key in taken:
                    self.values[key] = taken[key]
                    self.origins[key] = f"preset:{preset.name}"
            elif taken.get(key, before.get(key)) != before.get(key):
                self._preset_kept_out(key, layer)
        self.preset = preset.name
        self.origins["preset"] = layer.label

    def _preset_sets(self, key: str, layer: Layer) -> bool:
        setting = setting_of(key)
        return setting.preset and layer.scope in setting.scopes and self.lock_on(key, layer.scope) is None

    def _preset_kept_out(self, key: str, layer: Layer) -> None:
        lock = self.lock_on(key, layer.scope)
        if lock is None or lock.preset:
            return
        named = f"the preset `{layer.preset}` of {layer.label}"
        sentence = f"`{key}` is locked by {lock.label}, so {named} does not set it"
        place = layer.places.get("preset", ())
        self.ignored.append(Problem(sentence=sentence, key=key, place=place, other=lock.place))

    def _lock(self, key: str, layer: Layer) -> None:
        place = layer.places.get(f"lock.{key}", ())
        self.locks.setdefault(key, _Lock(layer.label, place, SCOPES.index(layer.scope) + 1))
        if key.startswith("unknown_contact.") and key not in self.values:
            # Else a broader key, set by somebody more specific, would change what was locked.
            general = key
            while general and general not in self.values:
                general = general.rpartition(".")[0]
            general = general or "unknown_contact.default"
            self.values[key] = self.values[general]
            self.origins[key] = self.origins[general]


class SettingsBook:
    """A team and all its settings layers. Immutable; effective settings are worked out once and kept.

    version: digest of the team and the layers: equal for equal settings, wherever they were read.
    ignored: values that a lock keeps out, each with its own place and the lock's.
    """

    __slots__ = (
        "_effective",
        "_profile_of",
        "connections",
        "ignored",
        "organisation",
        "profiles",
        "team",
        "users",
        "version",
    )

    def __init__(
        self,
        team: Team | None = None,
        organisation: Layer | None = None,
        connections: Mapping[str, Layer] | None = None,
        profiles: Mapping[str, Layer] | None = None,
        users: Mapping[str, Layer] | None = None,
    ) -> None:
        self.team = team or Team()
        self.organisation = organisation or Layer(scope="organisation")
        self.connections = dict(connections or {})
        self.profiles = dict(profiles or {})
        self.users = dict(users or {})
        self._profile_of = {user.id: user.profile for user in self.team.users}
        self.version = _digest(self.team, self.layers())
        self._effective: dict[tuple[str, str, str], tuple[Effective, Mapping[str, str]]] = {}
        self.ignored = self._find_ignored()

    @classmethod
    def from_mapping(
        cls,
        team: Mapping[str, object] | None,
        settings: Mapping[str, object] | None,
        *,
        team_place: Place = ("team",),
        settings_place: Place = ("settings",),
        sub_place: Place | None = None,
    ) -> SettingsBook:
        """A book from `team:` and `settings:` as scenarios have them (the module's docstring shows the form).

        The places say where the mappings stand in their file; `sub_place` where `connection`, `profile` and
        `user` do, when not among the settings. Raises SettingsProblem with every problem found.
        """
        subs = settings_place if sub_place is None else sub_place
        return _BookReader(team or {}, team_place).read(settings or {}, settings_place, subs)

    def layers(self) -> Iterator[Layer]:
        """Every layer, from the organisation down."""
        yield self.organisation
        for layers in (self.connections, self.profiles, self.users):
            yield from layers.values()

    def with_crm_users(self, users: Mapping[str, str]) -> SettingsBook:
        """The same, with these ids of users of the CRM for some of ours, by their ids."""
        if not users:
            return self
        ours = tuple(
            msgspec.structs.replace(user, crm_user=users.get(user.id, user.crm_user))
            for user in self.team.users
        )
        team = msgspec.structs.replace(self.team, users=ours)
        return SettingsBook(team, self.organisation, self.connections, self.profiles, self.users)

    def effective(self, user: str = "", connection: str = "") -> Effective:
        """The settings for this user on this CRM connection, each with its origin."""
        return self._folded(connection, self._profile_of.get(user, ""), user)[0]

    def effective_at(self, scope: str) -> Effective:
        """The settings at a scope, as it is labelled: `organisation`, `connection:NAME`, `user:ID` …"""
        kind, _, name = scope.partition(":")
        if kind == "user":
            return self.effective(user=name)
        return self._folded(name if kind == "connection" else "", name if kind == "profile" else "", "")[0]

    def locks(self, user: str = "", connection: str = "") -> Mapping[str, str]:
        """Locked keys as this user meets them, and the scope (or preset) that locks each."""
        return self._folded(connection, self._profile_of.get(user, ""), user)[1]

    def with_settings(
        self, settings: Mapping[str, object], *, settings_place: Place = ("settings",)
    ) -> SettingsBook:
        """The book as it is after a later change: the keys are laid over what each scope says now. A scope
        that names a preset starts anew from it. Raises SettingsProblem."""
        return _BookReader({}, (), self).read(settings, settings_place, settings_place)

    def _folded(self, connection: str, profile: str, user: str) -> tuple[Effective, Mapping[str, str]]:
        key = (
            connection if connection in self.connections else "",
            profile if profile in self.profiles else "",
            user if user in self.users else "",
        )
        found = self._effective.get(key)
        if found is None:
            fold = self._fold(*key)
            locks = {
                name: f"preset:{lock.preset}" if lock.preset else lock.label
                for name, lock in fold.locks.items()
            }
            found = self._effective[key] = (_effective(fold, self.team, self.version), locks)
        return found

    def _fold(self, connection: str, profile: str, user: str) -> _Fold:
        fold = _Fold()
        fold.lay(self.organisation)
        for layers, name in ((self.connections, connection), (self.profiles, profile), (self.users, user)):
            if name in layers:
                fold.lay(layers[name])
        return fold.complete()

    def _find_ignored(self) -> tuple[Problem, ...]:
        chains = [
            *((profile, "") for profile in self.profiles),
            *((self._profile_of.get(user, ""), user) for user in self.users),
            ("", ""),
        ]
        found: dict[Problem, None] = {}
        for connection in ("", *self.connections):
            for profile, user in chains:
                found.update(dict.fromkeys(self._fold(connection, profile, user).ignored))
        return tuple(found)


def _digest(team: Team, layers: Iterator[Layer]) -> str:
    said = [
        {"label": layer.label, "preset": layer.preset, "values": layer.values, "lock": layer.lock}
        for layer in layers
        if layer.preset or layer.values or layer.lock
    ]
    return sha256(msgspec.json.encode([team, said], order="sorted")).hexdigest()[:16]


# Prepared before any thread: two that convert to a struct for the first time at once can crash msgspec 0.22.
msgspec.json.Decoder(Effective)


def _effective(fold: _Fold, team: Team, version: str) -> Effective:
    fields: dict[str, object] = {setting.field: {} for setting in SETTINGS if setting.is_map}
    for key in sorted(fold.values):
        setting, value = setting_of(key), fold.values[key]
        if setting.is_map:
            cast("dict[str, Value]", fields[setting.field])[key[len(setting.name) + 1 :]] = value
        else:
            fields[setting.field] = None if value == "where_required" else value
    return msgspec.convert(
        {"version": version, "preset": fold.preset, "team": team, "origins": fold.origins, **fields},
        Effective,
    )


class _BookReader:
    """Reads one book, or one change of a book, and collects every problem on the way."""

    def __init__(self, team: Mapping[str, object], place: Place, before: SettingsBook | None = None) -> None:
        self.before = before
        self.problems: list[Problem] = []
        if before is None:
            reading = read_team(team, place)
            self.team, self.user_places = reading.team, dict(reading.places)
            self.problems.extend(reading.problems)
        else:
            self.team, self.user_places = before.team, {}
        self.members: dict[str, tuple[str, Place]] = {}
        self.named_profiles: set[str] = set()

    def read(self, settings: Mapping[str, object], place: Place, sub_place: Place) -> SettingsBook:
        organisation = self._layer(settings, "organisation", "", place)
        subs = {
            scope: self._sub_layers(scope, settings.get(scope), (*sub_place, scope)) for scope in SUB_SCOPES
        }
        for user in subs["user"]:
            if user not in {one.id for one in self.team.users}:
                known = [one.id for one in self.team.users]
                self._problem(f"user.{user}", (*sub_place, "user", user), unknown_key(user, known, "user"))
        self._assign_profiles(subs["profile"])
        self._check_patterns(
            [organisation, *(layer for layers in subs.values() for layer in layers.values())]
        )
        if self.problems:
            raise SettingsProblem(self.problems)
        return SettingsBook(self.team, organisation, subs["connection"], subs["profile"], subs["user"])

    def _sub_layers(self, scope: Scope, written: object, place: Place) -> dict[str, Layer]:
        layers = dict(self._layers_before(scope))
        if written is None:
            return layers
        if not isinstance(written, Mapping):
            self._problem(scope, place, f"`{scope}` holds a table for each {scope}, by name")
            return layers
        for name, values in written.items():
            here = (*place, name)
            if not isinstance(values, Mapping):
                self._problem(f"{scope}.{name}", here, f"`{scope}.{name}` holds settings, each with its key")
                continue
            layers[str(name)] = self._layer(values, scope, str(name), here)
            if scope == "profile":
                self._read_members(str(name), values.get("members"), (*here, "members"))
        return layers

    def _layers_before(self, scope: Scope) -> Mapping[str, Layer]:
        if self.before is None:
            return {}
        return {
            "organisation": {"": self.before.organisation},
            "connection": self.before.connections,
            "profile": self.before.profiles,
            "user": self.before.users,
        }[scope]

    def _layer(self, written: Mapping[str, object], scope: Scope, name: str, place: Place) -> Layer:
        also = SUB_SCOPES if scope == "organisation" else _ALSO[scope]
        reading = read_layer(written, scope, name, place, also)
        prefix = "" if scope == "organisation" else f"{scope}.{name}."
        for problem in reading.problems:
            self.problems.append(msgspec.structs.replace(problem, key=prefix + problem.key))
        before = self._layers_before(scope).get(name)
        return reading.layer if before is None else _laid_over(before, reading.layer)

    def _read_members(self, profile: str, written: object, place: Place) -> None:
        if written is None:
            return
        self.named_profiles.add(profile)
        if not isinstance(written, list | tuple) or not all(isinstance(item, str) for item in written):
            self._problem(f"profile.{profile}.members", place, "`members` is a list of user ids")
            return
        known = {user.id for user in self.team.users}
        for index, user in enumerate(written):
            here = (*place, index)
            if user not in known:
                self._problem(f"profile.{profile}.members", here, unknown_key(user, known, "user"))
            elif self.members.setdefault(user, (profile, here))[0] != profile:
                first, first_place = self.members[user]
                sentence = f"the user `{user}` is in two profiles, {first} and {profile}"
                self._problem(f"profile.{profile}.members", here, sentence, first_place)

    def _assign_profiles(self, profiles: Mapping[str, Layer]) -> None:
        users = []
        for user in self.team.users:
            said, place = self.members.get(user.id, ("", ()))
            own = user.profile
            if self.before is not None and own in self.named_profiles:
                own = ""  # this change lists the members of that profile anew
            here = (*self.user_places.get(user.id, ()), "profile")
            if said and own and said != own and self.before is None:
                sentence = f"the user `{user.id}` is in two profiles, {own} and {said}"
                self._problem("team.profile", here, sentence, place)
            elif own and own not in profiles:
                self._problem("team.profile", here, unknown_key(own, profiles, "profile"))
            users.append(msgspec.structs.replace(user, profile=said or own))
        self.team = msgspec.structs.replace(self.team, users=tuple(users))

    def _check_patterns(self, layers: Sequence[Layer]) -> None:
        for layer in layers:
            prefix = "" if layer.scope == "organisation" else f"{layer.scope}.{layer.name}."
            for key in ("blocked", "allowed"):
                entries = cast("tuple[str, ...]", layer.values.get(key, ()))
                for entry, sentence in compile_patterns(entries, self.team.region).unreadable:
                    self._problem(prefix + key, (*layer.places[key], entries.index(entry)), sentence)

    def _problem(self, key: str, place: Place, sentence: str, other: Place = ()) -> None:
        self.problems.append(Problem(sentence=sentence, key=key, place=place, other=other))


def _laid_over(before: Layer, change: Layer) -> Layer:
    if change.preset:
        return change
    return msgspec.structs.replace(
        before,
        values={**before.values, **change.values},
        lock=change.lock if "lock" in change.places else before.lock,
        places={**before.places, **change.places},
    )


class Described(NamedTuple):
    """One line of `settings show`: the key, its value as it would be written, and where it came from."""

    key: str
    value: str
    origin: str


def describe(book: SettingsBook, user: str = "", kind: str = "", connection: str = "") -> list[Described]:
    """The settings that apply to this user's interactions of this kind (all kinds: ""), in the order of SPEC
    §3. `origin` also says `, locked` where a more specific scope could not change the value."""
    effective = book.effective(user, connection)
    locks = book.locks(user, connection)
    lines = [_line("preset", effective.preset, effective, locks)]
    for setting in SETTINGS:
        if kind and kind not in setting.kinds:
            continue
        value = getattr(effective, setting.field)
        if not setting.is_map:
            lines.append(_line(setting.name, value, effective, locks))
            continue
        for name in dict.fromkeys((*setting.keys, *(value if setting.any_key else ()))):
            concerned = not kind or not setting.by_kind or name.partition(".")[0] in (kind, "default")
            if name in value and concerned:
                lines.append(_line(f"{setting.name}.{name}", value[name], effective, locks))
        if setting.name == "enrich":
            lines.append(Described("enrich.*", "never on people's records, ours_or_empty on ours", BUILT_IN))
        if setting.any_key and not value:
            lines.append(Described(f"{setting.name}.*", "no key", BUILT_IN))
    return lines


def _line(key: str, value: object, effective: Effective, locks: Mapping[str, str]) -> Described:
    origin, part = effective.origins.get(key, BUILT_IN), key
    while part and part not in locks:
        part = part.rpartition(".")[0]
    if part:
        origin += ", the admin's" if locks[part].startswith("preset:") else f", locked by {locks[part]}"
    return Described(key, written(value), origin)


def written(value: object) -> str:
    """A value as it is written in settings: `true`, `[a, b]`, `where_required`."""
    if value is None:
        return "where_required"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value)
