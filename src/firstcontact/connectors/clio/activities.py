"""PURE. Our activities as Clio's communications and calendar entries (apis A2, "Log a call")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from firstcontact.connectors.clio import marks
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.planning.write import ActivityFields, Existing

Row = Mapping[str, Any]
Body = dict[str, Any]
_SECOND = 1_000_000
_PEOPLE = frozenset({"Contact", "Person", "Company"})
SUBJECT_LIMIT = 255
ENTRY_PREFIX = "calendar_entry:"
"""Meetings are calendar entries, everything else communications: two kinds of ids under one name."""
ENTRY = (
    "id,etag,created_at,updated_at,summary,description,start_at,end_at,attendees{id,type},matter{id},"
    "external_properties{id,name,value}"
)
COMMUNICATION = (
    "id,etag,created_at,updated_at,subject,body,received_at,senders{id,type},receivers{id,type},matter{id},"
    "external_properties{id,name,value}"
)
EDITED = "edited"
"""An activity's state once a person has edited it and we have written since."""
_TEXTS = ("subject", "body", "summary", "description")
_TIMES = ("received_at", "start_at", "end_at")


def is_entry(activity: str) -> bool:
    """Whether an activity's id is that of a calendar entry."""
    return activity.startswith(ENTRY_PREFIX)


def place_of(activity: str) -> str:
    """The path of an activity (`communications/7`)."""
    if is_entry(activity):
        return f"calendar_entries/{activity[len(ENTRY_PREFIX) :]}"
    return f"communications/{activity}"


def subject_and_body(fields: ActivityFields) -> tuple[str, str]:
    """Both are needed, neither may be blank, and a subject has an end: a longer one is whole in the body. A
    recording that the text does not name is added to it."""
    subject, body = " ".join(clean(fields.subject).split()), clean(fields.body)
    subject = subject or fields.kind
    if len(subject) > SUBJECT_LIMIT:
        body = f"{subject}\n\n{body}" if body.strip() else subject
        subject = subject[: SUBJECT_LIMIT - 1] + "…"
    for word, value in (("Recording", fields.recording), ("Transcript", fields.transcript)):
        value = clean(value)
        if value and value not in body:
            body = f"{body}\n\n{word}: {value}" if body.strip() else f"{word}: {value}"
    return subject, body if body.strip() else subject


def properties(fields: ActivityFields, key: str, state: str = "") -> dict[str, str]:
    """What Clio has no field for, as external properties by name: five are allowed, so that the state stands
    behind the kind."""
    found = {
        marks.PROPERTY_KEY: key,
        marks.PROPERTY_INTERACTIONS: ids_text(fields.interactions),
        marks.PROPERTY_KIND: f"{fields.kind} {state}".strip(),
        marks.PROPERTY_DIRECTION: fields.direction,
        marks.PROPERTY_RESULT: f"{fields.outcome}/{fields.seconds}",
    }
    return {name: value for name, value in found.items() if value}


def ids_text(ids: Sequence[str]) -> str:
    """Ids with a space between them; those that do not fit are counted (`… +7`), none is cut."""
    text = " ".join(ids)
    if len(text) <= marks.VALUE_LIMIT:
        return text
    kept = list(ids)
    while kept:
        kept.pop()
        text = f"{' '.join(kept)} +{len(ids) - len(kept)}".strip()
        if len(text) <= marks.VALUE_LIMIT:
            break
    return text


def read_ids(text: str) -> tuple[str, ...]:
    """The ids of `ids_text`, without the count."""
    parts = text.split(" ")
    if len(parts) > 1 and parts[-1][:1] == "+" and parts[-1][1:].isdigit():
        parts.pop()
    return tuple(filter(None, parts))


def sides(people: Sequence[str], user: str, direction: str) -> tuple[list[Body], list[Body]]:
    """Senders and receivers: contacts send but where the direction is outbound."""
    theirs: list[Body] = [{"id": int(id), "type": "Contact"} for id in people]
    ours: list[Body] = [{"id": int(user), "type": "User"}] if user else []
    return (ours, theirs) if direction == "outbound" else (theirs, ours)


def people_of(fields: ActivityFields) -> tuple[str, ...]:
    """Ids of the contacts linked, each once, the primary one first."""
    return tuple(dict.fromkeys(one.id for one in fields.people if isinstance(one, Existing)))


