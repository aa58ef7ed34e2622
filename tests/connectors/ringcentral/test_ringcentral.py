"""RingCentral: call log, message store and notifications tell the same facts; the rest says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.ringcentral import normalise
from firstcontact.interactions.calls import supersede
from firstcontact.interactions.model import Call, Fax, Interaction, Sms, Voicemail
from firstcontact.interactions.rejection import Rejection

CALLER, LINE, DIRECT = "+14155550123", "+14155550199", "+14155550177"
RECORD: dict[str, object] = {
    "id": "LOG1",
    "sessionId": "700",
    "telephonySessionId": "s-700",
    "startTime": "2026-03-02T10:00:00.000Z",
    "lastModifiedTime": "2026-03-02T10:02:00.000Z",
    "duration": 90,
    "type": "Voice",
    "direction": "Inbound",
    "action": "Phone Call",
    "result": "Accepted",
    "from": {"phoneNumber": CALLER, "name": "DIAZ JO", "location": "Springfield, IL"},
    "to": {"phoneNumber": LINE, "name": "Front desk"},
}
LEG = {
    "startTime": "2026-03-02T10:00:04.000Z",
    "duration": 86,
    "type": "Voice",
    "direction": "Outbound",
    "legType": "FindMe",
    "result": "Accepted",
    "from": {"phoneNumber": CALLER},
    "to": {"extensionNumber": "101", "phoneNumber": DIRECT},
}
MESSAGE: dict[str, object] = {
    "id": 900,
    "type": "SMS",
    "direction": "Inbound",
    "creationTime": "2026-03-02T10:00:00.000Z",
    "lastModifiedTime": "2026-03-02T10:00:01.000Z",
    "messageStatus": "Received",
    "subject": "Hello",
    "from": {"phoneNumber": CALLER, "location": "Springfield, IL"},
    "to": [{"phoneNumber": LINE, "name": "Front desk"}],
    "conversation": {"id": "77"},
    "attachments": [{"id": 1, "type": "Text", "contentType": "text/plain"}],
}


def read(value: object) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return normalise(raw, region="US", timezone="UTC", captured_from="")


def only(value: object) -> Interaction:
    found, rejected = read(value)
    assert rejected == ()
    (one,) = found
    return one


def a_call(value: object) -> Call:
    call = only(value)
    assert isinstance(call, Call)
    return call


def sides(one: Interaction) -> list[tuple[str, str, str]]:
    return [(person.role, person.raw, person.name) for person in one.participants]


def reasons(value: object) -> list[str]:
    found, rejected = read(value)
    assert found == ()
    return [why.reason for why in rejected]


def event(
    code: str, party: dict[str, object] | None = None, reason: str = "", **body: object
) -> dict[str, object]:
    status = {"code": code, "rcc": False} | ({"reason": reason} if reason else {})
    return {
        "event": "/restapi/v1.0/account/1/telephony/sessions",
        "body": {
            "sequence": 7,
            "sessionId": "700",
            "telephonySessionId": "s-700",
            "eventTime": "2026-03-02T10:01:30.000Z",
            "parties": [
                {
                    "direction": "Inbound",
                    "from": {"phoneNumber": CALLER, "name": "WIRELESS CALLER"},
                    "to": {"phoneNumber": LINE, "extensionId": "62"},
                    "status": status,
                    "missedCall": False,
                    **(party or {}),
                }
            ],
            **body,
        },
    }


def test_a_call_log_record() -> None:
    """Who, when, which way and how long, with the recording's link."""
    call = a_call(
        {**RECORD, "recording": {"uri": "https://rec.example/1", "contentUri": "https://rec.example/2"}}
    )
    assert (call.direction, call.result, call.seconds) == ("inbound", "answered", 90)
    assert sides(call) == [("from", CALLER, "DIAZ JO"), ("to", LINE, "Front desk")]
    assert call.recording == "https://rec.example/2"


def test_an_outbound_call_keeps_the_callers_extension() -> None:
    """Our side's extension number is kept with its number, so that the user behind a main line is found."""
    ours = {"phoneNumber": LINE, "extensionNumber": "101"}
    call = a_call(
        {**RECORD, "direction": "Outbound", "result": "Call connected", "from": ours, "to": RECORD["from"]}
    )
    assert call.direction == "outbound"
    assert call.participants[0].handles[0].extension == "101"
    assert sides(call)[1] == ("to", CALLER, "DIAZ JO")


@pytest.mark.parametrize("shape", ["record", "list", "page"])
def test_record_list_and_page(shape: str) -> None:
    """A lone record, a list and a page are read alike."""
    documents = {"record": RECORD, "list": [RECORD], "page": {"records": [RECORD], "paging": {}}}
    assert a_call(documents[shape]) == a_call(RECORD)


