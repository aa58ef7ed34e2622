"""Calendars from files: iCalendar (.ics), plain or gzip.

A small file is one delivery. A large export is cut by UID, in two passes: the first notes where each event
begins, the second reads the events of one UID and hands them over inside their calendar's own header and
time zones. So a series always arrives together with the versions of its single occurrences, and memory
holds one UID's events and about 200 bytes per event, however large the file is.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Literal

from firstcontact.connectors.contract import Delivery
from firstcontact.connectors.files.detect import HEAD_BYTES
from firstcontact.connectors.files.problems import FileProblem, cannot_read
from firstcontact.connectors.files.streams import Blocks, End
from firstcontact.formats.calendar_text import TOP_LEVEL
from firstcontact.interactions.rejection import Rejection

Item = tuple[Delivery | Rejection, str]
"""What was found, and the cursor that follows it."""

SMALL_BYTES = 1 << 20
"""A file up to this size is one delivery."""
LIMIT_BYTES = 32 << 20
"""The events of one UID above this are set aside: attached files, no meeting."""

_SOURCE = "ics"
_LINE_BYTES = 1 << 16
_FIRST = ("BEGIN:VCALENDAR", "BEGIN:VEVENT")
_NO_CALENDAR = "this is no calendar: an .ics file begins with the line BEGIN:VCALENDAR."
_FETCH = "What was before is kept. Get the whole file and import it again; nothing is logged twice."
_TOP_LEVEL = frozenset(kind.encode() for kind in TOP_LEVEL)
_ENDS: dict[End, tuple[str, str]] = {
    "truncated": ("truncated", f"The gzip file ends too early. {_FETCH}"),
    "damaged": ("damaged", f"The gzip data is damaged from here on. {_FETCH}"),
    "bomb": ("zip_bomb", "The gzip file expands out of all proportion; reading it was stopped here."),
    "unreadable": ("unreadable", f"The system could not read further here. {_FETCH}"),
}


def looks_like_calendar(head: bytes) -> bool:
    """Whether a file that begins so is an iCalendar file: its first line opens a calendar or an event."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "ignore")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return text.lstrip()[:20].upper().replace(" ", "").startswith(_FIRST)


def ics_deliveries(
    path: Path,
    cursor: str = "",
    captured_from: str = "",
    *,
    small_bytes: int = SMALL_BYTES,
    limit_bytes: int = LIMIT_BYTES,
) -> Iterator[Item]:
    """The calendar in a file, as one delivery or one per UID, each with the cursor that follows it.

    cursor: "" from the start. It names the file's size and time of change; a file that has changed since
    is read from the start, and the ids of meetings keep anything from being logged twice.
    captured_from: id of the user whose calendar it is.

    Rejections: `not_an_event` (tasks, journals, free-busy: one for each kind), `too_large`, `truncated`,
    `damaged`, `zip_bomb`, `unreadable`. Raises FileProblem where the file cannot be opened or is no calendar.
    """
    try:
        facts = path.stat()
    except OSError as error:
        raise cannot_read(path, error) from None
    version = f"{facts.st_size}:{facts.st_mtime_ns}"
    done = _done(cursor, version)
    for number, found in enumerate(_found(path, captured_from, small_bytes, limit_bytes, done), 1):
        if number > done and found is not None:
            yield found, f"{version}:{number}"


def _done(cursor: str, version: str) -> int:
    """How many items of this very file have been handed over."""
    of, _, number = cursor.rpartition(":")
    return int(number) if of == version and number.isascii() and number.isdigit() else 0


def _found(
    path: Path, captured_from: str, small: int, limit: int, done: int
) -> Iterator[Delivery | Rejection | None]:
    """All items in order; None for one of the first `done`, which nobody needs to be read again."""
    with Blocks(path) as blocks, tempfile.TemporaryFile() as spool:
        head = b""
        while len(head) <= small and (block := blocks.next()):
            head += block
        if not looks_like_calendar(head[:HEAD_BYTES]):
            raise FileProblem(f"{path}: {_NO_CALENDAR}")
        if len(head) <= small or not _cuttable(head):
            yield from _as_one(path, captured_from, head, blocks, limit)
        else:
            spool.write(head)
            del head
            while block := blocks.next():
                spool.write(block)
            yield from _Cutting(path, captured_from, limit, spool).items(done)
        if blocks.end in _ENDS:
            yield Rejection(f"{path.name} at byte {blocks.position}", *_ENDS[blocks.end])


