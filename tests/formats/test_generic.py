"""The generic record: read as documented, refused with the field and what it may hold."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.formats.generic import BadRecord, read_jsonl, read_record
from firstcontact.interactions.model import Call, Email, Fax, Interaction, Meeting, Sms, Voicemail, kind_of

AT = "2026-03-02T10:00:00Z"
MICROS = 1_772_445_600_000_000
CALL = {
    "id": "i1",
    "kind": "call",
    "direction": "inbound",
    "result": "answered",
    "at": AT,
    "seconds": 240,
    "from": "+14155550123",
    "to": "+14155550100",
    "caller_id": "DIAZ JO",
}
MAIL = {
    "id": "e1",
    "kind": "email",
    "at": AT,
    "from": "Jo Diaz <jo@acme.example>",
    "to": ["ana@ruiz.example"],
}
MEETING = {"id": "g1", "kind": "meeting", "at": AT, "organiser": "ana@ruiz.example", "seconds": 1800}


def call(**more: object) -> Call:
    one = read_record({**CALL, **more}, region="US")
    assert isinstance(one, Call)
    return one


def mail(**more: object) -> Email:
    one = read_record({**MAIL, **more}, region="US")
    assert isinstance(one, Email)
    return one


def fault(data: dict[str, object]) -> BadRecord:
    with pytest.raises(BadRecord) as error:
        read_record(data, region="US")
    return error.value


def test_a_call() -> None:
    """The scenario's example call is read whole: who, when, how long, which way."""
    one = call()
    assert (one.id, one.at, one.seconds, one.result, one.direction) == (
        "i1",
        MICROS,
        240,
        "answered",
        "inbound",
    )
    caller, called = one.participants
    assert (caller.role, caller.name, caller.handles[0].key) == ("from", "DIAZ JO", "+14155550123")
    assert (called.role, called.name, called.handles[0].key) == ("to", "", "+14155550100")


def test_yaml_reads_the_same() -> None:
    """A moment as YAML's datetime is the moment as text."""
    assert call(at=datetime(2026, 3, 2, 10, tzinfo=UTC)) == call()


@pytest.mark.parametrize("who", ["anonymous", "", "101", "911"])
def test_callers_without_a_number_stay_as_received(who: str) -> None:
    """A withheld number, an extension or a short code has no handle and keeps what was sent."""
    caller = call(**{"from": who}).participants[0]
    assert (caller.role, caller.raw, caller.handles) == ("from", who, ())


def test_numbers_are_read_in_the_records_own_region() -> None:
    """The record's `region` decides how a number without a country code is read."""
    one = call(**{"from": "020 7946 0123", "region": "GB"})
    assert one.participants[0].handles[0].key == "+442079460123"


def test_legs_say_what_the_record_leaves_out() -> None:
    """A transfer given as legs is answered, and its talking time is their sum."""
    legs = [
        {"line": "101", "result": "answered", "seconds": 30},
        {"line": "102", "result": "answered", "seconds": 90},
        {"line": "103", "result": "missed", "ring_seconds": 8},
    ]
    data = {key: value for key, value in CALL.items() if key not in ("result", "seconds")}
    one = read_record({**data, "legs": legs}, region="US")
    assert isinstance(one, Call)
    assert (one.result, one.seconds) == ("answered", 120)
    assert [(leg.user_line, leg.talk_seconds) for leg in one.legs] == [("101", 30), ("102", 90), ("103", 0)]


def test_a_call_nobody_answered_has_no_talking_time() -> None:
    """Seconds of a missed call are not talk."""
    assert call(result="missed", seconds=20).seconds == 0


def test_our_line_is_a_participant_on_our_side() -> None:
    """`line` names the line of ours that took the call, or that was shown."""
    assert ("to", "+14155550199") in [(p.role, p.raw) for p in call(line="+14155550199").participants]
    out = call(direction="outbound", line="+14155550199")
    assert ("from", "+14155550199") in [(p.role, p.raw) for p in out.participants]


