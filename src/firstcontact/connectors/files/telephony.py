"""Telephony from files: generic JSON Lines, documents of RingCentral and Twilio, Asterisk's CDR text.

As with mail, each item is (delivery or rejection, cursor that follows it), and a cursor is handed back as
it came. Every delivery is one record, however large the file: a page of a vendor is split, and a row of
call detail records is a delivery of its own, since calls of several rows join later in any order.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from firstcontact.connectors import asterisk, ringcentral, twilio
from firstcontact.connectors.asterisk.rows import NotARow, header_names, named
from firstcontact.connectors.contract import Delivery, Reading, ReadingContext
from firstcontact.connectors.files.problems import FileProblem
from firstcontact.connectors.files.streams import Blocks, End
from firstcontact.formats.generic import read_jsonl
from firstcontact.interactions.model import KINDS
from firstcontact.interactions.rejection import Rejection

Item = tuple[Delivery | Rejection, str]
"""What was found, and the cursor that follows it."""

_Line = tuple[int, bytes, int]
"""A line with the offsets of its begin and end."""

FORMATS = ("jsonl", "ringcentral", "twilio", "asterisk-cdr")

LIMIT_BYTES = 16 << 20
"""A line above this is set aside: no record is that large."""
DOCUMENT_BYTES = 256 << 20
"""A JSON document above this is refused; one record a line has no limit."""

_BOM = b"\xef\xbb\xbf"
_MOST_LINES = 20
"""A row of call detail records that is still open after so many lines has a stray quote."""
_LISTS = ("records", "calls", "messages")
_RINGCENTRAL_MARKS = (
    b'"telephonySessionId"',
    b'"sessionId"',
    b'"messageStatus"',
    b'"/restapi/',
    b"ringcentral.com/",
    b'"ownerId"',
)
_TWILIO_MARKS = (
    b'"account_sid"',
    b'"AccountSid"',
    b'"api_version"',
    b'"/2010-04-01/',
    b'"CallSid"',
    b'"MessageSid"',
)
_ENDS: dict[End, tuple[str, str]] = {
    "truncated": ("truncated", "The gzip file ends too early; get the whole file and import it again."),
    "damaged": ("damaged", "The gzip data is damaged from here on; get an intact copy and import it again."),
    "bomb": ("zip_bomb", "The gzip file expands out of all proportion; unpack it yourself if it is genuine."),
    "unreadable": ("unreadable", "The system could not read further here; check the disk."),
}

_values = msgspec.json.Decoder(list[msgspec.Raw])
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def detect_telephony(head: bytes, name: str) -> str:
    """Which of `FORMATS` a file that begins so is in, or "". `name` counts only where the bytes do not
    tell (`.jsonl`)."""
    text = head.removeprefix(_BOM).lstrip()
    if text.startswith((b"{", b"[")):
        return _detect_json(text, name)
    first = text.partition(b"\n")[0].strip()
    if (
        b"=" in first
        and b" " not in first
        and first.startswith((b"CallSid=", b"AccountSid=", b"MessageSid="))
    ):
        return "twilio"
    cells = _cells(text[:8192])
    if header_names(cells):
        return "asterisk-cdr"
    try:
        named(cells)
    except NotARow:
        return ""
    return "asterisk-cdr"


def telephony_deliveries(
    path: Path, format: str = "", cursor: str = "", captured_from: str = ""
) -> Iterator[Item]:
    """The records of a telephony file, plain or gzip, after `cursor` ("" from the start).

    format: one of `FORMATS`; "" to tell it from the file's beginning. The cursor is an uncompressed
    offset, for a JSON document the number of records read.
    Rejections: `not_json`, `nothing_inside`, `too_large`, `truncated`, `damaged`, `zip_bomb`, `unreadable`.
    Raises FileProblem where the file cannot be opened or its format is none of these.
    """
    if cursor and not cursor.isdecimal():
        raise FileProblem(f"{path}: {cursor!r} is no place in this file; start from the beginning.")
    start = int(cursor or 0)
    with Blocks(path) as blocks:
        head = blocks.next(1 << 16)
    format = format or detect_telephony(head, path.name.lower().removesuffix(".gz"))
    if format not in FORMATS:
        raise FileProblem(f"{path}: neither of {', '.join(FORMATS)} by its beginning; name its format.")
    if not head.strip():
        yield Rejection(path.name, "nothing_inside", "The file is empty."), "0"
    elif format == "asterisk-cdr":
        yield from _rows(path, start, captured_from)
    elif format == "jsonl" or _is_one_a_line(head):
        yield from _lines(path, format, start, captured_from)
    else:
        yield from _document(path, format, start, captured_from)


def read_telephony(delivery: Delivery, context: ReadingContext) -> Reading:
    """What a delivery of `telephony_deliveries` says, by the reader of its source. Never raises for bad
    content. Rejections get the delivery's own place."""
    reader = {"ringcentral": ringcentral.normalise, "asterisk-cdr": asterisk.normalise}.get(delivery.source)
    if delivery.source == "jsonl":
        found, rejected = read_jsonl(
            delivery.raw, delivery.place, region=context.region, captured_default=delivery.captured_from
        )
        return Reading(found, rejected)
    found, rejected = (reader or twilio.normalise)(
        delivery.raw,
        region=context.region,
        timezone=context.timezone,
        captured_from=delivery.captured_from,
    )
    return Reading(
        found, tuple(msgspec.structs.replace(one, place=f"{delivery.place}: {one.place}") for one in rejected)
    )


