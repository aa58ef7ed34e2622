"""What is written into Dynamics 365, seen as rows, and what becomes of it when it is brought up to date."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Exists, MovedTo, Rejected, TryAgain
from firstcontact.planning.write import CreatedBy, Existing, Receipt
from firstcontact.testing.conformance.making import (
    HOUR,
    JO,
    JO_PHONE,
    NOON,
    a_document,
    an_activity,
    changed_activity,
    new_contact,
    receipt,
    update,
)

AFTER = NOON + 24 * HOUR
"""When these tests take place."""
PARTIES = "participationtypemask,_partyid_value"


def row(org: Any, id: str, columns: str, expand: str = "") -> Any:
    """An activity as Dataverse has it."""
    table, _, guid = id.partition(":")
    collection = "faxes" if table == "fax" else f"{table}s"
    more = f"&$expand={expand}" if expand else ""
    path = f"{collection}?$select={columns}&$filter=activityid%20eq%20{guid}{more}"
    (answer,) = org.crm._api.rows([path])
    (found,) = answer.rows
    return found


def parties(org: Any, id: str) -> list[tuple[int, str]]:
    """Mask and record of each party of an activity."""
    table = id.partition(":")[0]
    name = f"{table}_activity_parties"
    found = row(org, id, "activityid", f"{name}($select={PARTIES})")[name]
    return sorted((one["participationtypemask"], one["_partyid_value"]) for one in found
                  if one["participationtypemask"] in (1, 2, 5, 7))  # fmt: skip


def people(org: Any) -> tuple[str, str, str]:
    """A user and two contacts."""
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    jo = receipt(org.crm, new_contact(org.crm)).id
    kim = receipt(org.crm, new_contact(org.crm, "kim", emails=("kim@acme.example",), phones=())).id
    return ana, jo, kim


def log(org: Any, kind: str, *who: str, name: str = "", **fields: Any) -> str:
    """The id of an activity that is logged on these contacts."""
    linked = tuple(Existing("contact", one) for one in who)
    return receipt(org.crm, an_activity(org.crm, name or kind, kind, people=linked, **fields)).id


# --- directions, parties, states ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "direction", "code", "state"),
    [
        ("call", "inbound", False, (1, 4)),
        ("call", "outbound", True, (1, 2)),
        ("voicemail", "inbound", False, (1, 4)),
        ("fax", "inbound", False, (1, 4)),
        ("fax", "outbound", True, (1, 3)),
        ("email", "inbound", False, (1, 4)),
        ("email", "outbound", True, (1, 3)),
    ],
)
def test_who_called_whom(serve: Any, kind: str, direction: str, code: bool, state: tuple[int, int]) -> None:
    """From is who called or wrote, To is everybody else; the direction is always said, since Dataverse takes
    outgoing where nothing is said; the activity is completed as received, made or sent."""
    org = serve()
    ana, jo, kim = people(org)
    id = log(org, kind, jo, kim, user=ana, direction=direction)
    held = row(org, id, "directioncode,statecode,statuscode,_ownerid_value")
    assert held["directioncode"] is code
    assert (held["statecode"], held["statuscode"]) == state
    assert held["_ownerid_value"] == ana
    inbound = [(1, jo), (2, ana), (2, kim)]
    outbound = [(1, ana), (2, jo), (2, kim)]
    assert parties(org, id) == sorted(inbound if direction == "inbound" else outbound)


@pytest.mark.parametrize(
    ("at", "outcome", "state"),
    [(NOON, "confirmed", (1, 3)), (AFTER + HOUR, "confirmed", (0, 1)), (AFTER + HOUR, "cancelled", (2, 4))],
    ids=["over", "to come", "cancelled"],
)
def test_a_meeting_is_closed_when_it_is_over(
    serve: Any, at: int, outcome: str, state: tuple[int, int]
) -> None:
    """A meeting that is over is completed, one that was cancelled is canceled, one to come stays open; its
    organiser and attendees have their parts."""
    org = serve()
    ana, jo, kim = people(org)
    id = log(org, "meeting", jo, kim, user=ana, direction="", at=at, seconds=1800, outcome=outcome)
    held = row(org, id, "statecode,statuscode,scheduledstart,scheduledend")
    assert held["statecode"] == state[0] or (state == (0, 1) and held["statecode"] in (0, 3))
    if state[0]:
        assert held["statuscode"] == state[1]
    assert parties(org, id) == sorted([(7, ana), (5, jo), (5, kim)])


def test_a_text_is_a_task_on_its_contact(serve: Any) -> None:
    """A task has no parties: it regards its contact, and what else it is about stands in a column of ours."""
    org = serve()
    ana, jo, kim = people(org)
    case = org.desk.add("matter", {"contact": jo, "name": "Diaz v. Roe", "open": True})
    id = log(org, "sms", jo, kim, user=ana, matter=case)
    held = row(org, id, "statecode,statuscode,_regardingobjectid_value,fc_links")
    assert (held["statecode"], held["statuscode"]) == (1, 5)
    assert held["_regardingobjectid_value"] == jo
    assert held["fc_links"].splitlines() == [f"incident:{case}", f"contact:{kim}"]
    (task,) = org.desk.dump()["activities"]
    assert (sorted(task["contacts"]), task["matter"]) == (sorted([jo, kim]), case)


def test_a_call_regards_the_case(serve: Any) -> None:
    """A case comes before its contact, who is on the call as a party; what has no place is in our column."""
    org = serve()
    _, jo, _ = people(org)
    case = org.desk.add("matter", {"contact": jo, "name": "Diaz v. Roe", "open": True})
    account = org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    id = log(org, "call", jo, matter=case, account=Existing("account", account))
    held = row(org, id, "_regardingobjectid_value,fc_links")
    assert (held["_regardingobjectid_value"], held["fc_links"]) == (case, f"account:{account}")
    assert parties(org, id) == [(1, jo)]


# --- texts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", ["kept", "dropped"])
def test_the_description_tells_the_time(serve: Any, times: str) -> None:
    """The column of the time may keep its day only, so that the description says it to people, and a
    column of ours exactly."""
    org = serve(actual_times=times)
    _, jo, _ = people(org)
    id = log(org, "call", jo, body="Hello.", at=NOON + 61_500_000)
    held = row(org, id, "description,fc_at,actualdurationminutes,fc_seconds")
    assert held["description"] == "Hello.\n\nTime: 2026-03-02 12:01:01 UTC"
    assert held["fc_at"] == "2026-03-02T12:01:01.500000Z"
    assert (held["actualdurationminutes"], held["fc_seconds"]) == (1, "60")
    (call,) = org.desk.dump()["activities"]
    assert (call["at"], call["body"]) == (NOON + 61_500_000, "Hello.")


@pytest.mark.parametrize("letter", ["x", "ü", "🦊"])
def test_what_has_no_room_goes_into_a_note(serve: Any, letter: str) -> None:
    """A description takes 2,000 characters as Dataverse counts them; the rest is in a note on the activity,
    and together they are the whole text. Shortened it is gone, made long again it is there again, once."""
    org = serve()
    _, jo, _ = people(org)
    long, longer = f"Begin {letter * 3000} end.", f"Begin {letter * 4000} end."
    id = log(org, "call", jo, body=long)
    description = row(org, id, "description")["description"]
    assert len(description.encode("utf-16-le")) // 2 <= 2000
    assert description.endswith("…\n\nTime: 2026-03-02 12:00:00 UTC")

    def body() -> str:
        (call,) = org.desk.dump()["activities"]
        return str(call["body"])

    assert body() == long
    for number, text in enumerate((longer, "Short.", long)):
        write = changed_activity(org.crm, id, f"change {number}", body=text)
        receipt(org.crm, replace(write, changed=("body",)))
        assert body() == text
    (notes,) = org.crm._api.rows(["annotations?$select=subject"])
    assert [one["subject"] for one in notes.rows] == ["FirstContact: continued"]


def test_a_mail_keeps_its_lines(serve: Any) -> None:
    """A description of an e-mail is HTML: what was written shows as it was written, and nothing is markup."""
    org = serve()
    _, jo, _ = people(org)
    id = log(org, "email", jo, body="Dear <b>Ana</b> & Bo,\nthank you.")
    held = row(org, id, "description")["description"]
    assert held.startswith("Dear &lt;b&gt;Ana&lt;/b&gt; &amp; Bo,<br>thank you.<br><br>Time: ")


# --- bringing up to date -----------------------------------------------------------------------------------


def test_a_completed_call_is_opened_changed_and_closed(serve: Any) -> None:
    """What is completed is read-only: it is reopened, changed and closed again as one, in one request, after
    one that reads it."""
    org = serve()
    ana, jo, kim = people(org)
    id = log(org, "call", user=ana)
    assert parties(org, id) == [(2, ana)]
    linked = (Existing("contact", jo), Existing("contact", kim))
    write = changed_activity(org.crm, id, "call", people=linked, user=ana, direction="inbound", seconds=60)
    assert org.calls(lambda: receipt(org.crm, replace(write, changed=("people",)))) == 2
    held = row(org, id, "statecode,statuscode,_regardingobjectid_value")
    assert (held["statecode"], held["statuscode"], held["_regardingobjectid_value"]) == (1, 4, jo)
    assert parties(org, id) == sorted([(1, jo), (2, ana), (2, kim)])


def test_what_a_person_wrote_stays(serve: Any) -> None:
    """A column that a person has changed is left, and the others are changed."""
    org = serve()
    _, jo, _ = people(org)
    id = log(org, "call", jo, body="As first written.")
    org.desk.edit("activity", id, {"subject": "As I remember it"})
    write = changed_activity(org.crm, id, "second", subject="Call again", body="As written now.")
    receipt(org.crm, replace(write, changed=("subject", "body")))
    (call,) = org.desk.dump()["activities"]
    assert (call["subject"], call["body"]) == ("As I remember it", "As written now.")
    assert call["interactions"] == ["call", "second"]


def test_an_account_takes_a_new_contact_in_one_change_set(serve: Any) -> None:
    """An account, its contact and the contact's call are made as one, each pointing at the one before."""
    org = serve()
    org.crm.size()
    account = _account(org)
    contact = new_contact(org.crm, account=CreatedBy(account.key))
    call = an_activity(org.crm, people=(CreatedBy(contact.key),))
    outcomes: list[Any] = []
    org.crm.find([])
    receipt(org.crm, new_contact(org.crm, "warm", emails=("w@acme.example",), phones=()))
    assert org.calls(lambda: outcomes.extend(org.crm.apply([account, contact, call]))) == 1
    assert all(isinstance(one, Receipt) and one.created for one in outcomes)
    assert org.crm.read([outcomes[1].id])[outcomes[1].id].account == outcomes[0].id
    (held,) = org.desk.dump()["activities"]
    assert held["contacts"] == [outcomes[1].id]


