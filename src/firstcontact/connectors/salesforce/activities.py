"""PURE. Activities as Task, Event and EmailMessage (apis A1, "Activities").

Who edited a field: with every write of ours the record keeps a digest of each field as we wrote it. A field
that is no longer as its digest says was changed by a person, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from firstcontact.connectors.salesforce.mapping import Row, Values, lines, text
from firstcontact.connectors.salesforce.shapes import (
    AT,
    DIRECTION,
    INTERACTIONS,
    KEY,
    KIND,
    RECORDING,
    RESULT,
    TRANSCRIPT,
    USER,
    WRITTEN,
    Shape,
    Shapes,
)
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import iso_millis, micros
from firstcontact.planning.write import ActivityFields


class Link(msgspec.Struct, frozen=True):
    """The id of a record that another write of the same call makes: the place of that write."""

    write: int


Who = str | Link
"""An id, or where it will come from."""

TYPE_OF_PREFIX = {"00T": "Task", "00U": "Event", "02s": "EmailMessage"}
PEOPLE = {"003", "00Q"}
LEAD_PREFIX = "00Q"
_SUBTYPE = {"call": "Call", "voicemail": "Call", "email": "Email"}
_CALL_TYPE = {"inbound": "Inbound", "outbound": "Outbound", "internal": "Internal"}
_RECEIVED, _SENT = "0", "3"
_SETTLED = frozenset({KEY, INTERACTIONS, WRITTEN, "TaskSubtype"})
"""Fields that an update does not compare: ours alone, or given once for ever."""

_PARTS = {
    "subject": ("Subject",),
    "body": ("Description", "TextBody"),
    "outcome": ("CallDisposition", RESULT),
    "direction": ("CallType", DIRECTION, "Incoming"),
    "seconds": ("CallDurationInSeconds", "EndDateTime"),
    "at": ("ActivityDate", "StartDateTime", "EndDateTime", "MessageDate", AT),
    "user": ("OwnerId", USER),
    "people": ("WhoId", "ToIds"),
    "account": ("WhatId", "RelatedToId"),
    "opportunity": ("WhatId", "RelatedToId"),
    "matter": ("WhatId", "RelatedToId"),
    "recording": (RECORDING,),
    "transcript": (TRANSCRIPT,),
    "kind": (KIND,),
}
"""Which of Salesforce's fields say what one of ours does."""


def type_for(kind: str, shapes: Shapes) -> str:
    """The type of record that an interaction of this kind is logged as. EmailMessage is there only where
    enhanced e-mail or e-mail to case is on."""
    if kind == "meeting":
        return "Event"
    email = shapes.get("EmailMessage")
    if kind == "email" and email is not None and email.createable and email.has(KEY):
        return "EmailMessage"
    return "Task"


def type_of(id: str) -> str:
    """The type of an activity by its id; "" for what is none."""
    return TYPE_OF_PREFIX.get(id[:3], "") if len(id) in (15, 18) and id.isalnum() and id.isascii() else ""


def new_activity(fields: ActivityFields, key: str, shape: Shape, people: Sequence[Who], what: Who) -> Values:
    """What a new activity has. people: ids, or
    `Link`s to records made in the same call, the primary one first; what: the case,
    opportunity or account it is about."""
    values = {name: value for name, value in _all(fields, shape, people, what).items() if value is not None}
    values[KEY] = key
    if shape.has(INTERACTIONS):
        values[INTERACTIONS] = "\n".join(fields.interactions)
    if shape.has(WRITTEN):
        values[WRITTEN] = _digests(values, {})
    return values


def changed_activity(
    fields: ActivityFields,
    changed: Sequence[str],
    row: Row,
    shape: Shape,
    people: Sequence[Who],
    what: Who,
    me: str,
) -> Values:
    """What changes on an activity that is there (`row`): of the fields named as changed (none named: those
    that are not empty) those that no person has edited; {} where nothing changes."""
    new = _all(fields, shape, people, what)
    if shape.name == "EmailMessage":
        # Salesforce changes nothing on an e-mail but fields of our own (apis A1).
        new = {name: value for name, value in new.items() if name.endswith("__c")}
    names = _named(changed) if changed else {name for name, value in new.items() if value is not None}
    kept = _read_digests(text(row, WRITTEN))
    untouched = _untouched(row, kept, me)
    values = {
        name: value
        for name, value in new.items()
        if name in names and name not in _SETTLED and untouched(name) and _same(row.get(name)) != _same(value)
    }
    answered = lines(text(row, INTERACTIONS))
    interactions = tuple(dict.fromkeys((*answered, *fields.interactions)))
    if shape.has(INTERACTIONS) and interactions != answered:
        values[INTERACTIONS] = "\n".join(interactions)
    if values and shape.has(WRITTEN):
        values[WRITTEN] = _digests(values, {**kept, **({_BY_PERSON: _EDITED} if edited(row, me) else {})})
    return values


def edited(row: Row, me: str) -> bool:
    """Whether a person changed an activity of ours since: somebody else was the last one, or was before our
    last change, or a text is no longer as we wrote it."""
    by = text(row, "LastModifiedById")
    if me and by and by[:15] != me[:15]:
        return True
    kept = _read_digests(text(row, WRITTEN))
    if _BY_PERSON in kept:
        return True
    return any(
        kept.get(_CODES[name], "") not in ("", _UNKNOWN, _digest(_same(row.get(name))))
        for name in _TEXTS
        if name in row
    )


