"""PURE. Our activities as Lawmatics' interactions, notes and events (apis A3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from firstcontact.connectors.lawmatics import texts
from firstcontact.connectors.lawmatics.mapping import attributes, target
from firstcontact.connectors.lawmatics.marks import Mark
from firstcontact.connectors.lawmatics.texts import Text
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.planning.write import ActivityFields

Row = Mapping[str, Any]
Body = dict[str, Any]
Form = Literal["interaction", "note", "event"]

PATHS: Mapping[Form, str] = {"interaction": "interactions", "note": "notes", "event": "events"}
FIELDS: Mapping[Form, str] = {"interaction": "body", "note": "body", "event": "description"}
"""The attribute that holds the text."""
STANDS_ON: Mapping[Form, str] = {"interaction": "interactable", "note": "notable", "event": "eventable"}
"""The relationship that says what it stands on."""
TYPES: Mapping[str, str] = {"call": "Call", "voicemail": "Voicemail", "sms": "SMS", "fax": "Fax"}
"""`interaction_type`, a text of anybody's choice."""
EDITED = "edited"
"""An activity's state once a person has edited it and we have written since."""
_TIMES: Mapping[Form, tuple[str, ...]] = {
    "interaction": ("happened_at",),
    "note": (),
    "event": ("start_date", "end_date"),
}
SUBJECT_LIMIT = 255
_SECOND = 1_000_000
_PHONE_OF_MATTER = re.compile(r"\n+Matter Phone:[^\n]*\s*\Z")
"""What Lawmatics puts behind an event's description itself (published answers)."""


class Stand(msgspec.Struct, frozen=True):
    """What an activity, a time entry or a file stands on: a person (`Contact`), or a matter (`Prospect`)."""

    type: Literal["Contact", "Prospect"]
    id: str


class Id(msgspec.Struct, frozen=True):
    """An activity's id: three sorts of records are counted apart (`note:7`)."""

    form: Form
    id: str

    def __str__(self) -> str:
        return f"{self.form}:{self.id}"

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{PATHS[self.form]}/{self.id}"


def read_id(text: str) -> Id | None:
    """None for what is no id of an activity of Lawmatics."""
    form, _, id = text.partition(":")
    known = next((one for one in PATHS if one == form), None)
    return Id(known, id) if known and id.isascii() and id.isdigit() else None


def form_of(kind: str, stand: Stand) -> Form:
    """As what a kind is logged: interactions stand on matters only (apis A3, "Log call/SMS")."""
    if kind == "meeting":
        return "event"
    return "interaction" if stand.type == "Prospect" and kind != "email" else "note"


def stands_on(form: Form, row: Row) -> Stand | None:
    """What an activity stands on; None where that is gone, or neither a person nor a matter."""
    type, id = target(row, STANDS_ON[form])
    if type == "contact":
        return Stand("Contact", id)
    return Stand("Prospect", id) if type in ("prospect", "matter") else None


def standing(form: Form, stand: Stand) -> Body:
    """The part of a body that says what an activity stands on."""
    if form == "interaction":
        return {"prospect_id": int(stand.id)}
    on = STANDS_ON[form]
    return {f"{on}_type": stand.type, f"{on}_id": int(stand.id)}


# --- new ones ---------------------------------------------------------------------------------------------


def mark_of(fields: ActivityFields, key: str, form: Form) -> Mark:
    """What Lawmatics has no place for. A note has no time of its own, and only events have a user's."""
    return Mark(
        key=key,
        kind=fields.kind,
        interactions=fields.interactions,
        at=fields.at if form == "note" else 0,
        direction=fields.direction,
        outcome="".join(fields.outcome.split()),
        seconds=fields.seconds,
        user=fields.user,
    )


