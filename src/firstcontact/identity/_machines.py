"""Addresses that no person has: machines, rooms, things and note-taking bots (SPEC §4 `resource`)."""

from __future__ import annotations

import re
from functools import lru_cache

from firstcontact.identity import _host_lists as lists
from firstcontact.identity._hosts import host_of, under

_OPAQUE = re.compile(
    r"(?:[a-z]{1,4}[_-])?[0-9a-f]{20,}|"
    r"(?:.*[._=+-])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:[._=+-].*)?|"
    r"(?=(?:[^0-9]*[0-9]){6})(?=.*[a-z])[a-z0-9_]{22,}"
)
_ENVELOPE = re.compile(
    r"prvs=|btv1==|msprvs[0-9]=|srs[01][=+-]|bounces?[+=-]|.*-bounces?(?:\+.*)?$|unsub(?:scribe)?[+=-]|"
    r"repl(?:y|ies)[+-][0-9a-z]{6,}|.*-(?:request|owner|unsubscribe|subscribe|confirm)$|owner-|"
    r"imcea[a-z]+-|mailer-daemon$|postmaster$|.*[^=]=[a-z0-9-]+\.[a-z.]+$"
)
_NOWHERE = ("localhost", "localdomain", "local", "invalid", "lan", "internal", "intranet", "home", "arpa")


@lru_cache(maxsize=8192)
def is_machine_address(address: str) -> bool:
    """Whether no person has this mailbox: shared calendars, sending services, opaque identifiers, envelope
    forms (VERP, BATV, SRS), note-taking bots, and hosts that are on nobody's network but one's own."""
    local = address.rpartition("@")[0].strip(" <\"'").lower()
    host = host_of(address)
    if not local or not host:
        return False
    if is_machine_host(host) or _ENVELOPE.match(local) or _OPAQUE.fullmatch(local.split("+", 1)[0]):
        return True
    return _is_note_taker(local, host)


def is_machine_host(host: str) -> bool:
    """Whether nobody has a mailbox at this host: sending services, bounce hosts, names without a network."""
    first, _, rest = host.partition(".")
    if not rest:
        return True
    if host.endswith(tuple(f".{end}" for end in _NOWHERE)) or host in _NOWHERE:
        return True
    return under(host, lists.MACHINE_HOSTS) or ("." in rest and first in lists.MACHINE_LABELS)


_BOT_LOCALS = re.compile(
    r"(?:fred|bot|notes?|note-?taker|meet(?:ings?)?|meeting-?notes|assistant|record(?:er|ing)?|pilot|"
    r"otterpilot|ai|calendar|invite|e(?:xecutive)?assistant)[0-9+._-]*.*|.*(?:note-?taker|bot|assistant)"
)
_BOT_NAME = re.compile(
    r"\b(?:note\s?-?taker|otter\s?pilot|ai (?:companion|assistant|note|meeting)|"
    r"meeting (?:notes|assistant|bot|recorder)|"
    r"(?:otter|fireflies|read|sembly|meetgeek|krisp|notta|tactiq|fathom)\.(?:ai|video|io)|tl;dv|"
    r"meetgeek|fireflies|(?:fathom|avoma|gong|chorus|grain|zoom|teams) (?:note|recorder|bot|ai)\w*|"
    r"recording bot|copilot|scribe bot)\b",
    re.IGNORECASE,
)
"""`Bot` alone is a Dutch surname."""


def _is_note_taker(local: str, host: str) -> bool:
    return under(host, lists.NOTE_TAKER_HOSTS) and _BOT_LOCALS.fullmatch(local) is not None


_ROOM_KIND = (
    r"(?:conf(?:erence|\.)?|meeting|mtg|board|huddle|training|focus|phone|war|seminar|class|lecture|project|"
    r"video|zoom|teams|interview|quiet|break-?out|break|large|small|collab\w*|event|innovation)"
)
_ROOM_NAME = re.compile(
    r"^(?:room|rm\.?|raum|salle|zaal|sala|aula|space|desk|booth|studio|pod|suite)[\s#_-]*(?:[0-9][\w.-]*|[a-z])$|"
    rf"\b{_ROOM_KIND}[\s_-]*(?:room|rm|space|booth|pod|raum)\b|\bboard\s?room\b|\bzoom rooms?\b|"
    r"^(?:\w+[\s-]+){0,3}(?:room|rm)[\s#-]*[0-9]+\b|^(?:the )?(?:\w+ ){1,3}room$|"
    r"\b(?:besprechungs|konferenz|sitzungs|meeting|schulungs|seminar)(?:raum|zimmer|saal)\b|"
    r"\bsalle (?:de )?(?:r[ée]union|conf[ée]rence)|\bsala (?:de )?(?:reuni|junta|riunion|confer)|"
    r"\bvergader(?:zaal|ruimte)|\bm[øo]terom|\bm[öo]tesrum|会議室|会议室|회의실|переговорн|"
    r"\b(?:projector|beamer|pool car|company car|equipment|whiteboard|parking (?:space|spot))"
    r"(?:\s*#?[0-9]+)?$|"
    r"^[^\s-]+-\S.*\([0-9]{1,3}\)(?:\s*\[[^\]]*\])?$",
    re.IGNORECASE,
)
"""The last line: building-floor-name (seats) [equipment], as Google Workspace names its rooms."""
_ROOM_LOCAL = re.compile(
    r"(?:room|rm|raum|zaal|salle|sala)[._-]?[0-9]+.*|"
    r"(?:.*[._-])?(?:conf(?:erence)?|meeting|mtg|board|huddle|training)[._-]?(?:room|rm)s?[._-]?[0-9]*(?:[._-].*)?|"
    r"(?:room|resource|equipment|projector|beamer)s?(?:[._-].*)?"
)


@lru_cache(maxsize=8192)
def is_resource_address(address: str, name: str = "") -> bool:
    """Whether a calendar's attendee is a room, a thing or a note-taking bot, by its address and its name.

    `address` or `name` may be empty. A calendar's own word for it (CUTYPE) comes first and is the caller's.
    """
    local = address.rpartition("@")[0].strip(" <\"'").lower()
    host = host_of(address)
    shown = " ".join(name.split())
    if under(host, frozenset({"resource.calendar.google.com"})):
        return True
    if shown and (_ROOM_NAME.search(shown) or _BOT_NAME.search(shown)):
        return True
    return bool(local) and (_ROOM_LOCAL.fullmatch(local) is not None or _is_note_taker(local, host))
