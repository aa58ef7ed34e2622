"""Every setting of SPEC §3 as data.

A layer of settings is a flat map from dotted key, a *leaf* (`engagement`, `brakes.creates_per_hour`,
`unknown_contact.call.inbound.missed`), to a value; `layers` makes one of what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.identity import titles
from firstcontact.interactions.model import KINDS
from firstcontact.policy import written
from firstcontact.policy.setting import Leaves, Scope, Setting, Value

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
        written.choice(*words),
        " ".join(f"`{word}`" for word in words),
        default,
        {"type": "word", **more},
    )


def _switch(name: str, meaning: str, default: bool, **more: object) -> Setting:
    return _setting(name, meaning, written.boolean, "true, false", default, {"type": "switch", **more})


def _number(name: str, meaning: str, high: int, default: int, **more: object) -> Setting:
    return _setting(
        name,
        meaning,
        written.whole(0, high),
        f"whole number, 0 to {high}",
        default,
        {"type": "whole", **more},
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
        "nothing, or ask a person. One word without a key is that of `default`.",
        written.choice(*_UNKNOWN),
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
        written.template,
        "text; may hold " + " ".join(f"`{{{field}}}`" for field in written.PLACEHOLDER_FIELDS),
        "Unknown Caller",
        {"type": "text", "kinds": _PHONE},
    ),
    _setting(
        "log",
        "Whether interactions of this kind are written to the CRM; calls, voicemails, texts and faxes that "
        "are not logged make no contacts either.",
        written.boolean,
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
        written.texts,
        "list: `jo@x.example`, `x.example`, `*.gov`, `+14155550123`, `+1900*`, `subject:*newsletter*`",
        (),
        {"type": "list", "preset": False},
    ),
    _setting(
        "allowed",
        "The same patterns, to lift the doubts about bulk mail, role addresses and free-mail hosts; a block "
        "is never lifted.",
        written.texts,
        "list, as `blocked`",
        (),
        {"type": "list", "preset": False},
    ),
    _setting(
        "required_fields",
        "What must be known of a person before a contact is made; until then the person is held as pending.",
        written.subset(*REQUIRED_FIELDS),
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
        written.subset("account_owner", "opportunity_owner", "account_team"),
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
        written.text,
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
        written.matter_creation,
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
        written.owners,
        "list of " + " ".join(f"`{owner}`" for owner in written.OWNERS) + ", or a user's id",
        written.OWNERS,
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
        written.text,
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
        written.choice(*_ENRICH),
        " ".join(f"`{word}`" for word in _ENRICH),
        {},
        {"type": "word", "keys": ENRICHED_FIELDS, "kinds": _MAIL, "key_note": "a field of the contact."},
    ),
    _setting(
        "classify",
        "The same for what is worked out from the title; a field is updated when either key says so.",
        written.choice(*_ENRICH),
        " ".join(f"`{word}`" for word in _ENRICH),
        dict.fromkeys(CLASSIFIED_FIELDS, "never"),
        {"type": "word", "keys": CLASSIFIED_FIELDS, "kinds": _MAIL, "key_note": "one of these three fields."},
    ),
    _setting(
        "autonomy",
        "Whether this is done at once, or put to a person in the review queue first.",
        written.choice("act", "ask"),
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
        written.fraction,
        "fraction above 0, up to 1",
        0.9,
        {"type": "fraction", "field": "brakes_share_of_unknown", "scopes": _CRM_WIDE},
    ),
    _switch(
        "dedupe",
        'Whether duplicates of ours are merged every day; a time of day, such as `"04:30"`, says when, too.',
        True,
        scopes=_CRM_WIDE,
    ),
    _setting(
        "dedupe_at",
        "When in the day, in the team's time zone.",
        written.time_of_day,
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
GROUPS = frozenset(name.rpartition(".")[0] for name in BY_NAME if "." in name)
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


def typed_by(leaf: str) -> Setting | None:
    """The setting whose type a leaf or a whole map has; None where there is none of that name."""
    return _LEAF_SETTING.get(leaf) or BY_NAME.get(leaf)


def is_leaf(key: str) -> bool:
    """Whether a key can hold a value."""
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
