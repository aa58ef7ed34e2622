"""Mail from files: mbox (also gzip), single messages, Maildir; one message in memory at a time.

Each function yields (delivery or rejection, cursor that follows it). A cursor is handed back as it came to
go on behind that item after a stop or a kill. What cannot be delivered is a rejection with its place, and
the rest goes on where that is safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from firstcontact.connectors.contract import Delivery
from firstcontact.connectors.files.detect import HEAD_BYTES, is_maildir, looks_like_mail
from firstcontact.connectors.files.problems import FileProblem, cannot_read
from firstcontact.connectors.files.streams import Blocks, End, total_bytes
from firstcontact.interactions.rejection import Rejection

Item = tuple[Delivery | Rejection, str]
"""What was found, and the cursor that follows it."""

LIMIT_BYTES = 64 << 20
"""A message above this is set aside: no mail server takes larger ones, so something else is wrong."""

_DATED = re.compile(
    # asctime with what programs put around it: `From jo@acme.example  Wed Nov  1 06:04:52 +0100 2017`
    rb"From .*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(?:[A-Z][a-z]{2}\s+\d{1,2}|\d{1,2}\s+[A-Z][a-z]{2})\b"
    rb".*\d{1,2}:\d\d\b"
)
_UNDATED = re.compile(rb"From (?:(-)|\S+@\S+)\s*$")
_FIELD_LINE = re.compile(rb">?[!-9;-~]+[ \t]*:|>From ")
_LONGEST_SEPARATOR = 1000
_LOOK_AHEAD = 2 * _LONGEST_SEPARATOR
"""Bytes behind a separator's beginning that suffice to judge it: its line and the name of a field."""

_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")
"""Maildir's info part; Windows programs write `;` or `!` for the colon that they may not use."""

_FIRST = (b"From ", b">From ", b"\xef\xbb\xbfFrom ")
_NOT_MBOX = "This is no mbox: messages begin with a line `From sender date` and header fields behind it."
_CUT_SHORT = (
    "The file ends in the middle of a line, so its last message may be cut off. What was there is kept. "
    "If you get the whole file, import it again; nothing is logged twice."
)
_ENDS: dict[End, tuple[str, str]] = {
    "truncated": (
        "truncated",
        "The gzip file ends too early: it was not copied or downloaded to its end. What it held up to "
        "there is kept. Get the whole file and import it again; nothing is logged twice.",
    ),
    "damaged": (
        "damaged",
        "The gzip data is damaged from here on. What was before is kept. Get an intact copy and import it "
        "again; nothing is logged twice.",
    ),
    "bomb": (
        "zip_bomb",
        "The gzip file expands out of all proportion, as no mail does; reading it was stopped here. If it is "
        "genuine, unpack it yourself and import the unpacked file.",
    ),
    "unreadable": (
        "unreadable",
        "The system could not read further here. What was before is kept; check the disk or the network "
        "drive.",
    ),
}


def mbox_deliveries(
    path: Path, cursor: str = "", captured_from: str = "", limit_bytes: int = LIMIT_BYTES
) -> Iterator[Item]:
    """The messages of an mbox file, plain or gzip, each with its separator line, byte for byte.

    cursor: uncompressed offset of the next message, "" from the start. Where the file has changed so that
    none begins there, it is read from the start: the ids of interactions keep anything from being logged
    twice.

    A message begins at a line `From …` with a date, or behind an empty line, and header fields must follow.
    Content-Length is not believed. Rejections: `too_large`, `truncated`, `damaged`, `zip_bomb`,
    `unreadable`, `not_mbox`. Raises FileProblem where the file cannot be opened.
    """
    start = _offset(path, cursor)
    with Blocks(path, start) as blocks:
        block = blocks.next()
        moved = blocks.position - len(block) < start or (block and not block.startswith(b"From "))
        if not (start and moved):
            yield from _Mbox(path.name, blocks, start, captured_from, limit_bytes).items(block)
            return
    yield from mbox_deliveries(path, "", captured_from, limit_bytes)


