"""Rows as records and fields as columns, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.dynamics import activities, contacts, mapping
from firstcontact.connectors.dynamics.activities import About
from firstcontact.connectors.dynamics.mapping import Bind
from firstcontact.connectors.dynamics.names import OWN
from firstcontact.connectors.dynamics.shapes import Column, Table, read_table
from firstcontact.planning.write import ActivityFields, ContactFields
from firstcontact.testing.conformance.making import JO, NOON

ME = "11111111-1111-4111-8111-111111111111"
SOMEBODY = "22222222-2222-4222-8222-222222222222"
ID = "33333333-3333-4333-8333-333333333333"
PHONES = ("fax", "mobilephone", "telephone1", "telephone2", "telephone3")
EMAILS = ("emailaddress1", "emailaddress2", "emailaddress3")


def table(name: str = "contact", **lengths: int) -> Table:
    """A table with the columns that matter."""
    columns = [Column(name=one, form="Phone", length=lengths.get(one, 50)) for one in PHONES]
    columns += [Column(name=one, form="Email", length=100) for one in EMAILS]
    columns += [Column(name=one, length=50) for one in ("firstname", "lastname", "fullname", "jobtitle")]
    columns += [Column(name=one, length=length) for one, _, _, length in OWN.get(name, ())]
    columns += [Column(name=one) for one in ("statecode", "modifiedby", "masterid", "address1_country")]
    return Table(name=name, columns={one.name: one for one in columns})


def phonecall() -> Table:
    """Of calls."""
    plain = ("subject", "description", "actualstart", "actualend", "actualdurationminutes", "directioncode")
    columns = [Column(name=one, length={"subject": 200, "description": 2000}.get(one, 0)) for one in plain]
    columns += [Column(name=one, length=length) for one, _, _, length in OWN["phonecall"]]
    return Table(name="phonecall", columns={one.name: one for one in columns})


# --- texts ----------------------------------------------------------------------------------------------


def test_a_text_is_cleaned_and_cut_as_dataverse_counts() -> None:
    """What is no character in XML is left out; a fox counts twice, and is never cut in half."""
    assert mapping.clean("a\x00b\x1f\tc\nd\ufffe") == "ab\tc\nd"
    assert mapping.clean("half \ud83d pair").isprintable()
    assert mapping.units("🦊x") == 3
    assert mapping.clean("🦊🦊🦊", 5) == "🦊🦊"
    assert mapping.clean("abcdef", 3) == "abc"
    assert mapping.clean("abc", 0) == "abc"


@pytest.mark.parametrize("count", [900, 1200, 3000])
def test_a_description_has_room_for_its_time(count: int) -> None:
    """However long the text is, the description with its time is not longer than its column, and with
    the rest it is the whole text."""
    text = "🦊" * count
    fields = ActivityFields(kind="call", interactions=("a",), at=NOON, subject="Call", body=text)
    description, rest = activities.described(fields, phonecall())
    assert mapping.units(description) <= 2000
    body, _, time = description.rpartition("\n\n")
    assert time == "Time: 2026-03-02 12:00:00 UTC"
    assert (body.removesuffix("…") + rest if rest else body) == text
    assert bool(rest) == (count > 900)


# --- records --------------------------------------------------------------------------------------------


def test_a_contact_is_read_with_all_its_handles() -> None:
    """Numbers in the country of its address, main ones first, further ones of our columns; marks of ours."""
    row = {
        "contactid": ID.upper(),
        "firstname": "Jo",
        "lastname": "Diaz",
        "telephone1": "020 7946 0123",
        "mobilephone": "+1 415 555 0123",
        "fax": "anonymous",
        "emailaddress2": JO,
        "fc_otheremails": "jo@home.example\njo@work.example",
        "address1_country": "United Kingdom",
        "_parentcustomerid_value": SOMEBODY,
        "_modifiedby_value": SOMEBODY,
        "fc_key": "0" * 32,
        "fc_createdby": "FirstContact",
        "fc_placeholder": "yes",
        "statecode": 0,
    }
    record = mapping.read_record(row, table(), "US", ME)
    assert (record.id, record.name, record.country) == (ID, "Jo Diaz", "GB")
    assert record.phones == ("020 7946 0123", "+1 415 555 0123", "anonymous")
    assert record.emails == (JO, "jo@home.example", "jo@work.example")
    assert {one.key for one in record.handles} == {*record.emails, "+442079460123", "+14155550123"}
    assert (record.account, record.active, record.placeholder) == (SOMEBODY, True, True)
    assert (record.created_by_us, record.edited_by_person) == (True, True)
    ours = {**row, "_modifiedby_value": ME}
    assert not mapping.read_record(ours, table(), "US", ME).edited_by_person
    assert mapping.read_record({**ours, "fc_edited": "yes"}, table(), "US", ME).edited_by_person


def test_a_company_that_is_a_contact_is_no_account() -> None:
    """A contact may stand under another contact; the annotation of the lookup tells."""
    kind = "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
    row = {"contactid": ID, "_parentcustomerid_value": SOMEBODY, kind: "contact"}
    assert mapping.read_record(row, table(), "US", ME).account == ""
    assert mapping.read_record({**row, kind: "account"}, table(), "US", ME).account == SOMEBODY


@pytest.mark.parametrize(("state", "active", "merged"), [(0, True, ""), (1, False, SOMEBODY), (2, False, "")])
def test_states(state: int, active: bool, merged: str) -> None:
    """An inactive contact is inactive, one with a master was merged."""
    row = {"contactid": ID, "statecode": state, "_masterid_value": SOMEBODY if merged else None}
    assert mapping.read_record(row, table(), "US", ME).active is active
    assert mapping.merged_into(row) == merged


def test_an_account_has_the_hosts_of_its_addresses() -> None:
    """Its website first, then what we were told, then the hosts of its addresses; not where everybody has a
    mailbox."""
    columns = {name: Column(name=name, form="Email") for name in EMAILS}
    row = {
        "accountid": ID,
        "name": "Acme",
        "websiteurl": "https://www.Acme.example/about",
        "fc_domains": "acme.co.example",
        "emailaddress1": "info@post.acme.example",
        "emailaddress2": "acme@gmail.com",
    }
    account = mapping.read_account(row, Table(name="account", columns=columns), "US")
    assert account.domains == ("acme.example", "acme.co.example", "post.acme.example")
    assert account.primary_domains == 1


# --- columns --------------------------------------------------------------------------------------------


def test_values_go_where_there_is_room() -> None:
    """Each value into the first free column that takes its length, then a line of ours; what has no room at
    all is said."""
    fields = ContactFields(last_name="Diaz", phones=tuple(f"+1415555010{n}" for n in range(5)), owner=ME)
    values = contacts.new_contact(fields, table(telephone1=5), "US")
    assert "telephone1" not in values
    assert [values[one] for one in ("mobilephone", "telephone2", "telephone3")] == list(fields.phones[:3])
    assert values["fc_otherphones"] == "+14155550103\n+14155550104"
    assert values["ownerid"] == Bind("systemuser", ME)
    without = table()
    bare = Table(name="contact", columns={n: c for n, c in without.columns.items() if n != "fc_otherphones"})
    with pytest.raises(Rejected, match="no room for"):
        contacts.new_contact(fields, bare, "US")


def test_a_change_adds_and_sets_and_marks() -> None:
    """What is there stays, what is new is added; a person's edit is marked before it is covered by ours."""
    row: dict[str, Any] = {
        "contactid": ID,
        "lastname": "Unknown Caller",
        "telephone1": "(415) 555-0123",
        "fc_key": "0" * 32,
        "fc_placeholder": "yes",
        "_modifiedby_value": SOMEBODY,
    }
    fields = ContactFields(first_name="Jo", last_name="Diaz", phones=("+14155550123", "+14155550124"))
    values = contacts.changed_contact(fields, (), row, table(), "US", ME)
    assert values == {
        "firstname": "Jo",
        "lastname": "Diaz",
        "fc_placeholder": None,
        "mobilephone": "+14155550124",
        "fc_edited": "yes",
    }
    nothing = ContactFields(phones=("+14155550123",))
    assert contacts.changed_contact(nothing, (), row, table(), "US", ME) == {}


