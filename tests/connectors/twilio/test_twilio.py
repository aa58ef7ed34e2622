"""Twilio: parent and child calls are one call, webhooks and resources the same fact."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.twilio import normalise
from firstcontact.interactions.calls import supersede
from firstcontact.interactions.model import Call, Interaction, Sms
from firstcontact.interactions.rejection import Rejection

CALLER, LINE, MOBILE = "+14155550123", "+14155550199", "+14155550177"
CALL: dict[str, object] = {
    "sid": "CA01",
    "parent_call_sid": None,
    "direction": "inbound",
    "status": "completed",
    "from": CALLER,
    "to": LINE,
    "caller_name": "DIAZ JO",
    "duration": "90",
    "date_created": "Mon, 02 Mar 2026 10:00:00 +0000",
    "start_time": "Mon, 02 Mar 2026 10:00:01 +0000",
    "end_time": "Mon, 02 Mar 2026 10:01:31 +0000",
}
CHILD = {
    **CALL,
    "sid": "CA02",
    "parent_call_sid": "CA01",
    "direction": "outbound-dial",
    "to": MOBILE,
    "caller_name": None,
    "duration": "60",
    "start_time": "Mon, 02 Mar 2026 10:00:20 +0000",
}
TEXT: dict[str, object] = {
    "sid": "SM01",
    "direction": "inbound",
    "status": "received",
    "from": CALLER,
    "to": LINE,
    "body": "Hello",
    "num_media": "0",
    "num_segments": "1",
    "date_sent": "Mon, 02 Mar 2026 10:00:00 +0000",
}


def read(value: object, **more: int) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return normalise(raw, region="US", timezone="UTC", captured_from="", **more)


def one_call(value: object) -> Call:
    found, rejected = read(value)
    assert rejected == ()
    (call,) = found
    assert isinstance(call, Call)
    return call


def sides(one: Interaction) -> list[tuple[str, str, str]]:
    return [(person.role, person.raw, person.name) for person in one.participants]


def reasons(value: object) -> list[str]:
    found, rejected = read(value)
    assert found == ()
    return [why.reason for why in rejected]


def test_a_call_without_children() -> None:
    """An answered inbound call alone: both sides, the caller's name, the talking time."""
    call = one_call(CALL)
    assert (call.direction, call.result, call.seconds, call.at) == (
        "inbound",
        "answered",
        90,
        1772445601000000,
    )
    assert sides(call) == [("from", CALLER, "DIAZ JO"), ("to", LINE, "")]


def test_a_forwarded_call_is_one_call() -> None:
    """The call and the one it dialled are one call; the number dialled is no outside party."""
    call = one_call({"calls": [CHILD, CALL]})
    assert (call.id, call.direction, call.result, call.seconds) == (
        "twilio-call-CA01",
        "inbound",
        "answered",
        60,
    )
    assert sides(call) == [("from", CALLER, "DIAZ JO"), ("to", LINE, "")]
    assert [(leg.user_line, leg.result) for leg in call.legs] == [("", "answered"), (MOBILE, "answered")]


def test_nobody_picked_up_behind_the_menu() -> None:
    """A call that Twilio completed while all phones it dialled rang out was missed."""
    rang = {**CHILD, "status": "no-answer", "duration": "0"}
    call = one_call({"calls": [CALL, rang, {**rang, "sid": "CA03", "status": "busy"}]})
    assert (call.result, call.seconds) == ("missed", 0)


def test_click_to_dial_has_the_other_party_on_its_child() -> None:
    """A call placed over the API to one of ours, who is then connected: both numbers take part."""
    call = one_call(
        [{**CALL, "direction": "outbound-api", "from": LINE, "to": MOBILE}, {**CHILD, "to": CALLER}]
    )
    assert call.direction == "outbound"
    assert sides(call) == [("from", LINE, ""), ("to", CALLER, ""), ("to", MOBILE, "")]


def test_pieces_in_any_order_are_the_page() -> None:
    """Resources that come one by one, in any order, join to what the page of all of them says."""
    resources = [CALL, CHILD, {**CHILD, "sid": "CA03", "status": "no-answer", "duration": "0"}]
    page = one_call({"calls": resources})
    for order in permutations(resources):
        call = one_call(order[0])
        for resource in order[1:]:
            call = supersede(call, one_call(resource))
        assert call == page


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("completed", "answered"),
        ("no-answer", "missed"),
        ("canceled", "missed"),
        ("busy", "busy"),
        ("failed", "failed"),
    ],
)
def test_every_end_is_a_result(status: str, result: str) -> None:
    """Each final status is a result, and only an answered call has talking time."""
    call = one_call({**CALL, "status": status})
    assert (call.result, call.seconds) == (result, 90 if result == "answered" else 0)


