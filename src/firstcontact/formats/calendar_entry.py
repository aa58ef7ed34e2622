"""One VEVENT as an entry: its times with their zones, its rules, its people (RFC 5545 §3.6.1, §3.8)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from hashlib import sha256
from urllib.parse import unquote

import msgspec
from icalendar.prop import vDuration

from firstcontact.formats.calendar_text import Component, Property
from firstcontact.formats.calendar_zones import Zones
from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.interactions.meetings import join_participants
from firstcontact.interactions.model import Attachment, Handle, MeetingStatus, Participant, Reply, Role
from firstcontact.interactions.rejection import Rejection

BODY_LIMIT = 64 * 1024
"""Bytes of UTF-8 kept of a DESCRIPTION; whole mail threads are pasted into invitations."""

Moment = date | datetime
"""A day, for an all-day entry, or a time that knows its zone."""

_NAMES = frozenset(
    {
        "UID",
        "SEQUENCE",
        "DTSTAMP",
        "LAST-MODIFIED",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RECURRENCE-ID",
        "RRULE",
        "RDATE",
        "EXDATE",
        "STATUS",
        "CLASS",
        "SUMMARY",
        "DESCRIPTION",
        "ORGANIZER",
        "ATTENDEE",
        "ATTACH",
        "X-MICROSOFT-CDO-ALLDAYEVENT",
    }
)
_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_STATUS: dict[str, MeetingStatus] = {
    "TENTATIVE": "tentative",
    "CANCELLED": "cancelled",
    "CANCELED": "cancelled",
}
_REPLIES: dict[str, Reply] = {
    "NEEDS-ACTION": "needs-action",
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "DELEGATED": "delegated",
}
_THINGS = frozenset({"room", "resource"})
_RESOURCE_HOSTS = frozenset({"resource.calendar.google.com"})
_GROUP_HOSTS = frozenset({"group.calendar.google.com", "group.v.calendar.google.com"})
"""Google Calendar gives rooms and shared calendars addresses of their own, and often no CUTYPE."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one VEVENT says.

    start: None where it has none (a cancellation or reply may). seconds: its duration.
    stamp: DTSTAMP, else LAST-MODIFIED, in microseconds UTC; 0 where neither is there.
    recurrence: RECURRENCE-ID: the entry stands for that occurrence of the series `uid`, and
    with `and_later` for all that follow. rules: RRULE values as written. periods: an RDATE with the
    duration it states, else None.
    notes: what could not be read, though the entry could.
    """

    uid: str
    line: int
    sequence: int = 0
    stamp: int = 0
    start: Moment | None = None
    seconds: int = 0
    all_day: bool = False
    recurrence: Moment | None = None
    and_later: bool = False
    rules: tuple[str, ...] = ()
    periods: tuple[tuple[Moment, timedelta | None], ...] = ()
    exceptions: tuple[Moment, ...] = ()
    status: MeetingStatus = "confirmed"
    private: bool = False
    subject: str = ""
    body: str = ""
    participants: tuple[Participant, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[Rejection, ...] = ()

    @property
    def recurring(self) -> bool:
        """Whether it is a series: more than the one start."""
        return self.recurrence is None and bool(self.rules or self.periods)


def read_entry(component: Component, zones: Zones, region: str) -> Entry:
    """The VEVENT as an entry. Never raises for bad content: `notes` says what could not be read."""
    return _Reading(component, zones, region).entry()


def microseconds(moment: Moment, zones: Zones) -> int:
    """Microseconds since 1970-01-01 UTC; a day begins at midnight where the person is."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zones.local)
    offset = moment.utcoffset() or timedelta(0)
    return (moment.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND


_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class _Reading:
    """The properties of one VEVENT, by name, and what was wrong with them."""

    def __init__(self, component: Component, zones: Zones, region: str) -> None:
        self.component = component
        self.zones = zones
        self.region = region
        self.given: dict[str, list[Property]] = {}
        self.notes: list[Rejection] = []
        unreadable = 0
        for found in component.properties(_NAMES):
            if isinstance(found, Property):
                self.given.setdefault(found.name, []).append(found)
            else:
                unreadable += 1
        if unreadable:
            self._note("unreadable_line", f"{unreadable} lines of it break the grammar and were passed over.")

    def entry(self) -> Entry:
        start = self._moment("DTSTART")
        recurrence = self._moment("RECURRENCE-ID")
        participants = self._participants()
        seconds, all_day = self._length(start)
        subject = self._value("SUMMARY").strip()
        return Entry(
            uid=self._value("UID").strip() or self._made_uid(start, participants, subject),
            line=self.component.line,
            sequence=self._sequence(),
            stamp=self._stamp(),
            start=start,
            seconds=seconds,
            all_day=all_day,
            recurrence=recurrence,
            and_later=recurrence is not None and self._range(),
            rules=tuple(rule.value.strip() for rule in self.given.get("RRULE", ()) if rule.value.strip()),
            periods=tuple(self._periods()),
            exceptions=tuple(moment for moment, _ in self._list("EXDATE")),
            status=_STATUS.get(self._value("STATUS").strip().upper(), "confirmed"),
            private=self._value("CLASS").strip().upper() not in ("", "PUBLIC"),
            subject=subject,
            body=self._body(),
            participants=participants,
            attachments=tuple(_attachment(found) for found in self.given.get("ATTACH", ())),
            notes=tuple(self.notes),
        )

    def _note(self, reason: str, detail: str) -> None:
        self.notes.append(Rejection(f"VEVENT at line {self.component.line}", reason, detail))

    def _value(self, name: str) -> str:
        found = self.given.get(name)
        return found[0].value if found else ""

    def _range(self) -> bool:
        return self.given["RECURRENCE-ID"][0].parameters.get("RANGE", "").upper() == "THISANDFUTURE"

    def _sequence(self) -> int:
        text = self._value("SEQUENCE").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

    def _stamp(self) -> int:
        for name in ("DTSTAMP", "LAST-MODIFIED"):
            if (stamp := self._moment(name)) is not None:
                return microseconds(stamp, self.zones)
        return 0

    # --- times ---

    def _moment(self, name: str) -> Moment | None:
        found = self.given.get(name)
        if not found:
            return None
        moment = self._read(found[0].value, found[0].parameters)
        if moment is None:
            self._note("unreadable_time", f"{name} is no date or time.")
        return moment

    def _read(self, text: str, parameters: dict[str, str]) -> Moment | None:
        tzid = parameters.get("TZID", "")
        if not text.strip():
            # TZID="Europe/Berlin:20260105T090000": the closing quote is at the wrong place.
            tzid, _, text = tzid.rpartition(":")
        moment = read_moment(text, parameters.get("VALUE", "").upper() == "DATE")
        return self.zones.place(moment, tzid) if isinstance(moment, datetime) else moment

    def _length(self, start: Moment | None) -> tuple[int, bool]:
        """Seconds and whether it is a whole day (RFC 5545 §3.6.1: without an end, a date lasts a day)."""
        whole_days = start is not None and not isinstance(start, datetime)
        all_day = whole_days or self._value("X-MICROSOFT-CDO-ALLDAYEVENT").strip().upper() == "TRUE"
        if start is None:
            return 0, all_day
        end = self._moment("DTEND")
        if end is not None:
            lasting = microseconds(end, self.zones) - microseconds(start, self.zones)
            if whole_days and not isinstance(end, datetime):
                lasting = (end - start) // _MICROSECOND
            if whole_days and lasting == 0:
                # Some writers repeat the day as DTEND, which RFC 5545 takes as the day after it.
                return 86_400, True
            return max(lasting // 1_000_000, 0), all_day
        lasting_for = self._duration()
        if lasting_for is not None:
            return max(int(lasting_for.total_seconds()), 0), all_day
        return (86_400 if whole_days else 0), all_day

    def _duration(self) -> timedelta | None:
        text = self._value("DURATION").strip()
        return read_duration(text) if text else None

    def _list(self, name: str) -> list[tuple[Moment, timedelta | None]]:
        """The moments of EXDATE or RDATE, with the duration where one is a period."""
        read: list[tuple[Moment, timedelta | None]] = []
        for found in self.given.get(name, ()):
            for text in found.value.split(","):
                if not text.strip():
                    continue
                first, _, last = text.strip().partition("/")
                moment = self._read(first, found.parameters)
                if moment is None:
                    self._note("unreadable_time", f"{name} holds something that is no date or time.")
                else:
                    read.append((moment, self._until(moment, last, found.parameters)))
        return read

    def _periods(self) -> list[tuple[Moment, timedelta | None]]:
        return self._list("RDATE")

    def _until(self, start: Moment, text: str, parameters: dict[str, str]) -> timedelta | None:
        if not text:
            return None
        if "P" in text.upper():
            return read_duration(text)
        end = self._read(text, parameters)
        if end is None:
            return None
        return timedelta(microseconds=max(microseconds(end, self.zones) - microseconds(start, self.zones), 0))

    # --- people and texts ---

    def _participants(self) -> tuple[Participant, ...]:
        people = [self._person(found, "organiser") for found in self.given.get("ORGANIZER", ())[:1]]
        people += [self._person(found, _role(found)) for found in self.given.get("ATTENDEE", ())]
        return join_participants(person for person in people if person.handles or person.raw or person.name)

    def _person(self, found: Property, role: Role) -> Participant:
        written = found.value.strip()
        name, handle = self._handle(written, found.parameters)
        cutype = found.parameters.get("CUTYPE", "").strip().lower()
        host = handle.key.rpartition("@")[2] if handle else ""
        if host in _RESOURCE_HOSTS:
            role, cutype = "resource", cutype or "resource"
        elif host in _GROUP_HOSTS:
            cutype = cutype or "group"
        return Participant(
            role=role,
            handles=(handle,) if handle else (),
            name=found.parameters.get("CN", "").strip().strip('"').strip() or name,
            raw=written,
            reply=_reply(found.parameters.get("PARTSTAT", "")),
            cutype=cutype,
        )

    def _handle(self, written: str, parameters: dict[str, str]) -> tuple[str, Handle | None]:
        """The name written before an address (vCalendar 1.0), and the handle: of the value, else EMAIL."""
        scheme, _, rest = written.partition(":")
        if scheme.strip().lower() == "tel":
            return "", read_phone(rest, self.region)
        address = unquote(rest.partition("?")[0]) if scheme.strip().lower() == "mailto" else written
        name, angle, inside = address.partition("<")
        if angle:
            address = inside.partition(">")[0]
        handle = read_email(address.strip()) if "@" in address else None
        if handle is None:
            handle = read_email(parameters.get("EMAIL") or parameters.get("X-CALENDARSERVER-EMAIL") or "")
        return name.strip().strip('"') if angle else "", handle

    def _body(self) -> str:
        body = self._value("DESCRIPTION").strip()
        encoded = body.encode("utf-8", "replace")
        if len(encoded) <= BODY_LIMIT:
            return body
        self._note("body_cut", f"Its description has {len(encoded)} bytes; the first {BODY_LIMIT} were kept.")
        return encoded[:BODY_LIMIT].decode("utf-8", "ignore")

    def _made_uid(self, start: Moment | None, participants: tuple[Participant, ...], subject: str) -> str:
        """A UID for an entry without one, from what does not change between copies of it."""
        organiser = next((person.raw.lower() for person in participants if person.role == "organiser"), "")
        at = str(microseconds(start, self.zones)) if start is not None else ""
        facts = "\0".join((at, organiser, subject))
        return "no-uid-" + sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def read_moment(text: str, day: bool = False) -> Moment | None:
    """A DATE or DATE-TIME (RFC 5545 §3.3.4, §3.3.5), naive unless it ends in Z; None for anything else.

    Also takes what writers get wrong: dashes and colons, no seconds, hour 24, an offset instead of Z.
    day: only the date counts.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        on = date(int(found[1]), int(found[2]), int(found[3]))
        if day or found[4] is None:
            return on
        hour, minute, second = int(found[4]), int(found[5]), min(int(found[6] or 0), 59)
        late = timedelta(days=1) if (hour, minute) == (24, 0) else timedelta(0)
        zone = _written_zone(found[7] or "")
        return (
            datetime(on.year, on.month, on.day, hour % 24 if late else hour, minute, second, 0, zone) + late
        )
    except (ValueError, OverflowError):
        return None


def _written_zone(text: str) -> tzinfo | None:
    if len(text) < 2:
        return UTC if text else None
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return fixed_zone(-ahead if text[0] == "-" else ahead)


def read_duration(text: str) -> timedelta | None:
    """A DURATION (RFC 5545 §3.3.6); None for anything else."""
    try:
        lasting: timedelta = vDuration.from_ical(text.strip().upper())
    except (ValueError, OverflowError):
        return None
    return lasting


def _role(found: Property) -> Role:
    """ROOM, RESOURCE and NON-PARTICIPANT are no people at the table (Exchange writes rooms as the last)."""
    role = found.parameters.get("ROLE", "").strip().upper()
    if found.parameters.get("CUTYPE", "").strip().lower() in _THINGS or role == "NON-PARTICIPANT":
        return "resource"
    return "optional" if role == "OPT-PARTICIPANT" else "attendee"


def _reply(partstat: str) -> Reply:
    """ "" where nothing was said; RFC 5545 §3.2.12 reads an unknown value as NEEDS-ACTION."""
    text = partstat.strip().upper()
    return _REPLIES.get(text, "needs-action") if text else ""


def _attachment(found: Property) -> Attachment:
    """An ATTACH by its address; of one that is in the calendar itself only name and type are kept."""
    inline = found.parameters.get("VALUE", "").upper() == "BINARY" or "ENCODING" in found.parameters
    uri = "" if inline else found.value.strip()
    name = found.parameters.get("FILENAME") or found.parameters.get("X-FILENAME") or uri.rpartition("/")[2]
    size = found.parameters.get("SIZE", "")
    return Attachment(
        name=name,
        content_type=found.parameters.get("FMTTYPE", ""),
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0,
        uri=uri,
    )
