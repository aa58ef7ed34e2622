"""Twilio calls and messages: resources of the REST API (2010-04-01) and webhook forms.

Sources of the vendor facts: Twilio's OpenAPI description of the Call and Message resources and its
status callback parameters. FromCity, ToCity and the like are never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

import msgspec

from firstcontact.formats.phone_parts import (
    EPOCH,
    as_count,
    as_list,
    as_map,
    as_text,
    decode_json,
    line_key,
    micros,
    phone_participant,
    read_moment,
    text_conversation,
)
from firstcontact.interactions.calls import derived, in_order, together
from firstcontact.interactions.model import (
    Attachment,
    Call,
    CallResult,
    Direction,
    Interaction,
    Leg,
    Role,
    Sms,
)
from firstcontact.interactions.rejection import Rejection

SOURCE = "twilio"

_RESULTS: dict[str, CallResult] = {
    "completed": "answered",
    "no-answer": "missed",
    "canceled": "missed",
    "busy": "busy",
    "failed": "failed",
}
_UNFINISHED = frozenset({"queued", "initiated", "ringing", "in-progress", "answered"})
_DIRECTIONS: dict[str, Direction] = {
    "inbound": "inbound",
    "outbound": "outbound",
    "outbound-api": "outbound",
    "outbound-dial": "outbound",
    "outbound-call": "outbound",
    "outbound-reply": "outbound",
    "trunking-originating": "inbound",
    "trunking-terminating": "outbound",
}
_NOT_DELIVERED = frozenset({"failed", "undelivered", "canceled"})
_LISTS = ("calls", "messages")
_EXPECTED = (
    'Expected a Call or Message resource, a page {"calls": [...]} or {"messages": [...]}, a list of '
    "resources, or a webhook form with a CallSid or MessageSid"
)
_SIDES: tuple[Role, ...] = ("from", "to")
_MOST_MEDIA = 10
"""Twilio takes at most ten files with one message."""
_MICROSECONDS = 1_000_000


class NoFact(Exception):
    """A resource that is no finished interaction, with the reason and sentence of its Rejection."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Context:
    __slots__ = ("captured", "received_at", "region", "timezone")

    def __init__(self, region: str, timezone: str, captured_from: str, received_at: int) -> None:
        self.region = region
        self.timezone = timezone
        self.captured = (captured_from,) if captured_from else ()
        self.received_at = received_at


def normalise(
    raw: bytes, *, region: str, timezone: str, captured_from: str, received_at: int = 0
) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    """A Twilio JSON document or webhook form as interactions, and for the rest why it is none.

    received_at: when a webhook came in, in microseconds UTC; an inbound text's form has no time of its
    own. Never raises for bad content. A call and the calls that it dialled become one Call.
    """
    value, problem = _document(raw)
    if problem:
        return (), (Rejection("document", "not_json", problem),)
    context = _Context(region, timezone, captured_from, received_at)
    records = _records(value)
    if not records:
        return (), (Rejection("document", "nothing_inside", "The page or list has no resources."),)
    calls: list[Call] = []
    texts: dict[str, Sms] = {}
    rejections: list[Rejection] = []
    for place, record in records:
        try:
            one = _read(as_map(record), context)
        except NoFact as why:
            rejections.append(Rejection(place, why.reason, why.detail))
            continue
        if isinstance(one, Call):
            calls.append(one)
        else:
            texts[one.id] = one
    return (*together(calls), *texts.values()), tuple(rejections)


def _document(raw: bytes) -> tuple[object, str]:
    head = raw.lstrip()[:1]
    if head not in (b"{", b"[") and b"=" in raw and b"Sid=" in raw:
        return dict(parse_qsl(raw.decode("utf-8", "replace").strip(), keep_blank_values=True)), ""
    return decode_json(raw)


def _records(value: object) -> list[tuple[str, object]]:
    for name in _LISTS:
        page = as_map(value).get(name)
        if isinstance(page, list):
            return [(f"{name}[{index}]", one) for index, one in enumerate(page)]
    if isinstance(value, list):
        return [(f"record {number}", one) for number, one in enumerate(as_list(value), 1)]
    return [("document", value)]


