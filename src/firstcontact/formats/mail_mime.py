"""A mail's bytes to header fields and leaf parts (RFC 5322, RFC 2045, RFC 2046), tolerant and linear.

A reader of our own in place of `email.message_from_bytes`: that one looks at every line of every
attachment in Python, which is most of the cost of an import (docs/decisions/mail-parser.md). Bodies
are found by `bytes.find` and decoded only by those who need them.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from firstcontact.formats.mail_text import decode_words, from_base64, to_text

MAX_DEPTH = 30
"""Multiparts nested deeper are attachments: no mail program makes them, and each level costs a scan."""
MAX_PARTS = 2000

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.M)
_STRAY_LINE = re.compile(r"^(?![ \t]|[!-9;-~]+[ \t]*:)[^\n]", re.M)
_FIELD_LINE = re.compile(r"[!-9;-~]+[ \t]*:")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;\s]*)")
_COMMENT = re.compile(r"\([^()\"]*\)\s*$")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.I)
_BASE64_LINE_ENDS = (b"\n", b"\r")


class Fields:
    """Header fields of a mail or part: values folded and undecoded, by lower-case name, in their order."""

    __slots__ = ("_by_name", "items")

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.items = items
        by_name: dict[str, list[str]] = {}
        for name, value in items:
            key = name.lower()
            if key in by_name:
                by_name[key].append(value)
            else:
                by_name[key] = [value]
        self._by_name = by_name

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def names(self) -> set[str]:
        """The names of all fields, in lower case."""
        return set(self._by_name)

    def first(self, name: str) -> str:
        """The topmost field of that lower-case name, or empty text."""
        values = self._by_name.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """Every field of that lower-case name, top first."""
        return self._by_name.get(name, [])


class Part(NamedTuple):
    """A leaf of the MIME tree. `body` is still transfer-encoded. `within` is the subtype of the
    multipart it stands in (`alternative`, `mixed` …), empty for a mail that is no multipart; `group` tells
    the parts of one multipart from those of another."""

    fields: Fields
    type: str
    body: bytes
    within: str = ""
    group: int = 0


def split_head(raw: bytes) -> tuple[Fields, bytes]:
    """Header fields and the body behind them.

    Lines that are no field are passed over as long as fields follow them; where none does, the body
    begins there (a mail without an empty line).
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if raw[:1] in (b"\r", b"\n"):
        raw = raw.lstrip(b"\r\n")
    if b"\n" not in raw[:4096] and b"\r" in raw[:4096] and b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")  # line ends of the classic Macintosh
    end = _HEAD_END.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    text = _head_text(head)
    items: list[tuple[str, str]] = _FIELD.findall(text)
    if len(items) + text.count("\n ") + text.count("\n\t") <= text.count("\n"):
        cut = _end_of_fields(text)
        if cut < len(text):
            between = text[cut:].encode("utf-8", "surrogateescape")
            return Fields(_FIELD.findall(text[:cut])), between + b"\n\n" + body if end else between
    return Fields(items), body


def _head_text(head: bytes) -> str:
    if b"\r" in head:
        head = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n ")
    if b"\0" in head:
        head = head.replace(b"\0", b"")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError:
        declared = _CHARSET.search(head.decode("latin-1"))
        charset = declared.group(1) if declared else ""
        return "\n".join(_line_text(line, charset) for line in head.split(b"\n"))


def _line_text(line: bytes, charset: str) -> str:
    """An 8-bit header line: UTF-8, else the charset that the mail's own text is in, else Windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return to_text(line, charset if charset.lower() not in ("utf-8", "utf8") else "")


def _end_of_fields(text: str) -> int:
    """Where the body begins in a head with lines that are no fields: at such a line with no field behind
    it. Fields behind stray lines count as far as two stray lines do not follow one another."""
    for stray in _STRAY_LINE.finditer(text):
        following = text.find("\n", stray.start()) + 1
        if not following or not _FIELD_LINE.match(text, following):
            return stray.start()
    return len(text)


def content_type(fields: Fields) -> tuple[str, str]:
    """MIME type in lower case, and the field's value for `parameter`. RFC 2045 §5.2: text/plain if none."""
    value = fields.first("content-type")
    kind = value.partition(";")[0].strip().lower()
    if kind.isascii() and kind.count("/") == 1 and " " not in kind:
        return kind, value
    if "(" in kind:
        kind = kind.partition("(")[0].strip()
    if kind == "text/html" or kind.startswith("text/html"):
        return "text/html", value
    return (kind if "/" in kind and " " not in kind else "text/plain"), value


