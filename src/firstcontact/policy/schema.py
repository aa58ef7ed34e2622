"""Every setting of SPEC §3 as data, and how a value that somebody wrote is read.

A settings layer may be written with nested maps or with dotted keys; both become *leaves*: a flat map
from dotted key (`engagement`, `unknown_contact.call.inbound.missed`, `brakes.creates_per_hour`) to a
value. `read_layer` does that and returns everything it could not read as `Problem`s, each with the
place and a sentence that names what is allowed and the nearest known key.
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import time
from typing import Literal

import msgspec

from firstcontact.identity import titles
from firstcontact.interactions.model import KINDS

Scope = Literal["organisation", "connection", "profile", "user"]
SCOPES: tuple[Scope, ...] = ("organisation", "connection", "profile", "user")
"""From the least to the most specific; below all of them is the built-in layer (SPEC §3)."""

Value = str | bool | int | float | tuple[str, ...]
Place = tuple[str | int, ...]
"""Where something stands in a file: its keys and list positions, outermost first."""
Leaves = dict[str, Value]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with settings, for a person.

    key: dotted key, as a person would look for it. sentence: what is wrong and what is allowed.
    place: keys into the file; file and line are filled in by whoever read the file.
    other, other_line: a second place that the sentence is about (the lock, the first of two users).
    """

    sentence: str
    key: str = ""
    place: Place = ()
    file: str = ""
    line: int = 0
    other: Place = ()
    other_line: int = 0

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.line or "")) if part)
        named = f"{self.key}: " if self.key and f"`{self.key}`" not in self.sentence else ""
        also = f" (see line {self.other_line})" if self.other_line else ""
        return f"{where}: {named}{self.sentence}{also}" if where else f"{named}{self.sentence}{also}"


