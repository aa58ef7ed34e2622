"""iCalendar to meetings: times, people, series, and what becomes a rejection. All data is invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from firstcontact.formats.calendar import read_calendar
from firstcontact.formats.calendar_zones import guessed
from firstcontact.interactions.meetings import supersede
from firstcontact.interactions.model import Meeting
from firstcontact.interactions.rejection import Rejection


def us(text: str) -> int:
    """Microseconds of an ISO time in UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000)


WINDOW = (us("2026-01-01"), us("2027-01-01"))


def event(*lines: str, uid: str = "ev-1@cal.example") -> str:
    """A VEVENT on 5 January 2026, 10:00 UTC; lines that begin with DTSTART replace that."""
    start = () if any(line.startswith("DTSTART") for line in lines) else ("DTSTART:20260105T100000Z",)
    stamp = () if any(line.startswith("DTSTAMP") for line in lines) else ("DTSTAMP:20260101T000000Z",)
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", *stamp, *start, *lines, "END:VEVENT"))


def calendar(*events: str, method: str = "", header: Sequence[str] = ()) -> bytes:
    """A VCALENDAR around events."""
    first = (*header, *((f"METHOD:{method}",) if method else ()))
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *first, *events, "END:VCALENDAR", "")).encode()


def read(raw: bytes, timezone: str = "UTC") -> tuple[tuple[Meeting, ...], tuple[Rejection, ...]]:
    return read_calendar(raw, region="US", timezone=timezone, window=WINDOW)


def only(raw: bytes, timezone: str = "UTC") -> Meeting:
    meetings, _ = read(raw, timezone)
    assert len(meetings) == 1
    return meetings[0]


def starts(meetings: Sequence[Meeting]) -> list[str]:
    return [datetime.fromtimestamp(meeting.at / 1e6, UTC).strftime("%m-%d %H:%M") for meeting in meetings]


# --- times ------------------------------------------------------------------------------------------------

CUSTOM_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Customized Time Zone",
    "BEGIN:STANDARD",
    "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0430",
    "TZOFFSETTO:+0330",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:+0330",
    "TZOFFSETTO:+0430",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)
BROKEN_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Broken",
    "BEGIN:STANDARD",
    "DTSTART:never",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DTSTART:20260105T100000Z", "2026-01-05T10:00"),
        ("DTSTART;TZID=Europe/Berlin:20260105T100000", "2026-01-05T09:00"),
        ('DTSTART;TZID="Europe/Berlin":20260705T100000', "2026-07-05T08:00"),
        ('DTSTART;TZID="Europe/Berlin:20260705T100000"', "2026-07-05T08:00"),
        ("DTSTART;TZID=europe/berlin:20260105T100000", "2026-01-05T09:00"),
        ("DTSTART;TZID=/vendor.example/20050126_1/Europe/Berlin:20260105T100000", "2026-01-05T09:00"),
        ("DTSTART;TZID=Europe_Berlin:20260105T100000", "2026-01-05T09:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260705T100000", "2026-07-05T08:00"),
        ("DTSTART;TZID=UTC-05:20260105T100000", "2026-01-05T15:00"),
        ("DTSTART;TZID=GMT+0530:20260105T100000", "2026-01-05T04:30"),
        ("DTSTART;TZID=Europe/Berlin:20260105T100000Z", "2026-01-05T10:00"),
        ("DTSTART:20260105T100000+0200", "2026-01-05T08:00"),
        ("DTSTART:2026-01-05T10:00:00Z", "2026-01-05T10:00"),
        ("DTSTART;TZID=Customized Time Zone:20260105T100000", "2026-01-05T06:30"),
        ("DTSTART;TZID=Customized Time Zone:20260705T100000", "2026-07-05T05:30"),
        # Nobody knows these zones: the person's own is taken, New York here.
        ("DTSTART:20260105T100000", "2026-01-05T15:00"),
        ("DTSTART;TZID=X-NOWHERE:20260105T100000", "2026-01-05T15:00"),
        ("DTSTART;TZID=Broken:20260105T100000", "2026-01-05T15:00"),
        ("DTSTART;VALUE=DATE:20260105", "2026-01-05T05:00"),
        ("DTSTART:20260105T240000Z", "2026-01-06T00:00"),
    ],
)
def test_a_start_is_read_in_its_zone(line: str, expected: str) -> None:
    """Whatever way a calendar names a time zone, the meeting starts at the right UTC time."""
    raw = calendar(*CUSTOM_ZONE, *BROKEN_ZONE, event(line))
    assert only(raw, "America/New_York").at == us(expected)


