"""iCalendar to meetings: `read_calendar` (RFC 5545, and RFC 5546 for invitations and replies).

Natural key. A meeting's id is made of its UID alone, so that a moved meeting stays the same fact; an
occurrence of a series adds the start that the rule gave it (RECURRENCE-ID), in UTC, or as a date for
all-day series. The same entry in two calendars therefore has one id, and so has an occurrence whether it
comes from the rule or from a version of its own; the latter's `revision` is always the higher one.

Replies. A METHOD:REPLY says what one person answered and is no invitation: it becomes a Meeting marked
`partial`, which `interactions.meetings.supersede` folds into the meeting when both have arrived. So does a
cancellation that does not say when the meeting was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from firstcontact.formats.calendar_entry import Entry, Moment, microseconds, read_entry
from firstcontact.formats.calendar_series import Occurrence, expand
from firstcontact.formats.calendar_text import CalendarText, split_calendars
from firstcontact.formats.calendar_zones import Zones, guessed, iana
from firstcontact.interactions.meetings import meeting_revision, supersede
from firstcontact.interactions.model import Meeting
from firstcontact.interactions.rejection import Rejection

_NOT_READ = {
    "COUNTER": "somebody proposes another time; the organiser's answer comes as an update of its own.",
    "DECLINECOUNTER": "a proposal of another time was turned down; the meeting is as it was.",
    "REFRESH": "somebody asks for the newest version; nothing has changed.",
}
"""Methods of RFC 5546 §3.2 that state nothing new about a meeting."""

_OTHER_SCALES = frozenset(
    {"BUDDHIST", "CHINESE", "COPTIC", "DANGI", "ETHIOPIC", "HEBREW", "INDIAN", "ISLAMIC"}
    | {"JAPANESE", "PERSIAN", "ROC"}
)
"""Calendars of CLDR whose dates would be misread. Anything else in CALSCALE is taken for noise: RFC 5545
§3.7.1 knows only GREGORIAN."""


def read_calendar(
    raw: bytes,
    *,
    region: str,
    timezone: str,
    window: tuple[int, int],
    source: str = "ics",
) -> tuple[tuple[Meeting, ...], tuple[Rejection, ...]]:
    """All meetings in one or more iCalendar objects, and why the rest are none. Never both empty.

    region: ISO country that a `tel:` participant without a country code is read in.
    timezone: IANA name of the zone of times without one (the calendar's X-WR-TIMEZONE comes first).
    window: from, to in microseconds UTC; occurrences of series that start outside are not read. Entries
        that do not recur are read whenever they are.
    source: name of the source, kept on every meeting.

    Raises ValueError where `timezone` is no zone. Never raises for what is in `raw`.
    """
    local = iana(timezone)
    if local is None:
        raise ValueError(f"{timezone!r} is no IANA time zone")
    meetings: dict[str, Meeting] = {}
    rejections: list[Rejection] = []
    for calendar in split_calendars(raw):
        written = calendar.first("X-WR-TIMEZONE")
        zones = Zones(calendar.components, iana(written) or guessed(written) or local)
        for read in _Calendar(calendar, zones, region, window, source).read():
            if isinstance(read, Rejection):
                rejections.append(read)
            else:
                known = meetings.get(read.id)
                meetings[read.id] = read if known is None else supersede(known, read)
    if not meetings and not rejections:
        rejections.append(Rejection("calendar", "not_a_calendar", "There is no calendar entry in it."))
    return tuple(meetings.values()), tuple(rejections)


def meeting_id(uid: str, original: str = "") -> str:
    """A meeting's id. original: `original_start` of an occurrence of a series, "" for a single meeting."""
    facts = f"{uid}\0{original}" if original else uid
    return "meeting-" + sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def original_start(moment: Moment) -> str:
    """The start a rule gave an occurrence, as it is part of its id: UTC, or the date of an all-day one."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return moment.isoformat()


class _Calendar:
    """One VCALENDAR on its way to meetings."""

    def __init__(
        self, calendar: CalendarText, zones: Zones, region: str, window: tuple[int, int], source: str
    ) -> None:
        self.calendar = calendar
        self.zones = zones
        self.region = region
        self.window = window
        self.source = source
        self.method = calendar.first("METHOD").upper()

    def read(self) -> Iterator[Meeting | Rejection]:
        scale = self.calendar.first("CALSCALE").upper()
        if scale in _OTHER_SCALES:
            yield Rejection("calendar", "calendar_scale", f"Its dates are in the {scale} calendar.")
            return
        yield from self._others()
        entries: dict[str, list[Entry]] = {}
        for component in self.calendar.components:
            if component.kind != "VEVENT":
                continue
            if not component.whole:
                place = f"VEVENT at line {component.line}"
                yield Rejection(place, "truncated", "The calendar ends inside it; fetch it again.")
                continue
            entry = read_entry(component, self.zones, self.region)
            yield from entry.notes
            entries.setdefault(entry.uid, []).append(entry)
        if not self.calendar.whole:
            said = "The calendar has no end (END:VCALENDAR): there may have been more in it. Fetch it again."
            yield Rejection("calendar", "truncated", said)
        for uid, versions in entries.items():
            if self.method in _NOT_READ:
                said = f"METHOD:{self.method}: {_NOT_READ[self.method]}"
                yield Rejection(_place(uid), "method_not_read", said)
            else:
                yield from self._one_uid(versions)

    def _others(self) -> Iterator[Rejection]:
        """What is in the calendar besides events: one rejection for each kind."""
        kinds = Counter(component.kind for component in self.calendar.components)
        for kind, count in sorted(kinds.items()):
            if kind == "VTIMEZONE" or kind == "VEVENT":
                continue
            yield Rejection(
                "calendar", "not_an_event", f"{count} {kind or 'unnamed'} components are no events."
            )
        if not kinds["VEVENT"] and kinds.total() == kinds["VTIMEZONE"]:
            yield Rejection("calendar", "no_events", "The calendar holds no events.")

    def _one_uid(self, versions: list[Entry]) -> Iterator[Meeting | Rejection]:
        """Everything one delivery says under one UID: the series, versions of single occurrences, replies."""
        masters = sorted((entry for entry in versions if entry.recurring), key=_age)
        master = masters[-1] if masters else None
        if self.method != "REPLY":
            for older in masters[:-1]:
                said = "An older version of the series; the newer one in the same calendar was read."
                yield Rejection(f"VEVENT at line {older.line}", "superseded", said)
            masters = masters[-1:]
        later = [entry for entry in versions if entry.and_later and entry.start is not None]
        for series in masters:
            yield from self._series(series, later)
        for entry in versions:
            if entry.recurring:
                continue
            original = self._aligned(entry.recurrence, master)
            if self.method == "ADD" and original is None:
                # RFC 5546 §3.2.4: one more occurrence of a series that was sent before.
                original = entry.start
            yield self._meeting(entry, original)

    def _series(self, master: Entry, later: list[Entry]) -> Iterator[Meeting | Rejection]:
        if master.start is None:
            yield self._meeting(master, None)
            return
        occurrences, rejections = expand(master, later, self.window, self.zones)
        yield from rejections
        for occurrence in occurrences:
            yield self._meeting(occurrence.entry, occurrence.original, occurrence)

    def _meeting(
        self, entry: Entry, original: Moment | None, occurrence: Occurrence | None = None
    ) -> Meeting | Rejection:
        start = occurrence.start if occurrence is not None else entry.start
        cancelled = self.method == "CANCEL" or entry.status == "cancelled"
        partial = self.method == "REPLY" or (start is None and cancelled)
        if start is None and not partial:
            place = _place(entry.uid)
            return Rejection(place, "no_start", "It does not say when it begins (DTSTART).")
        moment = start if start is not None else original
        stated = cancelled or entry.recurrence is not None
        key = original_start(original) if original is not None else ""
        return Meeting(
            id=meeting_id(entry.uid, key),
            source=self.source,
            source_id=f"{entry.uid}/{key}" if key else entry.uid,
            conversation=entry.uid,
            at=microseconds(moment, self.zones) if moment is not None else 0,
            participants=entry.participants,
            subject=entry.subject,
            body=entry.body,
            attachments=entry.attachments,
            revision=meeting_revision(
                entry.sequence, entry.stamp, stated_for_occurrence=stated and original is not None
            ),
            status="cancelled" if cancelled else entry.status,
            seconds=occurrence.seconds if occurrence is not None else entry.seconds,
            private=entry.private,
            all_day=entry.all_day,
            partial=partial,
        )

    def _aligned(self, recurrence: Moment | None, master: Entry | None) -> Moment | None:
        """RECURRENCE-ID as the kind of value the series has: Exchange gives times in all-day series."""
        if recurrence is None or master is None or master.start is None:
            return recurrence
        if isinstance(recurrence, datetime) and not isinstance(master.start, datetime):
            local = recurrence.astimezone(self.zones.local) if recurrence.tzinfo is UTC else recurrence
            return local.date()
        if isinstance(master.start, datetime) and not isinstance(recurrence, datetime):
            return datetime.combine(recurrence, master.start.timetz())
        return recurrence


def _place(uid: str) -> str:
    return "VEVENT uid=" + " ".join(uid.split())[:80]


def _age(entry: Entry) -> tuple[int, int]:
    return entry.sequence, entry.stamp
