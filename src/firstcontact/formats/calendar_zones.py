"""Which time zone a TZID means (RFC 5545 §3.2.19, §3.6.5).

Asked in this order: the IANA name; the calendar's own VTIMEZONE; a Windows zone name; an IANA name behind
a vendor's prefix or in another spelling; a plain offset (`UTC+01`). What nothing resolves is read in the
zone the caller gave, the person's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDDDTypes, vRecur, vUTCOffset
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from firstcontact.formats.calendar_text import Component, Property

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?(?!\d)", re.IGNORECASE)
_ZONE = frozenset({"TZID"})
_RULE = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE"})
_READERS: dict[str, Callable[[str], object]] = {
    "DTSTART": lambda text: vDDDTypes(vDDDTypes.from_ical(text)),
    "TZOFFSETFROM": lambda text: vUTCOffset(vUTCOffset.from_ical(text)),
    "TZOFFSETTO": lambda text: vUTCOffset(vUTCOffset.from_ical(text)),
    "RRULE": vRecur.from_ical,
}


class Zones:
    """The time zones of one calendar. `local` is where times without a zone are read."""

    def __init__(self, components: Iterable[Component], local: tzinfo) -> None:
        self.local = local
        self._own: dict[str, Component] = {}
        self._known: dict[str, tzinfo] = {}
        for component in components:
            if component.kind == "VTIMEZONE" and (name := _name_of(component)):
                self._own.setdefault(name, component)

    def zone(self, tzid: str) -> tzinfo:
        """The zone that a TZID parameter names; `local` where nobody knows it."""
        name = tzid.strip().strip('"').strip()
        if name not in self._known:
            self._known[name] = self._look_up(name)
        return self._known[name]

    def place(self, moment: datetime, tzid: str) -> datetime:
        """A moment as written, with its zone; a UTC time keeps UTC whatever TZID says (RFC 5545 §3.3.5)."""
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        return moment.replace(tzinfo=self.zone(tzid) if tzid else self.local)

    def _look_up(self, name: str) -> tzinfo:
        own = self._own.get(name)
        found = iana(name.strip("/"))
        if found is None and own is not None:
            found = _defined(own)
        return found or guessed(name) or self.local


def guessed(name: str) -> tzinfo | None:
    """A zone for a name that is neither IANA's nor defined in the calendar; None where nothing fits."""
    windows = _windows().get(name.lower())
    if windows:
        return iana(windows)
    parts = name.strip("/").split("/")
    for start in range(1, len(parts)):
        if (found := iana("/".join(parts[start:]))) is not None:
            return found
    if "_" in name and (found := iana(name.replace("_", "/", 1))) is not None:
        return found
    return _offset(name)


def iana(name: str) -> tzinfo | None:
    """The IANA zone of this name, in any case; None where there is none."""
    exact = _iana_names().get(name.lower())
    return ZoneInfo(exact) if exact else None


@cache
def _iana_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def _windows() -> dict[str, str]:
    return {name.lower(): olson for name, olson in WINDOWS_TO_OLSON.items()}


def _offset(name: str) -> tzinfo | None:
    found = _OFFSET.search(name)
    if found is None:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if ahead > timedelta(hours=14):
        return None
    return timezone(ahead if found[1] == "+" else -ahead)


def _name_of(component: Component) -> str:
    for found in component.properties(_ZONE):
        if isinstance(found, Property):
            return found.value.strip().strip('"').strip()
    return ""


def _defined(component: Component) -> tzinfo | None:
    """The zone that a VTIMEZONE describes; None where its description is broken."""
    zone = Timezone()
    zone.add("TZID", "local")
    try:
        for part in component.inner:
            if part.kind in ("STANDARD", "DAYLIGHT"):
                zone.add_component(_rule(part))
        made: tzinfo = tzp.create_timezone(zone)
        made.utcoffset(datetime(2020, 1, 1))
        made.utcoffset(datetime(2020, 7, 1))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError):
        return None
    return made


def _rule(part: Component) -> TimezoneStandard | TimezoneDaylight:
    rule = TimezoneStandard() if part.kind == "STANDARD" else TimezoneDaylight()
    for found in part.properties(_RULE):
        reader = _READERS.get(found.name) if isinstance(found, Property) else None
        if isinstance(found, Property) and reader is not None:
            rule.add(found.name, reader(found.value), encode=False)
    return rule
