"""A mail's bytes to one Email (RFC 5322, RFC 2045 to 2047), or to the reason why it is none.

Pure, and never raises for bad content. Files, IMAP and APIs share this reader.
"""

from __future__ import annotations

import re

import msgspec

from firstcontact.formats.mail_addresses import Address, is_obfuscated, read_addresses
from firstcontact.formats.mail_body import read_body
from firstcontact.formats.mail_bounce import undeliverable
from firstcontact.formats.mail_dates import read_date, sent_at
from firstcontact.formats.mail_key import mail_id, message_ids, own_id
from firstcontact.formats.mail_mime import Fields, split_head
from firstcontact.formats.mail_signs import read_signs
from firstcontact.formats.mail_text import decode_words
from firstcontact.interactions.handles import read_email
from firstcontact.interactions.model import Email, Interaction, MailSigns, Participant, Role
from firstcontact.interactions.rejection import Rejection

Outcome = tuple[tuple[Interaction, ...], tuple[Rejection, ...]]
"""Interactions and rejections; never both empty."""

_NAMING: tuple[tuple[str, Role], ...] = (
    ("from", "from"),
    ("reply-to", "reply-to"),
    ("to", "to"),
    ("cc", "cc"),
    ("bcc", "bcc"),
)
_TELLING = frozenset(
    {"list-id", "from", "to", "cc", "bcc", "sender", "date", "message-id", "received", "return-path"}
)
_LONGEST_ADDRESS = 320
"""RFC 3696 §3: 64 for the local part, 255 for the domain, and the @."""
_ENVELOPE_DATE = re.compile(rb"\s((?:[A-Za-z]{3},?\s+)?[A-Za-z]{3}\s+\d+\s[^\r\n]*)$")


def read_mail(
    raw: bytes, source: str = "mail", place: str = "", captured_from: str = "", received_at: int = 0
) -> Outcome:
    """The Email that these bytes are, or why they are none.

    raw: one message as kept or sent. Where it begins with an mbox separator line (`From … date`), the `>`
        before quoted `From ` lines is taken off, and the line's date serves where the mail has no other.
    source: name of the source, kept in the fact. place: where it came from, for the rejection.
    captured_from: id of the user whose mailbox it came from, or empty.
    received_at: when the source says that it arrived (IMAP's INTERNALDATE), microseconds since 1970 UTC;
        used only where the mail itself has no plausible time. 0: the source says nothing.

    Rejections: `empty`, `not_mail` (no field that only mails have), `no_date` (neither Date nor Received
    nor separator line tells when it was sent).
    """
    envelope, raw = _without_envelope(raw)
    if not raw.strip():
        return _rejected(place, "empty", "There is nothing in this message.")
    fields, rest = split_head(raw)
    if not _TELLING & fields.names():
        return _rejected(place, "not_mail", "This has none of a mail's header fields (From, To, Date …).")
    at = sent_at(fields.first("date"), fields.all("received"), envelope or "") or received_at
    if not at:
        return _rejected(
            place,
            "no_date",
            "Neither Date nor Received says when this mail was sent; without a time it cannot be logged.",
        )
    return (_email(fields, rest, at, envelope is not None, source, captured_from),), ()


def _rejected(place: str, reason: str, detail: str) -> Outcome:
    return (), (Rejection(place, reason, detail),)


def _without_envelope(raw: bytes) -> tuple[str | None, bytes]:
    """The date text of an mbox separator line (None: there is no such line), and the message without it."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if not raw.startswith((b"From ", b">From ")):
        return None, raw
    line, _, rest = raw.partition(b"\n")
    date = _ENVELOPE_DATE.search(line.rstrip())
    return (date.group(1).decode("latin-1") if date else ""), rest


def _email(fields: Fields, rest: bytes, at: int, from_mbox: bool, source: str, captured_from: str) -> Email:
    participants, named, senders = _participants(fields)
    body, attachments = read_body(fields, rest, from_mbox)
    message_id = own_id(fields)
    references, answered = _thread(fields)
    stated = "" if message_id else str(read_date(fields.first("date")) or "")
    id = mail_id(fields, senders, message_id, stated, body)
    sender = senders[0][1] if senders else ""
    return Email(
        id=id,
        source=source,
        source_id=message_id,
        conversation=references[0] if references else message_id or id,
        at=at,
        participants=participants,
        captured_from=(captured_from,) if captured_from else (),
        subject=decode_words(fields.first("subject")),
        body=body,
        attachments=attachments,
        signs=_signs(fields, rest, body, named, answered, sender),
        references=references,
    )


def _signs(fields: Fields, rest: bytes, body: str, named: set[str], answered: str, sender: str) -> MailSigns:
    signs = read_signs(fields, body, named, answered, sender)
    if "bounce" not in signs.automated:
        return signs
    return msgspec.structs.replace(signs, undeliverable=undeliverable(fields, rest, body))


def _participants(fields: Fields) -> tuple[tuple[Participant, ...], set[str], list[Address]]:
    """Everybody the mail names, the keys of their handles, and the From addresses as written.

    An address named again is one participant, in the first of From, Reply-To, To, Cc, Bcc that names it;
    but a recipient who is also the sender is both.
    """
    people: dict[tuple[str, str], Participant] = {}
    named: set[str] = set()
    senders: list[Address] = []
    for field, role in _NAMING:
        for value in fields.all(field):
            pairs = read_addresses(value)
            if role == "from":
                senders.extend(pairs)
            for name, address in pairs:
                _add(people, named, role, name, address)
    return tuple(people.values()), named, senders


def _add(
    people: dict[tuple[str, str], Participant], named: set[str], role: Role, name: str, address: str
) -> None:
    handle = None
    if len(address) <= _LONGEST_ADDRESS and not is_obfuscated(address):
        handle = read_email(address)
    if handle is None:
        if address or name:
            words = name or ("" if "@" in address or is_obfuscated(address) else address)
            people.setdefault((_side(role), address or name), Participant(role, (), words, address or name))
        return
    named.add(handle.key)
    named.add(handle.value)
    if role == "reply-to" and ("from", handle.key) in people:
        return
    place = (_side(role), handle.key)
    known = people.get(place)
    if known is None:
        people[place] = Participant(role, (handle,), name, address)
    elif name and not known.name:
        people[place] = Participant(known.role, known.handles, name, known.raw)


def _side(role: Role) -> str:
    """Roles in which one address is one participant."""
    return role if role in ("from", "reply-to") else "to"


def _thread(fields: Fields) -> tuple[tuple[str, ...], str]:
    """Message-IDs of the thread, oldest first, and the one that this mail answers."""
    references = message_ids(fields.first("references")) if "references" in fields else []
    answered = message_ids(fields.first("in-reply-to")) if "in-reply-to" in fields else []
    thread = tuple(dict.fromkeys([*references, *answered]))
    likely = [id for id in answered if "@" in id] or answered or references[-1:]
    return thread, likely[0] if likely else ""
