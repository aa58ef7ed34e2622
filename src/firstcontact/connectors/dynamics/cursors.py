"""PURE. How far the change feed has been read, as text (`Changes.cursor`)."""

from __future__ import annotations

from contextlib import suppress

import msgspec


class Link(msgspec.Struct, omit_defaults=True):
    """Where a table is read on from by change tracking. path: of the next page, or of the changes since, as
    Dataverse gave it; "" at the beginning. following: it is the one of the changes (where it is "", they are
    not followed). at: microseconds when it was given; it is good for seven days."""

    path: str = ""
    following: bool = False
    at: int = 0


class Place(msgspec.Struct, omit_defaults=True):
    """A place in the order of `modifiedon` and id of one table. at: microseconds. cut: a page ended here."""

    at: int = 0
    id: str = ""
    cut: bool = False


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What was told of a row: when it was modified, and its version (its etag)."""

    at: int
    version: str


class Cursor(msgspec.Struct, omit_defaults=True):
    """links: by table, with change tracking. places: by table, without it; seen: rows of the last minutes as
    they were told; full_at: when the last reading of everything began; reading: it is still going on."""

    links: dict[str, Link] = {}
    places: dict[str, Place] = {}
    seen: dict[str, Told] = {}
    full_at: int = 0
    reading: bool = False


def read_cursor(text: str) -> Cursor:
    """The cursor of a text of ours; "" is the beginning, and so is a text that is none of ours."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text, type=Cursor) if text else Cursor()
    return Cursor()


def write_cursor(cursor: Cursor) -> str:
    """Inverse of `read_cursor`; the same place always gives the same text."""
    return msgspec.json.encode(cursor, order="sorted").decode()
