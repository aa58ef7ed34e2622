"""Asterisk: rows to legs, legs to one call, whatever columns and order."""

from __future__ import annotations

import csv
import io
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.asterisk import normalise
from firstcontact.interactions.calls import supersede
from firstcontact.interactions.model import Call
from firstcontact.interactions.rejection import Rejection

COLUMNS = [
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
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
]
CALLER = "4155550123"
BASE = {
    "accountcode": "",
    "src": CALLER,
    "dst": "4155550199",
    "dcontext": "from-trunk",
    "clid": f'"WIRELESS CALLER" <{CALLER}>',
    "channel": "PJSIP/trunk-0000002a",
    "dstchannel": "PJSIP/101-0000002b",
    "lastapp": "Dial",
    "lastdata": "PJSIP/101,20",
    "start": "2026-03-02 10:00:00",
    "answer": "2026-03-02 10:00:09",
    "end": "2026-03-02 10:06:12",
    "duration": "372",
    "billsec": "363",
    "disposition": "ANSWERED",
    "amaflags": "DOCUMENTATION",
    "uniqueid": "1772445600.42",
    "userfield": "",
    "peeraccount": "",
    "linkedid": "1772445600.42",
    "sequence": "7",
}
MISSED = {"answer": "", "billsec": "0", "disposition": "NO ANSWER"}


def text(*rows: dict[str, str], columns: list[str] = COLUMNS, header: bool = False) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    if header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([{**BASE, **row}.get(column, "") for column in columns])
    return out.getvalue().encode()


def read(raw: bytes, timezone: str = "UTC") -> tuple[list[Call], tuple[Rejection, ...]]:
    found, rejected = normalise(raw, region="US", timezone=timezone, captured_from="")
    return [one for one in found if isinstance(one, Call)], rejected


def one(*rows: dict[str, str], timezone: str = "UTC") -> Call:
    calls, rejected = read(text(*rows), timezone)
    assert rejected == ()
    assert len(calls) == 1
    return calls[0]


def sides(call: Call) -> list[tuple[str, str, str]]:
    return [(person.role, person.raw, person.name) for person in call.participants]


def test_an_inbound_call() -> None:
    """One row: who called which line, who answered, how long it rang and how long they talked."""
    call = one({})
    assert (call.direction, call.result, call.seconds, call.ring_seconds) == ("inbound", "answered", 363, 9)
    assert sides(call) == [("from", CALLER, "WIRELESS CALLER"), ("to", "4155550199", ""), ("to", "101", "")]
    assert call.participants[0].handles[0].key == "+14155550123"
    assert [leg.user_line for leg in call.legs] == ["101"]


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS,
        COLUMNS[:18],
        COLUMNS[:17],
        COLUMNS[:16],
        [*COLUMNS[:18], "linkedid", "sequence", "peeraccount"],
        COLUMNS[:17] + COLUMNS[18:],
    ],
    ids=["new-columns", "uniqueid-userfield", "uniqueid", "neither", "odbc-order", "no-userfield"],
)
def test_every_column_set_that_cdr_csv_writes(columns: list[str]) -> None:
    """Each combination of optional columns, without a header, gives the same call."""
    calls, rejected = read(text({}, columns=columns))
    assert rejected == ()
    assert [(call.direction, call.seconds, sides(call)) for call in calls] == [
        ("inbound", 363, sides(one({}))),
    ]


def test_a_header_names_the_columns() -> None:
    """With a header the columns may stand in any order and bear the names of the database table."""
    columns = ["calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata"]
    columns += ["duration", "billsec", "disposition", "uniqueid", "linkedid", "recordingfile", "did"]
    row = {"calldate": BASE["start"], "recordingfile": "rec.wav", "did": "+14155550188", "dst": "600"}
    calls, rejected = read(text(row, columns=columns, header=True))
    assert rejected == ()
    assert calls[0].recording == "rec.wav"
    assert [raw for _, raw, _ in sides(calls[0])] == [CALLER, "+14155550188", "101"]
    assert calls[0].id == one({}).id