def _detect_json(text: bytes, name: str) -> str:
    first = text.partition(b"\n")[0]
    try:
        record = _members.decode(first)
    except msgspec.DecodeError:
        record = {}
    kind = bytes(record.get("kind", b"")).strip(b'" ').decode("ascii", "replace")
    if "id" in record and kind in KINDS:
        return "jsonl"
    if sum(mark in text for mark in _TWILIO_MARKS) > sum(mark in text for mark in _RINGCENTRAL_MARKS):
        return "twilio"
    if any(mark in text for mark in _RINGCENTRAL_MARKS):
        return "ringcentral"
    return "jsonl" if name.endswith((".jsonl", ".ndjson")) else ""


def _cells(text: bytes) -> list[str]:
    try:
        return next(csv.reader(text.decode("utf-8", "replace").splitlines(keepends=True)), [])
    except csv.Error:
        return []


def _is_one_a_line(head: bytes) -> bool:
    """Whether the first line is a whole record and more follow: a stream of notifications, not a page."""
    first, _, rest = head.removeprefix(_BOM).lstrip().partition(b"\n")
    if not first.startswith((b"{", b"[")):
        return True
    if not rest.strip():
        return False
    try:
        _members.decode(first)
    except msgspec.DecodeError:
        return False
    return True


# --- one record a line -----------------------------------------------------------------------------


def _lines(path: Path, format: str, start: int, captured_from: str) -> Iterator[Item]:
    with Blocks(path, start) as blocks:
        for begin, line, end in _split(blocks, start):
            place = f"{path.name}: line at byte {begin}"
            if line is None:
                yield _too_large(place), str(end)
            elif line.strip():
                yield Delivery(format, place, line, captured_from), str(end)
        yield from _ending(path, blocks)


def _rows(path: Path, start: int, captured_from: str) -> Iterator[Item]:
    """Rows of call detail records; each delivery begins with the file's header where it has one."""
    header, first = _header(path)
    start = max(start, first)
    with Blocks(path, start) as blocks:
        open_lines: list[_Line] = []
        for begin, line, end in _split(blocks, start):
            if line is None:
                yield _too_large(f"{path.name}: row at byte {begin}"), str(end)
                continue
            open_lines.append((begin, line, end))
            # A quoted cell may hold a line end; an odd number of quotes says that one is still open.
            if sum(part.count(b'"') for _, part, _ in open_lines) % 2 == 0:
                yield from _row(path, header, open_lines, captured_from)
                open_lines = []
            elif len(open_lines) == _MOST_LINES:
                yield from _apart(path, header, open_lines, captured_from)
                open_lines = []
        yield from _apart(path, header, open_lines, captured_from)
        yield from _ending(path, blocks)