def _read(record: Mapping[str, object], context: _Context) -> Call | Sms:
    if "CallSid" in record:
        return _call(_resource_of_call_form(record, context), context)
    if "MessageSid" in record or "SmsSid" in record:
        return _text(_resource_of_text_form(record, context), context)
    sid = as_text(record.get("sid"))
    if sid.startswith("CA") or ("direction" in record and "start_time" in record):
        return _call(record, context)
    if sid.startswith(("SM", "MM")) or ("direction" in record and "num_segments" in record):
        return _text(record, context)
    found = ", ".join(sorted(record)[:8]) or "none"
    raise NoFact("unknown_shape", f"{_EXPECTED}, found the keys {found}.")


# --- calls -----------------------------------------------------------------------------------------


def _call(record: Mapping[str, object], context: _Context) -> Call:
    """One call resource as a call of one leg; a dialled call belongs to the call that dialled it."""
    sid = as_text(record.get("sid"))
    if not sid:
        raise NoFact("no_id", "Expected the sid of the call.")
    status = as_text(record.get("status")).lower()
    if status in _UNFINISHED:
        raise NoFact("call_not_finished", f"The call is still {status}; it is told again at its end.")
    result = _RESULTS.get(status)
    if result is None:
        allowed = ", ".join(sorted({*_RESULTS, *_UNFINISHED}))
        raise NoFact("unknown_result", f"The status of a call must be one of {allowed}, not {status!r}.")
    parent = as_text(record.get("parent_call_sid"))
    leg = _leg(record, sid, parent, result, context)
    session = parent or sid
    return derived(
        Call(
            id=f"twilio-call-{session}",
            source=SOURCE,
            source_id=session,
            conversation=session,
            at=leg.at,
            participants=(),
            captured_from=context.captured,
            revision=_moment(record, ("date_updated",), context) or 0,
            direction=leg.direction,
            result=result,
            seconds=leg.talk_seconds,
            legs=(leg,),
            from_legs=True,
            recording=as_text(record.get("recording_url")),
            region=context.region,
        )
    )


def _leg(record: Mapping[str, object], sid: str, parent: str, result: CallResult, context: _Context) -> Leg:
    said = as_text(record.get("direction")).lower()
    direction = _DIRECTIONS.get(said, "")
    caller, called = as_text(record.get("from")), as_text(record.get("to"))
    duration = as_count(record.get("duration"))
    at = _start(record, duration, context)
    answered = result == "answered"
    leg = Leg(
        id=sid,
        at=at,
        result=result,
        talk_seconds=duration if answered else 0,
        ring_seconds=0 if answered else _ring_seconds(record, at, context),
    )
    if parent and said == "outbound-dial":
        # Which way the whole call went is the parent's to say: this leg may well ring one of ours.
        user_line = line_key(called, context.region)
        return msgspec.structs.replace(leg, user_line=user_line, other_line=caller)
    ours, theirs = (caller, called) if direction == "outbound" else (called, caller)
    name = as_text(record.get("caller_name")) if direction == "inbound" else ""
    return msgspec.structs.replace(leg, other_line=theirs, line=ours, direction=direction, other_name=name)


def _start(record: Mapping[str, object], duration: int, context: _Context) -> int:
    at = _moment(record, ("start_time", "date_created"), context)
    if at is None:
        end = _moment(record, ("end_time",), context)
        at = end - duration * _MICROSECONDS if end is not None else None
    if at is None:
        raise NoFact("no_date", "Expected a start_time such as Mon, 02 Mar 2026 10:00:00 +0000.")
    return at


