"""A series as its occurrences within a window (RFC 5545 §3.8.5), with its RANGE=THISANDFUTURE versions.

recurring-ical-events does the calendar arithmetic on bare entries that hold nothing but times; what an
occurrence says is taken from its `Entry`. A rule is measured before it is run, so that no rule in a
hostile file keeps a worker busy.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.prop import vDDDLists, vDDDTypes, vInt, vRecur, vText

from firstcontact.formats.calendar_entry import Entry, Moment, microseconds
from firstcontact.formats.calendar_zones import Zones
from firstcontact.interactions.rejection import Rejection

MOST_STEPS = 100_000
"""Steps a rule may take between its start and the end of the window: an hourly rule of eleven years."""
MOST_OCCURRENCES = 10_000
"""Occurrences of one series that are read."""

_STEP_SECONDS = {
    "SECONDLY": 1,
    "MINUTELY": 60,
    "HOURLY": 3600,
    "DAILY": 86_400,
    "WEEKLY": 604_800,
    "MONTHLY": 2_592_000,
    "YEARLY": 31_536_000,
}
_LIBRARY_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    IndexError,
    ZeroDivisionError,
)
"""What the two libraries raise for rules and dates that contradict each other."""


class Occurrence(msgspec.Struct, frozen=True):
    """One occurrence: the entry that describes it, when it is, and when the rule had it (its identity)."""

    entry: Entry
    original: Moment
    start: Moment
    seconds: int


def expand(
    master: Entry,
    later: Sequence[Entry],
    window: tuple[int, int],
    zones: Zones,
) -> tuple[tuple[Occurrence, ...], tuple[Rejection, ...]]:
    """Occurrences of `master` that start within the window, in order; `later` are its THISANDFUTURE versions.

    A rule that cannot be read, or would run too long, leaves the series' first occurrence and a rejection.
    """
    if master.start is None:
        return (), ()
    reason, detail = _objection(master, window, zones)
    found: list[Occurrence] = []
    if not reason:
        try:
            found = _occurrences(master, later, window, zones)
        except _LIBRARY_ERRORS as error:
            reason, detail = (
                "unreadable_rule",
                f"Its recurrence rule cannot be read ({type(error).__name__}).",
            )
    place = "VEVENT uid=" + " ".join(master.uid.split())[:80]
    if reason:
        first = Occurrence(master, master.start, master.start, master.seconds)
        return (first,), (Rejection(place, reason, f"{detail} Only its first occurrence was read."),)
    if len(found) > MOST_OCCURRENCES:
        said = f"It has {len(found)} occurrences in the window; the first {MOST_OCCURRENCES} were read."
        return tuple(found[:MOST_OCCURRENCES]), (Rejection(place, "too_many_occurrences", said),)
    if not found:
        said = "None of its occurrences lies in the time window that is read."
        return (), (Rejection(place, "outside_window", said),)
    return tuple(found), ()


def _occurrences(
    master: Entry, later: Sequence[Entry], window: tuple[int, int], zones: Zones
) -> list[Occurrence]:
    entries = (master, *later)
    bare = Calendar()
    for number, entry in enumerate(entries):
        bare.add_component(_bare(entry, number))
    first, last = (_utc(edge) for edge in window)
    if not isinstance(master.start, datetime):
        # Days have no zone: look a day further on both sides, the exact comparison follows.
        first, last = (edge.replace(tzinfo=None) for edge in (first, last))
    query = recurring_ical_events.of(bare, keep_recurrence_attributes=False)
    found = [_occurrence(event, entries) for event in query.between(_less(first), _more(last))]
    inside = {
        (at, occurrence.original): occurrence
        for occurrence in found
        if window[0] <= (at := microseconds(occurrence.start, zones)) < window[1]
    }
    return [occurrence for _, occurrence in sorted(inside.items(), key=lambda item: item[0][0])]


def _bare(entry: Entry, number: int) -> Event:
    """The entry with nothing but its times, and its number in the place of a title."""
    event = Event()
    start = entry.start if entry.start is not None else entry.recurrence
    assert start is not None
    event.add("UID", vText("series"), encode=False)
    event.add("SUMMARY", vText(str(number)), encode=False)
    event.add("SEQUENCE", vInt(0), encode=False)
    event.add("DTSTART", vDDDTypes(start), encode=False)
    event.add("DTEND", vDDDTypes(start + _lasting(entry)), encode=False)
    if entry.recurrence is not None:
        recurrence = vDDDTypes(entry.recurrence)
        recurrence.params["RANGE"] = "THISANDFUTURE"
        event.add("RECURRENCE-ID", recurrence, encode=False)
        return event
    for rule in entry.rules:
        event.add("RRULE", _rule(rule), encode=False)
    for moment, lasting in entry.periods:
        event.add("RDATE", vDDDLists([moment if lasting is None else (moment, lasting)]), encode=False)
    for moment in entry.exceptions:
        event.add("EXDATE", vDDDLists([moment]), encode=False)
    return event


def _lasting(entry: Entry) -> timedelta:
    return timedelta(seconds=entry.seconds)


def _occurrence(event: Event, entries: Sequence[Entry]) -> Occurrence:
    entry = entries[int(event["SUMMARY"])]
    start: Moment = event["DTSTART"].dt
    seconds = int((event["DTEND"].dt - start).total_seconds())
    if entry.recurrence is None or entry.start is None:
        return Occurrence(entry, start, start, seconds)
    if isinstance(entry.start, datetime) and isinstance(entry.recurrence, datetime):
        original: Moment = start - (entry.start - entry.recurrence.astimezone(entry.start.tzinfo))
    else:
        original = start
    return Occurrence(entry, original, start, seconds)


def _objection(master: Entry, window: tuple[int, int], zones: Zones) -> tuple[str, str]:
    """Why the rules must not be run, as reason and sentence; two empty texts where they may."""
    assert master.start is not None
    for text in master.rules:
        try:
            rule = _rule(text)
            last = min(window[1], _until(rule, zones, window[1]))
            steps = _steps(rule, max(last - microseconds(master.start, zones), 0) / 1_000_000)
        except _LIBRARY_ERRORS:
            return "unreadable_rule", "Its recurrence rule cannot be read."
        if steps < 0:
            return "unreadable_rule", "Its recurrence rule names no day that exists, or no frequency."
        if steps > MOST_STEPS:
            return (
                "rule_too_fine",
                f"Its recurrence rule takes more than {MOST_STEPS} steps to the window's end.",
            )
    return "", ""


def _rule(text: str) -> vRecur:
    """The rule, without the blanks and the last semicolon that some writers leave in it."""
    return vRecur.from_ical("".join(text.split()).rstrip(";").upper())


def _until(rule: vRecur, zones: Zones, otherwise: int) -> int:
    until = _first(rule, "UNTIL")
    return microseconds(until, zones) if isinstance(until, date) else otherwise


def _steps(rule: vRecur, seconds: float) -> float:
    """How many steps the rule takes in so many seconds; negative where it can never give a date."""
    unit = _STEP_SECONDS.get(str(_first(rule, "FREQ")).upper())
    given = _first(rule, "INTERVAL")
    interval = 1 if given is None else int(str(given))
    if unit is None or interval < 1 or not _day_exists(rule):
        return -1
    steps = seconds / (unit * interval)
    for name, step in (("BYHOUR", 3600), ("BYMINUTE", 60), ("BYSECOND", 1)):
        if unit > step:
            steps *= max(len(rule.get(name, ())), 1)
    if any(rule.get(name) for name in ("BYDAY", "BYMONTHDAY", "BYYEARDAY")):
        steps *= max(unit // 86_400, 1)
    count = _first(rule, "COUNT")
    sparse = any(name in rule for name in _FILTERS)
    return min(steps, int(str(count))) if count is not None and not sparse else steps


_FILTERS = (
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
)


def _first(rule: vRecur, name: str) -> object:
    values = rule.get(name)
    return values[0] if isinstance(values, list) and values else values


def _day_exists(rule: vRecur) -> bool:
    """Whether any month of the rule has any day of the rule: 30 February would be looked for until 9999."""
    days = [abs(int(str(day))) for day in rule.get("BYMONTHDAY", ())]
    in_months = [int(str(month).rstrip("Ll")) for month in rule.get("BYMONTH", ())] or list(range(1, 13))
    if not days:
        return True
    return any(
        day <= months.monthrange(2024, month)[1] for day in days for month in in_months if 1 <= month <= 12
    )


_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _utc(at: int) -> datetime:
    try:
        return min(max(_EPOCH + timedelta(microseconds=at), _EARLIEST), _LATEST)
    except OverflowError:
        return _LATEST if at > 0 else _EARLIEST


def _less(edge: datetime) -> datetime:
    return edge - timedelta(days=1)


def _more(edge: datetime) -> datetime:
    return edge + timedelta(days=1)
