"""PURE. Activities as Calls, Events and Tasks (apis A4, "Activities").

What Zoho has no field for stands in ours: `FirstContact_Details` keeps kind, direction, outcome, length and
the exact time as `kind=sms;direction=inbound;at=1772452800000000`.

Who edited a field: with every write of ours the record keeps a digest of each field as we wrote it. A field
that is no longer as its digest says was changed by a person, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import iso_seconds, micros
from firstcontact.connectors.zoho.mapping import Row, Values, text
from firstcontact.connectors.zoho.shapes import (
    DETAILS,
    INTERACTIONS,
    KEY,
    RECORDING,
    TRANSCRIPT,
    WRITTEN,
    Module,
)
from firstcontact.planning.write import ActivityFields, Existing

PREFIX = {"Calls": "call", "Events": "event", "Tasks": "task"}
_MODULES = {prefix: module for module, prefix in PREFIX.items()}
_OF_KIND = {"call": "Calls", "voicemail": "Calls", "meeting": "Events"}
_SUBJECT = {"Events": "Event_Title"}
_ANSWERED = frozenset({"", "answered"})
_MINUTE = 60_000_000
_FALLBACK = {"call": "Call", "voicemail": "Voicemail", "sms": "Text messages", "fax": "Fax",
             "email": "E-mail", "meeting": "Meeting"}  # fmt: skip
"""Zoho has no activity without a subject."""

_PARTS = {
    "subject": ("Subject", "Event_Title"),
    "body": ("Description",),
    "outcome": ("Call_Type", "Call_Duration"),
    "direction": ("Call_Type", "Outbound_Call_Status"),
    "seconds": ("Call_Duration", "End_DateTime"),
    "at": ("Call_Start_Time", "Start_DateTime", "End_DateTime", "Due_Date"),
    "user": ("Owner",),
    "people": ("Who_Id", "What_Id", "$se_module"),
    "account": ("What_Id", "$se_module"),
    "opportunity": ("What_Id", "$se_module"),
    "recording": (RECORDING,),
    "transcript": (TRANSCRIPT,),
}
"""Which of Zoho's fields say what one of ours does."""
_DETAILED = ("kind", "direction", "outcome", "seconds", "at")
_LINKS = frozenset({RECORDING, TRANSCRIPT})
_TIMES = frozenset({"Call_Start_Time", "Start_DateTime", "End_DateTime"})
_CODES = {
    "Subject": "a",
    "Event_Title": "a",
    "Description": "b",
    "Call_Type": "c",
    "Call_Duration": "d",
    "Call_Start_Time": "e",
    "Start_DateTime": "e",
    "End_DateTime": "f",
    "Due_Date": "e",
    "Owner": "g",
    "Who_Id": "h",
    "What_Id": "i",
    RECORDING: "j",
    TRANSCRIPT: "k",
}
"""Short names of the fields whose digests are kept."""


def module_for(kind: str) -> str:
    """The module that an interaction of this kind is logged in."""
    return _OF_KIND.get(kind, "Tasks")


def receipt_id(module: str, id: str) -> str:
    """An activity as we name it: ids of Zoho do not tell their module."""
    return f"{PREFIX[module]}:{id}"


def place_of(id: str) -> tuple[str, str]:
    """Module and id of an activity; ("", "") for what is none."""
    prefix, _, number = id.partition(":")
    module = _MODULES.get(prefix, "")
    return (module, number) if module and number.isascii() and number.isdigit() else ("", "")


def activity_fields(module: Module) -> tuple[str, ...]:
    """The fields of an activity that an update has to know."""
    names = dict.fromkeys(name for group in _PARTS.values() for name in group)
    own = (KEY, INTERACTIONS, DETAILS, WRITTEN, "Created_By", "Modified_By")
    return ("id", *module.present((*own, *names)))


