"""How two deliveries of one Meeting become one fact, in whichever order they arrive.

RFC 5546 §2.1.5 orders the versions of a calendar entry by SEQUENCE, then DTSTAMP. `meeting_revision`
packs the two into `Fact.revision`, so that the higher number is the newer version.

Time, status, title and the list of participants are those of the newest version. A reply belongs to its
participant alone: the newest one counts, and a version that merely repeats "needs-action" does not take
a given reply back unless the organiser raised SEQUENCE (a moved meeting asks again, RFC 5546 §3.2.2.1).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from firstcontact.interactions.model import Meeting, Participant, Role
from firstcontact.interactions.union import union_captured

_STAMP_BITS = 31
_STAMP_EPOCH = 820_454_400_000_000
"""1996-01-01 UTC in microseconds: no calendar entry was stamped before, and 31 bits last until 2064."""
_HIGHEST = (1 << 31) - 1

_ROLE_RANK: dict[Role, int] = {"resource": 3, "organiser": 2, "optional": 1}
"""The more telling role wins where copies differ: a room stays a room though its reply does not say so."""
_REPLY_RANK = {"declined": 4, "accepted": 3, "tentative": 2, "delegated": 1}


def meeting_revision(sequence: int, stamped_at: int, *, stated_for_occurrence: bool = False) -> int:
    """SEQUENCE and DTSTAMP (microseconds UTC) as one integer of at most 63 bits; higher is newer.

    stated_for_occurrence: the version speaks of exactly this occurrence of a series (RECURRENCE-ID, or
    a cancellation); it is newer than anything a series' rule says about it, whatever their SEQUENCEs.
    """
    stamp = min(max((stamped_at - _STAMP_EPOCH) // 1_000_000, 0), _HIGHEST)
    return (int(stated_for_occurrence) << 62) | (min(max(sequence, 0), _HIGHEST) << _STAMP_BITS) | stamp


def supersede(old: Meeting, new: Meeting) -> Meeting:
    """The one fact that both deliveries tell of; `old` itself where `new` says nothing more.

    Does not depend on the order of arrival, with two exceptions: `captured_from`, and versions that both
    have revision 0 (the source counts no versions), of which the one delivered later is the newer; where it
    comes from the same calendars it stands in place of the other, so that who is off the list is off it.
    """
    newest, other = (new, old) if _version(new) >= _version(old) else (old, new)
    if newest.revision == other.revision == 0 and newest.partial == other.partial:
        newest, other = new, old
    merged = msgspec.structs.replace(
        _with_other(newest, other),
        source=old.source,
        source_id=old.source_id,
        captured_from=union_captured(old.captured_from, new.captured_from),
    )
    merged = msgspec.structs.replace(merged, participants=_participants(newest, other, merged.revision))
    return old if merged == old else merged


def join_participants(participants: Iterable[Participant]) -> tuple[Participant, ...]:
    """Each person once, in the order first named: an organiser who is also an attendee is one participant."""
    joined: dict[str, Participant] = {}
    for participant in participants:
        key = _key(participant)
        known = joined.get(key)
        joined[key] = participant if known is None else _join(known, participant)
    return tuple(joined.values())


_Version = tuple[bool, bool, int, bool, int, str, int, str, int, int]


def _version(meeting: Meeting) -> _Version:
    """A total order: whole before partial, the higher revision; of equals, the cancelled and the fuller."""
    cancelled = meeting.status == "cancelled"
    return (
        not meeting.partial,
        meeting.partial and cancelled,
        meeting.revision,
        cancelled,
        len(meeting.body),
        meeting.body,
        len(meeting.subject),
        meeting.subject,
        meeting.at,
        meeting.seconds,
    )


def _with_other(newest: Meeting, other: Meeting) -> Meeting:
    """The newest version, completed by what only the other can add, participants apart."""
    if other.partial and not newest.partial:
        if other.status == "cancelled" and other.revision >= newest.revision:
            return msgspec.structs.replace(newest, status="cancelled", revision=other.revision)
        return newest
    if newest.status == "cancelled":
        # A cancellation may carry no more than the UID (RFC 5546 §3.2.5): keep what was known.
        newest = msgspec.structs.replace(
            newest,
            subject=newest.subject or other.subject,
            body=newest.body or other.body,
            attachments=newest.attachments or other.attachments,
        )
    same_version = _sequence(newest.revision) == _sequence(other.revision)
    kept = same_version and not _replaces(newest, other) and other.private
    return msgspec.structs.replace(newest, private=newest.private or kept)


def _replaces(newest: Meeting, other: Meeting) -> bool:
    """Whether the same calendars said it again, counting no versions: then the later word is the whole word.
    Two calendars may each show a part of one meeting, and are joined."""
    uncounted = newest.revision == other.revision == 0 and not newest.partial and not other.partial
    return uncounted and newest.captured_from == other.captured_from


def _participants(newest: Meeting, other: Meeting, revision: int) -> tuple[Participant, ...]:
    """Those of the newest version, each with their newest reply, and others who are still on the meeting.

    A person whom only an older SEQUENCE names was taken off by the organiser. A cancellation takes nobody
    off: it may name only those it was sent to.
    """
    listed = [_explicit(participant, newest.revision or _LATER) for participant in newest.participants]
    late = [_explicit(participant, other.revision or _EARLIER) for participant in other.participants]
    lowest = _sequence(newest.revision)
    same_version = not other.partial and _sequence(other.revision) == lowest
    everybody = newest.partial or newest.status == "cancelled" or same_version
    replaced = _replaces(newest, other) and newest.status != "cancelled"
    known = {_key(participant) for participant in listed}
    still_on = [
        participant
        for participant in late
        if _key(participant) in known
        or (not replaced and (everybody or _sequence(participant.reply_revision) >= lowest))
    ]
    still_on.sort(key=_key)
    return tuple(_implicit(participant, revision) for participant in join_participants((*listed, *still_on)))


def _key(participant: Participant) -> str:
    if participant.handles:
        return participant.handles[0].key
    return (participant.raw or participant.name).lower()


def _join(one: Participant, two: Participant) -> Participant:
    """Two mentions of one person. Every field is chosen by a total order, so that order does not matter."""
    replied = max(one, two, key=_reply_version)
    return Participant(
        role=max(one.role, two.role, key=lambda role: _ROLE_RANK.get(role, 0)),
        handles=max(one.handles, two.handles),
        name=max(one.name, two.name, key=_fullness),
        raw=max(one.raw, two.raw),
        reply=replied.reply,
        cutype=max(one.cutype, two.cutype, key=lambda cutype: (cutype not in ("", "individual"), cutype)),
        reply_revision=replied.reply_revision,
    )


def _fullness(name: str) -> tuple[bool, int, str]:
    return ("@" not in name, len(name), name) if name else (False, 0, "")


def _reply_version(participant: Participant) -> tuple[bool, int, bool, int, int]:
    """RFC 5546 §2.1.5: by SEQUENCE, then DTSTAMP; within one SEQUENCE an answer beats "needs-action".

    A version that says nothing about the reply is no version of it.
    """
    rank = _REPLY_RANK.get(participant.reply, 0)
    revision = participant.reply_revision
    return (participant.reply != "", _sequence(revision), rank > 0, revision, rank)


def _sequence(revision: int) -> int:
    return revision >> _STAMP_BITS


_EARLIER, _LATER = 1, 2
"""Stand-ins while two versions without a number are joined: the one delivered later is the newer."""


def _explicit(participant: Participant, revision: int) -> Participant:
    if participant.reply_revision:
        return participant
    return msgspec.structs.replace(participant, reply_revision=revision)


def _implicit(participant: Participant, revision: int) -> Participant:
    own = (revision,) if revision else (_EARLIER, _LATER)
    if participant.reply_revision not in own:
        return participant
    return msgspec.structs.replace(participant, reply_revision=0)
