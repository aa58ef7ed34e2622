"""How several deliveries of one Call become one fact, and what a call's legs say about the whole.

A phone system tells of one call in many pieces: a row per dialled device, a parent and child calls, an
event and later the log, the recording minutes after. Every piece is a Call with the same id, and
`supersede` joins any two. The join is the same in every order and grouping (but for `captured_from` and
`source`, which tell who came first), so no reader has to wait for the other pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from firstcontact.interactions.handles import read_phone
from firstcontact.interactions.model import Attachment, Call, CallResult, Leg, Participant, Role
from firstcontact.interactions.union import union_captured

RESULTS: tuple[CallResult, ...] = ("failed", "busy", "rejected", "missed", "voicemail", "answered")
"""From the weakest to the strongest: what one leg reached, the call reached."""

_RANK: dict[str, int] = {result: rank for rank, result in enumerate(RESULTS)}
_ROLE_RANK: dict[str, int] = {"from": 0, "to": 1}
_EXTENSION = re.compile(r"\d{2,6}")
_DIGITS = re.compile(r"(\d+)")
_MICROSECONDS = 1_000_000


def supersede(old: Call, new: Call) -> Call:
    """The one fact that both deliveries tell of; `old` itself where `new` says nothing more."""
    joined = msgspec.structs.replace(
        old,
        at=min(old.at, new.at),
        legs=_join_legs((*old.legs, *new.legs)),
        from_legs=old.from_legs and new.from_legs,
        direction=max(old.direction, new.direction),
        captured_from=union_captured(old.captured_from, new.captured_from),
        subject=_fuller(old.subject, new.subject),
        body=_fuller(old.body, new.body),
        recording=_fuller(old.recording, new.recording),
        transcript=_fuller(old.transcript, new.transcript),
        conversation=_fuller(old.conversation, new.conversation),
        region=_fuller(old.region, new.region),
        attachments=_join_attachments((*old.attachments, *new.attachments)),
        revision=max(old.revision, new.revision),
    )
    joined = derived(joined) if joined.from_legs else _with_outcome(joined, old, new)
    return old if joined == old else joined


def together(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Calls of one delivery with those of the same id joined, in the order of their first pieces."""
    merged: dict[str, Call] = {}
    for call in calls:
        known = merged.get(call.id)
        merged[call.id] = call if known is None else supersede(known, call)
    return tuple(merged.values())


def derived(call: Call) -> Call:
    """The call with everything that follows from its legs computed anew; `call` where it has none."""
    if not call.legs:
        return call
    legs = in_time(call.legs)
    lead = next((leg for leg in legs if leg.direction), legs[0])
    result, seconds, ring_seconds = outcome(legs)
    return msgspec.structs.replace(
        call,
        at=legs[0].at,
        legs=legs,
        direction=lead.direction,
        result=result,
        seconds=seconds,
        ring_seconds=ring_seconds,
        participants=_people(legs, lead, call.region),
    )


def outcome(legs: Sequence[Leg]) -> tuple[CallResult, int, int]:
    """Result, talking seconds and ringing seconds of a call with these legs (at least one).

    Legs on which a person's line took part speak for the call; those without (a menu, a queue, the
    parent call) only where there is nothing else, or where they ended on a voicemail box. Talking time
    is the time during which the outside party was connected to somebody: pieces after each other add
    up, pieces at the same time count once.
    """
    people = [leg for leg in legs if leg.user_line] or list(legs)
    speaking = people + [leg for leg in legs if leg.result == "voicemail" and leg not in people]
    result = max((leg.result for leg in speaking), key=_RANK.__getitem__)
    if result != "answered":
        return result, 0, max(leg.ring_seconds for leg in people)
    lead = next((leg for leg in in_time(legs) if leg.direction), in_time(legs)[0])
    answered = [leg for leg in people if leg.result == "answered"]
    theirs = [leg for leg in answered if leg.other_line == lead.other_line] or answered
    talks = sorted((_talk_start(leg), _talk_start(leg) + leg.talk_seconds * _MICROSECONDS) for leg in theirs)
    waited = (talks[0][0] - min(leg.at for leg in legs)) // _MICROSECONDS
    return result, _covered(talks) // _MICROSECONDS, max(waited, 0)