def new_activity(fields: ActivityFields, key: str, module: Module) -> Values:
    """What a new activity has."""
    values = {name: value for name, value in _all(fields, module).items() if value is not None}
    values[KEY] = key
    if module.takes(INTERACTIONS):
        values[INTERACTIONS] = _fitting(fields.interactions, module.length(INTERACTIONS))
    if module.takes(DETAILS):
        values[DETAILS] = _details({}, fields, _DETAILED)
    if module.takes(WRITTEN):
        values[WRITTEN] = _digests(values, {})
    return values


def changed_activity(fields: ActivityFields, changed: Sequence[str], row: Row, module: Module) -> Values:
    """What changes on an activity that is there (`row`): of the fields named as changed (none named: those
    that are not empty) those that no person has edited; {} where nothing changes."""
    new = _all(fields, module)
    names = _named(changed) if changed else {name for name, value in new.items() if value is not None}
    kept = _read_digests(text(row, WRITTEN))
    ours = text(row, "Created_By") == text(row, "Modified_By")
    values: Values = {}
    for name, value in new.items():
        if name in names and name in _CODES and _same(row.get(name), name) != _same(value, name):
            if _untouched(name, row, kept, ours=ours):
                values[name] = value
    if "What_Id" in values and "$se_module" in new:
        values["$se_module"] = new["$se_module"]
    values |= _own_changes(fields, changed, row, module)
    if values and module.takes(WRITTEN):
        values[WRITTEN] = _digests(values, {**kept, **({_BY_PERSON: _EDITED} if edited(row) else {})})
    return values


def edited(row: Row) -> bool:
    """Whether a person changed an activity of ours since: somebody else was the last one, or was before our
    last change, or its subject is no longer as we wrote it."""
    if text(row, "Created_By") != text(row, "Modified_By"):
        return True
    kept = _read_digests(text(row, WRITTEN))
    subjects = [name for name in ("Subject", "Event_Title") if name in row]
    return _BY_PERSON in kept or any(
        kept.get(_CODES[name], "") not in ("", _digest(_same(row.get(name), name))) for name in subjects
    )