def _account(org: Any) -> Any:
    from firstcontact.testing.conformance.making import an_account

    return an_account(org.crm, "acme.example")


# --- files ------------------------------------------------------------------------------------------------


def test_a_file_is_a_note_and_there_once(serve: Any) -> None:
    """The file is in a note on its activity; sent again, it is the same note, whose id comes of our key.
    Where the file cannot be had, the note tells its name and address."""
    org = serve()
    _, jo, _ = people(org)
    fax = log(org, "fax", jo)
    write = a_document(org.crm, fax, "fax")
    first, again = receipt(org.crm, write), receipt(org.crm, write)
    assert (first.id, first.created, again.created) == (again.id, True, False)
    assert org.crm.written([write.key])[write.key].id == first.id
    elsewhere = a_document(org.crm, fax, "elsewhere")
    fields = replace(elsewhere.fields, uri="http://127.0.0.1:9/letter.pdf", name="letter.pdf")
    receipt(org.crm, replace(elsewhere, fields=fields))
    files = {one["name"]: (one["interaction"], one["uri"]) for one in org.desk.dump()["documents"]}
    assert files == {"fax.pdf": ("fax", None), "letter.pdf": ("elsewhere", "http://127.0.0.1:9/letter.pdf")}


def test_a_file_that_is_too_large_is_parked(serve: Any) -> None:
    """Dataverse takes files up to a size that the environment sets; what is larger is refused by it."""
    org = serve(most_file_bytes=8)
    _, jo, _ = people(org)
    (outcome,) = org.crm.apply([a_document(org.crm, log(org, "fax", jo), "fax")])
    assert isinstance(outcome, Rejected)


