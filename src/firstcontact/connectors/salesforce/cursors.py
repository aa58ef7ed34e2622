"""PURE. How far the change feed has been read, as text (`Changes.cursor`)."""

from __future__ import annotations

from contextlib import suppress

import msgspec


class Place(msgspec.Struct, omit_defaults=True):
    """A place in the order of `SystemModstamp, Id` of one type: behind this record. at: microseconds.

    cut: a page ended here because it was full.
    """

    at: int = 0
    id: str = ""
    cut: bool = False


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What was told of a record: its stamp, and a digest of it. Stamps are whole seconds, so that a record
    can change twice under one."""

    at: int
    digest: str


class Job(msgspec.Struct, omit_defaults=True):
    """A query of Bulk API 2.0 whose results are being read; locator "" at their beginning."""

    type: str
    id: str = ""
    locator: str = ""


class Cursor(msgspec.Struct, omit_defaults=True):
    """places: by type of record. jobs: what is still to be read in bulk, the first one now; begun: the time
    at which that reading began, from which on changes are followed. seen: records of the last minutes as
    they were told, which are not told again where they are met again; see `feed`."""

    places: dict[str, Place] = {}
    jobs: list[Job] = []
    begun: int = 0
    seen: dict[str, Told] = {}


def read_cursor(text: str) -> Cursor:
    """The cursor of a text of ours; "" is the beginning, and so is a text that is none of ours."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text, type=Cursor) if text else Cursor()
    return Cursor()


def write_cursor(cursor: Cursor) -> str:
    """Inverse of `read_cursor`; the same place always gives the same text."""
    return msgspec.json.encode(cursor, order="sorted").decode()