def _offset(path: Path, cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isdecimal():
        raise FileProblem(f"{path}: {cursor!r} is no place in a mail file; start from the beginning.")
    return int(cursor)


class _Mbox:
    """One pass over an mbox. `_buffer` holds the message being read, as far as it is within the limit."""

    def __init__(self, name: str, blocks: Blocks, start: int, captured_from: str, limit: int) -> None:
        self._name = name
        self._blocks = blocks
        self._captured_from = captured_from
        self._limit = limit
        self._buffer = bytearray()
        self._began = start
        """Offset of the message being read."""
        self._dropped = 0
        """How many bytes at its beginning were let go, because it is above the limit."""
        self._scan = 1
        """Where in the buffer to look on for the next separator; the one at 0 is its own."""

    def items(self, block: bytes) -> Iterator[Item]:
        """All messages from the block on, then why the file ended if it did before its time."""
        while block:
            self._buffer += block
            yield from self._complete(last=False)
            self._shed()
            block = self._blocks.next()
        yield from self._complete(last=True)
        yield from self._rest()

    def _complete(self, last: bool) -> Iterator[Item]:
        """Messages whose end is in the buffer."""
        while (end := self._next_start(last)) >= 0:
            place, size = self._place(), self._dropped + end
            self._began += size
            yield from self._message(place, size, bytes(self._buffer[:end]), str(self._began))
            del self._buffer[:end]
            self._dropped, self._scan = 0, 1

    def _next_start(self, last: bool) -> int:
        """Index of the next separator in the buffer, or -1 where it takes more bytes to tell."""
        buffer = self._buffer
        while True:
            at = buffer.find(b"\nFrom ", self._scan - 1) + 1
            if at == 0:
                self._scan = max(self._scan, len(buffer) - len("From "))
                return -1
            if not last and len(buffer) - at < _LOOK_AHEAD:
                self._scan = at
                return -1
            if _separates(buffer, at):
                return at
            self._scan = at + 1

    def _shed(self) -> None:
        """Lets a message above the limit go, but for the end, which the next separator may begin in."""
        if self._dropped or len(self._buffer) > self._limit:
            keep_from = max(0, self._scan - len("\r\n\r\n"))
            self._dropped += keep_from
            self._scan -= keep_from
            del self._buffer[:keep_from]

    def _rest(self) -> Iterator[Item]:
        """The last message; behind one that is cut off the cursor stays before it, to read it when whole."""
        place, size = self._place(), self._dropped + len(self._buffer)
        end = self._began + size
        whole = self._blocks.end == "whole"
        cursor = str(end if whole else self._began)
        raw = bytes(self._buffer)
        yield from self._message(place, size, raw, cursor)
        if not whole:
            reason, sentence = _ENDS[self._blocks.end]
            yield Rejection(f"{self._name}: byte {end}", reason, sentence), cursor
        elif raw.startswith(b"From ") and not raw.endswith((b"\n", b"\r")):
            yield Rejection(place, "truncated", _CUT_SHORT), cursor

    def _message(self, place: str, size: int, raw: bytes, cursor: str) -> Iterator[Item]:
        if self._dropped or size > self._limit:
            yield _too_large(place, size, self._limit), cursor
        elif raw.startswith(_FIRST) or looks_like_mail(raw[:HEAD_BYTES]):
            yield Delivery("mbox", place, raw, self._captured_from), cursor
        elif raw.strip():
            yield Rejection(place, "not_mbox", _NOT_MBOX), cursor

    def _place(self) -> str:
        return f"{self._name}: message at byte {self._began}"


def _separates(buffer: bytearray, at: int) -> bool:
    """Whether the line at `at`, which begins with `From `, begins a message (RFC 4155 and what is written
    in its stead: other dates, no date, no empty line before it)."""
    end = buffer.find(b"\n", at, at + _LONGEST_SEPARATOR)
    if end < 0:
        return False
    behind = buffer[end + 1 : end + 3]
    fields = _FIELD_LINE.match(buffer, end + 1) is not None
    after_empty = buffer.endswith((b"\n\n", b"\n\r\n"), max(0, at - 3), at)
    line = buffer[at:end]
    if _DATED.match(line):
        return fields or (after_empty and (not behind or behind[:1] == b"\n" or behind == b"\r\n"))
    undated = _UNDATED.match(line)
    # Netscape and its heirs write `From - ` and sometimes no empty line; nobody writes that in a text.
    return fields and undated is not None and (after_empty or undated.group(1) is not None)


def _too_large(place: str, size: int, limit: int) -> Rejection:
    detail = f"This message has {_megabytes(size)}; messages above {_megabytes(limit)} are set aside."
    return Rejection(place, "too_large", detail)


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MB" if size >= 1 << 20 else f"{size:,} bytes"


def eml_deliveries(
    path: Path, cursor: str = "", captured_from: str = "", limit_bytes: int = LIMIT_BYTES
) -> Iterator[Item]:
    """One message per file: an `.eml` file (also gzip, also Apple's `.emlx`), or a folder of them.

    cursor: name of the last file read, relative to the folder. Folders are read with those in them, files
    in the order of their names. Rejections: `too_large`, `truncated`, `damaged`, `zip_bomb`, `unreadable`.
    Raises FileProblem where the file or folder itself cannot be opened.
    """
    if path.is_dir():
        for name in _message_files(path):
            if name > cursor:
                yield _try_file(path / name, name, "eml", captured_from, limit_bytes), name
        return
    if cursor != path.name:
        yield _file(path, path.name, "eml", captured_from, limit_bytes), path.name


def _message_files(folder: Path) -> list[str]:
    try:
        files = [file for file in folder.rglob("*") if file.is_file()]
    except OSError as error:
        raise cannot_read(folder, error) from None
    names = (file.relative_to(folder).as_posix() for file in files)
    return sorted(name for name in names if name.lower().removesuffix(".gz").endswith((".eml", ".emlx")))


def maildir_deliveries(
    path: Path, cursor: str = "", captured_from: str = "", limit_bytes: int = LIMIT_BYTES
) -> Iterator[Item]:
    """The messages of a Maildir and of the Maildir++ folders in it (`cur` and `new`, not `tmp`).

    cursor: unique name and folder of the last message. Messages come in the order of their unique names,
    which begin with the time of delivery, so that a later call finds what arrived since, also where flags
    changed or a message went from `new` to `cur`. Drafts (flag D) are set aside (`draft`);
    further rejections: `too_large`, `unreadable`. Raises FileProblem where this is no Maildir.
    """
    for key, file in _maildir_messages(path):
        if key <= _maildir_key(cursor):
            continue
        place = file.relative_to(path).as_posix()
        if "D" in _flags(file.name):
            yield Rejection(place, "draft", "This is a draft: it was never sent."), _maildir_cursor(key)
        else:
            item = _try_file(file, place, "maildir", captured_from, limit_bytes)
            yield item, _maildir_cursor(key)


_MaildirKey = tuple[int, str, str]
"""Time of delivery from the unique name, the unique name, the folder."""


def _maildir_messages(path: Path) -> list[tuple[_MaildirKey, Path]]:
    found: list[tuple[_MaildirKey, Path]] = []
    try:
        folders = [path, *(folder for folder in path.rglob("*") if folder.is_dir())]
        for folder in folders:
            if folder.name in ("cur", "new", "tmp") or not is_maildir(folder):
                continue
            name = folder.relative_to(path).as_posix()
            for part in ("new", "cur"):
                for file in (folder / part).iterdir():
                    if not file.name.startswith(".") and file.is_file():
                        unique = _FLAGS.sub("", file.name)
                        found.append(((_leading_number(unique), unique, name), file))
    except OSError as error:
        raise cannot_read(path, error) from None
    if not found and not is_maildir(path):
        sentence = "has no folders `cur` and `new`, so it is no Maildir."
        raise FileProblem(f"{path}: {sentence if path.is_dir() else 'there is no such folder.'}")
    return sorted(found)


def _leading_number(unique: str) -> int:
    digits = unique.partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 20 else 0


def _flags(name: str) -> str:
    flags = _FLAGS.search(name)
    return flags.group(1) if flags else ""


def _maildir_cursor(key: _MaildirKey) -> str:
    return f"{key[1]}/{key[2]}"


def _maildir_key(cursor: str) -> _MaildirKey:
    if not cursor:
        return -1, "", ""
    unique, _, folder = cursor.partition("/")
    return _leading_number(unique), unique, folder


def _try_file(path: Path, place: str, source: str, captured_from: str, limit: int) -> Delivery | Rejection:
    """One file of many: that it cannot be read concerns only itself."""
    try:
        return _file(path, place, source, captured_from, limit)
    except FileProblem as problem:
        return Rejection(place, "unreadable", str(problem))


def _file(path: Path, place: str, source: str, captured_from: str, limit: int) -> Delivery | Rejection:
    with Blocks(path) as blocks:
        raw = bytearray()
        while block := blocks.next():
            raw += block
            if len(raw) > limit:
                return _too_large(place, max(len(raw), total_bytes(path)), limit)
        if blocks.end != "whole":
            reason, sentence = _ENDS[blocks.end]
            return Rejection(place, reason, sentence)
    if path.name.lower().removesuffix(".gz").endswith(".emlx"):
        raw = _without_apple_frame(raw)
    return Delivery(source, place, bytes(raw), captured_from)


def _without_apple_frame(raw: bytearray) -> bytearray:
    """Apple Mail writes the message's length before it and a property list behind it."""
    line, _, rest = raw.partition(b"\n")
    return rest[: int(line)] if line.strip().isdigit() else raw
