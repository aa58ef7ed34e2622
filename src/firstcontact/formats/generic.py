"""The generic record: one interaction as plain keys and values.

The same form serves a line of a JSON Lines file and the `interaction:` of a scenario; the keys are
described in `docs/reference/jsonl.md`. A record that is wrong raises `BadRecord`, which names the field
and says what it may hold; nothing is guessed and no key is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast, get_args

import msgspec

from firstcontact.formats import mail_mime
from firstcontact.formats.generic_fields import BadRecord, Fields
from firstcontact.formats.mail_addresses import read_addresses
from firstcontact.formats.mail_signs import read_signs
from firstcontact.formats.phone_parts import decode_json, line_key, phone_participant, text_conversation
from firstcontact.interactions.calls import in_order, in_time, outcome
from firstcontact.interactions.handles import read_email, region_of
from firstcontact.interactions.model import (
    KINDS,
    Attachment,
    Call,
    CallResult,
    Direction,
    Email,
    Fax,
    Interaction,
    Kind,
    Leg,
    MailSigns,
    Meeting,
    MeetingStatus,
    Participant,
    Reply,
    Role,
    Sms,
    Voicemail,
)
from firstcontact.interactions.rejection import Rejection

__all__ = ["BadRecord", "read_jsonl", "read_record"]

_COMMON = frozenset({"id", "kind", "at", "subject", "body", "thread", "captured_from", "attachments", "uid"})
_PHONE = _COMMON | {"direction", "from", "to", "caller_id", "callee_name", "line", "region"}
_KEYS: dict[str, frozenset[str]] = {
    "call": _PHONE | {"result", "seconds", "ring_seconds", "legs", "recording", "transcript"},
    "voicemail": _PHONE | {"result", "seconds", "ring_seconds", "recording", "transcript"},
    "sms": _PHONE | {"message_id"},
    "fax": _PHONE | {"result", "seconds", "pages"},
    "email": _COMMON
    | {"direction", "from", "to", "cc", "bcc", "reply_to", "headers", "in_reply_to", "message_id", "draft"},
    "meeting": _COMMON | {"title", "seconds", "organiser", "attendees", "status", "private", "all_day"},
}
_ALL_KEYS = frozenset[str]().union(*_KEYS.values())
_LEG_KEYS = frozenset({"id", "at", "result", "line", "seconds", "ring_seconds", "other"})
_ATTENDEE_KEYS = frozenset({"who", "reply", "role", "cutype"})
_ATTACHMENT_KEYS = frozenset({"name", "content_type", "size", "uri"})
_FAX_RESULTS = ("received", "sent", "partial", "failed")
_ATTENDEE_ROLES: dict[str, Role] = {
    "required": "attendee",
    "attendee": "attendee",
    "optional": "optional",
    "resource": "resource",
    "organiser": "organiser",
}
_REPLIES = tuple(reply for reply in get_args(Reply) if reply)
_MICROSECONDS = 1_000_000


def read_jsonl(
    raw_line: bytes, place: str, *, region: str, source: str = "jsonl", captured_default: str = ""
) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    """One line of a JSON Lines file. Never raises: a bad line is a Rejection `not_json` or `bad_record`.

    place: where the line is, for a person (`calls.jsonl: line 7`).
    """
    value, problem = decode_json(raw_line)
    if problem:
        return (), (Rejection(place, "not_json", problem),)
    if not isinstance(value, Mapping):
        return (), (Rejection(place, "bad_record", "A line must hold one JSON object, {…}."),)
    record = cast("Mapping[str, object]", value)
    try:
        interaction = read_record(record, region=region, source=source, captured_default=captured_default)
    except BadRecord as error:
        return (), (Rejection(place, "bad_record", str(error)),)
    return (interaction,), ()


def read_record(
    data: Mapping[str, object], *, region: str, source: str = "jsonl", captured_default: str = ""
) -> Interaction:
    """The record as an interaction; its id is the record's own, so an id must be unique over all files.

    region: ISO country in which numbers without a country code are read, unless the record has its own.
    captured_default: id of the user whose line or mailbox it came from, where the record names none.
    Raises BadRecord.
    """
    fields = Fields(data)
    kind = _kind(fields)
    for key in data:
        if key not in _KEYS[kind]:
            raise BadRecord(str(key), _foreign_key(str(key), kind))
    origin = _Origin(region, source, captured_default)
    if kind == "email":
        return _email(fields, origin)
    if kind == "meeting":
        return _meeting(fields, origin)
    return _phone_kind(fields, kind, origin)


class _Origin:
    """Where records come from: what the caller knows beside the record."""

    __slots__ = ("captured_default", "region", "source")

    def __init__(self, region: str, source: str, captured_default: str) -> None:
        self.region = region
        self.source = source
        self.captured_default = captured_default


def _kind(fields: Fields) -> Kind:
    given = fields.needed("kind")
    for kind in KINDS:
        if kind == given:
            return kind
    raise BadRecord("kind", f"must be one of {', '.join(KINDS)}, not {given!r}")


def _foreign_key(key: str, kind: str) -> str:
    if key in _ALL_KEYS:
        owners = ", ".join(one for one in KINDS if key in _KEYS[one])
        return f"is no key of {kind}, only of {owners}"
    return f"is no key; {kind} has {', '.join(sorted(_KEYS[kind]))}"


# --- phone kinds ---------------------------------------------------------------------------------


def _phone_kind(fields: Fields, kind: Kind, origin: _Origin) -> Interaction:
    direction = cast(Direction, fields.one_of("direction", ("inbound", "outbound")))
    region = fields.text("region").upper() or _region_of_line(fields, direction) or origin.region
    fact_id = fields.needed("id")
    at = fields.moment("at")
    people = _phone_people(fields, direction, region)
    alone = text_conversation(people) if kind == "sms" else fact_id
    shared = {
        "id": fact_id,
        "source": origin.source,
        "source_id": fields.text("message_id") or fields.text("uid") or fact_id,
        "conversation": fields.text("thread") or fields.text("uid") or alone,
        "at": at,
        "participants": people,
        "captured_from": _captured(fields, origin),
        "subject": fields.text("subject"),
        "body": _body(fields),
        "attachments": _attachments(fields),
        "direction": direction,
        "region": region if "region" in fields else "",
    }
    if kind == "sms":
        return Sms(**shared)  # type: ignore[arg-type]
    if kind == "fax":
        result = fields.one_of("result", _FAX_RESULTS)
        return Fax(**shared, pages=fields.count("pages"), result=result)  # type: ignore[arg-type]
    shared |= {"recording": fields.text("recording"), "transcript": fields.text("transcript")}
    if kind == "voicemail":
        fields.one_of("result", ("voicemail",))
        return Voicemail(**shared, seconds=fields.count("seconds"))  # type: ignore[arg-type]
    legs = _legs(fields, at, region)
    result, seconds, ring_seconds = _call_outcome(fields, legs)
    return Call(**shared, legs=legs, result=result, seconds=seconds, ring_seconds=ring_seconds)  # type: ignore[arg-type]


def _region_of_line(fields: Fields, direction: Direction) -> str:
    """Numbers are read in the region of the line that took or made the call (SPEC §1)."""
    ours = {"inbound": "to", "outbound": "from"}.get(direction, "")
    return region_of(fields.text("line") or next(iter(fields.texts(ours) if ours else ()), ""))


def _call_outcome(fields: Fields, legs: tuple[Leg, ...]) -> tuple[CallResult, int, int]:
    """What the record says of the whole call; what it leaves out follows from its legs."""
    said = cast("CallResult | Literal['']", fields.one_of("result", get_args(CallResult)))
    seconds, ring_seconds = fields.count("seconds"), fields.count("ring_seconds")
    if legs:
        leg_result, leg_seconds, leg_ring = outcome(legs)
        said = said or leg_result
        seconds = seconds if "seconds" in fields else leg_seconds
        ring_seconds = ring_seconds if "ring_seconds" in fields else leg_ring
    if not said:
        if not seconds:
            raise fields.bad("result", f"is needed for a call: one of {', '.join(get_args(CallResult))}")
        said = "answered"
    return said, seconds if said == "answered" else 0, ring_seconds


def _phone_people(fields: Fields, direction: Direction, region: str) -> tuple[Participant, ...]:
    """The two sides of a phone kind. A caller that the record leaves empty is one who withheld the number."""
    callers, called = fields.texts("from"), fields.texts("to")
    if "from" not in fields.data and "to" not in fields.data:
        raise fields.bad("from", "is needed: the number as the phone system sent it, '' if withheld")
    if direction != "outbound" or not callers:
        callers = callers or ("",)
    caller_id, callee_name = fields.text("caller_id"), fields.text("callee_name")
    people = [phone_participant("from", text, region, name=caller_id) for text in callers]
    people += [
        phone_participant("to", text, region, name=callee_name if index == 0 else "")
        for index, text in enumerate(called)
    ]
    line = fields.text("line")
    if line:
        people.append(phone_participant("from" if direction == "outbound" else "to", line, region))
    return in_order(people)


def _legs(fields: Fields, start: int, region: str) -> tuple[Leg, ...]:
    """The legs; one without a start begins where the answered ones before it ended."""
    legs: list[Leg] = []
    clock = start
    for number, entry in enumerate(fields.maps("legs", _LEG_KEYS)):
        result = cast("CallResult", entry.one_of("result", get_args(CallResult)))
        if not result:
            raise entry.bad("result", f"is needed: one of {', '.join(get_args(CallResult))}")
        leg = Leg(
            id=entry.text("id") or str(number + 1),
            at=entry.moment("at") if "at" in entry else clock,
            result=result,
            user_line=line_key(entry.text("line"), region),
            ring_seconds=entry.count("ring_seconds"),
            talk_seconds=entry.count("seconds") if result == "answered" else 0,
            other_line=entry.text("other"),
        )
        if any(leg.id == known.id for known in legs):
            raise entry.bad("id", f"{leg.id!r} names two legs of this call")
        legs.append(leg)
        if result == "answered":
            clock = max(clock, leg.at + (leg.ring_seconds + leg.talk_seconds) * _MICROSECONDS)
    return in_time(legs)


# --- mail and meetings ---------------------------------------------------------------------------


def _email(fields: Fields, origin: _Origin) -> Interaction:
    # Which way a mail went follows from who is ours; the key is allowed, and checked, for symmetry.
    fields.one_of("direction", ("inbound", "outbound"))
    fact_id = fields.needed("id")
    roles: tuple[tuple[str, Role], ...] = (
        ("from", "from"),
        ("to", "to"),
        ("cc", "cc"),
        ("bcc", "bcc"),
        ("reply_to", "reply-to"),
    )
    people = tuple(person for key, role in roles for person in _mail_participants(fields, key, role))
    if not any(person.role == "from" for person in people):
        raise fields.bad("from", "is needed: Jo Diaz <jo@acme.example>")
    message_id = fields.text("message_id").strip("<>")
    answered = fields.text("in_reply_to").strip("<>")
    return Email(
        id=fact_id,
        source=origin.source,
        source_id=message_id or fact_id,
        conversation=fields.text("thread") or fact_id,
        at=fields.moment("at"),
        participants=people,
        captured_from=_captured(fields, origin),
        subject=fields.text("subject"),
        body=_body(fields),
        attachments=_attachments(fields),
        signs=_signs(fields, people, answered),
        references=(answered,) if answered else (),
    )


def _meeting(fields: Fields, origin: _Origin) -> Interaction:
    fact_id = fields.needed("id")
    people = _mail_participants(fields, "organiser", "organiser")
    people += [_attendee(entry) for entry in fields.maps("attendees", _ATTENDEE_KEYS, short="who")]
    if not people:
        raise fields.bad("attendees", "is needed where there is no organiser: [{who: jo@acme.example}]")
    return Meeting(
        id=fact_id,
        source=origin.source,
        source_id=fields.text("uid") or fact_id,
        conversation=fields.text("thread") or fields.text("uid") or fact_id,
        at=fields.moment("at"),
        participants=tuple(people),
        captured_from=_captured(fields, origin),
        subject=fields.text("title") or fields.text("subject"),
        body=_body(fields),
        attachments=_attachments(fields),
        status=cast(MeetingStatus, fields.one_of("status", get_args(MeetingStatus), "confirmed")),
        seconds=fields.count("seconds"),
        private=fields.flag("private"),
        all_day=fields.flag("all_day"),
    )


def _mail_participants(fields: Fields, key: str, role: Role) -> list[Participant]:
    people: list[Participant] = []
    for text in fields.texts(key):
        people += [_mail_participant(role, name, address) for name, address in read_addresses(text)]
    return people


def _attendee(entry: Fields) -> Participant:
    who = entry.needed("who")
    found = read_addresses(who)
    if len(found) != 1:
        raise entry.bad("who", f"must be one person, such as Jo Diaz <jo@acme.example>, not {who!r}")
    role = _ATTENDEE_ROLES[entry.one_of("role", tuple(_ATTENDEE_ROLES), "required")]
    # Calendars spell it needs-action, NEEDS-ACTION, needs_action and needsAction.
    spelled = entry.text("reply").lower().replace("_", "-").replace("needsaction", "needs-action")
    if spelled not in ("", *_REPLIES):
        raise entry.bad("reply", f"must be one of {', '.join(_REPLIES)}, not {entry.text('reply')!r}")
    reply = cast(Reply, spelled)
    return msgspec.structs.replace(
        _mail_participant(role, *found[0]), reply=reply, cutype=entry.text("cutype").lower()
    )


def _mail_participant(role: Role, name: str, address: str) -> Participant:
    """A room or a person may be named without an address; the name then is what there is."""
    handle = read_email(address)
    if handle is None and not name and "@" not in address:
        name = address
    return Participant(role=role, handles=(handle,) if handle else (), name=name, raw=address)


def _signs(fields: Fields, people: Sequence[Participant], answered: str) -> MailSigns:
    headers = fields.map("headers")
    items = [(name, value) for name in headers.data for value in headers.texts(name)]
    if "subject" in fields and not any(name.lower() == "subject" for name, _ in items):
        items.append(("Subject", fields.text("subject")))
    named = {handle.key for person in people for handle in person.handles}
    sender = next((person.raw for person in people if person.role == "from"), "")
    signs = read_signs(mail_mime.Fields(items), _body(fields), named, answered, sender)
    return msgspec.structs.replace(signs, draft=True) if fields.flag("draft") else signs


# --- all kinds -----------------------------------------------------------------------------------


def _captured(fields: Fields, origin: _Origin) -> tuple[str, ...]:
    users = tuple(dict.fromkeys(user for user in fields.texts("captured_from") if user))
    return users or ((origin.captured_default,) if origin.captured_default else ())


def _body(fields: Fields) -> str:
    """The body as given, its blanks and line ends untouched."""
    stripped = fields.text("body")
    body = fields.data.get("body")
    return body if isinstance(body, str) else stripped


def _attachments(fields: Fields) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            name=entry.text("name"),
            content_type=entry.text("content_type"),
            size=entry.count("size"),
            uri=entry.text("uri"),
        )
        for entry in fields.maps("attachments", _ATTACHMENT_KEYS, short="name")
    )
