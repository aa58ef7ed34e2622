"""PURE. `$batch`: several requests as one `multipart/mixed`, and its answer read (apis A5, "$batch").

A change set happens as a whole or not at all; where it does not, one answer stands in place of its answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal

import msgspec

OPERATIONS = 1_000
"""In one batch, those within change sets too."""
BYTES = 16_000_000
"""Of one batch that we send; files make it large."""

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One request: its path from the service's root (`contacts?$top=1`) or, within a change set, `$1`."""

    method: Method = "GET"
    path: str
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None


class ChangeSet(msgspec.Struct, frozen=True):
    """Operations that happen together. `first` is the Content-ID of the first one, the others count on."""

    operations: tuple[Operation, ...]
    first: int = 1


Part = Operation | ChangeSet


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one operation; body is None where it has none, and where it is no JSON."""

    status: int
    headers: Mapping[str, str] = {}
    body: Any = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether it happened."""
        return 200 <= self.status < 300


Answers = tuple[Result, ...]
"""Of a change set: one for each operation in their order, or a single one that is not `ok`."""


class Broken(ValueError):
    """An answer that is none to the batch."""


def encode(parts: Sequence[Part], root: str) -> tuple[str, bytes]:
    """Content type and content. root: the path of the service (`/api/data/v9.2/`)."""
    bodies = [_part(part, root, place) for place, part in enumerate(parts)]
    boundary = f"batch_{sha256(b''.join(bodies)).hexdigest()[:32]}"
    return f'multipart/mixed;boundary="{boundary}"', _joined(boundary, bodies)


def count(part: Part) -> int:
    """How many operations a part has."""
    return len(part.operations) if isinstance(part, ChangeSet) else 1


def size(part: Part) -> int:
    """About how many bytes a part has."""
    operations = part.operations if isinstance(part, ChangeSet) else (part,)
    return sum(400 + len(one.path) + len(_json(one.body)) for one in operations)


def _joined(boundary: str, bodies: Sequence[bytes]) -> bytes:
    mark = boundary.encode()
    pieces = [b"--" + mark + b"\r\n" + body + b"\r\n" for body in bodies]
    return b"".join(pieces) + b"--" + mark + b"--\r\n"


def _part(part: Part, root: str, place: int) -> bytes:
    if isinstance(part, Operation):
        return _request(part, root, "")
    bodies = [_request(one, root, str(part.first + n)) for n, one in enumerate(part.operations)]
    boundary = f"changeset_{place}_{sha256(b''.join(bodies)).hexdigest()[:24]}"
    head = f'Content-Type: multipart/mixed;boundary="{boundary}"\r\n\r\n'
    return head.encode() + _joined(boundary, bodies)


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _request(one: Operation, root: str, content_id: str) -> bytes:
    content = _json(one.body)
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {content_id}\r\n\r\n" if content_id else "\r\n"
    place = one.path if one.path.startswith(("$", "/")) else f"{root}{one.path}"
    head += f"{one.method} {place} HTTP/1.1\r\nAccept: application/json\r\n"
    for name, value in one.headers.items():
        head += f"{name}: {value}\r\n"
    if one.body is not None:
        head += "Content-Type: application/json; charset=utf-8; type=entry\r\n"
    return head.encode() + b"\r\n" + content


# --- answers --------------------------------------------------------------------------------------------

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


def decode(content_type: str, content: bytes, parts: Sequence[Part]) -> list[Answers | None]:
    """The answers to each part, in their order; None for what was not answered. Raises Broken."""
    pieces = _pieces(content_type, content)
    found: list[Answers | None] = [_answers(*piece, part) for piece, part in zip(pieces, parts, strict=False)]
    return found + [None] * (len(parts) - len(found))


def _answers(headers: Mapping[str, str], content: bytes, part: Part) -> Answers | None:
    kind = headers.get("content-type", "")
    if not kind.lower().startswith("multipart/"):
        result = _result(content)
        if isinstance(part, ChangeSet) and len(part.operations) > 1 and result.ok:
            return None
        return (result,)
    if not isinstance(part, ChangeSet):
        raise Broken("a change set is answered where none was sent")
    by_id = {}
    in_order = []
    for inner, body in _pieces(kind, content):
        result = _result(body)
        in_order.append(result)
        by_id[inner.get("content-id", "")] = result
    if len(in_order) == 1 and not in_order[0].ok:
        return (in_order[0],)
    if len(in_order) != len(part.operations):
        return None
    ids = [str(part.first + n) for n in range(len(part.operations))]
    return tuple(by_id[id] for id in ids) if all(id in by_id for id in ids) else tuple(in_order)


def _pieces(content_type: str, content: bytes) -> list[tuple[Mapping[str, str], bytes]]:
    """Headers and content of each part of a multipart."""
    found = _BOUNDARY.search(content_type)
    if found is None or not content_type.lower().startswith("multipart/"):
        raise Broken("no multipart")
    mark = b"--" + found[1].encode()
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(mark) + rb"(?=\r|\n|--|$)[^\S\n]*", content)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Broken("the multipart does not end")
    return [_split(piece.removeprefix(b"\n")) for piece in pieces[1:-1]]


def _split(piece: bytes) -> tuple[Mapping[str, str], bytes]:
    """Headers in lower case, and what is behind the empty line."""
    head, found, rest = _cut(piece)
    if not found and head.strip():
        raise Broken("a part without an empty line")
    headers = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers, rest


def _cut(piece: bytes) -> tuple[bytes, bool, bytes]:
    found = re.search(rb"\r?\n\r?\n|^\r?\n", piece)
    if found is None:
        return piece, False, b""
    return piece[: found.start()], True, piece[found.end() :]


def _result(content: bytes) -> Result:
    """An answer as it stands in a part: status line, headers, body."""
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    words = line.split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise Broken("a part that is no answer")
    headers, body = _split(rest) if rest.strip() else ({}, b"")
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    try:
        read = json.loads(text) if text else None
    except ValueError:
        read = None
    return Result(status=int(words[1]), headers=headers, body=read, text=text)