def in_time(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Legs by start; those of the same second by id, numbers in it compared as numbers."""
    return tuple(sorted(legs, key=lambda leg: (leg.at, _natural(leg.id), leg.id)))


def in_order(participants: Iterable[Participant]) -> tuple[Participant, ...]:
    """A call's participants, the caller first, each handle in one role once, in the order that
    `supersede` keeps, so that a delivery with nothing new changes nothing."""
    merged: dict[tuple[str, str], Participant] = {}
    for participant in participants:
        key = (participant.role, _who(participant))
        known = merged.get(key)
        merged[key] = participant if known is None else max(known, participant, key=_telling)
    return tuple(merged[key] for key in sorted(merged, key=lambda key: (_ROLE_RANK.get(key[0], 2), key)))


def is_extension(text: str) -> bool:
    """Whether this is an extension: two to six digits and nothing else."""
    return _EXTENSION.fullmatch(text) is not None


def _with_outcome(joined: Call, old: Call, new: Call) -> Call:
    best = max(old, new, key=lambda call: (_RANK[call.result], call.seconds, call.ring_seconds))
    return msgspec.structs.replace(
        joined,
        result=best.result,
        seconds=best.seconds,
        ring_seconds=best.ring_seconds,
        participants=in_order((*old.participants, *new.participants)),
    )


def _people(legs: Sequence[Leg], lead: Leg, region: str) -> tuple[Participant, ...]:
    """Who took part: the outside party of the leading leg, and our lines that answered, else that rang."""
    people = [leg for leg in legs if leg.user_line]
    reached = [leg for leg in people if leg.result == "answered"] or people
    if lead.direction == "outbound":
        device = lead.user_line if _dialled(lead.user_line, region) else ""
        ours = [line for line in (lead.line, device) if line]
        # A call that we placed for somebody (click to dial) has its second party on a child leg.
        others = [leg.user_line for leg in people if not leg.direction and _dialled(leg.user_line, region)]
        said = [("from", line, "") for line in ours]
        said += [("to", lead.other_line, lead.other_name)] + [("to", line, "") for line in others]
    else:
        # Forwarded to a mobile, the number dialled is a way to one of ours, not somebody outside.
        ours = [leg.user_line for leg in reached if is_extension(leg.user_line)]
        # An inbound caller without a number is one who withheld it; a call of no direction may have none.
        caller = lead.other_line or lead.direction == "inbound"
        said = [("from", lead.other_line, lead.other_name)] if caller else []
        # The extension of a group or queue says less than those of the people whom it rang.
        dialled = () if ours and is_extension(lead.line) else (lead.line,)
        said += [("to", line, "") for line in (*dialled, *ours) if line]
    return in_order(_participant(role, raw, name, region) for role, raw, name in said)


def _participant(role: str, raw: str, name: str, region: str) -> Participant:
    side: Role = "from" if role == "from" else "to"
    handle = read_phone(raw, region)
    return Participant(role=side, raw=raw, name=name, handles=(handle,) if handle else ())


def _dialled(line: str, region: str) -> bool:
    return bool(line) and (is_extension(line) or read_phone(line, region) is not None)


def _join_legs(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    merged: dict[str, Leg] = {}
    for leg in legs:
        known = merged.get(leg.id)
        merged[leg.id] = leg if known is None else max(known, leg, key=_completeness)
    return in_time(merged.values())


def _completeness(leg: Leg) -> tuple[int, int, int, bytes]:
    return _RANK[leg.result], leg.talk_seconds, leg.ring_seconds, msgspec.msgpack.encode(leg)


def _join_attachments(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    unique = dict.fromkeys(attachments)
    return tuple(sorted(unique, key=lambda one: (one.name, one.uri, one.content_type, one.size)))


def _who(participant: Participant) -> str:
    return " ".join(handle.key for handle in participant.handles) or participant.raw


def _telling(participant: Participant) -> tuple[bool, bool, int, str, bytes]:
    """Which of two accounts of one participant says more: a name, one that is not all capitals (the
    phone network sends capitals), a longer one."""
    name = participant.name
    return bool(name), name != name.upper(), len(name), name, msgspec.msgpack.encode(participant)


def _fuller(one: str, other: str) -> str:
    return max(one, other, key=lambda text: (len(text), text))


def _natural(identifier: str) -> tuple[tuple[int, str], ...]:
    parts = _DIGITS.split(identifier)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _talk_start(leg: Leg) -> int:
    return leg.at + leg.ring_seconds * _MICROSECONDS


def _covered(spans: Sequence[tuple[int, int]]) -> int:
    """Length of the union of spans that are sorted by start."""
    total, reached = 0, spans[0][0]
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