def new_communication(fields: ActivityFields, key: str, user: str) -> Body:
    """The body that logs anything but a meeting."""
    subject, text = subject_and_body(fields)
    senders, receivers = sides(people_of(fields), user, fields.direction)
    body: Body = {
        "type": "EmailCommunication" if fields.kind == "email" else "PhoneCommunication",
        "subject": subject,
        "body": text,
        "received_at": iso(fields.at),
    }
    if senders:
        body["senders"] = senders
    if receivers:
        body["receivers"] = receivers
    if fields.matter:
        body["matter"] = {"id": int(fields.matter)}
    if fields.kind != "email":
        # Else everybody who watches the matter is notified of each call.
        body["notification_event_subscribers"] = []
    return {**body, "external_properties": _named(properties(fields, key, state_of(body)))}


def new_entry(fields: ActivityFields, key: str, calendar: str) -> Body:
    """The body that logs a meeting in a calendar; nobody is sent an e-mail for it."""
    subject, text = subject_and_body(fields)
    body: Body = {
        "calendar_owner": {"id": int(calendar)},
        "summary": subject,
        "description": text,
        "start_at": iso(fields.at),
        "end_at": iso(fields.at + fields.seconds * _SECOND),
        "attendees": [{"id": int(id), "type": "Contact"} for id in people_of(fields)],
        "send_email_notification": False,
    }
    if fields.matter:
        body["matter"] = {"id": int(fields.matter)}
    return {**body, "external_properties": _named(properties(fields, key, state_of(body)))}


def communication_changes(row: Row, fields: ActivityFields, names: frozenset[str], user: str) -> Body:
    """What an update changes of a communication as it is now."""
    body = _text_changes(fields, names, "subject", "body")
    if "at" in names:
        body["received_at"] = iso(fields.at)
    if names & {"people", "user", "direction"}:
        body |= _side_changes(row, fields, names, user)
    return _shared_changes(row, body, fields, names)


def entry_changes(row: Row, fields: ActivityFields, names: frozenset[str], calendar: str) -> Body:
    """What an update changes of a calendar entry as it is now."""
    body = _text_changes(fields, names, "summary", "description")
    if names & {"at", "seconds"} and fields.at:
        seconds = fields.seconds if "seconds" in names or fields.seconds else result_of(row)[1]
        body |= {"start_at": iso(fields.at), "end_at": iso(fields.at + seconds * _SECOND)}
    if "user" in names and calendar:
        body["calendar_owner"] = {"id": int(calendar)}
    if "people" in names:
        there = {str(one["id"]): one for one in row.get("attendees") or () if one.get("type") in _PEOPLE}
        wanted = people_of(fields)
        body["attendees"] = [
            *({"id": int(id), "type": "Contact"} for id in wanted if id not in there),
            *({"id": int(id), "type": "Contact", "_destroy": True} for id in there if id not in wanted),
        ]
    if body:
        body["send_email_notification"] = False
    return _shared_changes(row, body, fields, names)


def _text_changes(fields: ActivityFields, names: frozenset[str], subject_name: str, body_name: str) -> Body:
    subject, text = subject_and_body(fields)
    body: Body = {}
    if "subject" in names:
        body[subject_name] = subject
    if names & {"body", "recording", "transcript"}:
        body[body_name] = text
    return body


def _shared_changes(row: Row, body: Body, fields: ActivityFields, names: frozenset[str]) -> Body:
    """The body with what changes of matter and properties."""
    if "matter" in names and fields.matter:
        body["matter"] = {"id": int(fields.matter)}
    held = external(row)
    wanted = dict(held)
    if "interactions" in names:
        before = read_ids(held.get(marks.PROPERTY_INTERACTIONS, ""))
        wanted[marks.PROPERTY_INTERACTIONS] = ids_text(tuple(dict.fromkeys((*before, *fields.interactions))))
    if "direction" in names and fields.direction:
        wanted[marks.PROPERTY_DIRECTION] = fields.direction
    if names & {"outcome", "seconds"}:
        outcome, seconds = result_of(row)
        outcome = fields.outcome if "outcome" in names else outcome
        seconds = fields.seconds if "seconds" in names else seconds
        wanted[marks.PROPERTY_RESULT] = f"{outcome}/{seconds}"
    return with_properties(row, body, wanted)


