"""Call detail records as text: which columns a line has, with a header or without one.

Column order without a header: Asterisk's `cdr_csv` (main/cdr backends, `cdr_csv.c`), where uniqueid,
userfield and the last three columns are each switched on in cdr.conf and cdr.conf's `newcdrcolumns`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence

_FIXED = (
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
)
_MOST = len(_FIXED) + 5
_SYNONYMS = {
    "calldate": "start",
    "source": "src",
    "destination": "dst",
    "callerid": "clid",
    "caller_id": "clid",
    "dchannel": "dstchannel",
    "destinationchannel": "dstchannel",
    "destinationcontext": "dcontext",
    "lastapplication": "lastapp",
    "lastarg": "lastdata",
    "starttime": "start",
    "answertime": "answer",
    "endtime": "end",
    "billableseconds": "billsec",
}
_UNIQUE_ID = re.compile(r"(?:.*-)?\d{5,}\.\d+")
DISPOSITIONS = {
    "ANSWERED": "answered",
    "NO ANSWER": "missed",
    "NOANSWER": "missed",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "failed",
}

Row = Mapping[str, str]


class NotARow(ValueError):
    """A line that is no call detail record; `str(error)` says what was expected."""


def rows(lines: Iterator[str]) -> Iterator[tuple[int, Row | NotARow]]:
    """Every record of CSV text with the number of its first line (1-based), or why it is none.

    A header line, recognised by its names, says what the columns of the lines after it are. Blank lines
    and the header itself are no records.
    """
    reader = csv.reader(lines)
    header: tuple[str, ...] = ()
    line = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, NotARow(f"The line is no CSV: {error}.")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        names = header_names(cells)
        if names:
            header = names
            continue
        try:
            yield line, named(cells, header)
        except NotARow as error:
            yield line, error


def header_names(cells: Sequence[str]) -> tuple[str, ...]:
    """The column names where this line is a header, else ()."""
    names = tuple(_canonical(cell) for cell in cells)
    known = {"channel", "disposition", "billsec", "src", "dst", "lastapp", "start"}
    return names if len(known.intersection(names)) >= 5 else ()


def named(cells: Sequence[str], header: Sequence[str] = ()) -> Row:
    """The cells of one record by column name. Raises NotARow where they cannot be one."""
    if header:
        if len(cells) != len(header):
            raise NotARow(f"The line has {len(cells)} columns, its header {len(header)}.")
        return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    if not len(_FIXED) <= len(cells) <= _MOST:
        raise NotARow(
            f"A call detail record without a header has {len(_FIXED)} to {_MOST} columns, "
            f"this line {len(cells)}."
        )
    stripped = [cell.strip() for cell in cells]
    row = dict(zip(_FIXED, stripped, strict=False))
    if row["disposition"].upper() not in DISPOSITIONS:
        raise NotARow(
            f"Column {_FIXED.index('disposition') + 1} must be a disposition, one of "
            f"{', '.join(sorted(DISPOSITIONS))}; the columns are in another order than cdr_csv writes them."
        )
    row.update(_optional(stripped[len(_FIXED) :]))
    return row


def _optional(extra: list[str]) -> dict[str, str]:
    """The columns after amaflags, told apart by what is in them."""
    found: dict[str, str] = {}
    if len(extra) >= 3:
        last = extra[-3:]
        if last[2].isdecimal():
            found |= {"peeraccount": last[0], "linkedid": last[1], "sequence": last[2]}
        elif last[1].isdecimal():
            found |= {"linkedid": last[0], "sequence": last[1], "peeraccount": last[2]}
        extra = extra[:-3]
    if extra and _UNIQUE_ID.fullmatch(extra[0]):
        found["uniqueid"] = extra[0]
        extra = extra[1:]
    if extra:
        found["userfield"] = extra[0]
    return found


def _canonical(cell: str) -> str:
    name = cell.strip().strip("﻿").lower().replace(" ", "")
    return _SYNONYMS.get(name, name)