def test_legs_of_the_detailed_view() -> None:
    """A ring group's legs are kept, one answered and one not; the record says what the whole was."""
    missed = {**LEG, "result": "Missed", "to": {"extensionNumber": "102"}}
    call = a_call({**RECORD, "legs": [LEG, missed]})
    assert [(leg.user_line, leg.result, leg.talk_seconds, leg.other_line) for leg in call.legs] == [
        ("101", "answered", 86, CALLER),
        ("102", "missed", 0, CALLER),
    ]
    assert (call.seconds, call.result) == (90, "answered")


def test_simple_detailed_and_notification_are_one_call() -> None:
    """The end of the call as notified, the simple and the detailed record join to one call in any order."""
    told = a_call(event("Disconnected"))
    simple, detailed = a_call(RECORD), a_call({**RECORD, "legs": [LEG]})
    assert told.id == simple.id == detailed.id
    whole = supersede(supersede(told, simple), detailed)
    assert whole == supersede(detailed, supersede(simple, told))
    assert (whole.seconds, whole.at, len(whole.legs)) == (90, simple.at, 1)
    assert whole.participants[0].name in ("DIAZ JO", "WIRELESS CALLER")


@pytest.mark.parametrize(
    ("word", "result", "seconds"),
    [
        ("Accepted", "answered", 90),
        ("Call connected", "answered", 90),
        ("Missed", "missed", 0),
        ("No Answer", "missed", 0),
        ("Hang Up", "missed", 0),
        ("Voicemail", "voicemail", 0),
        ("Rejected", "rejected", 0),
        ("Busy", "busy", 0),
        ("Call Failed", "failed", 0),
        ("Unknown", "answered", 90),
    ],
)
def test_results(word: str, result: str, seconds: int) -> None:
    """Each result of the call log is one of ours; only an answered call has talking time."""
    call = a_call({**RECORD, "result": word})
    assert (call.result, call.seconds) == (result, seconds)


@pytest.mark.parametrize(
    ("name", "location", "expected"),
    [
        ("SPRINGFELD   IL", "Springfield, IL", ""),
        ("SPRINGFIELD", "Springfield, IL", ""),
        ("Springfield (South), IL", "Springfield (South), IL", ""),
        ("DIAZ JO", "Springfield, IL", "DIAZ JO"),
        ("Jo Diaz", "", "Jo Diaz"),
        ("", "Springfield, IL", ""),
        ("ILIAS STAMOU", "Springfield, IL", "ILIAS STAMOU"),
    ],
)
def test_a_place_is_no_name(name: str, location: str, expected: str) -> None:
    """Neither the location nor a name that repeats it becomes anybody's name."""
    caller = {"phoneNumber": CALLER, "name": name, "location": location}
    assert a_call({**RECORD, "from": caller}).participants[0].name == expected


@pytest.mark.parametrize(
    ("document", "result"),
    [
        (event("Disconnected"), "answered"),
        (event("Disconnected", {"missedCall": True}), "missed"),
        (event("Gone", {"missedCall": True}), "missed"),
        (event("VoiceMail"), "voicemail"),
        (event("Disconnected", reason="Rejected"), "rejected"),
        (event("Disconnected", reason="TargetBusy"), "busy"),
        (event("Disconnected", {"direction": "Outbound"}, reason="NoAnswer"), "missed"),
    ],
)
def test_the_end_of_a_session(document: dict[str, object], result: str) -> None:
    """A session notification that tells the end and its result is a call, also wrapped for a phone."""
    assert a_call(document).result == result
    assert a_call({"pn_apns": document, "uuid": "1"}) == a_call(document)


@pytest.mark.parametrize(
    "document",
    [
        event("Setup"),
        event("Proceeding"),
        event("Answered"),
        event("Hold"),
        event("Disconnected", reason="BlindTransfer"),
        event("Disconnected", reason="Pickup"),
        event("Disconnected", {"direction": "Outbound"}),
        {**RECORD, "result": "In Progress"},
    ],
)
def test_a_call_that_goes_on_is_no_call_yet(document: dict[str, object]) -> None:
    """Ringing, holding, a transfer and an end without a told result wait for the call log."""
    assert reasons(document) == ["call_not_finished"]


def test_messages_of_every_kind() -> None:
    """Text, pager message, voicemail and fax, from the store or a notification."""
    text = only(MESSAGE)
    assert isinstance(text, Sms)
    assert (text.id, text.body, text.conversation, text.attachments) == (
        "ringcentral-message-900",
        "Hello",
        "77",
        (),
    )
    assert sides(text) == [("from", CALLER, ""), ("to", LINE, "Front desk")]
    assert (
        only({"event": "/restapi/v1.0/account/~/extension/1/message-store/instant?type=SMS", "body": MESSAGE})
        == text
    )

    pager = only(
        {**MESSAGE, "type": "Pager", "from": {"extensionNumber": "101"}, "to": [{"extensionNumber": "102"}]}
    )
    assert sides(pager) == [("from", "101", ""), ("to", "102", "")]

    sound = {"type": "AudioRecording", "uri": "https://rec.example/vm", "vmDuration": 25}
    voicemail = only({**MESSAGE, "type": "VoiceMail", "to": [{"name": "Ana Ruiz"}], "attachments": [sound]})
    assert isinstance(voicemail, Voicemail)
    assert (voicemail.seconds, voicemail.recording, sides(voicemail)) == (
        25,
        "https://rec.example/vm",
        [("from", CALLER, "")],
    )

    page = {"type": "RenderedDocument", "contentType": "application/pdf", "uri": "https://fax.example/1"}
    fax = only({**MESSAGE, "type": "Fax", "faxPageCount": 2, "attachments": [page]})
    assert isinstance(fax, Fax)
    assert (fax.pages, fax.result, fax.attachments[0].uri) == (2, "received", "https://fax.example/1")