def test_an_activity_points_at_what_there_is() -> None:
    """What an activity regards: the first of case, opportunity, account, person; on a task its person; the
    rest is kept beside it."""
    jo, kim = Bind("contact", ID), Bind("contact", SOMEBODY)
    case, account = Bind("incident", ME), Bind("account", SOMEBODY)
    about = About(people=(jo, kim), others=(case, account))
    assert about.regarding("phonecall") == case
    assert about.rest("phonecall") == (account,)
    assert about.regarding("task") == jo
    assert about.rest("task") == (case, account, kim)
    assert About(people=(jo,)).regarding("email") == jo
    assert About().regarding("fax") is None


# --- definitions ------------------------------------------------------------------------------------------


def test_a_table_is_read_from_its_definitions() -> None:
    """Columns with their form and length, whether it is tracked, the state of our key, how it is regarded."""
    columns = [{"LogicalName": one, "AttributeType": "String", "RequiredLevel": {"Value": "None"}} for one in
               ("telephone1", "description", "fc_key")]  # fmt: skip
    found = read_table(
        "contact",
        {"ChangeTrackingEnabled": True, "IsDuplicateDetectionEnabled": {"Value": True}},
        columns,
        [{"LogicalName": "telephone1", "MaxLength": 50, "FormatName": {"Value": "Phone"}}],
        [{"LogicalName": "description", "MaxLength": 2000}],
        [
            {"LogicalName": "other", "KeyAttributes": ["x"], "EntityKeyIndexStatus": "Failed"},
            {"LogicalName": "fc_keykey", "KeyAttributes": ["fc_key"], "EntityKeyIndexStatus": "Active"},
        ],
        [
            {
                "ReferencingAttribute": "regardingobjectid",
                "ReferencedEntity": "lead",
                "ReferencingEntityNavigationPropertyName": "regardingobjectid_lead",
            }
        ],
    )
    assert (found.tracked, found.detects, found.ready) == (True, True, True)
    assert (found.phones(), found.length("description")) == (("telephone1",), 2000)
    assert found.regarding == {"lead": "regardingobjectid_lead"}
