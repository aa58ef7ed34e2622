"""How two deliveries of one Email become one fact.

Every field of the result is the greatest, the smallest or the union of what the copies say, so that it does
not matter which copy came first or how many came: the sender's, a receiver's, or an archive's of the list
it went through. Only `captured_from` tells the order.
"""

from __future__ import annotations

import re

import msgspec

from firstcontact.interactions.model import Email, MailSigns, Participant, Role
from firstcontact.interactions.union import union_captured

_RECIPIENTS: tuple[Role, ...] = ("to", "cc", "bcc")
_ROLES: tuple[Role, ...] = ("from", "reply-to", *_RECIPIENTS)
_HIDDEN = re.compile(r"^(?P<local>[^\s@]+?)(?:\.{3,}|…)?@(?P<domain>[^\s@]+?)?(?:\.{3,}|…)?$")
_AT = re.compile(r"\s+at\s+|\s*\(at\)\s*|\s*\[at\]\s*|\s*\(\)\s*", re.I)


def supersede(old: Email, new: Email) -> Email:
    """The one fact that both deliveries tell of; `old` itself where `new` says nothing more.

    A higher revision wins in all but its people. Of equal ones: the fuller text and attachments, the
    longer thread, the subject with the fewest tags, the earlier time, every sign that either bears.
    """
    captured = union_captured(old.captured_from, new.captured_from)
    participants = _participants(old.participants, new.participants)
    if old.revision != new.revision:
        newest = new if new.revision > old.revision else old
        merged = msgspec.structs.replace(newest, participants=participants, captured_from=captured)
    else:
        merged = _merged(old, new, participants, captured)
    return old if merged == old else merged


def _merged(
    old: Email, new: Email, participants: tuple[Participant, ...], captured: tuple[str, ...]
) -> Email:
    thread = max(old, new, key=lambda mail: (len(mail.references), mail.references, mail.conversation))
    return Email(
        id=old.id,
        source=min(old.source, new.source),
        source_id=max(old.source_id, new.source_id),
        conversation=thread.conversation,
        at=min(old.at, new.at),
        participants=participants,
        captured_from=captured,
        subject=min((text for text in (old.subject, new.subject) if text), key=_brevity, default=""),
        body=max(old.body, new.body, key=_fullness),
        attachments=max(old.attachments, new.attachments, key=_attachments_key),
        revision=old.revision,
        signs=_signs(old.signs, new.signs),
        references=thread.references,
    )


def _brevity(text: str) -> tuple[int, str]:
    return len(text), text


def _fullness(text: str) -> tuple[int, str]:
    return len(text), text


def _attachments_key(attachments: tuple[msgspec.Struct, ...]) -> tuple[int, str]:
    return len(attachments), repr(attachments)


def _signs(old: MailSigns, new: MailSigns) -> MailSigns:
    if old == new:
        return old
    authentication = old.authentication
    if authentication != new.authentication:
        authentication = tuple(sorted({*authentication, *new.authentication}))
    return MailSigns(
        automated=tuple(sorted({*old.automated, *new.automated})),
        authentication=authentication,
        forwarded=tuple(sorted({*old.forwarded, *new.forwarded})),
        reply_to_message=max(old.reply_to_message, new.reply_to_message),
        list_unsubscribe=old.list_unsubscribe or new.list_unsubscribe,
        draft=old.draft and new.draft,
        undeliverable=tuple(sorted({*old.undeliverable, *new.undeliverable})),
    )


def _participants(old: tuple[Participant, ...], new: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """People of both copies, by role; a role that both fill alike keeps the order of its header."""
    if old == new:
        return old
    merged: list[Participant] = []
    placed: set[str] = set()
    for role in _ROLES:
        first = tuple(person for person in old if person.role == role)
        second = tuple(person for person in new if person.role == role)
        people = first if first == second else _union(first, second)
        if role in _RECIPIENTS:
            people = tuple(person for person in people if not (_keys(person) & placed))
            placed.update(*(_keys(person) for person in people))
        merged.extend(people)
    return tuple(merged)


def _union(first: tuple[Participant, ...], second: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """Each person once, with the fullest name, sorted; an address that an archive hid gives way to one
    that a better copy shows."""
    by_key: dict[tuple[str, ...], Participant] = {}
    for person in (*first, *second):
        key = tuple(sorted(_keys(person))) or ("", person.raw)
        known = by_key.get(key)
        if known is None or _detail(person) > _detail(known):
            by_key[key] = person
    shown = [handle.key for person in by_key.values() for handle in person.handles]
    people = (
        person
        for person in by_key.values()
        if person.handles or not any(_hides(person.raw, key) for key in shown)
    )
    return tuple(sorted(people, key=lambda person: (sorted(_keys(person)), person.raw)))


def _keys(person: Participant) -> set[str]:
    return {handle.key for handle in person.handles}


def _detail(person: Participant) -> tuple[int, str, str, tuple[str, ...]]:
    return len(person.name), person.name, person.raw, tuple(handle.value for handle in person.handles)


def _hides(raw: str, key: str) -> bool:
    """Whether `raw` is what an archive left of the address `key`."""
    hidden = _HIDDEN.match(_AT.sub("@", raw.lower(), count=1))
    if hidden is None:
        return False
    local, _, domain = key.rpartition("@")
    return local.startswith(hidden["local"].split("+")[0]) and domain.startswith(hidden["domain"] or "")