# --- contacts ---------------------------------------------------------------------------------------------


def test_a_fifth_number_has_a_place(serve: Any) -> None:
    """Numbers and addresses fill the columns there are, and then a column of ours, which is searched too."""
    org = serve()
    numbers = tuple(f"+1415555010{n}" for n in range(6))
    addresses = tuple(f"jo{n}@acme.example" for n in range(5))
    id = receipt(org.crm, new_contact(org.crm, phones=numbers, emails=addresses)).id
    record = org.crm.read([id])[id]
    assert {one.key for one in record.handles} == {*numbers, *addresses}
    asked = [one for one in record.handles if one.key in (numbers[5], addresses[4])]
    assert {finding.records[0].id for finding in org.crm.find(asked).values()} == {id}


@pytest.mark.parametrize("status", [412, 500])
@pytest.mark.parametrize("rule", ["email", "phone"])
def test_a_duplicate_rule_is_a_fact(serve: Any, status: int, rule: str) -> None:
    """A duplicate is known by its code, whatever its status; the record, which Dataverse does not name, is
    who bears the handle. The call that came with it goes again, with that contact."""
    org = serve(options={"duplicate_rules": True}, duplicate_status=status, duplicate_rules=(rule,))
    jo = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})
    contact = new_contact(org.crm)
    other = new_contact(org.crm, "other", last_name="Roe", emails=("roe@acme.example",), phones=())
    call = an_activity(org.crm, people=(CreatedBy(contact.key),))
    exists, waits, made = org.crm.apply([contact, call, other])
    assert isinstance(exists, Exists)
    assert (exists.type, exists.id) == ("contact", jo)
    assert isinstance(waits, TryAgain)
    assert isinstance(made, Receipt), "what is refused spoils no other"
    assert len(org.desk.dump()["contacts"]) == 2


