"""Phone calls, e-mails, faxes, appointments and tasks with their parties (apis A5, "Activities")."""

from __future__ import annotations

from typing import Any

import pytest

DONE = {"phonecalls": 2, "emails": 3, "faxes": 3, "appointments": 3, "tasks": 5}
OPEN = {"phonecalls": 1, "emails": 1, "faxes": 1, "appointments": 1, "tasks": 2}
NAMES = {"phonecalls": "phonecall", "emails": "email", "faxes": "fax", "appointments": "appointment"}


def party(mask: int, set: str, id: str) -> dict[str, Any]:
    """A party of an activity."""
    name = {"contacts": "contact", "leads": "lead", "accounts": "account", "systemusers": "systemuser"}[set]
    return {f"partyid_{name}@odata.bind": f"/{set}({id})", "participationtypemask": mask}


def masks(org: Any, set: str, id: str) -> dict[int, Any]:
    """Who took part as what."""
    path = f"{set}({id})/{NAMES[set]}_activity_parties"
    return {one["participationtypemask"]: one["_partyid_value"] for one in org.got(path)["value"]}


def test_a_call_is_outgoing_unless_it_says_otherwise(org: Any) -> None:
    """`directioncode` is true by default, so an incoming call must say false (apis A5)."""
    for given, held in (({}, True), ({"directioncode": False}, False)):
        assert org.got(f"phonecalls({org.call(**given)})")["directioncode"] is held


def test_a_call_with_its_people(org: Any) -> None:
    """Parties are made with the call; Dataverse adds regarding and owner (apis A5)."""
    ann, me = org.person(), org.got("WhoAmI")["UserId"]
    call = org.call(
        directioncode=False,
        actualdurationminutes=6,
        phonenumber="+14155550134",
        **{"regardingobjectid_contact_phonecall@odata.bind": f"/contacts({ann})"},
        phonecall_activity_parties=[party(1, "contacts", ann), party(2, "systemusers", me)],
    )
    assert masks(org, "phonecalls", call) == {1: ann, 2: me, 8: ann, 9: me}
    row = org.got(f"phonecalls({call})")
    assert (row["activitytypecode"], row["statecode"], row["statuscode"]) == ("phonecall", 0, 1)
    parties = org.rows("activityparties", f"_partyid_value eq {ann} and participationtypemask eq 1")
    assert [one["_activityid_value"] for one in parties] == [call]
    pointers = org.rows(
        "activitypointers", f"_regardingobjectid_value eq {ann}", "activityid,activitytypecode"
    )
    assert [(one["activityid"], one["activitytypecode"]) for one in pointers] == [(call, "phonecall")]


@pytest.mark.parametrize(
    ("set", "allowed"),
    [("phonecalls", {1, 2}), ("emails", {1, 2, 3, 4}), ("faxes", {1, 2}), ("appointments", {5, 6, 7})],
)
def test_each_activity_takes_its_kinds_of_parties(org: Any, set: str, allowed: set[int]) -> None:
    """A phone call has 1 and 2 only, an e-mail 1 to 4, an appointment 5 to 7 (apis A5)."""
    ann = org.person()
    for mask in range(1, 13):
        body = {"subject": "x", f"{NAMES[set]}_activity_parties": [party(mask, "contacts", ann)]}
        assert org.ask("POST", set, body).status_code == (204 if mask in allowed else 400), mask


def test_a_task_has_no_parties(org: Any) -> None:
    """Who a task is about is its regarding alone."""
    body = {"subject": "SMS", "task_activity_parties": []}
    assert org.refused("POST", "tasks", body)[0] == 400
    ann = org.person()
    body = {"subject": "SMS", "regardingobjectid_contact_task@odata.bind": f"/contacts({ann})"}
    assert org.got(f"tasks({org.made('tasks', body)})")["_regardingobjectid_value"] == ann


@pytest.mark.parametrize(
    "wrong",
    [
        {"participationtypemask": 1},
        {"participationtypemask": "1", "addressused": "x"},
        {"addressused": "x"},
        {"participationtypemask": 1, "nonsense": 1},
        {"participationtypemask": 1, "partyid_incident@odata.bind": "/incidents(x)"},
        "x",
    ],
)
def test_parties_that_cannot_be(org: Any, wrong: Any) -> None:
    """A party needs its kind and somebody; anything else is refused."""
    body = {"subject": "x", "phonecall_activity_parties": [wrong]}
    assert org.refused("POST", "phonecalls", body)[0] == 400


def test_there_is_one_sender(org: Any) -> None:
    """An activity has one sender, and one organizer."""
    two = [party(1, "contacts", org.person()), party(1, "contacts", org.person())]
    assert org.refused("POST", "phonecalls", {"subject": "x", "phonecall_activity_parties": two})[0] == 400
    receivers = [{**one, "participationtypemask": 2} for one in two]
    org.call(phonecall_activity_parties=receivers)