def text_of(fields: ActivityFields, key: str, form: Form) -> Text:
    """An activity's text. A subject that is too long for a name stands whole in the body."""
    subject = texts.one_line(fields.subject) or fields.kind
    said = clean(fields.body)
    if form != "interaction" and len(subject) > SUBJECT_LIMIT:
        said = f"{subject}\n\n{said}" if said.strip() else subject
    return Text(
        subject=subject if form == "interaction" else "",
        said=said.strip("\r\n"),
        recording=texts.one_line(fields.recording),
        transcript=texts.one_line(fields.transcript),
        mark=mark_of(fields, key, form),
    )


def name_of(subject: str, kind: str) -> str:
    """The name of a note or an event."""
    name = texts.one_line(subject) or kind
    return name if len(name) <= SUBJECT_LIMIT else name[: SUBJECT_LIMIT - 1] + "…"


def body_of(
    fields: ActivityFields, text: Text, form: Form, stand: Stand, users: list[str], type: str
) -> Body:
    """The body that makes an activity. Nobody is invited to an event: Lawmatics would mail everybody on
    it."""
    body = _around(fields, form, stand, users, type)
    return {**body, FIELDS[form]: texts.written(stated(form, text, body))}


def _around(fields: ActivityFields, form: Form, stand: Stand, users: list[str], type: str) -> Body:
    """All of a body but the text."""
    if form == "interaction":
        return {
            "happened_at": iso(fields.at),
            **standing(form, stand),
            "interaction_type": TYPES.get(fields.kind, fields.kind.capitalize()),
        }
    name = name_of(fields.subject, fields.kind)
    if form == "note":
        return {"name": name, **standing(form, stand)}
    body: Body = {
        "name": name,
        "start_date": iso(fields.at),
        "end_date": iso(fields.at + fields.seconds * _SECOND),
        **standing(form, stand),
        "send_invites": False,
    }
    if users:
        body["user_ids"] = [int(user) for user in users]
    if type:
        body["event_type_id"] = int(type)
    return body


# --- whether a person has edited it -----------------------------------------------------------------------


