"""`$batch`: many operations in one request, some of them all or nothing (apis A5, "$batch").

multipart/mixed with CRLF; a change set is a part that is multipart/mixed itself, and has no GET in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

import msgspec

from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad

MOST = 1000
"""Operations of one batch (apis A5)."""
MOST_ADDRESS = 65_536
"""Characters of an address in a batch."""
_BOUNDARY = re.compile(r'multipart/mixed\s*;\s*boundary="?([^";]+)"?', re.IGNORECASE)
_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1")
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One request in a batch. content_id: what later ones of its change set call its record by (`$1`)."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes
    content_id: str = ""


class Answer(msgspec.Struct, kw_only=True):
    """What one operation is answered."""

    status: int
    headers: dict[str, str] = {}
    content: bytes = b""


Part = Operation | tuple[Operation, ...]
"""An operation, or a change set."""


def read(content_type: str, content: bytes) -> list[Part]:
    """The operations of a batch. Raises Refusal 400."""
    boundary = _BOUNDARY.match(content_type)
    if boundary is None:
        raise Refusal(415, "0x80060888", "A batch must be multipart/mixed with a boundary.")
    parts: list[Part] = []
    for headers, inside in _parts(boundary[1], content):
        kind = headers.get("content-type", "")
        inner = _BOUNDARY.match(kind)
        if inner is None:
            parts.append(_operation(headers, inside))
            continue
        parts.append(tuple(_in_set(one, other) for one, other in _parts(inner[1], inside)))
    count = sum(len(one) if isinstance(one, tuple) else 1 for one in parts)
    if count > MOST:
        raise bad(f"The number of operations in the batch exceeds the limit of {MOST}.", "0x80060888")
    if not count:
        raise bad("The batch has no operation.", "0x80060888")
    return parts


def _parts(boundary: str, content: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    mark = b"--" + boundary.encode()
    pieces = (b"\r\n" + content).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise bad("The message is not a batch: its lines end in CRLF, the last is the closing boundary.")
    for piece in pieces[1:-1]:
        if not piece.startswith(b"\r\n"):
            raise bad("A boundary must be alone on its line, which ends in CRLF.")
        yield _split(piece[2:])


def _split(piece: bytes) -> tuple[dict[str, str], bytes]:
    head, blank, rest = piece.partition(b"\r\n\r\n")
    if not blank and piece.startswith(b"\r\n"):
        head, rest = b"", piece[2:]
    return _headers(head), rest


def _headers(head: bytes) -> dict[str, str]:
    found = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if line and not colon:
            raise bad(f"'{line.decode('utf-8', 'replace')}' is not a header.")
        found[name.strip().lower()] = value.strip()
    found.pop("", None)
    return found


def _operation(headers: Mapping[str, str], inside: bytes) -> Operation:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/http":
        raise bad("The Content-Type of a part must be application/http.")
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        raise bad("The Content-Transfer-Encoding of a part must be binary.")
    line, _, rest = inside.partition(b"\r\n")
    found = _LINE.fullmatch(line.decode("utf-8", "replace"))
    if found is None or found[1] not in _METHODS:
        raise bad(f"The request line '{line[:100].decode('utf-8', 'replace')}' is not valid.")
    if len(found[2]) > MOST_ADDRESS:
        raise bad("The request's address is too long.")
    head, blank, body = rest.partition(b"\r\n\r\n")
    if not blank:
        if not rest.startswith(b"\r\n"):
            raise bad("A part's headers end with an empty line.")
        head, body = b"", rest[2:]
    if head.startswith(b"\r\n"):
        head, body = b"", rest[2:]
    return Operation(
        method=found[1],
        target=found[2],
        headers=_headers(head),
        content=body.removesuffix(b"\r\n"),
        content_id=headers.get("content-id", ""),
    )


def _in_set(headers: Mapping[str, str], inside: bytes) -> Operation:
    operation = _operation(headers, inside)
    if operation.method == "GET":
        raise bad("A change set takes no GET.")
    if not operation.content_id:
        raise bad("Each operation of a change set needs a Content-ID.")
    return operation


def written(boundary: str, parts: Sequence[Answer | Sequence[tuple[str, Answer]]]) -> bytes:
    """The answers, in order: one a part, those of a change set in a part of their own with their ids."""
    lines = []
    for number, part in enumerate(parts):
        lines.append(b"--" + boundary.encode())
        if isinstance(part, Answer):
            lines.append(_answer(part, ""))
            continue
        inner = f"changesetresponse_{boundary.partition('_')[2]}_{number}"
        lines.append(f"Content-Type: multipart/mixed; boundary={inner}\r\n".encode())
        for content_id, one in part:
            lines += [b"--" + inner.encode(), _answer(one, content_id)]
        lines.append(b"--" + inner.encode() + b"--")
    lines.append(b"--" + boundary.encode() + b"--\r\n")
    return b"\r\n".join(lines)


def _answer(answer: Answer, content_id: str) -> bytes:
    named = f"Content-ID: {content_id}\r\n" if content_id else ""
    head = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{named}\r\n"
    head += f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return head.encode() + b"\r\n" + answer.content