@pytest.mark.parametrize(("quirk", "status"), [("all", 204), ("email", 400)])
def test_parties_that_are_an_address_only(orgs: Any, quirk: str, status: int) -> None:
    """An e-mail takes a party that is no record; other activities by the switch."""
    org = orgs(unresolved_parties=quirk)
    unknown = [{"addressused": "jo@acme.example", "participationtypemask": 1}]
    body = {"subject": "x", "phonecall_activity_parties": unknown}
    assert org.ask("POST", "phonecalls", body).status_code == status
    body = {"subject": "x", "email_activity_parties": unknown}
    assert org.ask("POST", "emails", body).status_code == 204


@pytest.mark.parametrize("required", [False, True])
def test_what_pages_ask_for(orgs: Any, required: bool) -> None:
    """From, to and a subject are asked for by the pages, by the API only where the switch says so."""
    org = orgs(parties_required=required)
    ann, me = org.person(), org.got("WhoAmI")["UserId"]
    both = [party(1, "contacts", ann), party(2, "systemusers", me)]
    good = 400 if required else 204
    assert org.ask("POST", "phonecalls", {"subject": "x"}).status_code == good
    assert (
        org.ask("POST", "phonecalls", {"subject": "x", "phonecall_activity_parties": both[:1]}).status_code
        == good
    )
    assert org.ask("POST", "phonecalls", {"phonecall_activity_parties": both}).status_code == good
    assert (
        org.ask("POST", "phonecalls", {"subject": "x", "phonecall_activity_parties": both}).status_code == 204
    )


@pytest.mark.parametrize(
    ("field", "most"), [("subject", 200), ("description", 2000), ("phonenumber", 200), ("category", 250)]
)
def test_how_long_a_calls_texts_may_be(org: Any, field: str, most: int) -> None:
    """A description has 2,000 characters, a subject 200; more is 400, nothing is cut (apis A5)."""
    org.call(**{field: "x" * most})
    body = {"subject": "x", field: "x" * (most + 1)}
    assert org.refused("POST", "phonecalls", body) == (400, "0x80044331")


def test_an_emails_description_is_long(org: Any) -> None:
    """An e-mail's body may be as long as a mail is."""
    org.made("emails", {"subject": "x", "description": "x" * 100_000})


@pytest.mark.parametrize("set", sorted(DONE))
def test_a_state_is_not_valid_for_create(org: Any, set: str) -> None:
    """`statecode` comes by a change only (apis A5)."""
    body = {"subject": "x", "statecode": 1, "statuscode": DONE[set]}
    assert org.refused("POST", set, body)[0] == 400


@pytest.mark.parametrize("set", sorted(DONE))
def test_completed_activities_are_read_only(org: Any, set: str) -> None:
    """Once completed nothing but the state can be changed, until it is open again (apis A5)."""
    id = org.made(set, {"subject": "x"})
    path = f"{set}({id})"
    assert org.ask("PATCH", path, {"statecode": 1, "statuscode": DONE[set]}).status_code == 204
    for change in ({"subject": "y"}, {"statecode": 0, "subject": "y"}, {"fc_kind": "call"}):
        assert org.refused("PATCH", path, change) == (400, "0x80048408")
    if set != "tasks":
        parties = {f"{NAMES[set]}_activity_parties": []}
        assert org.refused("PATCH", path, parties) == (400, "0x80048408")
    assert org.ask("PATCH", path, {"statecode": 0, "statuscode": OPEN[set]}).status_code == 204
    assert org.ask("PATCH", path, {"subject": "y"}).status_code == 204
    assert org.ask("PATCH", path, {"statecode": 2}).status_code == 204
    assert org.refused("PATCH", path, {"subject": "z"})[0] == 400
    assert org.ask("DELETE", path).status_code == 204


def test_a_call_is_made_or_received(org: Any) -> None:
    """A completed call is 2, made, or 4, received; 3 is canceled (apis A5)."""
    path = f"phonecalls({org.call()})"
    assert org.refused("PATCH", path, {"statecode": 1, "statuscode": 3})[0] == 400
    for state, status in ((1, 4), (0, 1), (1, 2), (2, 3)):
        assert org.ask("PATCH", path, {"statecode": state, "statuscode": status}).status_code == 204