class SettingsProblem(ValueError):
    """Settings that are refused. `problems` holds every one found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


ValueType = Literal["word", "switch", "whole", "fraction", "text", "list"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, or one family of settings (a map).

    name: as users write it; for a map, what stands before the first dot. type: of its values, for reading
    typed text. field: the attribute of `Effective`. meaning: one sentence for users. read: turns a written
    value into a `Value` or raises ValueError with a sentence. allowed: the values, for sentences and the
    reference page.
    default: the built-in value; for a map, by the rest of the key. keys: the keys a map may have.
    any_key: it may have others too.
    kinds: interaction kinds it says something about. scopes: where it may be set.
    preset: whether naming a preset sets it too.
    """

    name: str
    type: ValueType
    field: str
    meaning: str
    read: Callable[[object], Value]
    allowed: str
    default: Value | Mapping[str, Value]
    keys: tuple[str, ...] = ()
    any_key: bool = False
    kinds: tuple[str, ...] = KINDS
    scopes: tuple[Scope, ...] = SCOPES
    preset: bool = True
    key_note: str = ""

    @property
    def is_map(self) -> bool:
        """Whether it takes keys of its own."""
        return bool(self.keys)

    @property
    def by_kind(self) -> bool:
        """Whether the keys begin with an interaction's kind."""
        return set(KINDS) <= set(self.keys)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope says: a preset it names, keys it sets, keys it locks, and where each one stands."""

    scope: Scope
    name: str = ""
    preset: str = ""
    values: Mapping[str, Value] = {}
    lock: tuple[str, ...] = ()
    places: Mapping[str, Place] = {}

    @property
    def label(self) -> str:
        """`organisation`, or `connection:NAME`, `profile:NAME`, `user:ID`."""
        return f"{self.scope}:{self.name}" if self.name else self.scope


# --- how values are read ---------------------------------------------------------------------------


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"`{value}`" if isinstance(value, str) else repr(value)


def _a_list_of(words: Iterable[str]) -> str:
    named = [f"`{word}`" for word in words]
    return named[0] if len(named) == 1 else ", ".join(named[:-1]) + " or " + named[-1]


def _choice(*words: str) -> Callable[[object], Value]:
    def read(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        hint = ""
        if isinstance(value, str):
            near = difflib.get_close_matches(value.lower(), words, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
        elif isinstance(value, bool):
            hint = "; a word is wanted here, in quotes"
        raise ValueError(f"{_shown(value)} is none of {_a_list_of(words)}{hint}")

    return read


def _boolean(value: object) -> Value:
    if isinstance(value, bool):
        return value
    hint = ", without quotes" if isinstance(value, str) and value.lower() in ("true", "false") else ""
    raise ValueError(f"{_shown(value)} is neither true nor false{hint}")


def _matter_creation(value: object) -> Value:
    if value == "where_required":
        return "where_required"
    try:
        return _boolean(value)
    except ValueError:
        raise ValueError(f"{_shown(value)} is none of true, false or `where_required`") from None


def _whole(low: int, high: int) -> Callable[[object], Value]:
    def read(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"{_shown(value)} is no whole number from {low} to {high}")

    return read


def _fraction(value: object) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    raise ValueError(f"{_shown(value)} is no fraction above 0 and up to 1, such as 0.9")


def _text(value: object) -> Value:
    if isinstance(value, str):
        return value.strip()
    raise ValueError(f"{_shown(value)} is no text; write it in quotes")


PLACEHOLDER_FIELDS = ("caller_id", "number", "number_national", "direction", "date", "line")


def _template(value: object) -> Value:
    text = _text(value)
    assert isinstance(text, str)
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"`{text}` is no template ({error}); a brace by itself is written twice") from None
    for _, name, form, conversion in parsed:
        if name is not None and (name not in PLACEHOLDER_FIELDS or form or conversion):
            allowed = " ".join(f"{{{field}}}" for field in PLACEHOLDER_FIELDS)
            raise ValueError(f"`{{{name}}}` is unknown in a placeholder name; it may hold {allowed}")
    return text


def _time_of_day(value: object) -> Value:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, str) and len(value) == 5 and value[2] == ":" and value.replace(":", "").isdigit():
        hour, minute = int(value[:2]), int(value[3:])
        if hour < 24 and minute < 60:
            return value
    raise ValueError(f'{_shown(value)} is no time of day; write hours and minutes in quotes, such as "03:00"')


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{_shown(value)} is no list; write it in square brackets")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{_shown(item)} in the list is no text; write it in quotes")
    return tuple(item.strip() for item in value)


def _subset(*words: str) -> Callable[[object], Value]:
    one = _choice(*words)

    def read(value: object) -> Value:
        items = _texts(value)
        for item in items:
            one(item)
        return items

    return read


OWNERS = ("triggering_user", "account_owner", "integration_user")


def _owners(value: object) -> Value:
    items = _texts([value] if isinstance(value, str) else value)
    if not items or "" in items:
        raise ValueError(f"an owner is wanted: {_a_list_of(OWNERS)}, or a user's id")
    for item in items:
        near = [] if item in OWNERS else difflib.get_close_matches(item, OWNERS, 1, 0.8)
        if near:
            raise ValueError(f"`{item}` is no owner; did you mean `{near[0]}`?")
    return items


# --- the settings ----------------------------------------------------------------------------------

REQUIRED_FIELDS = (
    "first_name", "last_name", "email", "phone", "mobile", "title", "department", "seniority", "persona",
    "company", "account", "country", "state",
)  # fmt: skip
ENRICHED_FIELDS = (
    "title", "phone", "mobile", "first_name", "last_name", "email", "department", "seniority", "persona",
    "mailing_address", "company",
)  # fmt: skip
CLASSIFIED_FIELDS = ("department", "seniority", "persona")
PERSONAS = tuple(dict.fromkeys(rule.value for rule in titles.BUILT_IN if rule.field == "persona"))
CALL_RESULTS = ("answered", "missed", "voicemail", "rejected", "busy", "failed")
_WITH_DIRECTION = ("call", "voicemail", "sms", "fax", "email")
_DIRECTIONS = ("inbound", "outbound")
UNKNOWN_CONTACT_KEYS: tuple[str, ...] = (
    "default",
    *KINDS,
    *(f"{kind}.{direction}" for kind in _WITH_DIRECTION for direction in _DIRECTIONS),
    *(f"call.{direction}.{result}" for direction in _DIRECTIONS for result in CALL_RESULTS),
)
_PHONE = ("call", "voicemail", "sms", "fax")
_MAIL = ("email", "meeting")
_CRM_WIDE: tuple[Scope, ...] = ("organisation", "connection")
_UNKNOWN = ("create", "log_unlinked", "skip", "ask")
_SEVERAL = ("ask", "most_recent_activity", "earliest_created", "alphabetical", "log_unlinked", "skip")
_ENRICH = ("always", "if_empty", "ours_or_empty", "never")
_THREE_FIELDS = ("first_name", "last_name", "email")


def _words(name: str, meaning: str, words: tuple[str, ...], default: str, **more: object) -> Setting:
    return _setting(
        name,
        meaning,
        _choice(*words),
        " ".join(f"`{word}`" for word in words),
        default,
        {"type": "word", **more},
    )


def _switch(name: str, meaning: str, default: bool, **more: object) -> Setting:
    return _setting(name, meaning, _boolean, "true, false", default, {"type": "switch", **more})


def _number(name: str, meaning: str, high: int, default: int, **more: object) -> Setting:
    return _setting(
        name, meaning, _whole(0, high), f"whole number, 0 to {high}", default, {"type": "whole", **more}
    )


def _setting(
    name: str,
    meaning: str,
    read: Callable[[object], Value],
    allowed: str,
    default: Value | Mapping[str, Value],
    more: Mapping[str, object],
) -> Setting:
    values = {"field": name.replace(".", "_"), **more}
    plain = {"name": name, "meaning": meaning, "read": read, "allowed": allowed, "default": default}
    return Setting(**plain, **values)  # type: ignore[arg-type]


SETTINGS: tuple[Setting, ...] = (
    _setting(
        "unknown_contact",
        "What happens when nobody in the CRM is the other party: make a contact, log without one, do "
        "nothing, or ask a person.",
        _choice(*_UNKNOWN),
        " ".join(f"`{word}`" for word in _UNKNOWN),
        {"default": "create", "call.inbound.missed": "log_unlinked"},
        {
            "type": "word",
            "keys": UNKNOWN_CONTACT_KEYS,
            "key_note": "`default`; a kind (`sms`); a kind and a direction (`email.inbound`); for calls also "
            "the result (`call.inbound.missed`). The most specific key decides.",
        },
    ),
    _switch("fax_may_create", "Whether a fax may make a contact at all.", False, kinds=("fax",)),
    _switch(
        "exclusive_contact_association",
        "Whether an interaction that ends up without a contact is left out of the CRM altogether.",
        False,
    ),
    _words(
        "several_contacts",
        "Which contact is taken when several bear the same number or address; where the data cannot "
        "decide, a person is asked.",
        _SEVERAL,
        "ask",
    ),
    _setting(
        "placeholder_name",
        "Name of a contact that is made before anybody's real name is known.",
        _template,
        "text; may hold " + " ".join(f"`{{{field}}}`" for field in PLACEHOLDER_FIELDS),
        "Unknown Caller",
        {"type": "text", "kinds": _PHONE},
    ),
    _setting(
        "log",
        "Whether interactions of this kind are written to the CRM; calls, voicemails, texts and faxes that "
        "are not logged make no contacts either.",
        _boolean,
        "true, false",
        dict.fromkeys(KINDS, True),
        {"type": "switch", "keys": KINDS, "key_note": "a kind."},
    ),
    _number(
        "minimum_talk_seconds",
        "Answered calls with less talk than this count as missed for `unknown_contact`.",
        86400,
        0,
        kinds=("call",),
    ),
    _switch(
        "internal_calls",
        "Whether calls between your own people are logged; they never make contacts.",
        False,
        kinds=("call",),
    ),
    _setting(
        "blocked",
        "Addresses, domains, numbers and subjects that never make, change or link a contact.",
        _texts,
        "list: `jo@x.example`, `x.example`, `*.gov`, `+14155550123`, `+1900*`, `subject:*newsletter*`",
        (),
        {"type": "list", "preset": False},
    ),
    _setting(
        "allowed",
        "The same patterns, to lift the doubts about bulk mail, role addresses and free-mail hosts; a block "
        "is never lifted.",
        _texts,
        "list, as `blocked`",
        (),
        {"type": "list", "preset": False},
    ),
    _setting(
        "required_fields",
        "What must be known of a person before a contact is made; until then the person is held as pending.",
        _subset(*REQUIRED_FIELDS),
        "list of " + " ".join(f"`{field}`" for field in REQUIRED_FIELDS),
        {"email": _THREE_FIELDS, "meeting": _THREE_FIELDS},
        {"type": "list", "keys": KINDS, "key_note": "a kind; a plain list stands for e-mail and meetings."},
    ),
    _words(
        "account_match",
        "Whether a person's e-mail domain must belong to an account before a contact is made, and whether "
        "an account may be made for it.",
        ("required", "optional", "create_account"),
        "optional",
        kinds=_MAIL,
    ),
    _switch(
        "account_subdomains",
        "Whether `eu.acme.example` counts as the account that has `acme.example`.",
        True,
        kinds=_MAIL,
    ),
    _setting(
        "user_must_be",
        "Where an account is matched, what one of your people on the interaction must be there before a "
        "contact is made; any one of them is enough.",
        _subset("account_owner", "opportunity_owner", "account_team"),
        "list of `account_owner` `opportunity_owner` `account_team`; empty: no condition",
        (),
        {"type": "list", "kinds": _MAIL},
    ),
    _words(
        "engagement",
        "Whether one message is enough to make a contact, or your side must have written, or both sides.",
        ("any", "outbound", "two_way"),
        "two_way",
        kinds=_MAIL,
    ),
    _switch(
        "cc_creates",
        "Whether people in Cc may become contacts; blind copies never do.",
        False,
        kinds=("email",),
    ),
    _number(
        "max_external_people",
        "With more outside people than this on a mail or meeting, nobody on it becomes a contact.",
        100000,
        20,
        kinds=_MAIL,
    ),
    _number(
        "max_external_domains",
        "With more outside domains than this on a mail or meeting, nobody on it becomes a contact.",
        100000,
        5,
        kinds=_MAIL,
    ),
    _switch(
        "lead_blocks_creation",
        "Whether a matching lead takes the activity and no contact is made.",
        True,
    ),
    _words(
        "free_mail",
        "What happens with a person at a free-mail host, whose domain names no account.",
        ("skip", "ask", "create"),
        "ask",
        kinds=_MAIL,
    ),
    _switch(
        "matter_association",
        "Whether the contact's open matter, case or project is looked for and linked.",
        True,
    ),
    _setting(
        "lead_source",
        "Lead source written on contacts that are made, where the CRM has the field; empty: none.",
        _text,
        "text",
        "FirstContact",
        {
            "type": "text",
        },
    ),
    _words(
        "several_matters",
        "Which matter is linked when the contact has several open ones.",
        ("none", "most_recently_opened", "ask"),
        "none",
    ),
    _setting(
        "matter_creation",
        "Whether a matter is made when the contact has none.",
        _matter_creation,
        "true, false, `where_required` (only in a CRM that logs nothing without one)",
        "where_required",
        {
            "type": "switch",
        },
    ),
    _switch(
        "time_entry",
        "Whether a call or meeting also makes a time entry, where the CRM has them.",
        True,
        kinds=("call", "meeting"),
    ),
    _switch("time_entry_billable", "Whether time entries are billable.", False, kinds=("call", "meeting")),
    _number(
        "time_entry_rounding_minutes",
        "Time entries are rounded up to whole multiples of so many minutes; 0: not rounded.",
        1440,
        0,
        kinds=("call", "meeting"),
    ),
    _setting(
        "owner",
        "Who owns a contact that is made: the first of these who is an active user of the CRM.",
        _owners,
        "list of " + " ".join(f"`{owner}`" for owner in OWNERS) + ", or a user's id",
        OWNERS,
        {
            "type": "list",
        },
    ),
    _switch(
        "contact_roles",
        "Whether people on an account's mails and meetings become contact roles on its open opportunity.",
        False,
        kinds=_MAIL,
    ),
    _switch(
        "contact_roles_first",
        "Whether an opportunity without any role gets its first one, where only one is possible.",
        False,
        kinds=_MAIL,
    ),
    _switch(
        "contact_roles_new",
        "Whether roles are added although nobody on the interaction has one yet.",
        False,
        kinds=_MAIL,
    ),
    _words(
        "contact_roles_several",
        "Where several opportunities qualify: only the primary match, or all of them.",
        ("primary", "all_matched"),
        "primary",
        kinds=_MAIL,
    ),
    _setting(
        "contact_roles_by_persona",
        "The role that somebody of a persona gets, as the CRM names its roles; without a key for the persona "
        "the role stays blank.",
        _text,
        "text",
        {},
        {
            "type": "text",
            "keys": PERSONAS,
            "any_key": True,
            "kinds": _MAIL,
            "key_note": "a persona that the rules of titles give, or one of your own rules.",
        },
    ),
    _setting(
        "enrich",
        "How a field of a contact is kept up to date from signatures and headers; a field without a key is "
        "left alone on people's records and kept fresh on ours. The owner is never changed.",
        _choice(*_ENRICH),
        " ".join(f"`{word}`" for word in _ENRICH),
        {},
        {"type": "word", "keys": ENRICHED_FIELDS, "kinds": _MAIL, "key_note": "a field of the contact."},
    ),
    _setting(
        "classify",
        "The same for what is worked out from the title; a field is updated when either key says so.",
        _choice(*_ENRICH),
        " ".join(f"`{word}`" for word in _ENRICH),
        dict.fromkeys(CLASSIFIED_FIELDS, "never"),
        {"type": "word", "keys": CLASSIFIED_FIELDS, "kinds": _MAIL, "key_note": "one of these three fields."},
    ),
    _setting(
        "autonomy",
        "Whether this is done at once, or put to a person in the review queue first.",
        _choice("act", "ask"),
        "`act` `ask`",
        dict.fromkeys(("create", "log", "enrich", "merge", "contact_role"), "act"),
        {
            "type": "word",
            "keys": ("create", "log", "enrich", "merge", "contact_role"),
            "key_note": "what is done.",
        },
    ),
    _number(
        "brakes.creates_per_hour",
        "After so many contacts within an hour of live deliveries, creating stops until a person says so.",
        1000000,
        500,
        scopes=_CRM_WIDE,
    ),
    _setting(
        "brakes.share_of_unknown",
        "When more than this share of the last 200 interactions met nobody, creating stops until a person "
        "says so.",
        _fraction,
        "fraction above 0, up to 1",
        0.9,
        {"type": "fraction", "field": "brakes_share_of_unknown", "scopes": _CRM_WIDE},
    ),
    _switch("dedupe", "Whether duplicates of ours are merged every day.", True, scopes=_CRM_WIDE),
    _setting(
        "dedupe_at",
        "When in the day, in the team's time zone.",
        _time_of_day,
        "time of day, such as `03:00`",
        "03:00",
        {"type": "text", "scopes": _CRM_WIDE},
    ),
    _number(
        "body_days",
        "How many days the text of interactions and raw deliveries are kept.",
        36500,
        15,
        scopes=_CRM_WIDE,
    ),
    _number(
        "metadata_days",
        "How many days interactions, decisions, writes and deliveries are kept; 0: for good.",
        36500,
        0,
        scopes=_CRM_WIDE,
    ),
    _number(
        "pending_days",
        "How many days a person held for a missing field is tried again.",
        36500,
        30,
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
_GROUPS = frozenset(name.rpartition(".")[0] for name in BY_NAME if "." in name)
LEAF_KEYS: tuple[str, ...] = tuple(
    leaf
    for setting in SETTINGS
    for leaf in ([f"{setting.name}.{key}" for key in setting.keys] if setting.keys else [setting.name])
)
"""Every key that can hold a value, but for those that people make up (`Setting.any_key`)."""
_OPEN_MAPS: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS if setting.any_key}
_LEAF_SETTING: Mapping[str, Setting] = {
    leaf: BY_NAME[leaf] if leaf in BY_NAME else BY_NAME[leaf.partition(".")[0]] for leaf in LEAF_KEYS
}


def setting_of(leaf: str) -> Setting:
    """The setting that a leaf key belongs to. Raises KeyError where it is none."""
    return _LEAF_SETTING.get(leaf) or _OPEN_MAPS[leaf.partition(".")[0]]


def _is_leaf(key: str) -> bool:
    root, _, rest = key.partition(".")
    return key in _LEAF_SETTING or (bool(rest) and root in _OPEN_MAPS)


def built_in() -> Leaves:
    """The built-in value of every leaf that has one: the preset `standard`."""
    leaves: Leaves = {}
    for setting in SETTINGS:
        if isinstance(setting.default, Mapping):
            leaves.update({f"{setting.name}.{key}": value for key, value in setting.default.items()})
        else:
            leaves[setting.name] = setting.default
    return leaves


# --- reading a layer -------------------------------------------------------------------------------

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
    setting = _LEAF_SETTING.get(leaf) or BY_NAME.get(leaf)
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


def unknown_key(key: str, known: Iterable[str], what: str = "key") -> str:
    """The sentence for a key that nobody knows, with the nearest known one where there is a near one."""
    known = tuple(known)
    near = difflib.get_close_matches(key.lower(), known, 1, 0.6)
    return f"unknown {what} `{key}`" + (f"; did you mean `{near[0]}`?" if near else "")


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
            self.preset = str(_choice(*PRESET_NAMES)(value))
            self.places["preset"] = place
        except ValueError as error:
            self._problem("preset", place, str(error))

    def _lock(self, value: object, place: Place) -> None:
        try:
            items = _texts([value] if isinstance(value, str) else value)
        except ValueError as error:
            self._problem("lock", place, str(error))
            return
        self.places["lock"] = place
        lockable = ("preset", *BY_NAME, *_GROUPS, *LEAF_KEYS)
        for item in items:
            if item in lockable:
                self.lock.append(item)
                self.places[f"lock.{item}"] = place
            else:
                self._problem("lock", place, unknown_key(item, lockable))

    def _nested(self, key: str, value: Mapping[str, object], place: Place) -> None:
        root = key.partition(".")[0]
        setting = BY_NAME.get(root)
        if (setting is not None and setting.is_map) or key in _GROUPS:
            self.walk(value, key, place)
        elif key in BY_NAME:
            self._problem(key, place, f"`{key}` takes {BY_NAME[key].allowed}, not keys of its own")
        else:
            self._unknown(key, place)

    def _leaf(self, key: str, value: object, place: Place) -> None:
        setting = BY_NAME.get(key)
        if setting is not None and setting.is_map:
            self._whole_map(setting, value, place)
        elif _is_leaf(key):
            self._set(key, value, place)
        else:
            self._unknown(key, place)

    def _whole_map(self, setting: Setting, value: object, place: Place) -> None:
        if setting.name == "required_fields" and isinstance(value, list | tuple):
            for kind in ("email", "meeting"):
                self._set(f"required_fields.{kind}", value, place, once="required_fields")
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