def _ring_seconds(record: Mapping[str, object], at: int, context: _Context) -> int:
    """How long a call that nobody answered rang; of an answered one Twilio does not tell it."""
    end = _moment(record, ("end_time",), context)
    return max(0, (end - at) // _MICROSECONDS) if end is not None else 0


def _resource_of_call_form(form: Mapping[str, object], context: _Context) -> dict[str, object]:
    """A voice webhook's form by the names of the call resource."""
    if "CallStatus" not in form:
        raise NoFact("recording_notice", "A notice about a recording or event of a call, not its end.")
    return {
        "sid": form.get("CallSid"),
        "parent_call_sid": form.get("ParentCallSid"),
        "status": form.get("CallStatus"),
        "direction": form.get("Direction"),
        "from": form.get("From"),
        "to": form.get("To"),
        "duration": form.get("CallDuration"),
        "end_time": form.get("Timestamp") or _received(context),
        "caller_name": form.get("CallerName"),
        "recording_url": form.get("RecordingUrl"),
    }


# --- messages --------------------------------------------------------------------------------------


def _text(record: Mapping[str, object], context: _Context) -> Sms:
    sid = as_text(record.get("sid"))
    if not sid:
        raise NoFact("no_id", "Expected the sid of the message.")
    status = as_text(record.get("status")).lower()
    if status in _NOT_DELIVERED:
        raise NoFact("not_delivered", f"The text never reached anybody (status {status}).")
    if status == "scheduled":
        raise NoFact("not_sent_yet", "The text is scheduled; it is told again when it is sent.")
    at = _moment(record, ("date_sent", "date_created"), context)
    if at is None:
        raise NoFact("no_date", "Expected a date_sent; a webhook's form has none, its arrival must be given.")
    people = in_order(
        phone_participant(role, as_text(record.get(role)), context.region)
        for role in _SIDES
        if as_text(record.get(role))
    )
    if not people:
        raise NoFact("no_parties", "Expected the numbers from and to; a status callback may leave them out.")
    return Sms(
        id=f"twilio-message-{sid}",
        source=SOURCE,
        source_id=sid,
        conversation=text_conversation(people),
        at=at,
        participants=people,
        captured_from=context.captured,
        body=_body(record),
        attachments=_media(record),
        revision=_moment(record, ("date_updated",), context) or 0,
        direction=_DIRECTIONS.get(as_text(record.get("direction")).lower(), ""),
        region=context.region,
    )


def _resource_of_text_form(form: Mapping[str, object], context: _Context) -> dict[str, object]:
    """A message webhook's form by the names of the message resource."""
    status = as_text(form.get("MessageStatus")) or as_text(form.get("SmsStatus"))
    media = [
        {"uri": form.get(f"MediaUrl{index}"), "content_type": form.get(f"MediaContentType{index}")}
        for index in range(as_count(form.get("NumMedia")))
    ]
    return {
        "sid": form.get("MessageSid") or form.get("SmsSid"),
        "status": status,
        "direction": "inbound" if status in ("received", "receiving") else "outbound",
        "from": form.get("From"),
        "to": form.get("To"),
        "body": form.get("Body"),
        "date_sent": _received(context),
        "media": media,
    }


def _body(record: Mapping[str, object]) -> str:
    body = record.get("body")
    return body if isinstance(body, str) else ""


def _media(record: Mapping[str, object]) -> tuple[Attachment, ...]:
    given = [as_map(one) for one in as_list(record.get("media"))]
    if given:
        return tuple(
            Attachment(f"media {number}", as_text(one.get("content_type")), uri=as_text(one.get("uri")))
            for number, one in enumerate(given, 1)
        )
    # The resource tells how many files there are and where their list is, not where each of them is.
    listing = as_text(as_map(record.get("subresource_uris")).get("media"))
    count = min(as_count(record.get("num_media")), _MOST_MEDIA)
    return tuple(Attachment(f"media {number}", uri=listing) for number in range(1, count + 1))


# --- moments ---------------------------------------------------------------------------------------


def _moment(record: Mapping[str, object], keys: tuple[str, ...], context: _Context) -> int | None:
    """The first of these moments that is there: RFC 2822, as the API writes them, or ISO 8601."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value.strip():
            at = _parsed(value, context.timezone)
            if at is not None:
                return at
    return None


def _parsed(text: str, timezone: str) -> int | None:
    if text[:1].isdecimal():
        return read_moment(text, timezone)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _received(context: _Context) -> str | None:
    if not context.received_at:
        return None
    return (EPOCH + timedelta(microseconds=context.received_at)).isoformat()