def test_the_other_phone_kinds() -> None:
    """Voicemail, text and fax are read with what is theirs."""
    base = {key: CALL[key] for key in ("id", "at", "direction", "from", "to")}
    voicemail = read_record(
        {**base, "kind": "voicemail", "seconds": 25, "transcript": "call me"}, region="US"
    )
    text = read_record({**base, "kind": "sms", "body": " Hello\n"}, region="US")
    fax = read_record({**base, "kind": "fax", "pages": 2, "result": "received"}, region="US")
    assert isinstance(voicemail, Voicemail)
    assert isinstance(text, Sms)
    assert isinstance(fax, Fax)
    assert (voicemail.seconds, voicemail.transcript) == (25, "call me")
    assert text.body == " Hello\n"
    assert (fax.pages, fax.result) == (2, "received")


def test_texts_of_two_numbers_are_one_conversation() -> None:
    """Without a thread a text belongs to the conversation of its numbers, whoever wrote."""
    base = {"kind": "sms", "at": AT}
    there = read_record({**base, "id": "1", "from": "+14155550123", "to": "+14155550100"}, region="US")
    back = read_record({**base, "id": "2", "from": "(415) 555-0100", "to": "+14155550123"}, region="US")
    assert there.conversation == back.conversation != "1"


def test_a_mail() -> None:
    """Names, addresses and roles come from text as a header writes it."""
    one = mail(cc="Ng, Kim <kim@acme.example>, lee@acme.example", reply_to="desk@acme.example", thread="t1")
    assert [(p.role, p.name, p.raw) for p in one.participants] == [
        ("from", "Jo Diaz", "jo@acme.example"),
        ("to", "", "ana@ruiz.example"),
        ("cc", "Ng, Kim", "kim@acme.example"),
        ("cc", "", "lee@acme.example"),
        ("reply-to", "", "desk@acme.example"),
    ]
    assert one.conversation == "t1"


def test_headers_are_the_signs_of_the_mail() -> None:
    """The signs come from `headers` as from a mail's own, `draft` marks one that was never sent."""
    headers = {
        "List-Id": "<news.acme.example>",
        "Auto-Submitted": "auto-generated",
        "Authentication-Results": "mx.ruiz.example; dmarc=fail; spf=pass",
    }
    one = mail(headers=headers, draft=True, in_reply_to="<m0@acme.example>")
    assert one.signs.automated == ("auto-submitted", "list-id")
    assert one.signs.authentication == (
        ("mx.ruiz.example", "dmarc", "fail"),
        ("mx.ruiz.example", "spf", "pass"),
    )
    assert one.signs.draft
    assert one.signs.reply_to_message == "m0@acme.example"
    assert mail().signs.automated == ()


def test_a_meeting() -> None:
    """Attendees bring reply, role and kind of calendar user; text alone is a required attendee."""
    attendees = [
        {"who": "Jo Diaz <jo@acme.example>", "reply": "accepted"},
        {"who": "Room 4", "role": "resource", "cutype": "ROOM"},
        {"who": "kim@acme.example", "role": "optional", "reply": "declined"},
        "lee@acme.example",
    ]
    one = read_record({**MEETING, "attendees": attendees, "title": "Kick-off", "private": True}, region="US")
    assert isinstance(one, Meeting)
    assert [(p.role, p.name, p.reply, p.cutype) for p in one.participants] == [
        ("organiser", "", "", ""),
        ("attendee", "Jo Diaz", "accepted", ""),
        ("resource", "Room 4", "", "room"),
        ("optional", "", "declined", ""),
        ("attendee", "", "", ""),
    ]
    assert (one.subject, one.status, one.seconds, one.private) == ("Kick-off", "confirmed", 1800, True)


