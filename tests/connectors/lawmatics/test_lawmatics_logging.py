"""What the Lawmatics connector logs, and on whom it stands: nobody is mailed for it."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Rejected, Unclear
from firstcontact.planning.write import ActivityFields, DocumentFields, Existing, Write
from firstcontact.testing.conformance.making import (
    JO_PHONE,
    NOON,
    a_document,
    a_time_entry,
    a_write,
    an_activity,
    new_contact,
    receipt,
)

HOUR = 3_600_000_000


def on(id: str, record: str = "contact") -> dict[str, Any]:
    """The person that an activity is about."""
    return {"people": (Existing(record, id),)}


def a_contact(firm: Any, name: str = "one", **fields: Any) -> str:
    """A contact of ours: its id."""
    return receipt(firm.crm, new_contact(firm.crm, name, **fields)).id


def a_matter(firm: Any, contact: str, *, open: bool = True) -> str:
    """A matter of a contact: its id."""
    fields = {"contact": contact, "name": "Diaz v. Roe", "open": open, "opened_at": "2026-01-01"}
    return firm.desk.add("matter", fields)


def the_activity(firm: Any) -> dict[str, Any]:
    """The one that is there."""
    (held,) = firm.desk.dump()["activities"]
    return dict(held)


def changed(id: str, *names: str, **fields: Any) -> Write:
    """A write that changes these fields of an activity."""
    given = {"kind": "call", "interactions": ("call",), "at": NOON, "subject": "Call", **fields}
    return Write(
        key="0" * 31 + "1",
        kind="update_activity",
        interaction="call",
        subject="",
        fields=ActivityFields(**given),
        target=Existing("activity", id),
        changed=names,
    )


def body_of(firm: Any, id: str) -> str:
    """The text of a note, an interaction or an event as Lawmatics has it."""
    form, _, number = id.partition(":")
    attributes = firm.crm._api.one(f"{form}s/{number}")["attributes"]
    return str(attributes.get("body") or attributes.get("description"))


# --- on whom it stands ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["call", "voicemail", "sms", "fax"])
def test_what_is_said_by_phone_is_an_interaction_on_the_matter(firm: Any, kind: str) -> None:
    """The matter that was chosen; and without one a note on the contact."""
    contact = a_contact(firm)
    matter = a_matter(firm, contact)
    id = receipt(firm.crm, an_activity(firm.crm, kind, kind, matter=matter, **on(contact))).id
    held = the_activity(firm)
    assert id.startswith("interaction:")
    assert (held["matter"], held["contacts"], held["kind"]) == (matter, [contact], kind)
    assert (held["at"], held["seconds"], held["direction"]) == (NOON, 60, "inbound")
    other = a_contact(firm, "other", emails=("kim@acme.example",), phones=())
    note = receipt(firm.crm, an_activity(firm.crm, "second", kind, **on(other))).id
    assert note.startswith("note:")


def test_a_mail_is_a_note_and_a_meeting_an_event(firm: Any) -> None:
    """On the matter as well, which takes both."""
    contact = a_contact(firm)
    matter = a_matter(firm, contact)
    mail = receipt(firm.crm, an_activity(firm.crm, "m", "email", matter=matter, **on(contact))).id
    meeting = receipt(firm.crm, an_activity(firm.crm, "g", "meeting", matter=matter, **on(contact))).id
    assert (mail.split(":")[0], meeting.split(":")[0]) == ("note", "event")
    assert {one["matter"] for one in firm.desk.dump()["activities"]} == {matter}


def test_a_call_of_a_lead_is_on_its_newest_potential_case(firm: Any) -> None:
    """A lead is logged on, as a lead, without a contact or a matter being made."""
    lead = firm.desk.add("lead", {"last_name": "Diaz", "phones": [JO_PHONE]})
    id = receipt(firm.crm, an_activity(firm.crm, **on(lead, "lead"))).id
    held = the_activity(firm)
    assert id.startswith("interaction:")
    assert (held["leads"], held["contacts"], held["matter"]) == ([lead], [], None)
    assert firm.desk.dump()["contacts"] == []


def test_a_closed_matter_is_not_stood_on(make_firm: Any) -> None:
    """Where notes on contacts are refused, a lost case is no way out."""
    firm = make_firm(contact_notes="refused")
    contact = a_contact(firm)
    a_matter(firm, contact, open=False)
    (outcome,) = firm.crm.apply([an_activity(firm.crm, **on(contact))])
    assert isinstance(outcome, Rejected)


def test_where_contacts_take_no_notes_the_open_matter_does(make_firm: Any) -> None:
    """The refusal is met once, and then remembered for an hour; an update leaves the activity there."""
    firm = make_firm(contact_notes="refused")
    contact = a_contact(firm)
    matter = a_matter(firm, contact)
    first = receipt(firm.crm, an_activity(firm.crm, **on(contact))).id
    assert the_activity(firm)["matter"] == matter
    receipt(firm.crm, changed(first, "people", "body", body="More.", **on(contact)))
    held = the_activity(firm)
    assert (held["id"], held["matter"], held["body"]) == (first, matter, "More.")
    before = firm.requests
    receipt(firm.crm, an_activity(firm.crm, "second", **on(contact)))
    assert firm.requests - before == 2


def test_a_lead_that_becomes_a_contact_keeps_its_activities(firm: Any) -> None:
    """The person is the same, under the same id: nothing is moved."""
    lead = firm.desk.add("lead", {"last_name": "Diaz", "phones": [JO_PHONE]})
    id = receipt(firm.crm, an_activity(firm.crm, **on(lead, "lead"))).id
    a_matter(firm, lead)
    receipt(firm.crm, changed(id, "people", "body", body="Hired.", **on(lead)))
    held = the_activity(firm)
    assert (held["id"], held["contacts"], held["body"]) == (id, [lead], "Hired.")


def test_a_potential_case_comes_before_a_hired_one(make_firm: Any) -> None:
    """Where the contact itself takes no note, and nobody chose among its open matters."""
    firm = make_firm(contact_notes="refused")
    contact = a_contact(firm)
    case = firm.crm._api.create("prospects", {"case_title": "New", "contact_id": int(contact)})
    a_matter(firm, contact)
    receipt(firm.crm, an_activity(firm.crm, **on(contact)))
    assert the_activity(firm)["matter"] == case


def test_where_nothing_takes_it_a_person_is_told_what_to_do(make_firm: Any) -> None:
    """No matter is made, since that would set off the firm's automations; the words say both ways out."""
    firm = make_firm(contact_notes="refused")
    contact = a_contact(firm)
    (outcome,) = firm.crm.apply([an_activity(firm.crm, **on(contact))])
    assert isinstance(outcome, Rejected)
    assert "create_prospects" in str(outcome)
    assert "422" in str(outcome)
    assert firm.desk.dump()["matters"] == []
    assert firm.served.simulator.automations == []