def test_rows_of_one_call_are_one_call_in_any_order() -> None:
    """A ring group with a menu before and a transfer behind: one call, however the rows arrive."""
    rows = [
        {"dstchannel": "", "lastapp": "BackGround", "billsec": "5", "sequence": "1"},
        {**MISSED, "start": "2026-03-02 10:00:05", "duration": "10", "sequence": "2"},
        {
            "start": "2026-03-02 10:00:05",
            "answer": "2026-03-02 10:00:15",
            "billsec": "30",
            "dstchannel": "PJSIP/102-0000002c",
            "sequence": "3",
        },
        {
            "start": "2026-03-02 10:00:45",
            "answer": "2026-03-02 10:00:45",
            "billsec": "90",
            "dst": "103",
            "dstchannel": "PJSIP/103-0000002d",
            "sequence": "4",
        },
    ]
    whole = one(*rows)
    assert (whole.result, whole.seconds, whole.ring_seconds) == ("answered", 120, 15)
    assert [raw for _, raw, _ in sides(whole)] == [CALLER, "4155550199", "102", "103"]
    for order in permutations(rows):
        call = one(order[0])
        for row in order[1:]:
            call = supersede(call, one(row))
        assert call == whole


def test_an_outbound_call() -> None:
    """An extension dials outside: the number dialled is the other party, the extension is ours."""
    row = {
        "src": "101",
        "clid": '"Ana Ruiz" <101>',
        "dst": CALLER,
        "dcontext": "from-internal",
        "channel": "PJSIP/101-00000001",
        "dstchannel": "PJSIP/trunk-00000002",
    }
    call = one(row)
    assert call.direction == "outbound"
    assert sides(call) == [("from", "101", ""), ("to", CALLER, "")]
    assert one({**row, "src": "+14155550100"}).direction == "outbound"


def test_a_dial_prefix_is_no_part_of_the_number() -> None:
    """Where `dst` still holds the digit for an outside line, the number given to Dial is taken."""
    row = {
        "src": "101",
        "dst": "914155550123",
        "dcontext": "office",
        "channel": "PJSIP/101-00000001",
        "dstchannel": "PJSIP/trunk-00000002",
        "lastdata": "PJSIP/+14155550123@trunk,60",
    }
    assert sides(one(row))[-1] == ("to", "+14155550123", "")


@pytest.mark.parametrize(
    ("row", "direction"),
    [
        ({}, "inbound"),
        ({"dcontext": "default"}, "inbound"),
        ({"src": "anonymous", "clid": '"Anonymous" <anonymous>', "dcontext": "default"}, "inbound"),
        ({"src": "", "clid": '"" <>', "dcontext": "default"}, "inbound"),
        ({"dcontext": "default", "dst": "101"}, "inbound"),
        ({"src": "101", "dst": "102", "channel": "PJSIP/101-01", "dcontext": "from-internal"}, ""),
        (
            {"src": "100", "dst": "200", "channel": "SIP/ana-01", "dstchannel": "SIP/bo-01", "dcontext": "x"},
            "",
        ),
        ({"src": "100", "channel": "SIP/ana-01", "dstchannel": "SIP/out-01", "dcontext": "x"}, "outbound"),
        ({"channel": "Local/101@from-queue-01;2", "dst": "101", "dcontext": "from-queue"}, "inbound"),
    ],
)
def test_direction_by_the_best_evidence(row: dict[str, str], direction: str) -> None:
    """Extension devices, the context's name and what the numbers are tell the direction, or nothing does."""
    assert one(row).direction == direction


@pytest.mark.parametrize(
    ("disposition", "result"),
    [("NO ANSWER", "missed"), ("BUSY", "busy"), ("FAILED", "failed"), ("CONGESTION", "failed")],
)
def test_dispositions(disposition: str, result: str) -> None:
    """Every disposition is a result, and only an answered call has talking time."""
    call = one({**MISSED, "disposition": disposition, "duration": "20"})
    assert (call.result, call.seconds, call.ring_seconds) == (result, 0, 20)


def test_voicemail_and_menus() -> None:
    """VoiceMail answered a call without a person; a menu alone did not answer it at all."""
    box = {"dstchannel": "", "lastapp": "VoiceMail", "lastdata": "101@default,u"}
    assert (one(box).result, one(box).seconds) == ("voicemail", 0)
    menu = one({"dstchannel": "", "lastapp": "WaitExten", "lastdata": "5"})
    assert (menu.result, menu.seconds) == ("missed", 0)