def test_a_name_alone_makes_nobody_double(serve: Any) -> None:
    """A rule that compares names stops a second Jo Diaz whose handles nobody bears: a person decides. A
    placeholder, whose name is none, is made."""
    org = serve(options={"duplicate_rules": True}, duplicate_rules=("name",))
    org.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": ["another@roe.example"]})
    (parked,) = org.crm.apply([new_contact(org.crm)])
    assert isinstance(parked, Rejected)
    org.desk.add("contact", {"first_name": "Unknown", "last_name": "Caller"})
    fields = {"first_name": "Unknown", "last_name": "Caller", "emails": ()}
    (parked,) = org.crm.apply([new_contact(org.crm, "named", **fields)])
    assert isinstance(parked, Rejected)
    assert receipt(org.crm, new_contact(org.crm, "unknown", placeholder=True, **fields)).created


def test_without_the_option_rules_are_left_out(serve: Any) -> None:
    """As Dataverse's API has it where nobody says otherwise."""
    org = serve()
    org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    assert receipt(org.crm, new_contact(org.crm)).created


def test_an_inactive_contact_is_a_candidate_of_last_resort(serve: Any) -> None:
    """Who was deactivated by hand is found, and said to be inactive; who was merged is not found."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    org.crm._api.send(_deactivating(id))
    record = org.crm.read([id])[id]
    assert not record.active


def _deactivating(id: str) -> list[Any]:
    from firstcontact.connectors.dynamics.batch import ChangeSet, Operation

    body = {"statecode": 1, "statuscode": 2}
    return [ChangeSet((Operation(method="PATCH", path=f"contacts({id})", body=body),))]


def test_an_activity_on_a_merged_contact_moves(serve: Any) -> None:
    """Dataverse takes a call on a contact that was merged a moment ago, where nobody looks any more: it is
    taken away again, and the caller is told who the survivor is. It costs a request only then."""
    org = serve()
    loser = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    survivor = org.desk.add("contact", {"last_name": "Diaz"})
    call = an_activity(org.crm, people=(Existing("contact", loser),))
    org.desk.merge(loser, survivor)
    (moved,) = org.crm.apply([call])
    assert isinstance(moved, MovedTo)
    assert (moved.type, moved.id) == ("contact", survivor)
    assert list(org.desk.dump()["activities"]) == []
    again = replace(call, fields=replace(call.fields, people=(Existing("contact", survivor),)))
    assert org.calls(lambda: receipt(org.crm, again)) == 1


def test_somebody_was_quicker(serve: Any) -> None:
    """A contact that was changed between our reading and our writing is read again by who tries again."""
    org = serve()
    id = receipt(org.crm, new_contact(org.crm)).id
    builder_read = org.crm._look._api.rows
    done = []

    def rows(*given: Any, **more: Any) -> Any:
        found = builder_read(*given, **more)
        if not done:
            done.append(org.desk.edit("contact", id, {"title": "CEO"}))
        return found

    org.crm._api.rows = rows
    (outcome,) = org.crm.apply([update(org.crm, id, last_name="Diaz-Roe")])
    assert isinstance(outcome, TryAgain)
    assert org.crm.read([id])[id].last_name == "Diaz"
    receipt(org.crm, update(org.crm, id, last_name="Diaz-Roe"))
    assert org.crm.read([id])[id].title == "CEO"