def _cuttable(head: bytes) -> bool:
    """Whether the file has lines that can be told apart byte by byte: no UTF-16, no lone carriage returns."""
    return head[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\n" in head[:HEAD_BYTES]


def _as_one(
    path: Path, captured_from: str, head: bytes, blocks: Blocks, limit: int
) -> Iterator[Delivery | Rejection]:
    parts, size = [head], len(head)
    while size <= limit and (block := blocks.next()):
        parts.append(block)
        size += len(block)
    if size > limit:
        said = f"It is larger than {limit} bytes and not in UTF-8. Export it as UTF-8 or in parts."
        yield Rejection(path.name, "too_large", said)
        return
    yield Delivery(_SOURCE, path.name, b"".join(parts), captured_from)


class _Block:
    """A component of the file while its lines go by; `inner` are the kinds open inside it."""

    def __init__(self, kind: bytes, start: int, first: bytes) -> None:
        self.kind = kind
        self.start = start
        self.inner: list[bytes] = []
        self.uid = b""
        self.reading = False
        self.kept = [first] if kind == b"VTIMEZONE" else []

    def ends(self, kind: bytes) -> bool:
        """Whether END:kind is the end of this component; one of a component inside it is taken note of."""
        if kind in self.inner:
            while self.inner.pop() != kind:
                pass
            return False
        return kind == self.kind


class _Cutting:
    """The two passes over one large file."""

    def __init__(self, path: Path, captured_from: str, limit: int, file: IO[bytes]) -> None:
        self.path = path
        self.captured_from = captured_from
        self.limit = limit
        self.file = file
        self.headers: list[list[bytes]] = []
        """Per calendar: its BEGIN line, own properties and VTIMEZONEs."""
        self.groups: dict[bytes, list[int]] = {}
        """Digest of calendar and UID: number of the calendar, then start and end of each event."""
        self.others: Counter[str] = Counter()
        self.open = False
        """Whether a calendar is open while its lines go by."""
        self.ended: Literal["whole", "inside", "event"] = "whole"

    def items(self, done: int) -> Iterator[Delivery | Rejection | None]:
        self._index()
        for number, places in enumerate(self.groups.values(), 1):
            yield None if number <= done else self._delivery(number, places)
        for kind, count in sorted(self.others.items()):
            said = f"{count} {kind} components are no events."
            yield Rejection(self.path.name, "not_an_event", said)
        if self.ended != "whole":
            where = "inside an event" if self.ended == "event" else "before the end of its calendar"
            yield Rejection(self.path.name, "truncated", f"The file ends {where}. {_FETCH}")

    def _delivery(self, number: int, places: list[int]) -> Delivery | Rejection:
        place = f"{self.path.name}: entry {number}"
        header = b"".join(self.headers[places[0]])
        spans = list(zip(places[1::2], places[2::2], strict=True))
        size = len(header) + sum(end - start for start, end in spans)
        if size > self.limit:
            said = f"Its events have {size} bytes, more than {self.limit}: files are attached to them."
            return Rejection(place, "too_large", said)
        parts = [header]
        for start, end in spans:
            self.file.seek(start)
            parts.append(self.file.read(end - start))
        return Delivery(_SOURCE, place, b"".join((*parts, b"END:VCALENDAR\r\n")), self.captured_from)

    def _index(self) -> None:
        block: _Block | None = None
        at = 0
        begins = True
        self.file.seek(0)
        while line := self.file.readline(_LINE_BYTES):
            start, at = at, at + len(line)
            whole_line, begins = begins, line.endswith(b"\n")
            text = _keyword(line) if whole_line else b""
            if block is not None:
                block = self._inside(block, line, text, start, at, whole_line)
            elif text == b"BEGIN:VCALENDAR":
                self.headers.append([b"BEGIN:VCALENDAR\r\n"])
                self.open = True
            elif text == b"END:VCALENDAR":
                self.open = False
            elif text.startswith(b"BEGIN:"):
                block = self._begin(text[6:], line, start)
            elif self.open:
                self.headers[-1].append(line)
        if block is not None:
            self.ended = "event"
        elif self.open:
            self.ended = "inside"

    def _begin(self, kind: bytes, line: bytes, start: int) -> _Block:
        if not self.headers:
            self.headers.append([b"BEGIN:VCALENDAR\r\n"])
        return _Block(kind, start, line)

    def _inside(
        self, block: _Block, line: bytes, text: bytes, start: int, end: int, whole_line: bool
    ) -> _Block | None:
        if block.kind == b"VTIMEZONE":
            block.kept.append(line)
        if block.reading and (not whole_line or line[:1] in b" \t"):
            block.uid += line[1:] if whole_line else line
            return block
        block.reading = False
        begun = text[6:] if text.startswith(b"BEGIN:") else b""
        if text == b"END:VCALENDAR" or (block.kind in _TOP_LEVEL and begun in _TOP_LEVEL):
            # The END of this component is missing.
            self._close(block, start)
            self.open = self.open and bool(begun)
            return self._begin(begun, line, start) if begun else None
        if begun:
            block.inner.append(begun)
        elif text.startswith(b"END:") and block.ends(text[4:]):
            self._close(block, end)
            return None
        elif text == b"UID" and not block.inner and not block.uid:
            block.uid, block.reading = line, True
        return block

    def _close(self, block: _Block, end: int) -> None:
        calendar = len(self.headers) - 1
        if block.kind == b"VTIMEZONE":
            self.headers[calendar].extend(block.kept)
        elif block.kind != b"VEVENT":
            self.others[block.kind.decode("latin-1")] += 1
        else:
            uid = b"".join(block.uid.partition(b":")[2].split()) or b"at %d" % block.start
            key = blake2b(b"%d %s" % (calendar, uid), digest_size=16).digest()
            self.groups.setdefault(key, [calendar]).extend((block.start, end))


def _keyword(line: bytes) -> bytes:
    """`BEGIN:…` or `END:…` without blanks in upper case; `UID` for a UID property; else nothing."""
    first = line[:4].upper()
    if first in (b"BEGI", b"END:"):
        return b"".join(line.removeprefix(b"\xef\xbb\xbf").split()).upper()
    if first in (b"UID:", b"UID;"):
        return b"UID"
    if line[:3] == b"\xef\xbb\xbf" or line[:1] in b" \t":
        stripped = b"".join(line.removeprefix(b"\xef\xbb\xbf").split()).upper()
        return stripped if line[:3] == b"\xef\xbb\xbf" else b""
    return b""