def test_a_matter_is_made_only_where_the_firm_wants_it(make_firm: Any) -> None:
    """With the option, one for the contact, which stays a contact; its automations go off, once."""
    firm = make_firm(contact_notes="refused", options={"create_prospects": True})
    contact = a_contact(firm)
    for name in ("call", "second"):
        receipt(firm.crm, an_activity(firm.crm, name, **on(contact)))
    (matter,) = firm.desk.dump()["matters"]
    held = firm.desk.dump()["activities"]
    assert [(one["contacts"], one["matter"]) for one in held] == [([contact], matter["id"])] * 2
    assert len(firm.served.simulator.automations) == 1
    assert firm.crm.read([contact])[contact].type == "contact"


def test_nothing_sets_off_automations_or_invites_unless_it_was_wanted(firm: Any) -> None:
    """A whole round of everything that is logged: no matter is made, nobody is invited."""
    user = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    contact = a_contact(firm)
    for kind in ("call", "voicemail", "sms", "fax", "email", "meeting"):
        id = receipt(firm.crm, an_activity(firm.crm, kind, kind, user=user, **on(contact))).id
        receipt(firm.crm, a_time_entry(firm.crm, id, f"time {kind}"))
        receipt(firm.crm, a_document(firm.crm, id, f"file {kind}"))
    meeting = next(one["id"] for one in firm.desk.dump()["activities"] if one["kind"] == "meeting")
    receipt(firm.crm, changed(meeting, "at", kind="meeting", at=NOON + HOUR, **on(contact)))
    assert firm.served.simulator.automations == []
    assert firm.served.simulator.invitations == []