def read_details(row: Row) -> dict[str, str]:
    """What our field for details says."""
    pairs = (one.partition("=") for one in text(row, DETAILS).split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


# --- fields by module ---------------------------------------------------------------------------


def _all(fields: ActivityFields, module: Module) -> Values:
    """Every field that the module has, None for what is empty."""
    subject = clean(fields.subject).strip() or _FALLBACK.get(fields.kind, "Activity")
    values: Values = {
        _SUBJECT.get(module.name, "Subject"): " ".join(subject.split()),
        "Description": fields.body,
        "Owner": {"id": fields.user} if fields.user else None,
        RECORDING: fields.recording,
        TRANSCRIPT: fields.transcript,
        **_OF_MODULE[module.name](fields),
        **_links(fields),
    }
    return {
        name: _taken(name, value, module.length(name))
        for name, value in values.items()
        if name.startswith("$") or module.takes(name)
    }


def _call(fields: ActivityFields) -> Values:
    outbound = fields.direction == "outbound"
    missed = not outbound and (fields.outcome not in _ANSWERED or fields.kind == "voicemail")
    return {
        "Call_Type": "Outbound" if outbound else "Missed" if missed else "Inbound",
        "Outbound_Call_Status": "Completed" if outbound else None,
        "Call_Start_Time": _moment(fields.at),
        # A missed call has none.
        "Call_Duration": None if missed else f"{fields.seconds // 60:02d}:{fields.seconds % 60:02d}",
    }


def _event(fields: ActivityFields) -> Values:
    """Without participants: Zoho would invite them."""
    lasts = max(fields.seconds * 1_000_000, _MINUTE)
    return {"Start_DateTime": _moment(fields.at), "End_DateTime": _moment(fields.at + lasts)}


def _task(fields: ActivityFields) -> Values:
    return {"Due_Date": _moment(fields.at)[:10], "Status": "Completed"}


_OF_MODULE = {"Calls": _call, "Events": _event, "Tasks": _task}


def _links(fields: ActivityFields) -> Values:
    """Whom it is about: a contact in `Who_Id`; a lead, else the deal or the account, in `What_Id`."""
    person = next((one for one in fields.people if isinstance(one, Existing)), None)
    lead = person is not None and person.record == "lead"
    account = fields.account.id if isinstance(fields.account, Existing) else ""
    what = (
        (person.id, "Leads") if person is not None and lead
        else (fields.opportunity, "Deals") if fields.opportunity
        else (account, "Accounts") if account
        else None
    )  # fmt: skip
    values: Values = {
        "Who_Id": {"id": person.id} if person is not None and not lead else None,
        "What_Id": {"id": what[0]} if what else None,
    }
    return {**values, "$se_module": what[1]} if what else values


def _moment(at: int) -> str:
    return iso_seconds(at, "+00:00")


def _taken(name: str, value: Any, length: int) -> Any:
    if not isinstance(value, str):
        return value
    if name in _LINKS and length and len(value) > length:
        # Half a link leads nowhere.
        return None
    return clean(value, length) or None


# --- fields of our own --------------------------------------------------------------------------


def _own_changes(fields: ActivityFields, changed: Sequence[str], row: Row, module: Module) -> Values:
    values: Values = {}
    answered = text(row, INTERACTIONS).split()
    interactions = dict.fromkeys([*answered, *fields.interactions])
    listed = _fitting(list(interactions), module.length(INTERACTIONS))
    if module.takes(INTERACTIONS) and listed.split() != answered:
        values[INTERACTIONS] = listed
    if changed:
        names = [name for name in _DETAILED if name in changed]
    else:
        names = [name for name in _DETAILED if getattr(fields, name)]
    details = _details(read_details(row), fields, names)
    if module.takes(DETAILS) and details != text(row, DETAILS):
        values[DETAILS] = details
    return values


def _fitting(interactions: Sequence[str], room: int) -> str:
    """The ids, one a line, as many as fit in whole: half an id would be another one."""
    listed = ""
    for id in interactions:
        longer = f"{listed}\n{id}" if listed else id
        if room and len(longer) > room:
            break
        listed = longer
    return clean(listed)


def _details(before: Mapping[str, str], fields: ActivityFields, names: Iterable[str]) -> str:
    found = {**before, **{name: str(getattr(fields, name) or "") for name in names}}
    return ";".join(f"{name}={found[name]}" for name in _DETAILED if found.get(name))


# --- whose a field is ---------------------------------------------------------------------------


def _named(changed: Iterable[str]) -> set[str]:
    return {name for one in changed for name in _PARTS.get(one, ())}


def _untouched(name: str, row: Row, kept: Mapping[str, str], *, ours: bool) -> bool:
    present = _same(row.get(name), name)
    code = _CODES[name]
    if name == "Owner" and code not in kept:
        # Where we named nobody, it is whoever our login is.
        return ours or not present
    if kept:
        return kept.get(code, _EMPTY) == _digest(present)
    return ours or not present


def _same(value: Any, name: str) -> str:
    """A value in one form, as we send it and as Zoho gives it back."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is None or value is False or value == "":
        return ""
    written = str(value).replace("\r\n", "\n").strip()
    return str(micros(written) or written) if name in _TIMES else written


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "replace")).hexdigest()[:6]


_BY_PERSON, _EDITED = "z", "edited"
"""Among the digests, what keeps that a person was there before a change of ours."""
_EMPTY = _digest("")


def _digests(values: Values, kept: Mapping[str, str]) -> str:
    """`a1b2c3d b4e5f6a …`: the code of a field and six digits of what we wrote into it."""
    found = dict(kept)
    for name, code in _CODES.items():
        if name in values:
            found[code] = _digest(_same(values[name], name))
    return " ".join(code + digest for code, digest in sorted(found.items()))


def _read_digests(written: str) -> dict[str, str]:
    return {one[0]: one[1:] for one in written.split() if len(one) == 7}