def test_zones_of_one_calendar_do_not_reach_another() -> None:
    """Two calendars that give the same TZID different rules are each read by their own."""
    first = calendar(*CUSTOM_ZONE, event("DTSTART;TZID=Customized Time Zone:20260105T100000"))
    other = [line.replace("+0330", "-0800").replace("+0430", "-0700") for line in CUSTOM_ZONE]
    second = calendar(*other, event("DTSTART;TZID=Customized Time Zone:20260105T100000"))
    assert only(first).at == us("2026-01-05T06:30")
    assert only(second).at == us("2026-01-05T18:00")


def test_a_floating_time_is_in_the_calendars_own_zone_first() -> None:
    """X-WR-TIMEZONE says where times without a zone are; it comes before the reader's default."""
    raw = calendar(event("DTSTART:20260105T100000"), header=["X-WR-TIMEZONE:Asia/Tokyo"])
    assert only(raw, "America/New_York").at == us("2026-01-05T01:00")


@pytest.mark.parametrize(
    ("lines", "seconds", "all_day"),
    [
        (["DTEND:20260105T104500Z"], 2700, False),
        (["DURATION:PT1H30M"], 5400, False),
        ([], 0, False),
        (["DTEND:20260105T090000Z"], 0, False),
        (["DTEND;TZID=Europe/Berlin:20260105T120000"], 3600, False),
        (["DTSTART;VALUE=DATE:20260105"], 86400, True),
        (["DTSTART;VALUE=DATE:20260105", "DTEND;VALUE=DATE:20260105"], 86400, True),
        (["DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260331"], 3 * 86400, True),
        (["DTEND:20260106T100000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], 86400, True),
    ],
)
def test_a_duration_comes_from_the_end_the_duration_or_the_day(
    lines: list[str], seconds: int, all_day: bool
) -> None:
    """DTEND, DURATION or neither give the length; days are 24 hours even over a change of clocks."""
    meeting = only(calendar(event(*lines)), "Europe/Berlin")
    assert (meeting.seconds, meeting.all_day) == (seconds, all_day)


def test_an_unknown_default_zone_is_refused() -> None:
    """A time zone from the settings that does not exist is an error, not silently UTC."""
    with pytest.raises(ValueError, match="Mars/Olympus"):
        read(calendar(event()), "Mars/Olympus")
    assert guessed("Mars/Olympus") is None


# --- people -----------------------------------------------------------------------------------------------


def test_everybody_has_a_role_a_name_a_reply_and_a_handle() -> None:
    """Organiser, required, optional, room, equipment and information-only are told apart, replies kept."""
    meeting = only(
        calendar(
            event(
                'ORGANIZER;CN="Usher, Uma":mailto:uma@ourco.example',
                "ATTENDEE;CN=Uma Usher;PARTSTAT=ACCEPTED:MAILTO:Uma@OurCo.example",
                "ATTENDEE;CN=Jane Doe;PARTSTAT=TENTATIVE:mailto:jane%2Bcal@northwind.example",
                "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=DECLINED:mailto:opt@northwind.example",
                "ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED;CN=Room 4:mailto:room4@rooms.example",
                "ATTENDEE;CUTYPE=RESOURCE:mailto:beamer@rooms.example",
                "ATTENDEE;ROLE=NON-PARTICIPANT:mailto:fyi@northwind.example",
                "ATTENDEE;CUTYPE=GROUP:mailto:team@northwind.example",
                "ATTENDEE;PARTSTAT=X-MAYBE;EMAIL=id@northwind.example;CN=Ida:urn:uuid:00000000-0000",
                "ATTENDEE;CN=No Address:invalid:nomail",
                "ATTENDEE;CN=Phil:tel:(415) 555-0123",
                "ATTENDEE:old@northwind.example (no scheme)",
            )
        )
    )
    facts = [
        (p.role, p.handles[0].value if p.handles else "", p.name, p.reply, p.cutype)
        for p in meeting.participants
    ]
    assert facts[:10] == [
        ("organiser", "uma@ourco.example", "Usher, Uma", "accepted", ""),
        ("attendee", "jane+cal@northwind.example", "Jane Doe", "tentative", ""),
        ("optional", "opt@northwind.example", "", "declined", ""),
        ("resource", "room4@rooms.example", "Room 4", "accepted", "room"),
        ("resource", "beamer@rooms.example", "", "", "resource"),
        ("resource", "fyi@northwind.example", "", "", ""),
        ("attendee", "team@northwind.example", "", "", "group"),
        ("attendee", "id@northwind.example", "Ida", "needs-action", ""),
        ("attendee", "", "No Address", "", ""),
        ("attendee", "+14155550123", "Phil", "", ""),
    ]
    assert meeting.participants[1].handles[0].key == "jane@northwind.example"
    assert len(facts) == 11


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ATTENDEE;CN=Doe, Jane:mailto:jane@northwind.example", "Doe, Jane"),
        ('ATTENDEE;CN="Jane:mailto:jane@northwind.example', "Jane"),
        ("ATTENDEE;CN=Board: Jane;RSVP=TRUE:mailto:jane@northwind.example", "Board"),
        ("ATTENDEE;:mailto:jane@northwind.example", ""),
        ("ATTENDEE;CN=Jörg Ünal:mailto:jane@northwind.example", "Jörg Ünal"),
        ("attendee;cn=Jane:Jane Doe <jane@northwind.example>", "Jane"),
    ],
)
def test_a_line_that_breaks_the_grammar_keeps_its_address(line: str, name: str) -> None:
    """An unquoted comma or colon, a lost quote or a bare name does not lose the attendee."""
    person = only(calendar(event(line))).participants[0]
    assert (person.handles[0].value, person.name) == ("jane@northwind.example", name)