def test_a_fax_of_the_call_log_is_the_fax_of_the_store() -> None:
    """The call log's record of a fax has the id of the message that it was."""
    logged = only({**RECORD, "type": "Fax", "result": "Received", "message": {"id": 900, "type": "Fax"}})
    assert isinstance(logged, Fax)
    assert logged.id == only({**MESSAGE, "type": "Fax"}).id


def test_high_volume_texts() -> None:
    """A text of the A2P service, whose parties are plain numbers, is a text."""
    body = {"id": "7", "from": CALLER, "to": [LINE], "text": "Yes", "direction": "Inbound"}
    body |= {"creationTime": "2026-03-02T10:00:00.000001Z", "messageStatus": "Delivered"}
    text = only({"event": "/restapi/v1.0/account/1/a2p-sms/messages?direction=Inbound", "body": body})
    assert isinstance(text, Sms)
    assert (text.body, sides(text)) == ("Yes", [("from", CALLER, ""), ("to", LINE, "")])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"event": "/restapi/v1.0/account/~/extension/1/presence", "body": {}}, ["presence_event"]),
        (
            {"event": "/restapi/v1.0/account/~/extension/1/message-store", "body": {"changes": []}},
            ["change_notice"],
        ),
        ({"event": "/restapi/v1.0/account/1/a2p-sms/batches/2", "body": {}}, ["batch_status"]),
        ({"event": "/restapi/v1.0/account/1/a2p-sms/opt-outs", "body": {}}, ["opt_out"]),
        ({"event": "/restapi/v1.0/account/1/directory/entries", "body": {}}, ["directory_event"]),
        ({"event": "/restapi/v1.0/account/1/other", "body": {}}, ["unknown_event"]),
        ({"id": 1, "status": {"callStatus": "Success"}}, ["ringout_status"]),
        ({"meetings": []}, ["video_history"]),
        ({"legs": []}, ["unknown_shape"]),
        ({"records": []}, ["nothing_inside"]),
        ([[], "x"], ["unknown_shape", "unknown_shape"]),
        ({**MESSAGE, "messageStatus": "SendingFailed"}, ["not_delivered"]),
        ({**MESSAGE, "id": None}, ["no_id"]),
        ({**MESSAGE, "creationTime": "soon"}, ["no_date"]),
        ({**RECORD, "result": "Teleported"}, ["unknown_result"]),
        ({**RECORD, "sessionId": None, "telephonySessionId": None}, ["no_id"]),
        (b"{,}", ["not_json"]),
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


@given(st.sampled_from([RECORD, {**RECORD, "legs": [LEG]}, MESSAGE, event("Disconnected")]), st.data())
def test_any_value_in_any_field(base: dict[str, object], data: st.DataObject) -> None:
    """Whatever a field holds, reading does not raise and says something."""
    key = data.draw(st.sampled_from(sorted(base)))
    found, rejected = read({**base, key: data.draw(json_values)})
    assert found or rejected


def test_documented_payloads(shared: Path) -> None:
    """Each of the vendor's samples is told or set aside with a reason; where a call or message is told, its
    direction and other party are those that the sample states, and nobody is named after a place."""
    files = sorted((shared / "data/telephony/ringcentral").rglob("*.json"))
    bodies = [file.read_bytes() for file in files]
    for file in sorted((shared / "fixtures").glob("ringcentral_*.json")):
        bodies.append(json.dumps(json.loads(file.read_text())["payload"]).encode())
    told = 0
    for body in bodies:
        found, rejected = read(body)
        assert found or rejected
        for one in found:
            told += 1
            assert one.direction in ("inbound", "outbound")  # type: ignore[union-attr]
            outside = "from" if one.direction == "inbound" else "to"  # type: ignore[union-attr]
            assert any(person.role == outside and person.raw for person in one.participants)
            for place in _places(json.loads(body)):
                assert all(
                    person.name.split() != place.replace(",", " ").split() for person in one.participants
                )
    assert told >= 16


def _places(value: object) -> list[str]:
    if isinstance(value, list):
        return [place for one in value for place in _places(one)]
    if isinstance(value, dict):
        here = [value["location"]] if isinstance(value.get("location"), str) else []
        return here + [place for one in value.values() for place in _places(one)]
    return []