def test_a_firm_that_wants_event_types_is_asked_for_one(make_firm: Any) -> None:
    """None is guessed, since a type has automations of its own; with the option meetings are logged."""
    firm = make_firm(event_type="required")
    contact = a_contact(firm)
    (outcome,) = firm.crm.apply([an_activity(firm.crm, "m", "meeting", **on(contact))])
    assert isinstance(outcome, Rejected)
    assert "option event_type" in str(outcome)


def test_an_activity_moves_to_another_person_or_matter(firm: Any) -> None:
    """A note goes to another contact, and onto a matter of theirs."""
    jo, kim = a_contact(firm), a_contact(firm, "kim", emails=("kim@acme.example",), phones=())
    id = receipt(firm.crm, an_activity(firm.crm, **on(jo))).id
    receipt(firm.crm, changed(id, "people", **on(kim)))
    assert the_activity(firm)["contacts"] == [kim]
    matter = a_matter(firm, kim)
    receipt(firm.crm, changed(id, "matter", matter=matter, **on(kim)))
    assert (the_activity(firm)["matter"], the_activity(firm)["contacts"]) == (matter, [kim])


# --- its text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["call", "email", "meeting"])
def test_what_a_person_wrote_into_it_stays(firm: Any, kind: str) -> None:
    """An update sets what is named, and leaves the other parts of the text as people made them."""
    contact = a_contact(firm)
    fields = {"body": "As first written.", "recording": "https://calls.example/1", **on(contact)}
    id = receipt(firm.crm, an_activity(firm.crm, kind, kind, **fields)).id
    form, _, number = id.partition(":")
    name = "description" if form == "event" else "body"
    mine = body_of(firm, id).replace("As first written.", "As first written, and by hand.")
    head, mark, tail = mine.partition("FirstContact: ")
    firm.crm._api.change(f"{form}s/{number}", {name: f"Above.\n{head}{mark}{tail}"})
    receipt(firm.crm, changed(id, "recording", kind=kind, recording="https://calls.example/2"))
    text = body_of(firm, id)
    assert "by hand." in text
    assert text.startswith("Above.")
    assert "https://calls.example/2" in text
    assert "https://calls.example/1" not in text
    assert text.count("FirstContact: ") == 1


def test_a_meeting_is_moved_in_place(firm: Any) -> None:
    """Another time; its length stays, and so does who is on it."""
    user = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    contact = a_contact(firm)
    given = {"seconds": 1800, "direction": "", "user": user, **on(contact)}
    id = receipt(firm.crm, an_activity(firm.crm, "m", "meeting", **given)).id
    receipt(firm.crm, changed(id, "at", kind="meeting", at=NOON + HOUR, seconds=1800, **on(contact)))
    held = the_activity(firm)
    assert (held["at"], held["seconds"], held["contacts"]) == (NOON + HOUR, 1800, [contact])
    assert held["user"] == user
    row = firm.crm._api.one(f"events/{id.partition(':')[2]}")["attributes"]
    assert row["start_date"] < row["end_date"]


@pytest.mark.parametrize("kind", ["meeting", "call"])
def test_what_cannot_be_changed_or_moved_is_made_anew(make_firm: Any, kind: str) -> None:
    """An event where PUT is not offered, and a note that goes to another person: one activity is left, which
    is found by its interactions when it changes again."""
    firm = make_firm(event_put=False)
    user = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    jo, kim = a_contact(firm), a_contact(firm, "kim", emails=("kim@acme.example",), phones=())
    given = {"body": "Agenda", "user": user, "seconds": 1800, **on(jo)}
    id = receipt(firm.crm, an_activity(firm.crm, "call", kind, **given)).id
    later = {"kind": kind, "at": NOON + HOUR, "seconds": 1800, "body": "Agenda"}
    assert receipt(firm.crm, changed(id, "at", "people", **later, **on(kim))).id == id
    held = the_activity(firm)
    assert held["id"] != id
    assert (held["at"], held["seconds"], held["contacts"]) == (NOON + HOUR, 1800, [kim])
    assert (held["body"], held["user"], held["interactions"]) == ("Agenda", user, ["call"])
    receipt(firm.connect(), changed(id, "body", **{**later, "body": "Minutes"}, **on(kim)))
    assert (the_activity(firm)["body"], the_activity(firm)["contacts"]) == ("Minutes", [kim])
    assert firm.served.simulator.invitations == []


