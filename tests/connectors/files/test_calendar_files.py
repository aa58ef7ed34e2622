"""Calendars from files: one delivery, or one per UID of a large export. All data is invented."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from firstcontact.connectors.contract import Delivery
from firstcontact.connectors.files.calendar import ics_deliveries, looks_like_calendar
from firstcontact.connectors.files.problems import FileProblem
from firstcontact.formats.calendar import read_calendar
from firstcontact.interactions.model import Meeting
from firstcontact.interactions.rejection import Rejection

WINDOW = (1_767_225_600_000_000, 1_798_761_600_000_000)
"""The year 2026."""

ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def event(uid: str, *lines: str) -> str:
    start = (
        () if any(line.startswith("DTSTART") for line in lines) else ("DTSTART;TZID=Ours:20260105T100000",)
    )
    return "\r\n".join(
        ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *start, *lines, "END:VEVENT", "")
    )


LARGE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\n"
    + event("series@cal.example", "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:Daily")
    + event("single@cal.example", "SUMMARY:One", "BEGIN:VALARM\r\nUID:alarm\r\nEND:VALARM")
    + "BEGIN:VTODO\r\nUID:t1\r\nEND:VTODO\r\n"
    + event("a-very-long-uid-that-is-\r\n folded@cal.example", "SUMMARY:Folded")
    # The zone comes last, and the version of an occurrence far from its series.
    + event("series@\r\n cal.example", "RECURRENCE-ID;TZID=Ours:20260106T100000", "DTSTART:20260106T200000Z")
    + ZONE
    + "END:VCALENDAR\r\n"
).encode()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "export.ics"
    path.write_bytes(LARGE)
    return path


def readings(found: list[Delivery | Rejection]) -> tuple[dict[str, Meeting], list[Rejection]]:
    meetings: dict[str, Meeting] = {}
    rejections: list[Rejection] = []
    for item in found:
        if isinstance(item, Rejection):
            rejections.append(item)
            continue
        read, refused = read_calendar(item.raw, region="US", timezone="UTC", window=WINDOW)
        meetings.update({meeting.id: meeting for meeting in read})
        rejections.extend(refused)
    return meetings, rejections


def test_a_small_file_is_one_delivery(large: Path) -> None:
    """Below the limit the file is handed over byte for byte, with its name and its owner."""
    ((delivery, cursor),) = ics_deliveries(large, "", "uma")
    assert isinstance(delivery, Delivery)
    assert (delivery.raw, delivery.place, delivery.captured_from) == (LARGE, "export.ics", "uma")
    assert list(ics_deliveries(large, cursor)) == []


def test_a_large_file_says_the_same_in_pieces(large: Path) -> None:
    """Cut by UID, the file gives exactly the meetings that it gives as a whole: series with their
    versions, times in zones that come last, folded UIDs."""
    whole, _ = readings([item for item, _ in ics_deliveries(large)])
    items = [item for item, _ in ics_deliveries(large, small_bytes=200)]
    pieces, rejections = readings(items)
    assert pieces == whole
    assert len(whole) == 5
    assert [rejection.reason for rejection in rejections] == ["not_an_event"]
    assert len(items) == 4


def test_each_cursor_goes_on_behind_its_item(large: Path) -> None:
    """Stopped after any item, the rest comes and nothing twice."""
    items = list(ics_deliveries(large, small_bytes=200))
    for number, (_, cursor) in enumerate(items, 1):
        assert list(ics_deliveries(large, cursor, small_bytes=200)) == items[number:]


def test_a_changed_file_is_read_from_the_start(large: Path) -> None:
    """A cursor of the file as it was does not skip anything in the file as it is."""
    cursors = [cursor for _, cursor in ics_deliveries(large, small_bytes=200)]
    large.write_bytes(LARGE.replace(b"SUMMARY:One", b"SUMMARY:Two"))
    os.utime(large, ns=(1, 1))
    assert len(list(ics_deliveries(large, cursors[-1], small_bytes=200))) == 4


@pytest.mark.parametrize("small", [200, 1 << 20])
def test_gzip_is_read_like_the_plain_file(tmp_path: Path, large: Path, small: int) -> None:
    """A compressed calendar gives the same meetings, whole or in pieces."""
    packed = tmp_path / "export.ics.gz"
    packed.write_bytes(gzip.compress(LARGE))
    plain, _ = readings([item for item, _ in ics_deliveries(large)])
    assert readings([item for item, _ in ics_deliveries(packed, small_bytes=small)])[0] == plain


@pytest.mark.parametrize("small", [200, 1 << 20])
@pytest.mark.parametrize(("until", "whole_events"), [(b"SUMMARY:Folded", 4), (b"BEGIN:VTIMEZONE", 5)])
def test_a_cut_file_gives_what_is_whole_and_says_so(
    tmp_path: Path, small: int, until: bytes, whole_events: int
) -> None:
    """Events before the cut are read; a rejection says that the file ended too early."""
    path = tmp_path / "cut.ics"
    path.write_bytes(LARGE[: LARGE.index(until)])
    meetings, rejections = readings([item for item, _ in ics_deliveries(path, small_bytes=small)])
    assert len(meetings) == whole_events
    assert "truncated" in [rejection.reason for rejection in rejections]


def test_a_cut_gzip_says_so(tmp_path: Path) -> None:
    """A gzip file that ends too early is a rejection beside what it held."""
    path = tmp_path / "cut.ics.gz"
    path.write_bytes(gzip.compress(LARGE * 3)[:-12])
    items = [item for item, _ in ics_deliveries(path, small_bytes=200)]
    assert [item.reason for item in items if isinstance(item, Rejection)][-1] == "truncated"


def test_one_oversized_entry_costs_only_itself(large: Path) -> None:
    """Events with megabytes of attachments are set aside by name; the others are delivered."""
    big = LARGE.replace(b"SUMMARY:One", b"ATTACH;VALUE=BINARY;ENCODING=BASE64:" + b"A" * 300_000)
    large.write_bytes(big)
    items = [item for item, _ in ics_deliveries(large, small_bytes=200, limit_bytes=100_000)]
    assert [item.reason for item in items if isinstance(item, Rejection)] == ["too_large", "not_an_event"]
    assert len(readings(items)[0]) == 4


def test_several_calendars_in_one_file_keep_their_methods(tmp_path: Path) -> None:
    """Two calendars one behind the other: each event is read with the method of its own."""
    path = tmp_path / "two.ics"
    second = LARGE.replace(b"METHOD:PUBLISH", b"METHOD:CANCEL").replace(b"single@", b"other@")
    path.write_bytes(LARGE + second)
    found: list[Meeting] = []
    for item, _ in ics_deliveries(path, small_bytes=200):
        if isinstance(item, Delivery):
            found.extend(read_calendar(item.raw, region="US", timezone="UTC", window=WINDOW)[0])
    status = {meeting.source_id: meeting.status for meeting in found}
    assert status["single@cal.example"] == "confirmed"
    assert status["other@cal.example"] == "cancelled"


def test_an_event_without_its_end_does_not_take_the_next_with_it(large: Path) -> None:
    """A missing END:VEVENT costs nobody: the next BEGIN closes it."""
    large.write_bytes(LARGE.replace(b"SUMMARY:Daily\r\nEND:VEVENT\r\n", b"SUMMARY:Daily\r\n"))
    assert len(readings([item for item, _ in ics_deliveries(large, small_bytes=200)])[0]) == 5


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (b"BEGIN:VCALENDAR\r\n", True),
        (b"\xef\xbb\xbf\r\n begin:vcalendar\n", True),
        ("BEGIN:VCALENDAR\r\n".encode("utf-16"), True),
        (b"BEGIN:VEVENT\n", True),
        (b"BEGIN:VCARD\r\n", False),
        (b"From: jane@northwind.example\r\n\r\nBEGIN:VCALENDAR", False),
        (b"", False),
    ],
)
def test_a_calendar_is_known_by_its_first_line(head: bytes, is_one: bool) -> None:
    """A calendar is told from mail, cards and nothing."""
    assert looks_like_calendar(head) is is_one


def test_what_is_no_calendar_is_refused(tmp_path: Path) -> None:
    """Another file, a folder or no file at all is a FileProblem that names it."""
    other = tmp_path / "notes.ics"
    other.write_text("Dear diary\n")
    for path in (other, tmp_path, tmp_path / "none.ics"):
        with pytest.raises(FileProblem, match=path.name):
            list(ics_deliveries(path))


def test_every_shared_calendar_reads_the_same_in_pieces(shared: Path) -> None:
    """Real files: cut by UID they give the meetings that they give as a whole."""
    checked = 0
    for path in sorted((shared / "data" / "calendars").rglob("*.ics")):
        try:
            whole, _ = readings([item for item, _ in ics_deliveries(path)])
        except FileProblem:
            continue
        pieces, _ = readings([item for item, _ in ics_deliveries(path, small_bytes=0)])
        assert set(pieces) == set(whole), path.name
        checked += 1
    assert checked
