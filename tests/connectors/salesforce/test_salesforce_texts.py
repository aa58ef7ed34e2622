"""Statements, errors and fields of Salesforce as texts and values: everything that needs no request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.contract import Exists, Rejected, TryAgain
from firstcontact.connectors.salesforce import activities, contacts, mapping, soql, sosl
from firstcontact.connectors.salesforce.cursors import Cursor, Job, Place, Told, read_cursor, write_cursor
from firstcontact.connectors.salesforce.faults import long_id, outcome, read_faults, taken_by
from firstcontact.connectors.salesforce.login import audience, user_of
from firstcontact.connectors.salesforce.shapes import (
    CREATED_BY_US,
    EDITED,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PLACEHOLDER,
    Field,
    Shape,
    read_shape,
)
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.planning.write import ActivityFields, ContactFields
from firstcontact.testing.conformance.making import NOON

ME, ANA = "005000000000001AAA", "005000000000002AAA"


def fields(*names: str, type: str = "string", length: int = 255, **more: Any) -> dict[str, Field]:
    return {
        name: Field(name=name, type=type, length=length, createable=True, updateable=True, **more)
        for name in names
    }


CONTACT = Shape(
    name="Contact",
    createable=True,
    updateable=True,
    fields={
        **fields("Id", "FirstName", "Name", "Title", "OwnerId", "LeadSource", "AccountId", "MailingCountry"),
        **fields("LastName", length=80, nillable=False),
        **fields("LastModifiedById", KEY, OTHER_EMAILS, OTHER_PHONES),
        **fields("Phone", "MobilePhone", "HomePhone", type="phone", length=40),
        **fields("Email", type="email", length=80),
        **fields(CREATED_BY_US, PLACEHOLDER, EDITED, type="boolean", length=0),
    },
)

# --- statements --------------------------------------------------------------------------


@given(st.text())
def test_a_value_never_ends_its_literal(value: str) -> None:
    """Whatever a value holds, its quotes and backslashes are escaped, so that it stays a value."""
    literal = soql.quoted(value)
    inside = literal[1:-1].replace("\\\\", "")
    assert literal[0] == literal[-1] == "'"
    assert "'" not in inside.replace("\\'", "")
    assert not inside.endswith("\\") or inside.endswith("\\'") or inside[-2:] in ("\\n", "\\r", "\\t")


def test_patterns_take_texts_as_they_are() -> None:
    """Per cent and underscore of a value are no wildcards; those of a pattern are."""
    assert soql.like("Email", "", "jo_d", "@acme.example", "") == "Email LIKE 'jo\\_d%@acme.example'"
    assert soql.like("Website", "100%") == "Website LIKE '%100\\%%'"
    assert soql.like("Phone", *"415") == "Phone LIKE '%4%1%5%'"
    assert soql.like("Name", "", "O'Neil", "") == "Name LIKE 'O\\'Neil'"


def test_times_are_written_to_the_millisecond() -> None:
    """A time in microseconds as SOQL writes it, and behind which record a page goes on."""
    assert soql.after(NOON, "") == "SystemModstamp >= 2026-03-02T12:00:00.000Z"
    assert "Id > '003'" in soql.after(NOON, "003")


@given(st.lists(st.text(min_size=1, max_size=30), max_size=40), st.integers(40, 400))
def test_portions_hold_everything_once_and_fit(values: list[str], room: int) -> None:
    """All values are in the portions, in order; a portion is within the room, or a single value."""
    portions = soql.parts(values, 3, room)
    assert [value for portion in portions for value in portion] == values
    for portion in portions:
        size = sum(len(soql.encoded(value)) + 3 for value in portion)
        assert portion
        assert size <= room or len(portion) == 1


def test_searches_are_short_and_ask_for_all() -> None:
    """Many numbers are split over searches below the length at which Salesforce drops operators."""
    keys = [f"+1415555{n:04d}" for n in range(500)]
    found = sosl.searches(keys, sosl.phone_terms, "PHONE", {"Contact": ("Id", "Phone")})
    assert [key for asked, _ in found for key in asked] == keys
    for _, statement in found:
        text = statement[statement.index("{") + 1 : statement.index("}")]
        assert len(text) < 4_000
        assert statement.endswith("RETURNING Contact(Id,Phone) LIMIT 2000")
    assert len(found) <= 7


def test_reserved_characters_of_an_address_are_escaped() -> None:
    """An address with operators in it is a phrase without any."""
    assert sosl.email_terms("o'neil+x-y@acme.example") == ('"o\\\'neil\\+x\\-y@acme.example"',)
    assert sosl.phone_terms("+14155550123") == ("14155550123", "4155550123", '"415 555 0123"')
    assert "02079460123" in sosl.phone_terms("+442079460123")


# --- errors ------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_is_read_however_it_is_spelled(spelled: str) -> None:
    """The record that a duplicate rule names, the surest first."""
    match = [
        {"matchConfidence": sure, "record": {"attributes": {"type": type}, "Id": id}}
        for sure, type, id in ((60.0, "Lead", "00Q1"), (100.0, "Contact", "0031"))
    ]
    body = [
        {
            "errorCode": "DUPLICATES_DETECTED",
            "message": "Use one of these records?",
            spelled: {"matchResults": [{"entityType": "Contact", "matchRecords": match}]},
        }
    ]
    found = outcome(read_faults(body))
    assert isinstance(found, Exists)
    assert (found.type, found.id) == ("contact", "0031")


@pytest.mark.parametrize("shape", ["list", "object"])
@pytest.mark.parametrize("name", ["errorCode", "statusCode"])
def test_errors_come_in_several_shapes(shape: str, name: str) -> None:
    """A list or a bare object, `errorCode` or `statusCode`: the words and fields are Salesforce's."""
    one = {name: "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "A title, please.", "fields": ["Title"]}
    found = outcome(read_faults([one] if shape == "list" else one))
    assert isinstance(found, Rejected)
    assert "A title, please." in str(found)
    assert found.fields == ("Title",)


def test_what_passes_is_tried_again() -> None:
    """Locks and quotas pass, the quota much later."""
    lock = outcome(read_faults([{"errorCode": "UNABLE_TO_LOCK_ROW", "message": ""}]))
    quota = outcome(read_faults([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": ""}]))
    assert isinstance(lock, TryAgain)
    assert isinstance(quota, TryAgain)
    assert lock.after < 10 < 600 <= quota.after
    assert isinstance(outcome(()), Rejected)


def test_a_taken_key_names_its_record_in_fifteen_characters() -> None:
    """The id in the message of DUPLICATE_VALUE is made the long one, in which it comes everywhere else."""
    message = "duplicate value found: FirstContact_Key__c duplicates value on record with id: 003AB000000CDef"
    (fault,) = read_faults([{"statusCode": "DUPLICATE_VALUE", "message": message}])
    assert taken_by(fault) == "003AB000000CDefYAG"
    assert long_id("003AB000000CDefYAG") == "003AB000000CDefYAG"
    unknown = message.replace("003AB000000CDef", "<unknown>")
    assert taken_by(read_faults([{"statusCode": "DUPLICATE_VALUE", "message": unknown}])[0]) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_no_body_makes_reading_errors_fail(body: Any) -> None:
    """Any JSON at all is read: as errors, or as none."""
    assert isinstance(read_faults(body), tuple)


# --- records -----------------------------------------------------------------------------


def test_numbers_are_read_in_the_record_s_country() -> None:
    """A British contact's national number is a British number."""
    row = {"Id": "003", "LastName": "Diaz", "Phone": "020 7946 0123", "MailingCountry": "United Kingdom"}
    record = mapping.read_record(row, CONTACT, "US", ME)
    assert [handle.key for handle in record.handles] == ["+442079460123"]
    assert record.country == "GB"
    assert (region_named("usa"), region_named("DE"), region_named("Narnia")) == ("US", "DE", "")


def test_a_person_s_edit_is_seen_and_kept() -> None:
    """A record of ours that somebody else changed last is edited, and stays so after our next write."""
    row = {"Id": "003", "LastName": "Diaz", KEY: "k", "LastModifiedById": ANA}
    assert mapping.read_record(row, CONTACT, "US", ME).edited_by_person
    values = contacts.changed_contact(ContactFields(title="CFO"), (), row, CONTACT, "US", ME)
    assert values == {"Title": "CFO", EDITED: True}
    assert not mapping.read_record({**row, "LastModifiedById": ME}, CONTACT, "US", ME).edited_by_person
    assert mapping.read_record(
        {**row, "LastModifiedById": ME, EDITED: True}, CONTACT, "US", ME
    ).edited_by_person
    assert not mapping.read_record({**row, KEY: None}, CONTACT, "US", ME).edited_by_person


def test_new_values_take_empty_places_and_nothing_is_overwritten() -> None:
    """A second number goes into the first empty place, further ones into our field; what is there stays."""
    row = {"Id": "003", "LastName": "Diaz", "Phone": "(415) 555-0101", "Email": "jo@acme.example"}
    given = ContactFields(
        phones=("+14155550101", "+14155550102", "+14155550103"), emails=("JO@acme.example", "jo@home.example")
    )
    values = contacts.changed_contact(given, (), row, CONTACT, "US", ME)
    assert values == {
        "MobilePhone": "+14155550102",
        OTHER_PHONES: "+14155550103",
        OTHER_EMAILS: "jo@home.example",
    }


def test_values_without_room_are_refused_by_name() -> None:
    """What fits nowhere is Rejected with the field, and never dropped."""
    bare = Shape(name="Contact", fields={"Email": CONTACT.fields["Email"], KEY: CONTACT.fields[KEY]})
    with pytest.raises(Rejected, match="no room for"):
        contacts.new_contact(ContactFields(emails=("jo@acme.example", "jo@home.example")), "k", bare, "US")


def test_a_single_name_is_the_last_name() -> None:
    """Salesforce has no contact without a last name: a mononym or a placeholder's name is it."""
    for one, last in (
        (ContactFields(first_name="Madonna"), "Madonna"),
        (ContactFields(name="Unknown Caller", placeholder=True), "Unknown Caller"),
    ):
        assert contacts.new_contact(one, "k", CONTACT, "US")["LastName"] == last
    nameless = contacts.new_contact(ContactFields(), "k", CONTACT, "US")
    lacking = mapping.lacking(nameless, CONTACT)
    assert lacking is not None
    assert lacking.fields == ("LastName",)


@given(st.text(max_size=100))
def test_texts_fit_their_fields(text: str) -> None:
    """A text is cut to its field, and has no character that JSON or Salesforce refuses."""
    cleaned = clean(text, 20)
    assert len(cleaned) <= 20
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned


# --- activities --------------------------------------------------------------------------


def task() -> Shape:
    names = ("Subject", "Description", "OwnerId", "WhoId", "CallDisposition", "LastModifiedById")
    own = ("FirstContact_Interactions__c", "FirstContact_Written__c", KEY)
    return Shape(name="Task", createable=True, fields=fields(*names, *own, length=1000))


def logged(**more: Any) -> ActivityFields:
    return ActivityFields(kind="call", interactions=("i1",), at=NOON, **{"subject": "Call", **more})


def test_a_field_that_a_person_set_is_left() -> None:
    """Of the fields that change, those that still are as we wrote them are written."""
    first = activities.new_activity(logged(body="One."), "k", task(), (), "")
    row = {**first, "Subject": "Mine", "LastModifiedById": ANA}
    change = logged(subject="New", body="Two.", outcome="answered")
    values = activities.changed_activity(change, (), row, task(), (), "", ME)
    assert (values.get("Subject"), values["Description"]) == (None, "Two.")
    assert values["CallDisposition"] == "answered"
    then = {**row, **values, "LastModifiedById": ME}
    again = activities.changed_activity(logged(body="Three."), (), then, task(), (), "", ME)
    assert (again.get("Subject"), again["Description"]) == (None, "Three.")


def test_without_digests_the_last_editor_decides() -> None:
    """An organisation without our field: what a person was the last to change is only filled in."""
    shape = task()
    shape = Shape(
        name="Task",
        fields={name: field for name, field in shape.fields.items() if name != "FirstContact_Written__c"},
    )
    row = {"Subject": "Call", "Description": None, "LastModifiedById": ANA}
    values = activities.changed_activity(logged(subject="New", body="Two."), (), row, shape, (), "", ME)
    assert {"Description"} <= set(values)
    assert "Subject" not in values
    ours = {**row, "LastModifiedById": ME}
    assert activities.changed_activity(logged(subject="New"), (), ours, shape, (), "", ME)["Subject"] == "New"


def test_nothing_new_is_nothing_to_write() -> None:
    """The same activity again changes nothing, so that no request is made."""
    first = activities.new_activity(logged(body="One."), "k", task(), (), "")
    row = {**first, "LastModifiedById": ME}
    assert activities.changed_activity(logged(body="One."), (), row, task(), (), "", ME) == {}


# --- places and logins -------------------------------------------------------------------


def test_a_cursor_is_its_text() -> None:
    """The same place is the same text, and comes back whole; a foreign text is the beginning."""
    cursor = Cursor(
        places={"Lead": Place(1, "00Q"), "Contact": Place(2, "003", True)},
        jobs=[Job("Contact", "750", "x")],
        begun=3,
        seen={"003": Told(4, "abc")},
    )
    assert read_cursor(write_cursor(cursor)) == cursor
    assert read_cursor("") == Cursor()
    assert read_cursor("of another program") == Cursor()


def test_whom_an_assertion_is_for() -> None:
    """Production and sandboxes have their own log-in hosts; the user is the end of the identity address."""
    assert audience("https://acme.my.salesforce.com") == "https://login.salesforce.com"
    assert audience("https://acme--dev.sandbox.my.salesforce.com") == "https://test.salesforce.com"
    assert audience("https://test.salesforce.com") == "https://test.salesforce.com"
    assert user_of({"id": f"https://login.salesforce.com/id/00D/{ME}"}) == ME


# --- recorded answers --------------------------------------------------------------------


def exchanges(shared: Path, name: str) -> list[dict[str, Any]]:
    """The exchanges of a recording; one that is no exchange but an answer alone is one."""
    body = json.loads((shared / "fixtures" / name).read_text())
    found: list[dict[str, Any]] = body.get("exchanges") or [body]
    return found


def test_every_recorded_answer_is_read(shared: Path) -> None:
    """Each recording of Salesforce goes through what reads answers: records, results, errors, limits."""
    names = sorted(path.name for path in (shared / "fixtures").glob("salesforce_*.json"))
    assert names
    for name in names:
        for exchange in exchanges(shared, name):
            response = exchange["response"]
            if exchange["status"] >= 400:
                assert read_faults(response), name
            elif isinstance(response, dict) and "records" in response:
                _reads_records(response["records"])
            elif isinstance(response, list):
                for result in response:
                    assert result["success"] or read_faults(result["errors"]), name
            elif "graphs" in response:
                for graph in response["graphs"]:
                    assert all(one["body"]["id"] for one in graph["graphResponse"]["compositeResponse"])
            else:
                assert {"id", "searchRecords", "DailyApiRequests"} & set(response), name


def _reads_records(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        type = row["attributes"]["type"]
        if type == "Contact":
            record = mapping.read_record(row, CONTACT, "US", ME)
            assert (record.id, record.last_name) == (row["Id"], row["LastName"])
            assert bool(record.emails) == bool(row.get("Email"))
            written = [row[name] for name in ("Phone", "MobilePhone") if row.get(name)]
            assert set(record.phones) == set(written)
            assert record.created_at > 0
            assert bool(region_named(row.get("MailingCountry") or "")) == bool(record.country)
        elif type == "Account":
            shape = Shape(name="Account", fields=fields("Id", "Name", "Website"))
            assert mapping.read_account(row, shape, "US").name == row["Name"]


def test_the_recorded_duplicate_is_adopted(shared: Path) -> None:
    """The record that the recorded duplicate error names is the one to take."""
    (exchange,) = exchanges(shared, "salesforce_duplicates_detected_SYNTHETIC.json")
    found = outcome(read_faults(exchange["response"]))
    assert isinstance(found, Exists)
    assert found.type == "contact"
    assert found.id in json.dumps(exchange["response"])


def test_a_description_of_a_type_is_read() -> None:
    """What `describe` says of a field, and what is required of a new record."""
    body = {
        "name": "Contact",
        "createable": True,
        "fields": [
            {"name": "LastName", "type": "string", "length": 80, "createable": True, "nillable": False},
            {
                "name": "OwnerId",
                "type": "reference",
                "createable": True,
                "nillable": False,
                "defaultedOnCreate": True,
            },
            {"name": "DoNotCall", "type": "boolean", "createable": True, "nillable": False},
            {"name": "Direct__c", "type": "phone", "length": 40, "createable": True, "nillable": True},
            {"name": "Note__c", "type": "textarea", "filterable": False},
        ],
    }
    shape = read_shape(body)
    assert [field.name for field in shape.required()] == ["LastName"]
    assert shape.phones() == ("Direct__c",)
    assert shape.searchable(("Direct__c", "Note__c")) == ("Direct__c",)
    assert shape.present(("LastName", "Owner.Name", "Account.Name")) == ("LastName", "Owner.Name")