@pytest.mark.parametrize("trouble", ["failed_after", "failed_500"])
def test_what_was_made_anew_halfway_is_one_in_the_end(make_firm: Any, trouble: Any) -> None:
    """The old one could not be taken away: the second try finds what the first one made."""
    firm = make_firm()
    jo, kim = a_contact(firm), a_contact(firm, "kim", emails=("kim@acme.example",), phones=())
    id = receipt(firm.crm, an_activity(firm.crm, **on(jo))).id
    firm.served.faults.next(trouble, lambda method, _path: method == "DELETE")
    write = changed(id, "people", **on(kim))
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear)
    receipt(firm.crm, write)
    assert the_activity(firm)["contacts"] == [kim]


@pytest.mark.parametrize("appended", ["appended", "not"])
def test_a_number_that_lawmatics_appends_to_an_event_is_not_doubled(make_firm: Any, appended: str) -> None:
    """It is put behind the text each time, so what is sent back is without it."""
    firm = make_firm(event_phone=appended)
    contact = a_contact(firm)
    id = receipt(firm.crm, an_activity(firm.crm, "m", "meeting", body="Agenda", **on(contact))).id
    for text in ("One", "Two"):
        receipt(firm.crm, changed(id, "body", kind="meeting", body=text, **on(contact)))
    assert body_of(firm, id).count("Matter Phone:") == (1 if appended == "appended" else 0)
    assert the_activity(firm)["body"] == "Two"


# --- time and files ---------------------------------------------------------------------------------------


def test_a_time_entry_is_the_users_and_on_the_matter(firm: Any) -> None:
    """Its length is in hours there, to the second."""
    user = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    contact = a_contact(firm)
    matter = a_matter(firm, contact)
    call = receipt(firm.crm, an_activity(firm.crm, matter=matter, user=user, **on(contact))).id
    write = a_time_entry(firm.crm, call)
    receipt(firm.crm, Write(**{**_fields(write), "fields": _with(write.fields, user=user, matter=matter)}))
    (entry,) = firm.desk.dump()["time_entries"]
    assert (entry["seconds"], entry["user"], entry["matter"]) == (240, user, matter)
    row = firm.crm._api.one(f"time_entries/{entry['id']}")["attributes"]
    assert float(row["duration"]) == pytest.approx(240 / 3600, abs=1e-5)


def _fields(write: Write) -> dict[str, Any]:
    return {name: getattr(write, name) for name in write.__struct_fields__}


def _with(fields: Any, **values: Any) -> Any:
    from msgspec.structs import replace

    return replace(fields, **values)


def test_a_time_entry_asks_where_its_activity_stands(firm: Any) -> None:
    """Another process than the one that logged it has to ask, once."""
    contact = a_contact(firm)
    call = receipt(firm.crm, an_activity(firm.crm, **on(contact))).id
    before = firm.requests
    receipt(firm.crm, a_time_entry(firm.crm, call))
    assert firm.requests - before == 1
    receipt(firm.connect(), a_time_entry(firm.crm, call, "again"))
    assert firm.requests - before == 3


@pytest.mark.parametrize("kind", ["fax", "email"])
def test_a_file_that_nobody_gives_us_is_named_in_the_text(firm: Any, kind: str) -> None:
    """An address that wants a login of its own stays an address, once, and survives an update of the text."""
    contact = a_contact(firm)
    id = receipt(firm.crm, an_activity(firm.crm, "fax", kind, body="Pages: 2", **on(contact))).id
    uris = [f"{firm.served.url}/nothing/{number}" for number in range(2)]
    for uri in (*uris, uris[0]):
        fields = DocumentFields(interaction="fax", activity=Existing("activity", id), name="fax.pdf", uri=uri)
        assert receipt(firm.crm, a_write(firm.crm, "document", uri, fields)).id == id
    receipt(firm.crm, changed(id, "body", kind=kind, body="Pages: 3"))
    text = body_of(firm, id)
    assert [text.count(uri) for uri in uris] == [1, 1]
    assert "Pages: 3" in text
    assert firm.desk.dump()["documents"] == []
