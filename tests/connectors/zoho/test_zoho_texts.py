"""What is said to Zoho CRM and understood of it, without a request: queries, mapping, errors."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Exists, Rejected, TryAgain
from firstcontact.connectors.zoho import activities, contacts, coql, documents, mapping
from firstcontact.connectors.zoho.faults import fault_of, outcome
from firstcontact.connectors.zoho.finding import questions, tails
from firstcontact.connectors.zoho.shapes import Module, read_field
from firstcontact.interactions.handles import read_handle
from firstcontact.planning.write import AccountFields, ActivityFields, ContactFields, Existing
from firstcontact.testing.conformance.making import NOON

KEY = "0123456789abcdef0123456789abcdef"
MINUTE = 60_000_000


def module(name: str, **types: str) -> Module:
    """A module with these fields, the first word of a type its kind, the second its length."""
    fields = {}
    for field, kind in types.items():
        type, _, length = kind.partition(" ")
        fields[field] = read_field({"api_name": field, "data_type": type, "length": int(length or 0)})
    return Module(name=name, fields=fields)


CONTACTS = module(
    "Contacts",
    First_Name="text 40", Last_Name="text 80", Full_Name="fullname", Title="text 100",
    Phone="phone 30", Mobile="phone 30", Email="email 100", Mailing_Country="text 100",
    Owner="ownerlookup", Created_By="ownerlookup", Modified_By="ownerlookup", Account_Name="lookup",
    Lead_Source="picklist", FirstContact_Key="text 32", FirstContact_Created="boolean",
    FirstContact_Placeholder="boolean", FirstContact_Edited="boolean",
    FirstContact_Interaction="text 255", FirstContact_Other_Phones="text 40",
    FirstContact_Other_Emails="text 255",
)  # fmt: skip
_OWN = {"FirstContact_Key": "text 32", "FirstContact_Interactions": "textarea 2000",
        "FirstContact_Details": "text 255", "FirstContact_Recording": "text 255",
        "FirstContact_Transcript": "text 255", "FirstContact_Written": "text 255",
        "Description": "textarea 32000", "Owner": "ownerlookup", "Created_By": "ownerlookup",
        "Modified_By": "ownerlookup", "Who_Id": "lookup", "What_Id": "lookup"}  # fmt: skip
CALLS = module(
    "Calls", Subject="text 255", Call_Type="picklist", Call_Start_Time="datetime", Call_Duration="text",
    Outbound_Call_Status="picklist", **_OWN,
)  # fmt: skip
EVENTS = module("Events", Event_Title="text 255", Start_DateTime="datetime", End_DateTime="datetime", **_OWN)
TASKS = module("Tasks", Subject="text 255", Due_Date="date", Status="picklist", **_OWN)


def call(**fields: Any) -> ActivityFields:
    """A call at noon."""
    given = {"kind": "call", "interactions": ("i1",), "at": NOON, "subject": "Call", **fields}
    return ActivityFields(**given)


# --- queries ------------------------------------------------------------------------------------------------


def test_a_quote_in_a_value_is_doubled() -> None:
    """A value never ends its literal."""
    assert coql.quoted("o'neil\\\n") == "'o''neil'"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_conditions_are_bracketed_in_pairs(count: int) -> None:
    """No bracket has more than two conditions, and none is lost."""
    names = [f"c{number}" for number in range(count)]
    text = coql.either(names)
    assert sorted(part for part in text.replace("(", " ").replace(")", " ").split() if part != "or") == names
    assert text.count("(") == text.count(")") == text.count(" or ") == count - 1


def test_a_list_holds_fifty_values() -> None:
    """Of 120 values three conditions are made."""
    conditions = coql.among("Email", [f"p{number}@acme.example" for number in range(120)])
    assert [one.count("@") for one in conditions] == [50, 50, 20]


def test_portions_hold_what_a_statement_may() -> None:
    """No more conditions than 22 and no more text than a statement holds; all of them are there."""
    conditions = [f"Phone like '%{number:04d}%'" for number in range(100)]
    portions = coql.portions(conditions)
    assert [len(one) for one in portions] == [22, 22, 22, 22, 12]
    assert [one for portion in portions for one in portion] == conditions
    assert [len(one) for one in coql.portions(["x" * 15_000] * 3)] == [1, 1, 1]
    assert coql.portions([]) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+14155550123", ["0123"]),
        ("+33612345678", ["5678", "56 78", "56-78", "56.78", "56/78"]),
    ],
)
def test_a_number_is_asked_for_by_its_last_four_digits(number: str, expected: list[str]) -> None:
    """Together, and as the country groups them, with whatever stands between."""
    assert sorted(tails(number)) == sorted(expected)


def test_every_field_of_numbers_and_addresses_is_asked() -> None:
    """A number and an address are asked for in each of their fields, an address with its tags."""
    handles = [read_handle(text, "US") for text in ("+14155550123", "jo@acme.example")]
    asked = questions(CONTACTS, [one for one in handles if one is not None])
    assert asked == [
        "Email in ('jo@acme.example')",
        "Email like 'jo+%'",
        "FirstContact_Other_Emails like '%jo@acme.example%'",
        "FirstContact_Other_Emails like '%jo+%'",
        "Phone like '%0123%'",
        "Mobile like '%0123%'",
        "FirstContact_Other_Phones like '%0123%'",
    ]


def test_many_addresses_are_asked_for_in_lists() -> None:
    """Of hundreds, everybody with a tag comes along, and everybody with further addresses."""
    handles = [read_handle(f"p{number}@acme.example", "US") for number in range(60)]
    asked = questions(CONTACTS, [one for one in handles if one is not None])
    assert len(asked) == 4
    assert asked[2:] == ["Email like '%+%'", "FirstContact_Other_Emails is not null"]


# --- contacts -----------------------------------------------------------------------------------------------


def test_numbers_beyond_the_fields_go_into_ours() -> None:
    """What has no place of its own stands in our field, apart from each other, and comes back."""
    fields = ContactFields(last_name="Diaz", phones=("+14155550101", "+14155550102", "+14155550103"))
    values = contacts.new_contact(fields, KEY, CONTACTS, "US")
    assert (values["Phone"], values["Mobile"]) == ("+14155550101", "+14155550102")
    row = {**values, "id": "1", "FirstContact_Other_Phones": "+14155550103; tel:+1-415-555-0104;ext=12"}
    record = mapping.read_record(row, CONTACTS, "US")
    assert [handle.key[-4:] for handle in record.handles] == ["0101", "0102", "0103", "0104"]


def test_no_room_is_said() -> None:
    """A number that fits nowhere is refused with its field, not dropped."""
    phones = tuple(f"+141555501{number:02d}" for number in range(8))
    with pytest.raises(Rejected) as refused:
        contacts.new_contact(ContactFields(last_name="Diaz", phones=phones), KEY, CONTACTS, "US")
    assert refused.value.fields == ("FirstContact_Other_Phones",)


def test_who_is_named_by_one_name_has_it_as_the_last() -> None:
    """Zoho has no contact without a last name; a first name that was there is emptied."""
    values = contacts.new_contact(ContactFields(first_name="Zoë"), KEY, CONTACTS, "US")
    assert (values["First_Name"], values["Last_Name"]) == (None, "Zoë")


@pytest.mark.parametrize(
    ("row", "edited"),
    [
        ({"FirstContact_Key": KEY, "Created_By": {"id": "1"}, "Modified_By": {"id": "1"}}, False),
        ({"FirstContact_Key": KEY, "Created_By": {"id": "1"}, "Modified_By": {"id": "2"}}, True),
        ({"Created_By": {"id": "1"}, "Modified_By": {"id": "2"}}, False),
        ({"FirstContact_Edited": True}, True),
    ],
)
def test_who_edited_is_told_by_who_changed_last(row: dict[str, Any], edited: bool) -> None:
    """A record of ours that somebody else changed last was edited; a mark keeps that."""
    assert mapping.edited(row) is edited


def test_the_mark_of_a_person_survives_our_change() -> None:
    """Before our change makes us the last, what a person did is marked; without a change nothing is."""
    row = {"id": "1", "FirstContact_Key": KEY, "Created_By": {"id": "1"}, "Modified_By": {"id": "2"}}
    assert contacts.kept_mark({"Title": "CFO"}, row, CONTACTS) == {
        "Title": "CFO",
        "FirstContact_Edited": True,
    }
    assert contacts.kept_mark({}, row, CONTACTS) == {}


def test_an_account_has_its_name_and_its_domain() -> None:
    """Without a name the domain is one."""
    shape = module("Accounts", Account_Name="text 200", Website="website 450", FirstContact_Key="text 32")
    values = mapping.new_account(AccountFields(name="", domain="acme.example"), KEY, shape)
    assert values == {"FirstContact_Key": KEY, "Account_Name": "acme.example", "Website": "acme.example"}


def test_a_stage_ends_a_deal_by_its_forecast_or_its_name() -> None:
    """Where Zoho does not tell the kind of forecast, the usual names do."""
    told = [{"actual_value": "Signed", "forecast_type": "Closed Won"}, {"actual_value": "New"}]
    named = [{"actual_value": "Closed Lost"}, {"actual_value": "Closed?", "forecast_type": "Open"}]
    field = read_field({"api_name": "Stage", "data_type": "picklist", "pick_list_values": told + named})
    assert field.closed == {"Signed", "Closed Lost"}


# --- activities ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "type", "duration"),
    [
        ({"direction": "inbound", "seconds": 65}, "Inbound", "01:05"),
        ({"direction": "inbound", "outcome": "missed"}, "Missed", None),
        ({"direction": "outbound", "outcome": "busy"}, "Outbound", "00:00"),
        ({"direction": "", "seconds": 7_530}, "Inbound", "125:30"),
        ({"kind": "voicemail", "direction": "inbound", "seconds": 9}, "Missed", None),
    ],
)
def test_a_call_has_a_type_and_a_length(fields: dict[str, Any], type: str, duration: str | None) -> None:
    """Missed is what nobody answered of those that came in, and has no length."""
    values = activities.new_activity(call(**fields), KEY, CALLS)
    assert (values["Call_Type"], values.get("Call_Duration")) == (type, duration)


def test_what_zoho_has_no_field_for_stands_in_ours() -> None:
    """Kind, direction, outcome, length and the exact time are kept, and read again."""
    values = activities.new_activity(
        call(kind="sms", direction="inbound", at=NOON + 5, people=(Existing("contact", "7"),)), KEY, TASKS
    )
    assert values["FirstContact_Details"] == f"kind=sms;direction=inbound;at={NOON + 5}"
    assert activities.read_details(values) == {"kind": "sms", "direction": "inbound", "at": str(NOON + 5)}
    assert (values["Who_Id"], values["Status"], values["Due_Date"]) == (
        {"id": "7"},
        "Completed",
        "2026-03-02",
    )


@pytest.mark.parametrize(
    ("fields", "who", "what", "module"),
    [
        ({"people": (Existing("lead", "5"),), "account": Existing("account", "9")}, None, "5", "Leads"),
        ({"people": (Existing("contact", "7"),), "account": Existing("account", "9")}, "7", "9", "Accounts"),
        ({"account": Existing("account", "9"), "opportunity": "8"}, None, "8", "Deals"),
    ],
)
def test_whom_an_activity_is_about(fields: Any, who: str | None, what: str, module: str) -> None:
    """A lead stands where an account would; a contact beside it; a deal comes before its account."""
    values = activities.new_activity(call(**fields), KEY, CALLS)
    assert values.get("Who_Id") == ({"id": who} if who else None)
    assert (values["What_Id"], values["$se_module"]) == ({"id": what}, module)


def test_a_meeting_invites_nobody_and_lasts() -> None:
    """An event has no participants, and ends after it begins."""
    values = activities.new_activity(call(kind="meeting", subject="Kick-off"), KEY, EVENTS)
    assert "Participants" not in values
    assert (values["Start_DateTime"], values["End_DateTime"]) == (
        "2026-03-02T12:00:00+00:00",
        "2026-03-02T12:01:00+00:00",
    )
    assert values["Event_Title"] == "Kick-off"


def test_an_update_leaves_what_a_person_wrote() -> None:
    """A field that is no longer as we wrote it stays; one that is takes the new value."""
    first = activities.new_activity(call(body="First.", subject="Call"), KEY, CALLS)
    row = {
        **first,
        "id": "1",
        "Subject": "Renamed by Bo",
        "Created_By": {"id": "1"},
        "Modified_By": {"id": "2"},
    }
    changed = activities.changed_activity(
        call(body="Second.", subject="Call again"), ("body", "subject"), row, CALLS
    )
    assert changed["Description"] == "Second."
    assert "Subject" not in changed
    again = activities.changed_activity(call(body="Third."), ("body",), {**row, **changed}, CALLS)
    assert again["Description"] == "Third."


def test_an_update_touches_what_it_names() -> None:
    """What is not named stays; what is named and empty is emptied; nothing new is no change."""
    fields = call(body="One.", recording="https://calls.example/1", seconds=60, direction="inbound")
    row = {**activities.new_activity(fields, KEY, CALLS), "id": "1"}
    changed = activities.changed_activity(
        replace(fields, recording="", body="Two.", seconds=0), ("recording",), row, CALLS
    )
    assert set(changed) == {"FirstContact_Recording", "FirstContact_Written"}
    assert changed["FirstContact_Recording"] is None
    assert activities.changed_activity(fields, (), row, CALLS) == {}


def test_times_are_the_same_in_every_zone() -> None:
    """What Zoho gives back in the organisation's zone is what we wrote."""
    fields = call(seconds=60, direction="inbound")
    row = {**activities.new_activity(fields, KEY, CALLS), "id": "1"}
    row["Call_Start_Time"] = "2026-03-02T04:00:00-08:00"
    assert activities.changed_activity(fields, ("at",), row, CALLS) == {}
    later = activities.changed_activity(replace(fields, at=NOON + MINUTE), ("at",), row, CALLS)
    assert later["Call_Start_Time"] == "2026-03-02T12:01:00+00:00"


