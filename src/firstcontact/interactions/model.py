"""The interaction and its parts, as facts.

Times are integer microseconds since 1970-01-01 UTC; durations are whole seconds. Empty text means
"the source did not say". Every type is a frozen `msgspec.Struct`, so it can be stored and read back
byte for byte (`encode`, `decode`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

HandleKind = Literal["email", "phone"]
Direction = Literal["inbound", "outbound", ""]
"""Empty: the source gave none. A meeting has none; for the rest `identity.sides` derives it."""
CallResult = Literal["answered", "missed", "voicemail", "rejected", "busy", "failed"]
Reply = Literal["", "needs-action", "accepted", "declined", "tentative", "delegated"]
Role = Literal["from", "to", "cc", "bcc", "reply-to", "organiser", "attendee", "optional", "resource"]
"""`reply-to`: the Reply-To header where it names another address than From."""
MeetingStatus = Literal["confirmed", "tentative", "cancelled"]
Kind = Literal["call", "voicemail", "sms", "fax", "email", "meeting"]
KINDS: tuple[Kind, ...] = ("call", "voicemail", "sms", "fax", "email", "meeting")
PHONE_KINDS: frozenset[str] = frozenset({"call", "voicemail", "sms", "fax"})


class Handle(msgspec.Struct, frozen=True, order=True, gc=False):
    """An e-mail address or phone number in canonical form (SPEC §1).

    `key` is what is compared: the address without `+tag`, or the number as E.164 with the regional
    variants of mobile numbers folded (Brazil's ninth digit, Mexico's 1, Argentina's 9). `value` is
    what is written: the lower-cased address with its tag and an IDNA domain, or plain E.164.
    `extension` holds digits only and is never part of the key.
    """

    kind: HandleKind
    key: str
    value: str
    extension: str = ""


class Participant(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something named in one interaction.

    `handles` is empty where nothing usable was given (a withheld number, an extension); `raw` keeps
    what the source sent (`anonymous`, `101`, the address as written). `name` is the display name as
    received: caller ID, header name, calendar CN.
    """

    role: Role
    handles: tuple[Handle, ...] = ()
    name: str = ""
    raw: str = ""
    reply: Reply = ""
    cutype: str = ""
    """iCalendar CUTYPE in lower case where the calendar gave one (`room`, `resource`, `group`)."""
    reply_revision: int = 0
    """Revision of the delivery that stated `reply`; 0: the interaction's own (`interactions.meetings`)."""


class Attachment(msgspec.Struct, frozen=True):
    """A file that came along: its name, MIME type and size in bytes; `uri` where the source keeps it."""

    name: str
    content_type: str = ""
    size: int = 0
    uri: str = ""


class Leg(msgspec.Struct, frozen=True):
    """One part of a call as the phone system recorded it (a ring group member, a transfer).

    `user_line` is the number, extension or device of ours that this leg rang, as received.
    """

    id: str
    at: int
    result: CallResult
    user_line: str = ""
    ring_seconds: int = 0
    talk_seconds: int = 0
    other_line: str = ""
    """The other party's number on this leg, as received, where it differs from call to call."""
    line: str = ""
    """The number of ours that was dialled or shown on this leg (a main number, a DID)."""
    direction: Direction = ""
    """Which way this leg crossed between us and the outside; empty: it did not, or nobody can tell."""
    other_name: str = ""
    """The other party's name as received (caller ID)."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What every interaction has.

    id: our id, the same for every delivery of the same happening (see each format's `natural_key`).
    source: name of the source it came from first (`mbox`, `ringcentral`, `jsonl` …).
    source_id: the source's own id (Message-ID, UID and original start, call session).
    conversation: thread, calendar UID or call session; order is kept within one.
    captured_from: ids of the users whose mailbox, calendar or line delivered it, earliest first.
    revision: the source's own counter for newer versions of the same fact (SEQUENCE, a
        modification time); a lower one never replaces a higher one.
    """

    id: str
    source: str
    source_id: str
    conversation: str
    at: int
    participants: tuple[Participant, ...]
    captured_from: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    revision: int = 0
    text_removed: bool = False
    """Retention has removed the body (SPEC §10); what was written from it stays as it was written."""


class Call(Fact, frozen=True, kw_only=True, tag="call"):
    """One telephone call, however many legs, rows or agents it had."""

    direction: Direction
    result: CallResult
    seconds: int
    """Talking time; 0 for a call nobody answered."""
    ring_seconds: int = 0
    legs: tuple[Leg, ...] = ()
    from_legs: bool = False
    """The source knows legs only (Asterisk rows, Twilio parent and child calls): result, times, direction
    and participants follow from them, `interactions.calls.derived`."""
    recording: str = ""
    transcript: str = ""
    region: str = ""
    """ISO country of the line that took the call, where the source knows it."""


class Voicemail(Fact, frozen=True, kw_only=True, tag="voicemail"):
    """A message left on a voicemail box."""

    direction: Direction
    seconds: int
    recording: str = ""
    transcript: str = ""
    region: str = ""


class Sms(Fact, frozen=True, kw_only=True, tag="sms"):
    """One text message (SMS, MMS)."""

    direction: Direction
    region: str = ""


class Fax(Fact, frozen=True, kw_only=True, tag="fax"):
    """One fax transmission."""

    direction: Direction
    pages: int = 0
    result: str = ""
    region: str = ""


class MailSigns(msgspec.Struct, frozen=True):
    """What a mail's headers say about how it was sent; facts only, judged by the policy.

    automated: names of the signs that a machine sent it (`auto-submitted`, `list-id`, `precedence`,
        `null-return-path`, `bounce`, `out-of-office`, `feedback-id` …), sorted.
    authentication: Authentication-Results as (authserv-id, method, result), top of the mail first.
    forwarded: addresses named only in forwarded text.
    reply_to_message: In-Reply-To or last References entry, without angle brackets.
    draft: the mail was never sent.
    undeliverable: addresses that this mail, a report of non-delivery, says take no mail any more; sorted.
    """

    automated: tuple[str, ...] = ()
    authentication: tuple[tuple[str, str, str], ...] = ()
    forwarded: tuple[str, ...] = ()
    reply_to_message: str = ""
    list_unsubscribe: bool = False
    draft: bool = False
    undeliverable: tuple[str, ...] = ()


class Email(Fact, frozen=True, kw_only=True, tag="email"):
    """One e-mail message, however many copies of it were delivered."""

    signs: MailSigns = MailSigns()
    references: tuple[str, ...] = ()
    """Message-IDs of the thread named by References and In-Reply-To, oldest first."""


class Meeting(Fact, frozen=True, kw_only=True, tag="meeting"):
    """One meeting, or one occurrence of a recurring one."""

    status: MeetingStatus
    seconds: int
    private: bool = False
    all_day: bool = False
    partial: bool = False
    """Only a reply, or a cancellation without its start, has been delivered so far: not a meeting yet. It
    is kept for the invitation it belongs to, which may arrive later, and nobody is linked or created from
    it. `at` may be 0."""


Interaction = Call | Voicemail | Sms | Fax | Email | Meeting

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Interaction] = msgspec.msgpack.Decoder(Interaction)


def kind_of(interaction: Interaction) -> Kind:
    """The interaction's kind: `call`, `voicemail`, `sms`, `fax`, `email` or `meeting`."""
    return _KIND[type(interaction)]


_KIND: dict[type, Kind] = {
    Call: "call",
    Voicemail: "voicemail",
    Sms: "sms",
    Fax: "fax",
    Email: "email",
    Meeting: "meeting",
}


def encode(interaction: Interaction) -> bytes:
    """The interaction as MessagePack, the form in which the ledger keeps it."""
    return _encoder.encode(interaction)


def decode(data: bytes) -> Interaction:
    """Inverse of `encode`. Raises `msgspec.DecodeError` where the bytes are not an interaction."""
    return _decoder.decode(data)
