"""What a RingCentral document holds: a page, one record, a notification, or something that is no fact.

Sources of the vendor facts: RingCentral API reference (call log, message store, notifications) and its
guide "Understanding Call Log States".
"""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.ringcentral.calls import read_call, read_session
from firstcontact.connectors.ringcentral.messages import read_message, read_text_event
from firstcontact.connectors.ringcentral.parts import Context, NoFact
from firstcontact.formats.phone_parts import as_list, as_map, as_text, decode_json
from firstcontact.interactions.calls import together
from firstcontact.interactions.model import Call, Interaction
from firstcontact.interactions.rejection import Rejection

_EXPECTED = (
    'Expected a call-log or message-store record, a page {"records": [...]} or a list of them, or a '
    "notification with an event and a body"
)
_NOTICES: tuple[tuple[str, str, str], ...] = (
    ("/presence", "presence_event", "A presence notification says who is free, not that a call took place."),
    ("/directory/", "directory_event", "A change of the company directory is no interaction."),
    ("/opt-outs", "opt_out", "An opt-out from texts is no interaction."),
    ("/a2p-sms/batches", "batch_status", "The state of a batch of texts; each text has its own record."),
    ("/message-store", "change_notice", "Only says that messages changed; read them from the message store."),
)
"""Notifications that carry no finished fact, by a part of their event filter, in this order."""


def normalise(
    raw: bytes, *, region: str, timezone: str, captured_from: str
) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    """A RingCentral JSON document as interactions, and for the rest why it is none.

    Never raises for bad content. Records of one call session become one Call.
    """
    value, problem = decode_json(raw)
    if problem:
        return (), (Rejection("document", "not_json", problem),)
    context = Context(region, timezone, captured_from)
    records = _records(value)
    if not records:
        return (), (Rejection("document", "nothing_inside", "The page or list has no records."),)
    interactions: list[Interaction] = []
    rejections: list[Rejection] = []
    for place, record in records:
        try:
            interactions.append(_read(record, context))
        except NoFact as why:
            rejections.append(Rejection(place, why.reason, why.detail))
    calls = together(one for one in interactions if isinstance(one, Call))
    others = {one.id: one for one in interactions if not isinstance(one, Call)}
    return (*calls, *others.values()), tuple(rejections)


def _records(value: object) -> list[tuple[str, object]]:
    """The records of a page or a list with their places; a lone record is the document itself."""
    if isinstance(value, Mapping) and isinstance(value.get("records"), list) and "event" not in value:
        value = value["records"]
    if isinstance(value, list):
        return [(f"record {number}", one) for number, one in enumerate(as_list(value), 1)]
    return [("document", value)]


def _read(value: object, context: Context) -> Interaction:
    record = as_map(value)
    if not record:
        raise NoFact("unknown_shape", f"{_EXPECTED}, found {type(value).__name__}.")
    inner = as_map(record.get("pn_apns"))
    if inner and "body" not in record:
        record = inner  # a notification as it was sent to a phone
    event = as_text(record.get("event"))
    if event:
        return _notification(event, as_map(record.get("body")), context)
    if "startTime" in record and "direction" in record:
        return read_call(record, context)
    if "creationTime" in record and "type" in record:
        return read_message(record, context)
    if "parties" in record:
        return read_session(record, context)
    raise NoFact(*_no_fact(record))


def _notification(event: str, body: Mapping[str, object], context: Context) -> Interaction:
    if "/telephony/sessions" in event or "parties" in body:
        return read_session(body, context)
    if "creationTime" in body and "type" in body:
        return read_message(body, context)
    if "/a2p-sms/messages" in event:
        return read_text_event(body, context)
    for part, reason, detail in _NOTICES:
        if part in event:
            raise NoFact(reason, detail)
    raise NoFact("unknown_event", f"A notification of {event.partition('?')[0]} carries no call or message.")


def _no_fact(record: Mapping[str, object]) -> tuple[str, str]:
    status = as_map(record.get("status"))
    if "callStatus" in status:
        return "ringout_status", "The progress of a RingOut request; the call itself is in the call log."
    if "meetings" in record:
        return "video_history", "A video history names no addresses; meetings are read from calendars."
    if "legs" in record:
        return "unknown_shape", "Legs without their call: expected the call-log record around them."
    return "unknown_shape", f"{_EXPECTED}, found the keys {', '.join(sorted(record)[:8])}."