def test_parties_are_replaced_by_a_change(org: Any) -> None:
    """A change that names parties replaces them all; one that names none leaves them."""
    ann, bo = org.person(), org.person(lastname="Roe")
    call = org.call(phonecall_activity_parties=[party(1, "contacts", ann)])
    org.ask("PATCH", f"phonecalls({call})", {"subject": "y"})
    assert masks(org, "phonecalls", call)[1] == ann
    org.ask("PATCH", f"phonecalls({call})", {"phonecall_activity_parties": [party(2, "contacts", bo)]})
    found = masks(org, "phonecalls", call)
    assert (found.get(1), found[2]) == (None, bo)


@pytest.mark.parametrize(
    ("quirk", "long", "short"), [("both", True, True), ("long", True, False), ("short", False, True)]
)
def test_names_of_the_regarding(orgs: Any, quirk: str, long: bool, short: bool) -> None:
    """Published code has a long and a short name; which hold is a switch; $metadata tells one (apis A5)."""
    org = orgs(regarding=quirk)
    ann = f"/contacts({org.person()})"
    for name, good in (("regardingobjectid_contact_phonecall", long), ("regardingobjectid_contact", short)):
        answer = org.ask("POST", "phonecalls", {"subject": "x", f"{name}@odata.bind": ann})
        assert answer.status_code == (204 if good else 400)
    told = "regardingobjectid_contact_phonecall" if long else "regardingobjectid_contact"
    assert f'<NavigationProperty Name="{told}"' in org.ask("GET", "$metadata").text
    options = "$select=ReferencedEntity,ReferencingEntityNavigationPropertyName"
    options += "&$filter=ReferencingAttribute eq 'regardingobjectid'"
    rows = org.got(f"EntityDefinitions(LogicalName='phonecall')/ManyToOneRelationships?{options}")["value"]
    names = {row["ReferencedEntity"]: row["ReferencingEntityNavigationPropertyName"] for row in rows}
    assert names["contact"] == told


@pytest.mark.parametrize(
    ("quirk", "held"), [("kept", "2026-03-02T17:04:11Z"), ("dropped", "2026-03-02T00:00:00Z")]
)
def test_actual_times(orgs: Any, quirk: str, held: str) -> None:
    """actualstart is a date by its format: its time may be dropped, by the switch (apis A5)."""
    org = orgs(actual_times=quirk)
    moment = "2026-03-02T17:04:11.25Z"
    row = org.got(f"phonecalls({org.call(actualstart=moment, scheduledstart=moment)})")
    assert (row["actualstart"], row["scheduledstart"]) == (held, "2026-03-02T17:04:11Z")


def test_an_appointment_has_a_start_and_an_end(org: Any) -> None:
    """Its length follows; an end before the start is refused."""
    body = {
        "subject": "Kick-off",
        "scheduledstart": "2026-03-03T09:00:00Z",
        "scheduledend": "2026-03-03T10:00:00+00:00",
    }
    row = org.got(f"appointments({org.made('appointments', body)})")
    assert (row["scheduleddurationminutes"], row["statecode"]) == (60, 0)
    wrong = {**body, "scheduledend": "2026-03-03T08:00:00Z"}
    assert org.refused("POST", "appointments", wrong)[0] == 400
    assert org.refused("POST", "appointments", {**body, "scheduledend": "2026-03-03T08:00:00"})[0] == 400


def test_activities_are_found_by_our_key(org: Any) -> None:
    """Each kind of activity has our alternate key, and ids are of all activities."""
    for number, set in enumerate(DONE):
        path = f"{set}(fc_key='k{number}')"
        assert org.ask("PATCH", path, {"subject": "x"}, If_None_Match="*").status_code == 204
        assert org.refused("PATCH", path, {"subject": "x"}, If_None_Match="*") == (412, "0x80040237")
    id = org.rows("phonecalls")[0]["activityid"]
    assert org.refused("POST", "tasks", {"subject": "x", "activityid": id}) == (412, "0x80040237")
    assert len(org.rows("activitypointers")) == 5


@pytest.mark.parametrize(("quirk", "left"), [("unlinked", 1), ("cascade", 0)])
def test_a_contact_is_deleted_under_its_calls(orgs: Any, quirk: str, left: int) -> None:
    """Calls stay without the contact, or those regarding it go with it, by the switch."""
    org = orgs(contact_deleted=quirk)
    ann = org.person()
    call = org.call(
        **{"regardingobjectid_contact@odata.bind": f"/contacts({ann})"},
        phonecall_activity_parties=[party(1, "contacts", ann)],
    )
    org.ask("DELETE", f"contacts({ann})")
    assert len(org.rows("phonecalls")) == left
    if left:
        row = org.got(f"phonecalls({call})?$expand=phonecall_activity_parties")
        assert row["_regardingobjectid_value"] is None
        (gone,) = [one for one in row["phonecall_activity_parties"] if one["participationtypemask"] == 1]
        assert (gone["_partyid_value"], gone["ispartydeleted"]) == (None, True)