def test_googles_rooms_and_shared_calendars_are_known_by_their_hosts() -> None:
    """Addresses that Google gives to rooms and shared calendars never look like people."""
    people = only(
        calendar(
            event(
                "ORGANIZER;CN=Team:mailto:abc@group.calendar.google.com",
                "ATTENDEE;CN=Atrium:mailto:ourco.example_1@resource.calendar.google.com",
            )
        )
    ).participants
    assert [(person.role, person.cutype) for person in people] == [
        ("organiser", "group"),
        ("resource", "resource"),
    ]


# --- texts and marks --------------------------------------------------------------------------------------


def test_texts_are_unfolded_and_unescaped() -> None:
    """Folds, also inside a multi-byte character, escapes and forgotten line breaks give the text back."""
    raw = calendar(event("SUMMARY:Quarterly\\, with üs", "DESCRIPTION:One\\nTwo\\; three\r\nfour"))
    cut = raw.index("üs".encode()) + 1
    meeting = only(raw[:cut] + b"\r\n " + raw[cut:])
    assert meeting.subject == "Quarterly, with üs"
    assert meeting.body == "One\nTwo; three\nfour"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(encoding: str) -> None:
    """A byte order mark, UTF-16 and Windows-1252 give the same title."""
    raw = calendar(event("SUMMARY:Übergabe")).decode()
    assert only(raw.encode(encoding)).subject == "Übergabe"


