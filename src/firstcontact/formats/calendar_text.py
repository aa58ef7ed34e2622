"""iCalendar bytes as calendars, components and properties, before anything is understood.

RFC 5545 §3.1 (content lines, folding) and §3.4 (components). A broken line costs that line, a broken
component that component: nothing here raises for bad content. Only the property names that a meeting
needs are parsed; alarms, attachments' bytes and vendor properties are passed over unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*([;:])")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)=("[^"]*"|"?[^;:"]*)')
_ADDRESS = re.compile(r"mailto:\s*(\S+)\s*$", re.IGNORECASE)

TOP_LEVEL = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY", "VPOLL"})
"""Components that stand directly in a calendar: the beginning of one ends any other."""

_PEOPLE = ("ATTENDEE", "ORGANIZER")


class Property(msgspec.Struct, frozen=True):
    """One content line: the upper-case name, parameters with upper-case names, the unescaped value."""

    name: str
    parameters: dict[str, str]
    value: str


class Component(msgspec.Struct, frozen=True):
    """One BEGIN…END block directly inside a calendar, with its own unfolded lines.

    line: where it begins, counted in unfolded lines from 1. whole: false where the file ended inside.
    inner: blocks inside it (the STANDARD and DAYLIGHT parts of a VTIMEZONE; alarms).
    """

    kind: str
    line: int
    lines: tuple[str, ...]
    inner: tuple[Component, ...] = ()
    whole: bool = True

    def properties(self, names: frozenset[str]) -> Iterator[Property | str]:
        """Properties with one of these upper-case names, in order; a str is a line that cannot be read."""
        for line in self.lines:
            found = _NAME.match(line)
            if found is None:
                yield line
            elif found[1].upper() in names:
                yield _property(line, found[1].upper())


class CalendarText(msgspec.Struct, frozen=True):
    """One VCALENDAR: its own properties (METHOD, X-WR-TIMEZONE …) as lines, and its components.

    whole: false where the bytes end before its END:VCALENDAR.
    """

    header: Component
    components: tuple[Component, ...]
    whole: bool = True

    def first(self, name: str) -> str:
        """The first value of a calendar property, stripped; "" where there is none."""
        for found in self.header.properties(frozenset((name,))):
            if isinstance(found, Property):
                return found.value.strip()
        return ""


def decode_calendar(raw: bytes) -> str:
    """The text: UTF-8 (RFC 5545 §3.1.4), UTF-16 where a byte order mark says so, else Windows-1252.

    Folds are undone before decoding, since they may cut through a multi-byte character.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    raw = _FOLD.sub(b"", raw).replace(b"\0", b"")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def split_calendars(raw: bytes) -> tuple[CalendarText, ...]:
    """All calendars in the bytes; events outside of any are taken as one calendar without a header."""
    reading = _Splitting()
    for number, line in enumerate(_LINE_END.split(decode_calendar(raw)), 1):
        reading.line(number, line)
    return reading.finish()


class _Open:
    """A component whose END has not been seen yet."""

    def __init__(self, kind: str, line: int) -> None:
        self.kind = kind
        self.number = line
        self.lines: list[str] = []
        self.inner: list[Component] = []
        self.bare = False
        """A calendar made up for components that stand outside of any."""

    def close(self, whole: bool = True) -> Component:
        return Component(self.kind, self.number, tuple(self.lines), tuple(self.inner), whole)


class _Splitting:
    """The open calendar, the blocks open inside it, and what is complete."""

    def __init__(self) -> None:
        self.done: list[CalendarText] = []
        self.calendar: _Open | None = None
        self.stack: list[_Open] = []

    def line(self, number: int, line: str) -> None:
        found = _NAME.match(line)
        name = found[1].upper() if found else ""
        if name == "BEGIN" and found:
            self._begin(number, line[found.end() :].strip().upper())
        elif name == "END" and found:
            self._end(line[found.end() :].strip().upper())
        else:
            self._content(line, bool(found))

    def _begin(self, number: int, kind: str) -> None:
        if kind == "VCALENDAR":
            self._end("VCALENDAR")
            self.calendar = _Open(kind, number)
            return
        if kind in TOP_LEVEL and self.stack and self.stack[0].kind in TOP_LEVEL:
            # The END of the block before is missing: meetings are never nested (RFC 5545 §3.6.1).
            self._close_stack()
        self.stack.append(_Open(kind, number))

    def _end(self, kind: str) -> None:
        if kind == "VCALENDAR":
            self._close_stack()
            if self.calendar is not None:
                self.done.append(_calendar(self.calendar))
            self.calendar = None
        elif any(block.kind == kind for block in self.stack):
            while self.stack:
                closed = self.stack.pop()
                self._keep(closed.close())
                if closed.kind == kind:
                    return

    def _content(self, line: str, named: bool) -> None:
        block = self.stack[-1] if self.stack else self.calendar
        if block is None or not line.strip():
            return
        if not named and block.lines and block.lines[-1][:11].upper() == "DESCRIPTION":
            # A line break inside a value that the writer forgot to escape.
            block.lines[-1] += "\\n" + line
        else:
            block.lines.append(line)

    def _close_stack(self, whole: bool = True) -> None:
        while self.stack:
            self._keep(self.stack.pop().close(whole))

    def _keep(self, component: Component) -> None:
        if self.stack:
            self.stack[-1].inner.append(component)
            return
        if self.calendar is None:
            self.calendar = _Open("VCALENDAR", component.line)
            self.calendar.bare = True
        self.calendar.inner.append(component)

    def finish(self) -> tuple[CalendarText, ...]:
        self._close_stack(whole=False)
        if self.calendar is not None:
            bare = self.calendar.bare
            self.done.append(msgspec.structs.replace(_calendar(self.calendar), whole=bare))
        return tuple(self.done)


def _calendar(calendar: _Open) -> CalendarText:
    header = Component(calendar.kind, calendar.number, tuple(calendar.lines))
    return CalendarText(header, tuple(calendar.inner))


def _property(line: str, name: str) -> Property | str:
    try:
        _, parameters, value = _parts(line.strip())
    except ValueError:
        return _salvaged(line, name)
    named = {key.upper(): _text(given) for key, given in parameters.items()}
    if name in _PEOPLE and (address := _ADDRESS.search(line)) and not value.lower().startswith("mailto:"):
        # A colon in a name that should have been quoted ends the parameters too early.
        value = value if value and "mailto:" not in value.lower() else f"mailto:{address[1]}"
    return Property(name, named, str(value))


def _parts(line: str) -> tuple[str, Mapping[str, object], str]:
    from icalendar.parser import Contentline  # a tenth of a second, and most files are no calendars

    parts: tuple[str, Mapping[str, object], str] = Contentline(line).parts()
    return parts


def _text(given: object) -> str:
    """A parameter as text; an unquoted comma in a name makes a list of it (RFC 5545 §3.2)."""
    return ",".join(str(part) for part in given) if isinstance(given, (list, tuple)) else str(given)


def _salvaged(line: str, name: str) -> Property | str:
    """The address of a person's line that breaks the grammar elsewhere, with what can be read before it."""
    address = _ADDRESS.search(line) if name in _PEOPLE else None
    if address is None:
        return line
    named = {found[1].upper(): found[2].strip('"') for found in _PARAMETER.finditer(line[: address.start()])}
    return Property(name, named, f"mailto:{address[1]}")