def test_times_are_those_of_the_telephone_system() -> None:
    """A start without a zone is read in the given one."""
    there = one({}, timezone="America/Los_Angeles")
    assert there.at - one({}).at == 8 * 3600 * 1_000_000


def test_names_and_numbers_of_the_caller_id() -> None:
    """The name stands before the number, quotes may be anywhere, a number as name is none."""
    for clid, name in [
        (f'"DIAZ JO" <{CALLER}>', "DIAZ JO"),
        (f"Jo Diaz <{CALLER}>", "Jo Diaz"),
        (f'"Jo Diaz <{CALLER}>"', "Jo Diaz"),
        (f'"{CALLER}" <{CALLER}>', ""),
        (f"<{CALLER}>", ""),
        (CALLER, ""),
    ]:
        assert one({"clid": clid}).participants[0].name == name, clid
    assert one({"src": ""}).participants[0].raw == CALLER


def test_what_is_no_record_is_set_aside() -> None:
    """Lines that are no record are named with what was expected; the others are read."""
    raw = (
        text({})
        + b"hello,world\n\n"
        + text({"disposition": "MAYBE"})
        + text({"start": "soon", "sequence": "8"})
    )
    calls, rejected = read(raw)
    assert len(calls) == 1
    assert [(why.place, why.reason) for why in rejected] == [
        ("line 2", "not_a_cdr_row"),
        ("line 4", "not_a_cdr_row"),
        ("line 5", "no_date"),
    ]
    assert [why.reason for why in read(b"")[1]] == ["nothing_inside"]


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_give_a_reason(raw: bytes) -> None:
    """Whatever the bytes, reading does not raise and says something."""
    calls, rejected = read(raw)
    assert calls or rejected


def _specified(shared: Path) -> dict[str, list[list[str]]]:
    """The tables of the CDR specification by their heading; the columns stand in the first row."""
    tables: dict[str, list[list[str]]] = {}
    heading, open_table = "", False
    for line in (shared / "data/telephony/asterisk/CDR-Specification.md").read_text().splitlines():
        heading = line.strip("# ") if line.startswith("#") else heading
        cells = [cell.strip().replace("\\_", "_") for cell in line.strip().strip("|").split("|")]
        if line.startswith("| clid"):
            open_table = True
            tables.setdefault(heading, [cells])
        elif open_table and line.startswith("|") and not line.startswith("| ---"):
            tables[heading].append(cells)
        elif not line.startswith("|"):
            open_table = False
    return tables


@pytest.mark.parametrize(
    ("heading", "calls", "seconds"),
    [
        ('Unanswered "Inbound" Call', 1, 0),
        ('Unanswered "Outbound" Call', 1, 0),
        ("Single Party", 1, 58),
        ("Basic Call", 1, 112),
        ("Unanswered Dial", 1, 0),
        ("Parallel Dial", 1, 60),
        ("Blind Transfer", 1, 80),
        ("Core Attended Transfer to Channel", 1, 95),
        ("Core Attended Transfer to Application", 1, 50),
        ("SIP Protocol Attended Transfer", 2, 100),
        ("Blonde Transfer", 1, 62),
        ("Three Way Call", 1, 110),
        ("SIP Attended Transfer", 1, 60),
        ("Local channel to an application", 1, 50),
        ("Local channel between bridges", 1, 50),
        ("Call Park", 1, 70),
        ("Call Queue - Example 1", 1, 120),
        ("Call Queue - Example 2", 1, 100),
        ("Conference Call", 1, 230),
        ("A Complex Example", 2, 235),
    ],
)
def test_the_specified_scenarios(shared: Path, heading: str, calls: int, seconds: int) -> None:
    """Each scenario of the CDR specification is as many calls as it has linkedids, and the first call's
    talking time is the time its caller was connected to somebody."""
    columns, *rows = _specified(shared)[heading]
    out = io.StringIO()
    csv.writer(out).writerows([columns, *rows])
    found, rejected = read(out.getvalue().encode())
    assert rejected == ()
    assert (len(found), found[0].seconds) == (calls, seconds)
    assert len(found) == len({row[columns.index("linkedid")] for row in rows})