def _apart(path: Path, header: bytes, lines: list[_Line], captured_from: str) -> Iterator[Item]:
    """Lines behind a stray quote, each for itself, so that only the line with the quote is lost."""
    for line in lines:
        yield from _row(path, header, [line], captured_from)


def _row(path: Path, header: bytes, lines: list[_Line], captured_from: str) -> Iterator[Item]:
    row = b"".join(line for _, line, _ in lines)
    if row.strip():
        place = f"{path.name}: row at byte {lines[0][0]}"
        yield Delivery("asterisk-cdr", place, header + row, captured_from), str(lines[-1][2])


def _header(path: Path) -> tuple[bytes, int]:
    """The header line and where the first row begins; empty and 0 where the file has none."""
    with Blocks(path) as blocks:
        for _, line, end in _split(blocks, 0):
            if line is not None and line.strip():
                return (line, end) if header_names(_cells(line.removeprefix(_BOM))) else (b"", 0)
    return b"", 0


def _split(blocks: Blocks, start: int) -> Iterator[tuple[int, bytes | None, int]]:
    """Lines with the offsets of their begin and end; None for one above the limit, whose bytes are let go."""
    buffer = bytearray()
    began = at = start
    dropped = False
    while block := blocks.next():
        scan = 0
        while (newline := block.find(b"\n", scan)) >= 0:
            buffer += block[scan : newline + 1]
            at += newline + 1 - scan
            scan = newline + 1
            yield began, None if dropped else bytes(buffer), at
            buffer.clear()
            began, dropped = at, False
        buffer += block[scan:]
        at += len(block) - scan
        if len(buffer) > LIMIT_BYTES:
            buffer.clear()
            dropped = True
    if buffer or dropped:
        yield began, None if dropped else bytes(buffer), at


def _too_large(place: str) -> Rejection:
    return Rejection(
        place, "too_large", f"Above {LIMIT_BYTES >> 20} MiB, as no record is; it was passed over."
    )


def _ending(path: Path, blocks: Blocks) -> Iterator[Item]:
    if blocks.end != "whole":
        reason, sentence = _ENDS[blocks.end]
        yield Rejection(f"{path.name}: byte {blocks.position}", reason, sentence), str(blocks.position)


# --- one document ----------------------------------------------------------------------------------


def _document(path: Path, format: str, start: int, captured_from: str) -> Iterator[Item]:
    with Blocks(path) as blocks:
        raw = _whole(path, blocks)
        yield from _ending(path, blocks)
        if blocks.end != "whole":
            return
    try:
        records = _records(raw.removeprefix(_BOM))
    except msgspec.DecodeError as error:
        if _is_one_a_line(raw):
            yield from _lines(path, format, start, captured_from)
            return
        yield Rejection(path.name, "not_json", f"The file is not JSON: {error}."), "0"
        return
    if not records:
        yield Rejection(path.name, "nothing_inside", "The page or list has no records."), "0"
    for number, record in enumerate(records, 1):
        if number > start:
            yield Delivery(format, f"{path.name}: record {number}", bytes(record), captured_from), str(number)


def _whole(path: Path, blocks: Blocks) -> bytes:
    parts: list[bytes] = []
    size = 0
    while block := blocks.next():
        parts.append(block)
        size += len(block)
        if size > DOCUMENT_BYTES:
            raise FileProblem(
                f"{path}: one JSON document above {DOCUMENT_BYTES >> 20} MiB; export it in smaller pages, or "
                "with one record a line."
            )
    return b"".join(parts)


def _records(raw: bytes) -> list[msgspec.Raw]:
    """The records of a list or page as they stand in the file; a lone record is itself the one."""
    text = raw.lstrip()
    if text.startswith(b"["):
        return _values.decode(text)
    members = _members.decode(text)
    for name in _LISTS:
        inner = bytes(members.get(name, b"")).lstrip()
        if inner.startswith(b"[") and "event" not in members:
            return _values.decode(inner)
    return [msgspec.Raw(raw)]