def state_of(form: Form, text: Text, told: Row) -> str:
    """Twelve digits of what a person reads on an activity: text, name, times. told: its attributes."""
    said = " ".join(texts.written(msgspec.structs.replace(text, mark=None)).split())
    name = "" if form == "interaction" else " ".join(str(told.get("name") or "").split())
    times = [str(micros(told.get(one)) // _SECOND) for one in _TIMES[form]]
    return sha256("\0".join((said, name, *times)).encode("utf-8", "replace")).hexdigest()[:12]


def stated(form: Form, text: Text, told: Row) -> Text:
    """The text whose mark says how this leaves the activity; once edited, for good."""
    if text.mark is None or text.mark.state == EDITED:
        return text
    mark = msgspec.structs.replace(text.mark, state=state_of(form, text, told))
    return msgspec.structs.replace(text, mark=mark)


def edited(form: Form, row: Row) -> bool:
    """Whether a person has changed an activity of ours since we wrote it, or has taken our line away. One
    that was logged before its state was kept counts as changed where anybody has written it since, perhaps
    we ourselves."""
    there, told = text_there(form, row), attributes(row)
    if there.mark is None:
        return True
    if not there.mark.state:
        return bool(told.get("updated_at") != told.get("created_at"))
    return there.mark.state != state_of(form, there, told)


def as_edited(text: Text) -> Text:
    """The text whose mark says that a person has edited the activity."""
    mark = text.mark and msgspec.structs.replace(text.mark, state=EDITED)
    return msgspec.structs.replace(text, mark=mark)


def left(form: Form, row: Row, text: Text, told: Row) -> Text:
    """The text as a change of ours leaves it: a person's edit before it is remembered. told: the attributes
    that there will be."""
    before = text_there(form, row).mark
    if before is not None and not before.state:
        return text
    return as_edited(text) if edited(form, row) else stated(form, text, told)


# --- changes ----------------------------------------------------------------------------------------------


def text_there(form: Form, row: Row) -> Text:
    """An activity's text as it is there now."""
    whole = str(attributes(row).get(FIELDS[form]) or "")
    if form == "event":
        whole = _PHONE_OF_MATTER.sub("", whole.replace("\r\n", "\n"))
    return texts.read(whole, subject=form == "interaction")


def text_changed(form: Form, there: Text, fields: ActivityFields, names: frozenset[str], key: str) -> Text:
    """The text as it is to be: only what is named is set, and what a person wrote elsewhere in it stays."""
    new = text_of(fields, key, form)
    values: dict[str, Any] = {}
    if "subject" in names:
        values["subject"] = new.subject
    if "body" in names:
        values["said"] = new.said
    for name in ("recording", "transcript"):
        if name in names:
            values[name] = getattr(new, name)
    return msgspec.structs.replace(there, mark=_mark_changed(form, there.mark, fields, names, key), **values)


def _mark_changed(
    form: Form, mark: Mark | None, fields: ActivityFields, names: frozenset[str], key: str
) -> Mark:
    new = mark_of(fields, key, form)
    if mark is None:
        return new
    values: dict[str, Any] = {
        name: getattr(new, name) for name in ("kind", "outcome", "seconds", "user", "at") if name in names
    }
    if "direction" in names and new.direction:
        values["direction"] = new.direction
    if "interactions" in names:
        values["interactions"] = tuple(dict.fromkeys((*mark.interactions, *fields.interactions)))
    return msgspec.structs.replace(mark, **values)


def changes(form: Form, row: Row, text: Text, fields: ActivityFields, names: frozenset[str]) -> Body:
    """What an update changes of an activity as it is there; {} where it is so already. It stays where it
    is."""
    there, whole = attributes(row), texts.written(text)
    body: Body = {}
    if whole != texts.written(text_there(form, row)):
        body[FIELDS[form]] = whole
    if form != "interaction" and "subject" in names:
        name = name_of(fields.subject, fields.kind)
        if name != there.get("name"):
            body["name"] = name
    if form == "interaction" and "at" in names and fields.at != micros(there.get("happened_at")):
        body["happened_at"] = iso(fields.at)
    if form == "event":
        body |= _moved(there, text, fields, names)
    if not body:
        return body
    body[FIELDS[form]] = texts.written(left(form, row, text, {**there, **body}))
    return {**body, "send_invites": False} if form == "event" else body


def _moved(there: Row, text: Text, fields: ActivityFields, names: frozenset[str]) -> Body:
    """When an event is: both ends together."""
    if not names & {"at", "seconds"} or not fields.at:
        return {}
    seconds = text.mark.seconds if text.mark else fields.seconds
    wanted = {"start_date": fields.at, "end_date": fields.at + seconds * _SECOND}
    if all(micros(there.get(name)) == at for name, at in wanted.items()):
        return {}
    return {name: iso(at) for name, at in wanted.items()}


def anew(
    old: Form, form: Form, row: Row, text: Text, fields: ActivityFields, names: frozenset[str]
) -> tuple[ActivityFields, Text]:
    """An activity that is made anew: what is not new is as it is there. form: what it becomes."""
    there = attributes(row)
    at = text.mark.at if text.mark else 0
    at = at or micros(there.get("happened_at")) or micros(there.get("start_date")) or fields.at
    subject = text.subject if old == "interaction" else str(there.get("name") or "")
    values: dict[str, Any] = {"kind": text.mark.kind if text.mark else fields.kind}
    values["at"] = fields.at if "at" in names and fields.at else at
    values["subject"] = fields.subject if "subject" in names else subject
    values["seconds"] = text.mark.seconds if text.mark else fields.seconds
    new = msgspec.structs.replace(fields, **values)
    mark = text.mark and msgspec.structs.replace(text.mark, at=new.at if form == "note" else 0)
    return new, msgspec.structs.replace(text, subject=new.subject if form == "interaction" else "", mark=mark)