def activity_fields(shape: Shape) -> tuple[str, ...]:
    """The fields of an activity that an update has to know."""
    names = dict.fromkeys(name for group in _PARTS.values() for name in group)
    own = (INTERACTIONS, WRITTEN, KEY, "LastModifiedById", "Id")
    return tuple(name for name in (*own, *names) if shape.has(name) and name != "ToIds")


def read_seconds(row: Row) -> int:
    """How long an activity is said to be."""
    begins, ends = micros(text(row, "StartDateTime")), micros(text(row, "EndDateTime"))
    return (
        (ends - begins) // 1_000_000
        if begins and ends
        else int(float(text(row, "CallDurationInSeconds") or 0))
    )


# --- fields by type -----------------------------------------------------------------------------


def _all(fields: ActivityFields, shape: Shape, people: Sequence[Who], what: Who) -> Values:
    """Every field that the type has, None for what is empty."""
    values = _OF_TYPE[shape.name](fields, people, what)
    values |= {
        KIND: fields.kind,
        RESULT: fields.outcome,
        DIRECTION: fields.direction,
        RECORDING: fields.recording,
        TRANSCRIPT: fields.transcript,
        AT: iso_millis(fields.at),
    }
    return {
        name: _taken(value, shape.length(name)) for name, value in values.items() if shape.has(name)
    }  # fmt: skip


def _task(fields: ActivityFields, people: Sequence[Who], what: Who) -> Values:
    return {
        "Subject": fields.subject,
        "Description": fields.body,
        # A task that is not completed and has a date locks its account and its people (apis A1).
        "Status": "Completed",
        "Priority": "Normal",
        "ActivityDate": iso_millis(fields.at)[:10],
        "TaskSubtype": _SUBTYPE.get(fields.kind, "Task"),
        "CallType": _CALL_TYPE.get(fields.direction),
        "CallDurationInSeconds": fields.seconds or None,
        "CallDisposition": fields.outcome,
        "OwnerId": fields.user,
        "WhoId": people[0] if people else None,
        "WhatId": what,
    }


def _event(fields: ActivityFields, people: Sequence[Who], what: Who) -> Values:
    return {
        "Subject": fields.subject,
        "Description": fields.body,
        "StartDateTime": iso_millis(fields.at),
        "EndDateTime": iso_millis(fields.at + fields.seconds * 1_000_000),
        "OwnerId": fields.user,
        "WhoId": people[0] if people else None,
        "WhatId": what,
    }


def _email(fields: ActivityFields, people: Sequence[Who], what: Who) -> Values:
    return {
        "Subject": fields.subject,
        "TextBody": fields.body,
        "Incoming": fields.direction != "outbound",
        "MessageDate": iso_millis(fields.at),
        "Status": _SENT if fields.direction == "outbound" else _RECEIVED,
        "RelatedToId": what,
        "ToIds": list(people),
        # An e-mail has no owner.
        USER: fields.user,
    }


_OF_TYPE: Mapping[str, Callable[[ActivityFields, Sequence[Who], Who], Values]] = {
    "Task": _task,
    "Event": _event,
    "EmailMessage": _email,
}


def _taken(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return clean(value, length) or None
    return value if value or value is False else None


# --- whose a field is ---------------------------------------------------------------------------


def _named(changed: Iterable[str]) -> set[str]:
    return {name for one in changed for name in _PARTS.get(one, ())}


def _untouched(row: Row, kept: Mapping[str, str], me: str) -> Callable[[str], bool]:
    ours = bool(me) and text(row, "LastModifiedById")[:15] == me[:15]

    def check(name: str) -> bool:
        present = _same(row.get(name))
        code = _CODES.get(name, "")
        if kept and code and kept.get(code) != _UNKNOWN:
            return kept.get(code, _EMPTY) == _digest(present)
        return ours or not present

    return check


def _same(value: Any) -> str:
    """A value in one form, as we send it and as Salesforce gives it back."""
    if value is None or value is False or value == "":
        return ""
    if isinstance(value, int | float):
        return str(int(value))
    written = str(value).replace("\r\n", "\n").strip()
    if len(written) >= 19 and written[4:5] == "-" and written[10:11] == "T":
        return str(micros(written) or written)
    return written


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "replace")).hexdigest()[:6]


_CODES = {
    "Subject": "a",
    "Description": "b",
    "CallDisposition": "c",
    "CallDurationInSeconds": "d",
    "ActivityDate": "e",
    "StartDateTime": "f",
    "EndDateTime": "g",
    "OwnerId": "h",
    "WhoId": "i",
    "WhatId": "j",
    "CallType": "k",
    RESULT: "l",
    RECORDING: "m",
    TRANSCRIPT: "n",
    USER: "o",
    AT: "p",
}
"""Short names of the fields whose digests are kept."""


_TEXTS = ("Subject", "Description", "CallDisposition", RESULT)
_BY_PERSON, _EDITED = "z", "edited"
"""Among the digests, what keeps that a person was there before a change of ours."""
_EMPTY = _digest("")
_UNKNOWN = "------"
"""What stands for a value that we wrote as a reference to a record which was made in the same request."""


def _digests(values: Values, kept: Mapping[str, str]) -> str:
    """`a1b2c3d b4e5f6a …`: the code of a field and six digits of what we wrote into it."""
    found = dict(kept)
    for name, code in _CODES.items():
        if name in values:
            value = values[name]
            found[code] = _digest(_same(value)) if isinstance(value, str | int | None) else _UNKNOWN
    return " ".join(code + digest for code, digest in sorted(found.items()))


def _read_digests(written: str) -> dict[str, str]:
    return {one[0]: one[1:] for one in written.split() if len(one) == 7}