def test_a_link_is_whole_or_not_there() -> None:
    """A link that is longer than its field is left out, since half of one leads nowhere; a text is cut."""
    long = "https://calls.example/" + "x" * 300
    values = activities.new_activity(call(recording=long, subject="x" * 300), KEY, CALLS)
    assert "FirstContact_Recording" not in values
    assert len(values["Subject"]) == 255


def test_interactions_that_do_not_fit_are_left_out_whole() -> None:
    """Of a day's texts as many are named as the field holds, none by half; those that are there stay."""
    ids = tuple(f"message-{number:030d}" for number in range(60))
    row = {**activities.new_activity(call(interactions=ids), KEY, CALLS), "id": "1"}
    listed = row["FirstContact_Interactions"].split()
    assert listed == list(ids[: len(listed)])
    assert 50 < len(listed) < 60
    assert activities.changed_activity(call(interactions=("one-more" * 5,)), ("kind",), row, CALLS) == {}


def test_an_activity_is_named_with_its_module() -> None:
    """Ids of Zoho do not tell what they are of."""
    assert activities.place_of(activities.receipt_id("Events", "12")) == ("Events", "12")
    for id in ("12", "note:12", "call:", "call:x", ""):
        assert activities.place_of(id) == ("", "")


def test_a_file_bears_the_write_in_its_name() -> None:
    """A file that is there already is known by its name."""
    assert documents.marked("fax.pdf", KEY) == "fax [01234567].pdf"
    assert documents.marked("fax", KEY) == "fax [01234567]"
    assert documents.marked("../a:b.tif", KEY) == ".._a_b [01234567].tif"