@pytest.mark.parametrize(
    ("line", "private"),
    [
        ("", False),
        ("CLASS:PUBLIC", False),
        ("CLASS:PRIVATE", True),
        ("CLASS:confidential", True),
        ("CLASS:X-A", True),
    ],
)
def test_anything_but_public_is_private(line: str, private: bool) -> None:
    """PRIVATE, CONFIDENTIAL and unknown classes are private (RFC 5545 §3.8.1.3)."""
    assert only(calendar(event(line))).private is private


def test_a_long_description_is_cut_and_said() -> None:
    """At most 64 KB of the description are kept, and a rejection says so."""
    meetings, rejections = read(calendar(event("DESCRIPTION:" + "ü" * 40_000)))
    assert len(meetings[0].body.encode()) == 65_536
    assert [rejection.reason for rejection in rejections] == ["body_cut"]


def test_attachments_keep_their_address_and_not_their_bytes() -> None:
    """An attached file is named with its type; its inline bytes stay out."""
    (by_uri, inline) = only(
        calendar(
            event(
                "ATTACH;FILENAME=offer.pdf;FMTTYPE=application/pdf:https://files.example/1",
                "ATTACH;X-FILENAME=a.txt;ENCODING=BASE64;VALUE=BINARY:AAAA",
            )
        )
    ).attachments
    assert (by_uri.name, by_uri.content_type, by_uri.uri) == (
        "offer.pdf",
        "application/pdf",
        "https://files.example/1",
    )
    assert (inline.name, inline.uri) == ("a.txt", "")


# --- identity ---------------------------------------------------------------------------------------------


def test_a_moved_meeting_keeps_its_id_and_is_newer() -> None:
    """The start is no part of a single meeting's id; SEQUENCE, then DTSTAMP, tells which is newer."""
    first = only(calendar(event("SEQUENCE:0")))
    later_stamp = only(calendar(event("SEQUENCE:0", "DTSTAMP:20260102T000000Z")))
    moved = only(calendar(event("SEQUENCE:1", "DTSTART:20260106T100000Z")))
    assert first.id == moved.id == later_stamp.id
    assert first.conversation == "ev-1@cal.example" == first.source_id
    assert first.revision < later_stamp.revision < moved.revision < 2**63


def test_an_entry_without_uid_has_a_stable_id() -> None:
    """Two copies of an entry without UID are one meeting; another title is another."""

    def bare(title: str) -> bytes:
        return calendar(event(f"SUMMARY:{title}").replace("UID:ev-1@cal.example\r\n", ""))

    assert only(bare("A")).id == only(bare("A")).id != only(bare("B")).id


# --- series -----------------------------------------------------------------------------------------------


def test_a_series_becomes_its_occurrences() -> None:
    """A weekly rule keeps local time over the change of clocks, without its exceptions, with its extras."""
    meetings, rejections = read(
        calendar(
            event(
                "DTSTART;TZID=Europe/Berlin:20260316T100000",
                "DTEND;TZID=Europe/Berlin:20260316T103000",
                "RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO",
                "EXDATE;TZID=Europe/Berlin:20260323T100000",
                "RDATE;TZID=Europe/Berlin:20260318T120000",
                "RDATE;VALUE=PERIOD:20260319T120000Z/PT2H",
            )
        )
    )
    assert starts(meetings) == ["03-16 09:00", "03-18 11:00", "03-19 12:00", "03-30 08:00", "04-06 08:00"]
    assert [meeting.seconds for meeting in meetings] == [1800, 1800, 7200, 1800, 1800]
    assert len({meeting.id for meeting in meetings}) == 5
    assert {meeting.conversation for meeting in meetings} == {"ev-1@cal.example"}
    assert meetings[0].source_id == "ev-1@cal.example/2026-03-16T09:00:00Z"
    assert not rejections


