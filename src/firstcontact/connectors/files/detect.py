"""Which format a file is in, by its first bytes and its name: a table of names and what tells them.

Only names of mail formats are in this table; the other formats bring theirs and are tried beside it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path

from firstcontact.connectors.files.problems import FileProblem, cannot_read

HEAD_BYTES = 8192
"""How much of a file's beginning (uncompressed) a predicate gets."""

_SEPARATOR = re.compile(
    rb">?From (?:-[ \t]*|\S+@\S+[ \t]*|\S+[ \t][^\n]*\d{4}[^\n]*|[ \t]*)\r?\n(?:>?[!-9;-~]+[ \t]*:|\r?\n)",
)
_FIELD = re.compile(rb"(?m)^([!-9;-~]+)[ \t]*:")
_MAIL_FIELDS = frozenset(
    {b"from", b"to", b"cc", b"date", b"message-id", b"received", b"return-path", b"delivered-to", b"sender"}
)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")
_MAIL_SUFFIXES = (".eml", ".emlx", ".mht")

Predicate = Callable[[bytes, str], bool]
"""(first bytes uncompressed, file name in lower case without `.gz`) -> whether it is this format."""


def looks_like_mbox(head: bytes) -> bool:
    """Whether a file that begins so is an mbox: a separator line `From sender date`, then header fields."""
    return _SEPARATOR.match(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")) is not None


def looks_like_mail(head: bytes) -> bool:
    """Whether a file that begins so is one message: at least two different fields that mails have, on
    lines of the header block."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    end = _BLANK_LINE.search(text)
    block = text[: end.start()] if end else text
    if not _FIELD.match(block):
        return False
    names = {name.lower() for name in _FIELD.findall(block)}
    return len(names & _MAIL_FIELDS) >= 2


def is_maildir(path: Path) -> bool:
    """Whether a folder is a Maildir, or holds Maildir++ folders."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _mbox(head: bytes, name: str) -> bool:
    return looks_like_mbox(head) if head else name.endswith((".mbox", ".mbx"))


def _eml(head: bytes, name: str) -> bool:
    return bool(head) and (looks_like_mail(head) or name.endswith(_MAIL_SUFFIXES))


MAIL_TABLE: tuple[tuple[str, Predicate], ...] = (("mbox", _mbox), ("eml", _eml))


def detect(path: Path, table: tuple[tuple[str, Predicate], ...] = MAIL_TABLE) -> str:
    """The format's name (`eml`, `mbox`, `maildir`), or "" where nothing in the table knows it.

    Raises FileProblem where the file cannot be read.
    """
    try:
        if path.is_dir():
            return "maildir" if is_maildir(path) else ""
        head = first_bytes(path)
    except OSError as error:
        raise cannot_read(path, error) from None
    name = path.name.lower().removesuffix(".gz")
    return next((format for format, fits in table if fits(head, name)), "")


def first_bytes(path: Path, most: int = HEAD_BYTES) -> bytes:
    """The first bytes of a file, uncompressed where it is gzip; as far as they go where that is cut.

    Raises OSError; FileProblem where it is neither a file nor a folder (a device, a pipe).
    """
    if path.exists() and not path.is_file():
        raise FileProblem(f"{path}: this is no ordinary file.")
    with path.open("rb") as file:
        head = file.read(most)
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, most)
    except zlib.error:
        return b""