@pytest.mark.parametrize("endpoint", ["client:ana", "sip:ana@pbx.example"])
def test_endpoints_of_ours_are_kept_as_received(endpoint: str) -> None:
    """An app or SIP endpoint has no number and stays readable."""
    call = one_call({**CALL, "direction": "outbound-api", "from": endpoint, "to": CALLER})
    assert sides(call) == [("from", endpoint, ""), ("to", CALLER, "")]
    assert call.participants[0].handles == ()


def test_the_webhook_of_a_call_is_the_same_call() -> None:
    """The status callback, as form or JSON, has the id and facts of the resource; places are never names."""
    form = {
        "CallSid": "CA01",
        "CallStatus": "completed",
        "Direction": "inbound",
        "From": CALLER,
        "To": LINE,
        "CallDuration": "90",
        "Duration": "2",
        "Timestamp": "Mon, 02 Mar 2026 10:01:31 +0000",
        "FromCity": "SPRINGFIELD",
        "FromState": "IL",
    }
    call = one_call(urlencode(form).encode())
    assert call == one_call(form)
    assert (call.id, call.at, call.seconds) == ("twilio-call-CA01", one_call(CALL).at, 90)
    assert "SPRINGFIELD" not in repr(call)


def test_texts() -> None:
    """A text is read from resource and webhook; the webhook's time is when it came in."""
    (text,), _ = read({"messages": [TEXT]})
    assert isinstance(text, Sms)
    assert (text.id, text.direction, text.body) == ("twilio-message-SM01", "inbound", "Hello")
    form = {"MessageSid": "SM01", "SmsStatus": "received", "From": CALLER, "To": LINE, "Body": "Hello"}
    media = {"NumMedia": "1", "MediaUrl0": "https://media.example/1", "MediaContentType0": "image/png"}
    (pushed,), _ = read(urlencode({**form, **media}).encode(), received_at=text.at)
    assert (pushed.id, pushed.at, pushed.body, pushed.conversation) == (
        text.id,
        text.at,
        "Hello",
        text.conversation,
    )
    assert [(one.uri, one.content_type) for one in pushed.attachments] == [
        ("https://media.example/1", "image/png")
    ]
    assert reasons(urlencode(form).encode()) == ["no_date"]


def test_whatsapp_numbers_are_numbers() -> None:
    """A WhatsApp address is the number in it."""
    (text,), _ = read({**TEXT, "from": f"whatsapp:{CALLER}"})
    assert text.participants[0].handles[0].key == CALLER


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({**CALL, "status": "ringing"}, ["call_not_finished"]),
        ({**CALL, "status": "lost"}, ["unknown_result"]),
        ({**CALL, "start_time": None, "date_created": None, "end_time": "soon"}, ["no_date"]),
        ({**TEXT, "status": "undelivered"}, ["not_delivered"]),
        ({**TEXT, "status": "scheduled"}, ["not_sent_yet"]),
        ({**TEXT, "from": None, "to": None}, ["no_parties"]),
        ({"CallSid": "CA01", "RecordingUrl": "https://rec.example/1"}, ["recording_notice"]),
        ({"calls": []}, ["nothing_inside"]),
        ([{}, 3], ["unknown_shape", "unknown_shape"]),
        (b"{", ["not_json"]),
        (b"", ["not_json"]),
    ],
)
def test_what_is_no_finished_fact_says_why(value: object, expected: list[str]) -> None:
    """Everything that is no interaction becomes a rejection with its reason."""
    assert reasons(value) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([CALL, CHILD, TEXT]), st.data())
def test_any_value_in_any_field(base: dict[str, object], data: st.DataObject) -> None:
    """Whatever a field holds, reading does not raise and says something."""
    key = data.draw(st.sampled_from(sorted(base)))
    found, rejected = read({**base, key: data.draw(json_values)})
    assert found or rejected


def test_recorded_exchanges(shared: Path) -> None:
    """In the recorded exchanges and the vendor's examples every call and text is told with its direction
    and other party or set aside with a reason, and nobody is named after a place."""
    bodies = []
    for file in sorted((shared / "fixtures").glob("twilio_*.json")):
        document = json.loads(file.read_text())
        bodies += [one["response"] for one in document.get("exchanges", ())]
        bodies += [document["status_callback_form"]] if "status_callback_form" in document else []
    examples = json.loads((shared / "data/telephony/twilio/twilio_api_v2010_examples.json").read_text())
    bodies += [body for path, body in examples.items() if "/Calls.json" in path or "/Calls/{Sid}" in path]
    bodies += [
        body for path, body in examples.items() if "/Messages.json" in path or "/Messages/{Sid}" in path
    ]
    read_bodies = 0
    for body in bodies:
        found, rejected = read(body)
        assert found or rejected
        assert not any(why.reason == "unknown_shape" for why in rejected)
        for one in found:
            read_bodies += 1
            outside = "from" if one.direction == "inbound" else "to"  # type: ignore[union-attr]
            assert any(person.role == outside and person.raw for person in one.participants)
    assert len(bodies) >= 30
    assert read_bodies >= 24
