"""RingCentral messages: texts, pager messages, faxes and voicemails of the message store."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.ringcentral.parts import (
    SOURCE,
    Context,
    NoFact,
    direction_of,
    moment,
    person,
    revision,
    word_of,
)
from firstcontact.formats.phone_parts import as_count, as_list, as_map, as_text, text_conversation
from firstcontact.interactions.calls import in_order
from firstcontact.interactions.model import Attachment, Direction, Fax, Participant, Sms, Voicemail

_NEVER_SENT = frozenset({"sendingfailed", "deliveryfailed", "undelivered", "canceled", "cancelled"})
_FAX_RESULTS = {
    "received": "received",
    "sent": "sent",
    "delivered": "sent",
    "faxondemand": "sent",
    "partialreceive": "partial",
    "partiallysent": "partial",
    "receiveerror": "failed",
    "faxreceipterror": "failed",
    "senderror": "failed",
    "faxsenderror": "failed",
    "sendingfailed": "failed",
    "deliveryfailed": "failed",
    "nofaxmachine": "failed",
    "busy": "failed",
    "noanswer": "failed",
    "callfailed": "failed",
    "wrongnumber": "failed",
}


def read_message(record: Mapping[str, object], context: Context) -> Sms | Fax | Voicemail:
    """A record of the message store. Raises NoFact."""
    kind = as_text(record.get("type")).lower()
    if kind in ("sms", "pager", "mms", "text"):
        return _sms(record, context)
    if kind == "fax":
        return _fax(record, context)
    if kind == "voicemail":
        return _voicemail(record, context)
    raise NoFact("unknown_shape", f"Expected a message of type SMS, Pager, Fax or VoiceMail, not {kind!r}.")


def read_text_event(body: Mapping[str, object], context: Context) -> Sms:
    """A high-volume text (A2P) as its notification tells it: parties are plain numbers. Raises NoFact."""
    parties: dict[str, object] = {
        "from": {"phoneNumber": body.get("from")},
        "to": [{"phoneNumber": one} for one in as_list(body.get("to"))],
        "subject": body.get("text"),
    }
    return _sms({**body, **parties}, context)


def fax_of_call_log(record: Mapping[str, object], context: Context) -> Fax:
    """A fax as the call log tells it. The message store, which has the same id, knows more of it."""
    message = as_text(as_map(record.get("message")).get("id"))
    session = as_text(record.get("sessionId")) or as_text(record.get("id"))
    if not message and not session:
        raise NoFact("no_id", "Expected the id of the fax message or a sessionId.")
    direction = direction_of(record)
    return Fax(
        id=f"ringcentral-message-{message}" if message else f"ringcentral-fax-{session}",
        source=SOURCE,
        source_id=message or session,
        conversation=message or session,
        at=moment(record, "startTime", context),
        participants=_people(record, direction, context),
        captured_from=context.captured,
        direction=direction,
        result=_FAX_RESULTS.get(word_of(as_text(record.get("result"))), ""),
        region=context.region,
    )


def _sms(record: Mapping[str, object], context: Context) -> Sms:
    status = as_text(record.get("messageStatus"))
    if status.lower() in _NEVER_SENT:
        raise NoFact("not_delivered", f"The text never reached anybody (message status {status}).")
    message = _id(record)
    direction = direction_of(record)
    people = _people(record, direction, context)
    conversation = as_text(as_map(record.get("conversation")).get("id"))
    return Sms(
        id=f"ringcentral-message-{message}",
        source=SOURCE,
        source_id=message,
        conversation=conversation or as_text(record.get("conversationId")) or text_conversation(people),
        at=moment(record, "creationTime", context),
        participants=people,
        captured_from=context.captured,
        body=as_text(record.get("subject")),
        attachments=_attachments(record),
        revision=revision(record, context),
        direction=direction,
        region=context.region,
    )


def _fax(record: Mapping[str, object], context: Context) -> Fax:
    message = _id(record)
    direction = direction_of(record)
    return Fax(
        id=f"ringcentral-message-{message}",
        source=SOURCE,
        source_id=message,
        conversation=message,
        at=moment(record, "creationTime", context),
        participants=_people(record, direction, context),
        captured_from=context.captured,
        subject=as_text(record.get("subject")),
        attachments=_attachments(record),
        revision=revision(record, context),
        direction=direction,
        pages=as_count(record.get("faxPageCount")),
        result=_FAX_RESULTS.get(word_of(as_text(record.get("messageStatus"))), ""),
        region=context.region,
    )


def _voicemail(record: Mapping[str, object], context: Context) -> Voicemail:
    message = _id(record)
    direction = direction_of(record)
    files = [as_map(one) for one in as_list(record.get("attachments"))]
    sound = next((one for one in files if one.get("type") == "AudioRecording"), {})
    return Voicemail(
        id=f"ringcentral-message-{message}",
        source=SOURCE,
        source_id=message,
        conversation=message,
        at=moment(record, "creationTime", context),
        participants=_people(record, direction, context),
        captured_from=context.captured,
        attachments=_attachments(record),
        revision=revision(record, context),
        direction=direction,
        seconds=as_count(sound.get("vmDuration")),
        recording=as_text(sound.get("uri")),
        region=context.region,
    )


def _id(record: Mapping[str, object]) -> str:
    message = as_text(record.get("id"))
    if not message:
        raise NoFact("no_id", "Expected the id of the message.")
    return message


def _people(record: Mapping[str, object], direction: Direction, context: Context) -> tuple[Participant, ...]:
    """Sender and recipients. Our own side may come with a name and no number (a voicemail box); it is
    then known by whose delivery it was, and a name alone must not pass for somebody outside."""
    given = record.get("to")
    recipients = as_list(given) or ([given] if given else [])
    people = [person("from", record.get("from"), context)]
    people += [person("to", one, context) for one in recipients]
    ours = "from" if direction == "outbound" else "to"
    return in_order(one for one in people if one.raw or one.role != ours)


def _attachments(record: Mapping[str, object]) -> tuple[Attachment, ...]:
    """Files that came along; the text itself, which the store lists as one, is the body."""
    return tuple(
        Attachment(
            name=as_text(one.get("fileName")) or as_text(one.get("type")),
            content_type=as_text(one.get("contentType")),
            size=as_count(one.get("size")),
            uri=as_text(one.get("uri")),
        )
        for one in map(as_map, as_list(record.get("attachments")))
        if one.get("type") != "Text"
    )