def with_properties(row: Row, body: Body, wanted: Mapping[str, str]) -> Body:
    """The body with properties as they are to be, and the state in which it leaves the activity."""
    held = external(row)
    wanted = dict(wanted)
    kind, state = _kind_and_state(row)
    if body and state:
        now = EDITED if edited(row) else state_of({**row, **body})
        wanted[marks.PROPERTY_KIND] = f"{kind} {now}"
    ids = {_text_of(one.get("name")): one.get("id") for one in row.get("external_properties") or ()}
    news = [
        {"name": name, "value": value, **({"id": ids[name]} if ids.get(name) else {})}
        for name, value in wanted.items()
        if held.get(name) != value
    ]
    return {**body, "external_properties": news} if news else body


# --- whether a person has edited it ---------------------------------------------------------------------


def state_of(row: Row) -> str:
    """Twelve digits of what a person reads on an activity: texts, times, matter."""
    texts = [" ".join(_text_of(row.get(name)).split()) for name in _TEXTS]
    times = [str(micros(row.get(name)) // _SECOND) for name in _TIMES]
    matter = row.get("matter")
    facts = (*texts, *times, str(matter.get("id")) if isinstance(matter, Mapping) else "")
    return sha256("\0".join(facts).encode("utf-8", "replace")).hexdigest()[:12]


def edited(row: Row) -> bool:
    """Whether a person has changed an activity of ours since we wrote it. One that was logged before its
    state was kept counts as changed where anybody has written it since, perhaps we ourselves."""
    _, state = _kind_and_state(row)
    if not state:
        return bool(row.get("updated_at") != row.get("created_at"))
    return state != state_of(row)


def kind_of(row: Row) -> str:
    """The kind of interaction that an activity of ours was logged for; "" where it does not tell."""
    return _kind_and_state(row)[0]


def _kind_and_state(row: Row) -> tuple[str, str]:
    kind, _, state = external(row).get(marks.PROPERTY_KIND, "").partition(" ")
    return kind, state


def _side_changes(row: Row, fields: ActivityFields, names: frozenset[str], user: str) -> Body:
    """Both sides as they are to be; whoever is on a side and is not to be there is taken off it."""
    present = {side: [_who(one) for one in row.get(side) or ()] for side in ("senders", "receivers")}
    everybody = [*present["senders"], *present["receivers"]]
    people = people_of(fields) if "people" in names else [id for kind, id in everybody if kind == "Contact"]
    mine = user if "user" in names else next((id for kind, id in everybody if kind == "User"), "")
    direction = fields.direction or external(row).get(marks.PROPERTY_DIRECTION, "")
    body: Body = {}
    for side, wanted in zip(("senders", "receivers"), sides(people, mine, direction), strict=True):
        named = [_who(one) for one in wanted]
        off = [one for one in present[side] if one not in named]
        if off or any(one not in present[side] for one in named):
            body[side] = [*wanted, *({"id": int(id), "type": kind, "_deleted": True} for kind, id in off)]
    return body


def _who(participant: Row) -> tuple[str, str]:
    kind = _text_of(participant.get("type"))
    return ("Contact" if kind in _PEOPLE else kind), str(participant.get("id"))


def contacts_on(row: Row) -> tuple[str, ...]:
    """Ids of the contacts on a communication."""
    everybody = [_who(one) for side in ("senders", "receivers") for one in row.get(side) or ()]
    return tuple(dict.fromkeys(id for kind, id in everybody if kind == "Contact"))


def external(row: Row) -> dict[str, str]:
    """External properties by name."""
    held = row.get("external_properties") or ()
    return {_text_of(one.get("name")): _text_of(one.get("value")) for one in held if isinstance(one, Mapping)}


def result_of(row: Row) -> tuple[str, int]:
    """Result and seconds as we noted them."""
    outcome, _, seconds = external(row).get(marks.PROPERTY_RESULT, "").rpartition("/")
    return outcome, int(seconds) if seconds.isdigit() else 0


def _named(values: Mapping[str, str]) -> list[Body]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else ""