def test_an_endless_rule_ends_with_the_window() -> None:
    """Occurrences start within the window: from its first microsecond, before its last."""
    meetings, _ = read(calendar(event("DTSTART:20200101T000000Z", "RRULE:FREQ=MONTHLY")))
    assert len(meetings) == 12
    assert starts(meetings)[0] == "01-01 00:00"


def test_all_day_series_have_dates_in_their_ids() -> None:
    """An all-day occurrence has the same id wherever the reader is; UNTIL as a time still ends the rule."""
    raw = calendar(event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;UNTIL=20260107T000000Z"))
    berlin, _ = read(raw, "Europe/Berlin")
    tokyo, _ = read(raw, "Asia/Tokyo")
    assert [meeting.id for meeting in berlin] == [meeting.id for meeting in tokyo]
    assert [meeting.source_id[-10:] for meeting in berlin] == ["2026-01-05", "2026-01-06", "2026-01-07"]


MASTER = event("RRULE:FREQ=DAILY;COUNT=3", "SEQUENCE:5", "ATTENDEE:mailto:jane@northwind.example")
MOVED = event(
    "RECURRENCE-ID:20260106T100000Z",
    "DTSTART:20260106T150000Z",
    "SEQUENCE:1",
    "ATTENDEE:mailto:ned@ourco.example",
)


@pytest.mark.parametrize("events", [(MASTER, MOVED), (MOVED, MASTER)])
def test_a_moved_occurrence_is_not_made_again_by_the_rule(events: tuple[str, ...]) -> None:
    """A version of one occurrence takes its place, in any order and though its SEQUENCE is lower."""
    meetings, _ = read(calendar(*events))
    assert sorted(starts(meetings)) == ["01-05 10:00", "01-06 15:00", "01-07 10:00"]
    moved = next(meeting for meeting in meetings if starts([meeting]) == ["01-06 15:00"])
    assert [person.raw for person in moved.participants] == ["mailto:ned@ourco.example"]


@pytest.mark.parametrize("rule_first", [True, False])
def test_a_moved_occurrence_wins_over_the_rule_in_another_delivery(rule_first: bool) -> None:
    """The rule and the version arrive separately: superseding gives the version, in either order."""
    by_rule = read(calendar(MASTER))[0][1]
    moved = only(calendar(MOVED))
    assert by_rule.id == moved.id
    merged = supersede(by_rule, moved) if rule_first else supersede(moved, by_rule)
    assert merged.at == us("2026-01-06T15:00")
    assert [person.raw for person in merged.participants] == ["mailto:ned@ourco.example"]


def test_exchange_names_a_day_of_an_all_day_series_by_a_time() -> None:
    """A time as RECURRENCE-ID of an all-day series, or a day of a timed one, finds its occurrence."""
    days = calendar(
        event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=2"),
        event("DTSTART;VALUE=DATE:20260110", "RECURRENCE-ID;TZID=Europe/Berlin:20260106T000000"),
    )
    assert starts(read(days)[0]) == ["01-05 00:00", "01-10 00:00"]
    times = calendar(
        event("RRULE:FREQ=DAILY;COUNT=2"),
        event("DTSTART:20260110T100000Z", "RECURRENCE-ID;VALUE=DATE:20260106"),
    )
    assert starts(read(times)[0]) == ["01-05 10:00", "01-10 10:00"]


def test_a_version_for_all_that_follow_moves_them_and_keeps_their_ids() -> None:
    """RANGE=THISANDFUTURE moves the later occurrences; each keeps the id that the rule gave it."""
    plain, _ = read(calendar(event("RRULE:FREQ=DAILY;COUNT=3")))
    moved, _ = read(
        calendar(
            event("RRULE:FREQ=DAILY;COUNT=3"),
            event(
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20260106T100000Z",
                "DTSTART:20260106T130000Z",
                "SUMMARY:Later",
            ),
        )
    )
    assert starts(moved) == ["01-05 10:00", "01-06 13:00", "01-07 13:00"]
    assert [meeting.id for meeting in moved] == [meeting.id for meeting in plain]
    assert moved[2].subject == "Later"


def test_two_versions_of_a_series_in_one_calendar() -> None:
    """Only the newest version of a series is expanded; the older one is set aside with that reason."""
    old = event("RRULE:FREQ=DAILY;COUNT=9", "SEQUENCE:0")
    new = event("RRULE:FREQ=DAILY;COUNT=2", "SEQUENCE:1")
    for events in ((old, new), (new, old)):
        meetings, rejections = read(calendar(*events))
        assert len(meetings) == 2
        assert [rejection.reason for rejection in rejections] == ["superseded"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY", "rule_too_fine"),
        ("FREQ=MINUTELY", "rule_too_fine"),
        (
            "FREQ=YEARLY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=1,2,3,4,5,6;BYDAY=MO;COUNT=99",
            "",
        ),
        ("FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=1,2", "too_many_occurrences"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "unreadable_rule"),
        ("FREQ=DAILY;INTERVAL=0", "unreadable_rule"),
        ("FREQ=SOMETIMES", "unreadable_rule"),
        ("COUNT=4", "unreadable_rule"),
        ("FREQ=WEEKLY;COUNT=many", "unreadable_rule"),
        ("FREQ=DAILY;UNTIL=20260107T100000Z; BYDAY=MO, TU, WE;", ""),
    ],
)
def test_no_rule_keeps_a_worker_busy(rule: str, reason: str) -> None:
    """A rule that is broken, endless in vain or too fine costs no time and leaves its first occurrence."""
    began = perf_counter()
    meetings, rejections = read(calendar(event(f"RRULE:{rule}")))
    assert perf_counter() - began < 5
    assert [rejection.reason for rejection in rejections] == ([reason] if reason else [])
    if reason in ("rule_too_fine", "unreadable_rule"):
        assert starts(meetings) == ["01-05 10:00"]