def test_who_captured_it() -> None:
    """The record's own captured_from goes before the one of the file."""
    one = read_record({**CALL, "captured_from": "bo"}, region="US", captured_default="ana")
    two = read_record(CALL, region="US", captured_default="ana")
    assert (one.captured_from, two.captured_from) == (("bo",), ("ana",))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"kind": "telex"}, "kind", "one of call, voicemail, sms, fax, email, meeting"),
        ({"kind": None}, "kind", "is needed"),
        ({"id": ""}, "id", "is needed"),
        ({"at": None}, "at", "2026-03-02T10:00:00Z"),
        ({"at": "2026-03-02T10:00:00"}, "at", "zone"),
        ({"at": datetime(2026, 3, 2)}, "at", "no zone"),
        ({"at": "yesterday"}, "at", "'yesterday'"),
        ({"direction": "in"}, "direction", "inbound, outbound"),
        ({"result": "picked up"}, "result", "answered, missed"),
        ({"result": None, "seconds": None}, "result", "is needed"),
        ({"seconds": -1}, "seconds", "not negative"),
        ({"seconds": True}, "seconds", "whole number"),
        ({"seconds": 1.5}, "seconds", "whole number"),
        ({"from": {"number": "1"}}, "from", "must be text"),
        ({"callerid": "JO"}, "callerid", "is no key"),
        ({"pages": 2}, "pages", "only of fax"),
        ({"legs": {}}, "legs", "must be a list"),
        ({"legs": [{"result": "answered", "who": "x"}]}, "legs[0].who", "is no key"),
        ({"legs": [{"line": "101"}]}, "legs[0].result", "is needed"),
        (
            {"legs": [{"result": "missed", "id": "a"}, {"result": "missed", "id": "a"}]},
            "legs[1].id",
            "two legs",
        ),
        ({"attachments": [{"size": "big"}]}, "attachments[0].size", "whole number"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], field: str, words: str) -> None:
    """A record with a fault raises with the field at fault and what that field may hold."""
    error = fault({**CALL, **change})
    assert error.field == field
    assert words in error.sentence
    assert str(error) == f"{field}: {error.sentence}"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({**MAIL, "from": None}, "from"),
        ({**MAIL, "headers": ["List-Id"]}, "headers"),
        ({**MEETING, "organiser": None}, "attendees"),
        ({**MEETING, "attendees": [{"who": "jo@acme.example", "reply": "maybe"}]}, "attendees[0].reply"),
        ({**MEETING, "attendees": [{"who": "jo@a.example, kim@a.example"}]}, "attendees[0].who"),
        ({**MEETING, "status": "off"}, "status"),
        ({**MEETING, "private": "yes"}, "private"),
        ({"id": "1", "kind": "sms", "at": AT}, "from"),
    ],
)
def test_mails_meetings_and_texts_too(data: dict[str, object], field: str) -> None:
    """Every kind names its faults."""
    assert fault(data).field == field


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[]", "bad_record"),
        (b'{"id": "1"}', "bad_record"),
        (b"[" * 100_000, "not_json"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_place(line: bytes, reason: str) -> None:
    """A line that is no record becomes one rejection that tells where it was; nothing is raised."""
    found, rejected = read_jsonl(line, "calls.jsonl: line 7", region="US")
    assert found == ()
    assert [(one.place, one.reason) for one in rejected] == [("calls.jsonl: line 7", reason)]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([CALL, MAIL, MEETING]), st.data())
def test_whatever_a_field_holds(base: dict[str, object], data: st.DataObject) -> None:
    """Any JSON value in any field gives an interaction or a BadRecord, and nothing else."""
    key = data.draw(st.sampled_from([*base, "legs", "attendees", "headers", "attachments", "captured_from"]))
    try:
        one = read_record({**base, key: data.draw(values)}, region="US")
    except BadRecord:
        return
    assert kind_of(one) == base["kind"]


def _documented() -> list[Interaction]:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "jsonl.md"
    blocks = re.findall(r"```jsonl\n(.*?)```", page.read_text(), re.S)
    found = [read_record(json.loads(line), region="US") for block in blocks for line in block.splitlines()]
    assert found
    return found


def test_the_documented_examples_are_read() -> None:
    """Every line of the reference page's examples is a record, and together they show every kind."""
    assert {kind_of(one) for one in _documented()} == {"call", "voicemail", "sms", "fax", "email", "meeting"}


def test_every_shared_scenario_is_read(shared: Path) -> None:
    """Each `interaction:` of the shared scenario files is a record."""
    read = 0
    for file in sorted((shared / "scenarios").glob("*.yaml")):
        for scenario in yaml.safe_load(file.read_text())["scenarios"]:
            for step in scenario.get("steps", ()):
                if "interaction" in step:
                    read_record(step["interaction"], region="US", source="scenario")
                    read += 1
    assert read > 40
