"""Malformed mail and calendars: no exception, and nothing lost without a row that says why (SPEC §11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select

from benchmarks.quality.places import MakePlace, Place
from firstcontact.bootstrap import file_items, format_of
from firstcontact.connectors.contract import Delivery
from firstcontact.flow.installation import Item
from firstcontact.interactions.model import Meeting
from firstcontact.ledger.tables import deliveries


def test_malformed_mail(shared: Path, place: MakePlace, figure: Callable[[str], None]) -> None:
    """Each of 698 malformed messages is delivered once and is an interaction or a rejection with its place
    and a sentence; everything is then decided."""
    here = place({"engagement": "any"})
    files = sorted(path for path in (shared / "data/malformed_mail").rglob("*") if path.is_file())
    tally = here.installation.receive(_as_mail(files), here.read)
    assert len(files) == 698
    assert tally.deliveries + tally.known_deliveries == len(files)
    told, rejected = _accounted(here)
    assert told + rejected == tally.deliveries
    here.installation.drain()
    report = here.report()
    figure(
        f"{len(files)} messages ({tally.known_deliveries} identical to another): {told} read, "
        f"{rejected} rejected with a reason, {report.interactions} interactions"
    )
    assert sum(report.activity_verdicts.values()) == report.interactions
    assert report.due == 0


def test_calendars(shared: Path, place: MakePlace, figure: Callable[[str], None]) -> None:
    """Each of 162 calendars is read or rejected with a reason, every meeting is decided, and no room or
    resource becomes a contact even where the settings let everybody through."""
    here = place({"engagement": "any", "free_mail": "create", "required_fields.meeting": ["email"]})
    files = sorted((shared / "data/calendars").rglob("*.ics"))
    assert len(files) == 162
    for file in files:
        here.receive(file)
    told, rejected = _accounted(here)
    here.installation.drain()
    report = here.report()
    rooms, created = set(), set()
    for meeting, decision, _ in here.decided():
        assert isinstance(meeting, Meeting)
        for person in meeting.participants:
            if person.role == "resource" or person.cutype in ("room", "resource"):
                rooms.update(handle.key for handle in person.handles)
        created.update(person.about for person in decision.people if person.verdict == "create")
    figure(
        f"{len(files)} files, {report.deliveries} deliveries: {told} told something, {rejected} did not and "
        f"say why; {report.interactions} meetings, {report.rejected} rejections, {len(rooms)} rooms"
    )
    assert told + rejected == report.deliveries
    assert rooms
    assert not rooms & created
    assert report.due == 0


def test_every_calendar_is_a_calendar(shared: Path) -> None:
    """Each file that begins as a calendar is detected as one, whatever is broken behind that."""
    files = sorted((shared / "data/calendars").rglob("*.ics"))
    begun = [file for file in files if b"BEGIN:VCALENDAR" in file.read_bytes()[:200].upper()]
    assert len(begun) > 150
    assert {format_of(file) for file in begun} == {"ics"}


def test_request_update_cancel_are_one(shared: Path, place: MakePlace) -> None:
    """Importing every calendar a second time, in the other order, adds no meeting and no activity."""
    here = place({"engagement": "any"})
    files = sorted((shared / "data/calendars").rglob("*.ics"))
    here.receive(*(file for file in files if format_of(file)))
    here.installation.drain()
    before = here.report()
    here.receive(*(file for file in reversed(files) if format_of(file)))
    here.installation.drain()
    after = here.report()
    assert (after.interactions, after.activities) == (before.interactions, before.activities)


def _as_mail(files: list[Path]) -> Iterator[Item]:
    """Each file as a delivered message, whatever its name; the two that share a name differ in folder."""
    for file in files:
        yield Delivery("eml", "/".join(file.parts[-3:]), file.read_bytes(), ""), ""


def _accounted(here: Place) -> tuple[int, int]:
    """How many deliveries told of an interaction, and how many did not but have rejections that say why."""
    why = here.rejections()
    assert all(row.place and row.reason and row.detail for row in why)
    with here.opened.ledger.read() as tx:
        rows = tx.execute(select(deliveries.c.place, deliveries.c.interactions)).all()
    silent = [
        place
        for place, told in rows
        if not told and not any(row.place == place or row.place.startswith(f"{place}: ") for row in why)
    ]
    assert not silent
    told = sum(1 for _, interactions in rows if interactions)
    return told, len(rows) - told


def test_receiving_needs_no_decision(shared: Path) -> None:
    """Every calendar delivers something, or its file says why not."""
    for file in sorted((shared / "data/calendars").rglob("*.ics")):
        if format_of(file):
            assert list(file_items(file, format_of(file), "", "")), file