def test_a_series_outside_the_window_says_so() -> None:
    """A series without an occurrence in the window is a rejection, not silence."""
    meetings, rejections = read(calendar(event("DTSTART:20200105T100000Z", "RRULE:FREQ=DAILY;COUNT=3")))
    assert not meetings
    assert [rejection.reason for rejection in rejections] == ["outside_window"]


# --- methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "line"), [("CANCEL", ""), ("CANCEL", "STATUS:CONFIRMED"), ("", "STATUS:CANCELLED")]
)
def test_a_cancellation_is_cancelled(method: str, line: str) -> None:
    """METHOD:CANCEL and STATUS:CANCELLED both cancel."""
    assert only(calendar(event(line), method=method)).status == "cancelled"


def test_a_tentative_meeting_is_tentative() -> None:
    """STATUS:TENTATIVE is kept; without STATUS a meeting is confirmed."""
    assert only(calendar(event("STATUS:tentative"))).status == "tentative"
    assert only(calendar(event())).status == "confirmed"


@pytest.mark.parametrize("method", ["COUNTER", "DECLINECOUNTER", "REFRESH"])
def test_messages_about_a_meeting_are_no_meeting(method: str) -> None:
    """A proposal or a question changes no meeting; the rejection names the method."""
    meetings, rejections = read(calendar(event(), method=method))
    assert not meetings
    assert rejections[0].reason == "method_not_read"
    assert method in rejections[0].detail


