"""Vendors' own call and message samples through a whole installation (SPEC §1, `telephony`)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.places import MakePlace, Place
from firstcontact.connectors.address_book.people import People
from firstcontact.identity.names import read_caller_id
from firstcontact.interactions.handles import read_phone
from firstcontact.interactions.model import Call

PRESET = {"preset": "call-connector"}


def ringcentral_records(shared: Path) -> Iterator[dict[str, Any]]:
    """Every finished call or message with a stated direction in the vendor's samples."""
    files = [*(shared / "data/telephony/ringcentral").rglob("*.json")]
    for file in sorted([*files, *(shared / "fixtures").glob("ringcentral_*.json")]):
        with suppress(json.JSONDecodeError):  # snippets of the vendor's prose, with an ellipsis in them
            yield from _records(json.loads(file.read_text()))


def _records(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _records(one)
    elif isinstance(value, dict):
        if value.get("direction") in ("Inbound", "Outbound") and "from" in value and "to" in value:
            if "startTime" in value or "creationTime" in value:
                yield value
                return
        for one in value.values():
            yield from _records(one)


def number(party: object) -> str:
    """The number of a side; a text has a list of receivers."""
    first = party[0] if isinstance(party, list) and party else party
    return str(first.get("phoneNumber", "")) if isinstance(first, dict) else ""


def test_ringcentral(shared: Path, place: MakePlace, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """For each sample the direction, the outside party and the talking time are those that it states, and it
    is one activity; nobody is named after a place, a junk caller ID or a number."""
    checked = 0
    for position, record in enumerate(ringcentral_records(shared)):
        inbound = record["direction"] == "Inbound"
        ours, theirs = (record["to"], record["from"]) if inbound else (record["from"], record["to"])
        if read_phone(number(ours), "") is None or read_phone(number(theirs), "") is None:
            continue
        file = tmp_path / f"{position}.json"
        file.write_text(json.dumps([record]))
        here = place(PRESET, {"region": "US", "users": [_user(number(ours))]})
        here.receive(file)
        here.installation.drain()
        decided = list(here.decided())
        if not decided:
            assert here.rejections(), record
            continue
        checked += 1
        ((fact, decision, _),) = decided
        assert decision.direction == record["direction"].lower()
        assert [person.about for person in decision.people] == [number(theirs)]
        if isinstance(fact, Call) and fact.result == "answered":
            assert fact.seconds == record["duration"]
        assert here.report().activities == 1
        assert not _junk(here, record)
    figure(f"{checked} samples with both sides stated")
    assert checked >= 6


def _user(line: str) -> dict[str, object]:
    return {"name": "Ana Ruiz", "emails": ["ana@northwind.example"], "phones": [line]}


def _junk(here: Place, record: object) -> list[str]:
    """Names of contacts that are a place of the sample or no person's name."""
    places = {" ".join(text.replace(",", " ").upper().split()) for text in _places(record)}
    found = []
    for contact in People(here.opened.address_book).list_contacts():
        name = f"{contact.get('first_name', '')} {contact.get('last_name', '')}".strip()
        if name and name != "Unknown Caller":
            if name.upper() in places or read_caller_id(name, "") is None:
                found.append(name)
    return found


def _places(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _places(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in ("location", "city", "FromCity", "ToCity") and isinstance(one, str):
                yield one
                yield one.partition(",")[0]
            else:
                yield from _places(one)


@pytest.mark.parametrize(
    "caller_id", ["WIRELESS CALLER", "SPRINGFIELD IL", "TOLL FREE CALL", "UNKNOWN", "ANONYMOUS", "4155550123"]
)
def test_junk_is_no_name(caller_id: str, place: MakePlace, tmp_path: Path) -> None:
    """Caller-ID junk makes the placeholder, never a name."""
    record = {
        "id": "1", "sessionId": "1", "startTime": "2026-01-05T10:00:00.000Z", "duration": 61,
        "type": "Voice", "direction": "Inbound", "action": "Phone Call", "result": "Accepted",
        "from": {"phoneNumber": "+14155550123", "name": caller_id}, "to": {"phoneNumber": "+14155550100"},
    }  # fmt: skip
    (tmp_path / "log.json").write_text(json.dumps({"records": [record]}))
    here = place(PRESET)
    here.receive(tmp_path / "log.json")
    here.installation.drain()
    (contact,) = People(here.opened.address_book).list_contacts()
    assert "Unknown Caller" in (contact.get("name") or contact.get("last_name"))


def test_twilio(shared: Path, place: MakePlace, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Each finished call of Twilio's examples is one interaction, with the stated direction, length and
    other party; what is no finished fact is set aside with a reason."""
    examples = json.loads((shared / "data/telephony/twilio/twilio_api_v2010_examples.json").read_text())
    calls = {
        call["sid"]: call
        for name, page in examples.items()
        if name.startswith("get ") and "/Calls.json" in name
        for call in page.get("calls", ())
    }
    checked = 0
    for position, call in enumerate(calls.values()):
        inbound = call["direction"] == "inbound"
        ours, theirs = (call["to"], call["from"]) if inbound else (call["from"], call["to"])
        file = tmp_path / f"{position}.json"
        file.write_text(json.dumps({"calls": [call]}))
        here = place(PRESET, {"region": "US", "users": [_user(ours)]} if read_phone(ours, "US") else None)
        here.receive(file)
        here.installation.drain()
        decided = list(here.decided())
        assert decided or here.rejections()
        for fact, decision, _ in decided:
            assert isinstance(fact, Call)
            checked += 1
            assert decision.direction == ("inbound" if inbound else "outbound")
            assert fact.seconds == (int(call["duration"]) if call["status"] == "completed" else 0)
            assert theirs in [person.about for person in decision.people] or len(theirs) < 11
    figure(f"{len(calls)} example calls, {checked} interactions")
    assert checked > 0


SPECIFIED = {
    'Unanswered "Inbound" Call': 0,
    "Single Party": 58,
    "Basic Call": 112,
    "Unanswered Dial": 0,
    "Parallel Dial": 60,
    "Blind Transfer": 80,
    "Core Attended Transfer to Channel": 95,
    "Call Park": 70,
    "Call Queue - Example 1": 120,
    "Call Queue - Example 2": 100,
}
"""Scenarios of the CDR specification that are one call, with the seconds that the caller talked."""


def test_asterisk(shared: Path, place: MakePlace, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """The many detail rows of one specified call are one interaction and one activity."""
    tables = _specified(shared)
    rows = 0
    for position, (heading, seconds) in enumerate(SPECIFIED.items()):
        file = tmp_path / f"Master{position}.csv"
        out = io.StringIO()
        csv.writer(out).writerows(tables[heading])
        file.write_text(out.getvalue())
        rows += len(tables[heading]) - 1
        here = place(PRESET)
        here.receive(file)
        here.installation.drain()
        ((fact, _, _),) = list(here.decided())
        assert isinstance(fact, Call)
        assert fact.seconds == seconds, heading
        assert here.report().activities <= 1
    figure(f"{rows} detail rows of {len(SPECIFIED)} calls")


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