# --- errors -------------------------------------------------------------------------------------------------


def duplicate(field: str, module: str) -> dict[str, Any]:
    """A duplicate as version 8 says it."""
    record = {"id": "77", "module": {"api_name": module}, "Owner": {"id": "1"}}
    details = {"api_name": field, "json_path": f"$.data[0].{field}", "duplicate_record": record}
    return {"code": "DUPLICATE_DATA", "details": details, "message": "duplicate data", "status": "error"}


def test_a_duplicate_is_a_fact() -> None:
    """The record that is there is named; of a change of another record it is a refusal."""
    found = outcome(fault_of(duplicate("Email", "Contacts")), "Contacts", made=True)
    assert isinstance(found, Exists)
    assert (found.type, found.id) == ("contact", "77")
    refused = outcome(fault_of(duplicate("Email", "Contacts")), "Contacts", made=False)
    assert isinstance(refused, Rejected)
    assert refused.fields == ("Email",)


def test_an_older_duplicate_names_its_record_too() -> None:
    """Before version 8 the id stands in the details."""
    said = {
        "code": "DUPLICATE_DATA",
        "details": {"api_name": "Email", "id": "77"},
        "message": "duplicate data",
    }
    found = outcome(fault_of(said), "Leads", made=True)
    assert isinstance(found, Exists)
    assert (found.type, found.id) == ("lead", "77")


def test_a_missing_field_is_named() -> None:
    """What Zoho says goes to the person who can do something about it, with the field."""
    said = {"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Last_Name"}, "message": "required field"}
    refused = outcome(fault_of(said), "Contacts", made=True)
    assert isinstance(refused, Rejected)
    assert refused.fields == ("Last_Name",)
    assert "required field" in str(refused)


def test_a_limit_is_no_refusal() -> None:
    """Of a record that met a limit nothing has happened."""
    assert isinstance(outcome(fault_of({"code": "LIMIT_EXCEEDED"}), "Calls", made=True), TryAgain)


def test_nonsense_is_no_error() -> None:
    """What is no error has no code."""
    for body in (None, [], "x", {"data": []}, {"code": None, "details": []}):
        assert fault_of(body).code == ""