def test_a_reply_alone_is_partial() -> None:
    """A reply is kept for its meeting and is none itself; so is a cancellation that gives no time."""
    reply = only(calendar(event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:jane@northwind.example"), method="REPLY"))
    assert reply.partial
    cancel = only(calendar(event().replace("DTSTART:20260105T100000Z\r\n", ""), method="CANCEL"))
    assert (cancel.partial, cancel.status, cancel.at) == (True, "cancelled", 0)
    assert not only(calendar(event(), method="CANCEL")).partial


def test_cancelling_a_series_cancels_moved_occurrences_too() -> None:
    """The cancellation of a whole series is newer than the version of one occurrence."""
    moved = only(calendar(MOVED))
    cancelled, _ = read(
        calendar(event("RRULE:FREQ=DAILY;COUNT=3", "SEQUENCE:6", "DTSTAMP:20260104T000000Z"), method="CANCEL")
    )
    (same,) = [meeting for meeting in cancelled if meeting.id == moved.id]
    assert supersede(moved, same).status == supersede(same, moved).status == "cancelled"


# --- what is no meeting -----------------------------------------------------------------------------------


def test_other_components_are_counted() -> None:
    """Tasks, journals and free-busy answers are one rejection each, with their number."""
    tasks = ["BEGIN:VTODO\r\nUID:t\r\nEND:VTODO"] * 2
    meetings, rejections = read(calendar(*tasks, "BEGIN:VJOURNAL\r\nEND:VJOURNAL", event()))
    assert len(meetings) == 1
    assert [(r.reason, r.detail[:10]) for r in rejections] == [
        ("not_an_event", "1 VJOURNAL"),
        ("not_an_event", "2 VTODO co"),
    ]


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        (b"", ["not_a_calendar"]),
        (b"hello\nworld", ["not_a_calendar"]),
        (b"\x00\xff\xfe" * 50, ["not_a_calendar"]),
        (calendar(), ["no_events"]),
        (calendar(event("DTSTART:tomorrow")), ["unreadable_time", "no_start"]),
        (calendar(event()).replace(b"END:VCALENDAR\r\n", b""), ["truncated"]),
        (calendar(event()).partition(b"END:VEVENT")[0], ["truncated", "truncated"]),
        (calendar(event(), header=["CALSCALE:HEBREW"]), ["calendar_scale"]),
    ],
)
def test_what_cannot_be_read_says_why(raw: bytes, reasons: list[str]) -> None:
    """No input is silent: what is no meeting has a reason."""
    assert [rejection.reason for rejection in read(raw)[1]] == reasons


def test_one_broken_event_costs_only_itself() -> None:
    """An event without its END, or with nonsense in it, leaves the next one whole."""
    lost_end = event("SUMMARY:One", uid="a").replace("\r\nEND:VEVENT", "")
    meetings, rejections = read(
        calendar(lost_end, event("SUMMARY:Two", "\x01\x02;;;:::", "ATTENDEE", uid="b"))
    )
    assert [meeting.subject for meeting in meetings] == ["One", "Two"]
    assert [(r.reason, r.detail[:7]) for r in rejections] == [("unreadable_line", "2 lines")]


def test_an_alarm_inside_an_event_does_not_leak() -> None:
    """The lines of an alarm are not the event's: neither its text nor its attendee."""
    alarm = "BEGIN:VALARM\r\nDESCRIPTION:Alarm\r\nATTENDEE:mailto:x@northwind.example\r\nEND:VALARM"
    meeting = only(calendar(event(alarm, "SUMMARY:Real")))
    assert (meeting.subject, meeting.body, meeting.participants) == ("Real", "", ())


@pytest.mark.parametrize("cut", range(0, 900, 37))
def test_a_calendar_cut_anywhere_never_raises(cut: int) -> None:
    """Every prefix of a calendar gives meetings or reasons."""
    raw = calendar(*CUSTOM_ZONE, MASTER, MOVED)[:cut]
    meetings, rejections = read(raw)
    assert meetings or rejections


def test_the_shared_calendars_are_all_accounted_for(shared: Path) -> None:
    """Real calendars, broken ones among them: no exception, something said of each, and fast enough."""
    files = sorted((shared / "data" / "calendars").rglob("*.ics"))
    assert files
    began = perf_counter()
    for file in files:
        meetings, rejections = read(file.read_bytes())
        assert meetings or rejections, file.name
        for meeting in meetings:
            for person in meeting.participants:
                if person.cutype in ("room", "resource"):
                    assert person.role == "resource", file.name
    assert perf_counter() - began < 0.5 * len(files)