def parameter(value: str, name: str) -> str:
    """One parameter of a structured field, with RFC 2231 charsets and continuations; empty if absent."""
    if ";" not in value:
        return ""
    pieces: list[tuple[int, bool, str]] = []
    for key, text in _PARAMETER.findall(value):
        base, _, rest = key.lower().partition("*")
        if base != name:
            continue
        text = _unquoted(text)
        if not rest and "*" not in key:
            return decode_words(text)
        number = rest.rstrip("*")
        pieces.append((int(number) if number.isdecimal() else 0, key.endswith("*"), text))
    return _joined(pieces)


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        text = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
        return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
    return text


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    data = b""
    for index, (_, encoded, text) in enumerate(pieces):
        if encoded and index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += _percent(text) if encoded else text.encode("utf-8", "surrogateescape")
    return to_text(data, charset)


def _percent(text: str) -> bytes:
    from urllib.parse import unquote_to_bytes  # only mails with RFC 2231 names pay for the import

    return unquote_to_bytes(text)


def leaves(fields: Fields, body: bytes) -> Iterator[Part]:
    """The parts of a mail that are no multiparts, in their order. A forwarded message is one part."""
    stack: list[tuple[Fields, bytes, str, int, int, str]] = [(fields, body, "", 0, 0, "text/plain")]
    seen = 0
    while stack:
        fields, body, within, group, depth, default = stack.pop()
        kind, value = content_type(fields)
        if not fields.first("content-type"):
            kind = default
        seen += 1
        if kind.startswith("multipart/") and depth < MAX_DEPTH and seen < MAX_PARTS:
            pieces = _pieces(body, parameter(value, "boundary"))
            if pieces:
                subtype = kind[10:]
                inner = "message/rfc822" if subtype == "digest" else "text/plain"
                for piece in reversed(pieces):
                    head, rest = _part_head(piece)
                    stack.append((head, rest, subtype, seen, depth + 1, inner))
                continue
            if depth == 0:
                kind = "text/plain"  # declared multipart, but there are no parts: read what is there
        yield Part(fields, kind, body, within, group)


def _part_head(piece: bytes) -> tuple[Fields, bytes]:
    if piece[:1] == b"\n" or piece[:2] == b"\r\n":
        return Fields([]), piece.lstrip(b"\r\n")
    return split_head(piece)


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    """The bytes between the delimiter lines (RFC 2046 §5.1.1); the last piece may lack its close."""
    if not boundary:
        return []
    mark = b"--" + boundary.rstrip().encode("utf-8", "surrogateescape")
    pieces: list[bytes] = []
    begin = -1
    at = body.find(mark)
    while at >= 0:
        line_end = body.find(b"\n", at)
        stop = len(body) if line_end < 0 else line_end + 1
        tail = body[at + len(mark) : stop].strip()
        if (at == 0 or body[at - 1] == 10) and tail in (b"", b"--"):
            if begin >= 0:
                pieces.append(_without_line_end(body, begin, at))
            begin = stop
            if tail == b"--":
                return pieces
            if len(pieces) > MAX_PARTS:
                break
        at = body.find(mark, at + len(mark))
    if begin >= 0:
        pieces.append(body[begin:])
    return pieces


def _without_line_end(body: bytes, begin: int, end: int) -> bytes:
    """The line end before a delimiter belongs to the delimiter."""
    if end > begin and body[end - 1] == 10:
        end -= 1
        if end > begin and body[end - 1] == 13:
            end -= 1
    return body[begin:end]


def decoded(part: Part, most: int) -> bytes:
    """The part's content without its transfer encoding; at least the first `most` bytes of it."""
    encoding = _encoding(part)
    if encoding == "base64":
        return from_base64(part.body[: most * 3 // 2])
    if encoding == "quoted-printable":
        return binascii.a2b_qp(part.body[: most * 3])
    return part.body[:most]


def size(part: Part) -> int:
    """How many bytes the part's content has, without keeping them."""
    encoding = _encoding(part)
    if encoding == "base64":
        end = part.body.rstrip()
        letters = len(end) - sum(end.count(mark) for mark in _BASE64_LINE_ENDS)
        padding = end[-2:].count(b"=")
        return max(0, letters * 3 // 4 - padding)
    if encoding == "quoted-printable":
        return len(binascii.a2b_qp(part.body))
    return len(part.body)


def _encoding(part: Part) -> str:
    value = part.fields.first("content-transfer-encoding")
    if "(" in value:
        value = _COMMENT.sub("", value)
    return value.strip().strip('"').lower()


def file_name(part: Part) -> str:
    """The name a part gives its file, without folders; empty if none."""
    fields = part.fields
    name = parameter(fields.first("content-disposition"), "filename")
    name = name or parameter(fields.first("content-type"), "name")
    return name.replace("\\", "/").rpartition("/")[2]
