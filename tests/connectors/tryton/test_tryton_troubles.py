"""Tryton in trouble: sessions that end, answers that do not come, refusals in the middle of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tryton_desk import People, connected, credentials, empty
from tryton_proxy import Proxy, proxied

from firstcontact.connectors.contract import AuthLapsed, MovedTo, Rejected, TryAgain, Unclear
from firstcontact.connectors.tryton.client import CONTEXT, Client, Refused
from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    receipt,
    update,
)
from firstcontact.testing.simulators.base import Kept, Unpaced
from firstcontact.testing.tryton import CONNECTED, DATABASE, Server, Session

CREATE_PARTY = "model.party.party.create"
ATTACH = "model.ir.attachment.create"
LOG_IN = "common.db.login"


@pytest.fixture
def crm(tryton: Server, kept: Kept) -> Tryton:
    """A connection to an empty CRM."""
    return empty(tryton, kept)


@pytest.fixture
def front(tryton: Server, crm: Tryton) -> Iterator[Proxy]:
    """A proxy in front of the emptied CRM."""
    assert crm.size() == 0
    with proxied(tryton) as (proxy, url):
        proxy.url = url  # type: ignore[attr-defined]
        yield proxy


@pytest.fixture
def shaky(tryton: Server, front: Proxy, kept: Kept) -> Tryton:
    """A connection through the proxy."""
    return connected(tryton, kept, address=front.url)  # type: ignore[attr-defined]


def test_a_session_that_ended_is_renewed_once(tryton: Server, crm: Tryton) -> None:
    """A session taken away in the middle costs one login for all workers, and nobody else notices."""
    kept = credentials()
    crm = connected(tryton, kept)
    write = new_contact(crm)
    receipt(crm, write)
    assert kept.renewals == 1
    with tryton.opened() as database:
        database.execute("DELETE FROM ir_session WHERE create_uid = ?", (kept.read()["user_id"],))
        database.commit()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: crm.find([handle(JO)]), range(4)))
    assert {finding[JO].status for finding in found} == {"found"}
    assert kept.renewals == 2


def test_a_wrong_password_lapses(tryton: Server) -> None:
    """Nobody is logged in by a password that is not right any more; the connection is to be paused."""
    kept = Kept({"login": "password", "user": CONNECTED[0], "password": "another"})
    with pytest.raises(AuthLapsed):
        connected(tryton, kept).find([handle(JO)])


def test_a_database_that_is_not_there_is_said(tryton: Server) -> None:
    """A database name with a slip is nobody's trouble but a person's: it is named."""
    with pytest.raises(AuthLapsed, match="'crn'"):
        connected(tryton, credentials(), database="crn").size()


def test_a_dead_server_is_tried_again(crm: Tryton, tryton: Server) -> None:
    """Killed and started again, the server goes on being used with the session that there was."""
    write = new_contact(crm)
    receipt(crm, write)
    tryton.kill()
    try:
        assert isinstance(crm.apply([new_contact(crm, "two")])[0], TryAgain)
        with pytest.raises(TryAgain):
            crm.find([handle(JO)])
    finally:
        tryton.run()
    assert crm.find([handle(JO)])[JO].status == "found"
    assert list(crm.written([write.key])) == [write.key]


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html"])
def test_a_lost_answer_is_unclear(shaky: Tryton, front: Proxy, person: People, trouble: str) -> None:
    """Whatever came in place of the answer: the write is Unclear, its key finds it, and there is one."""
    front.next(trouble, CREATE_PARTY)
    contact = new_contact(shaky)
    (outcome,) = shaky.apply([contact])
    assert isinstance(outcome, Unclear)
    id = shaky.written([contact.key])[contact.key].id
    front.next(trouble, ATTACH)
    call = an_activity(shaky, people=(Existing("contact", id),))
    (outcome,) = shaky.apply([call])
    assert isinstance(outcome, Unclear)
    assert list(shaky.written([call.key])) == [call.key]
    assert (len(person.dump()["contacts"]), len(person.dump()["activities"])) == (1, 1)


def test_a_party_sent_again_is_the_first(shaky: Tryton, front: Proxy, person: People) -> None:
    """Sent again after a lost answer, without looking, Tryton itself lets no second party be: the first is
    told, and the others of its batch are made."""
    one, two = new_contact(shaky), new_contact(shaky, "two", emails=("kim@acme.example",), phones=())
    front.next("failed_after", CREATE_PARTY)
    assert isinstance(shaky.apply([one])[0], Unclear)
    first, second = shaky.apply([one, two])
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert [contact["id"] for contact in person.dump()["contacts"]] == [first.id, second.id]


@pytest.mark.parametrize("trouble", ["refused_503", "closed"])
def test_what_did_not_happen_is_tried_again(shaky: Tryton, front: Proxy, trouble: str) -> None:
    """A server that takes nothing now leaves nothing behind, and the rest of the batch is carried out."""
    contact = receipt(shaky, new_contact(shaky)).id
    front.next(trouble, CREATE_PARTY)
    people = (Existing("contact", contact),)
    kim = new_contact(shaky, "kim", emails=("kim@acme.example",), phones=())
    late, logged = shaky.apply([kim, an_activity(shaky, people=people)])
    assert isinstance(late, TryAgain if trouble == "refused_503" else Unclear)
    assert isinstance(logged, Receipt)
    assert shaky.written([kim.key]) == {}


def test_a_login_lost_in_the_middle_loses_no_receipt(shaky: Tryton, front: Proxy) -> None:
    """What was carried out before the login lapsed has its receipts; the rest is tried again; the next call
    says that the login lapsed."""
    gone = False

    def before(method: str) -> int | None:
        nonlocal gone
        if gone or method == LOG_IN:
            return 401
        gone = method == CREATE_PARTY
        return None

    contact = receipt(shaky, new_contact(shaky)).id
    front.before = before
    kim = new_contact(shaky, "kim", emails=("kim@acme.example",), phones=())
    made, logged = shaky.apply([kim, an_activity(shaky, people=(Existing("contact", contact),))])
    assert isinstance(made, Receipt)
    assert isinstance(logged, TryAgain)
    with pytest.raises(AuthLapsed):
        shaky.apply([new_contact(shaky, "later")])


def test_one_refused_among_many(shaky: Tryton, front: Proxy, person: People) -> None:
    """Tryton refuses a batch as a whole; the one at fault gets its words, and the others are carried out."""
    contact = receipt(shaky, new_contact(shaky)).id
    people = (Existing("contact", contact),)
    calls = [an_activity(shaky, f"call {number}", people=people) for number in range(7)]
    calls[4] = an_activity(shaky, "call 4", people=people, matter="999999")
    before = len(front.methods)
    outcomes = shaky.apply(calls)
    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [True] * 4 + [False] + [True] * 2
    refused = outcomes[4]
    assert isinstance(refused, Rejected)
    assert "Resource" in refused.fields
    assert len(person.dump()["activities"]) == 6
    assert front.methods[before:].count(ATTACH) <= 7


def test_a_field_that_is_not_there_is_named(tryton: Server, kept: Kept) -> None:
    """A module that renames a field is a Rejected with the field's name, not a crash."""
    client = Client(tryton.url, DATABASE, kept, Unpaced(), lambda: 0)
    with pytest.raises(Refused) as refused:
        client.write("party.party.create", [{"name": "Jo", "no_field": "x"}])
    assert refused.value.rejected().fields == ("no_field",)
    with pytest.raises(Refused) as unknown:
        client.read("no.model.search", [], 0, None, None)
    assert unknown.value.missing


def test_doctor_names_a_field_that_tryton_wants(shaky: Tryton, front: Proxy) -> None:
    """A module that wants a field on every party is said before the first write, unless it has a default."""

    def after(method: str, result: Any) -> Any:
        if method != "model.party.party.fields_get":
            return result
        wanted = {name: {**result[name], "required": True} for name in ("lang", "active")}
        return {**result, **wanted}

    front.after = after
    (error,) = [one for one in shaky.examine() if one.state != "ok"]
    assert (error.state, error.about) == ("error", "required fields of party.party")
    assert error.sentence.startswith("Tryton wants Language, ")


def test_a_concurrent_change_is_tried_again(crm: Tryton, tryton: Server, kept: Kept) -> None:
    """What Tryton refuses because somebody else has changed the record since comes again later."""
    id = receipt(crm, new_contact(crm)).id
    client = Client(tryton.url, DATABASE, kept, Unpaced(), lambda: 0)
    stale = {**CONTEXT, "_timestamp": {f"party.party,{id}": "1.0"}}
    with pytest.raises(TryAgain):
        client.write("party.party.write", [int(id)], {"name": "Jo"}, context=stale)


def test_merged_and_deleted_people_are_not_logged_on(crm: Tryton, person: People) -> None:
    """An activity for a merged contact names the survivor; for a deleted one it is Rejected."""
    loser = person.add("contact", {"last_name": "Diaz", "emails": [JO]})
    survivor = person.add("contact", {"last_name": "Diaz"})
    deleted = person.add("contact", {"last_name": "Roe"})
    person.merge(loser, survivor)
    person.delete("contact", deleted)
    ids = (loser, deleted, survivor)
    outcomes = crm.apply([an_activity(crm, id, people=(Existing("contact", id),)) for id in ids])
    moved, refused, logged = outcomes
    assert isinstance(moved, MovedTo)
    assert moved.id == survivor
    assert isinstance(refused, Rejected)
    assert isinstance(logged, Receipt)


def test_two_updates_of_one_party_build_on_each_other(crm: Tryton, person: People) -> None:
    """The same number twice in one batch is there once."""
    id = person.add("contact", {"last_name": "Diaz"})
    writes = [update(crm, id, name, phones=("+14155550188",)) for name in ("one", "two")]
    assert all(isinstance(outcome, Receipt) for outcome in crm.apply(writes))
    record = crm.read([id])[id]
    assert len(record.phones) == 1  # type: ignore[union-attr]


def test_an_activity_that_a_person_deleted_stays_deleted(crm: Tryton, person: People) -> None:
    """An update of it is Rejected; updates beside it are carried out."""
    contact = receipt(crm, new_contact(crm)).id
    people = (Existing("contact", contact),)
    ids = [receipt(crm, an_activity(crm, name, people=people)).id for name in ("one", "two")]
    person.call("ir.attachment.delete", [int(ids[0])])
    gone, kept = crm.apply([changed_activity(crm, id, f"more {id}", body="More.") for id in ids])
    assert isinstance(gone, Rejected)
    assert isinstance(kept, Receipt)
    assert [one["body"] for one in person.dump()["activities"]] == ["More."]


def test_two_at_once_with_one_key_make_one(tryton: Server, kept: Kept, person: People) -> None:
    """Two workers that send the same write at the same time get the same party."""
    crm = empty(tryton, kept)
    write = new_contact(crm)
    with ThreadPoolExecutor(6) as threads:
        ids = {one.id for one in threads.map(lambda _: receipt(crm, write), range(6))}
    assert len(ids) == 1
    assert len(person.dump()["contacts"]) == 1


def test_an_administrator_finds_keys_in_one_question(tryton: Server, crm: Tryton, front: Proxy) -> None:
    """A user who may search all attachments is not asked record by record; both find the same."""
    contact = receipt(crm, new_contact(crm)).id
    call = an_activity(crm, people=(Existing("contact", contact),))
    id = receipt(crm, call).id
    admin = Kept({"login": "password", "user": "admin", "password": Session.__init__.__defaults__[0][1]})
    crms = [connected(tryton, admin, address=front.url), crm]  # type: ignore[attr-defined]
    assert [one.written([call.key])[call.key].id for one in crms] == [id, id]
    assert front.methods.count("model.ir.attachment.search_read") == 1
    assert "model.sale.opportunity.search" not in front.methods


def test_a_batch_is_a_handful_of_requests(shaky: Tryton, front: Proxy) -> None:
    """Fifty strangers and their calls cost a look-up, the parties, a look at them and the attachments."""
    writes = [
        new_contact(shaky, f"p{number}", emails=(f"p{number}@acme.example",), phones=())
        for number in range(50)
    ]
    shaky.find([handle("somebody@acme.example")])  # a process asks once which firm is its own
    front.methods.clear()
    asked = [handle(f"p{number}@acme.example") for number in range(50)]
    assert {finding.status for finding in shaky.find(asked).values()} == {"absent"}
    people = [outcome.id for outcome in shaky.apply(writes) if isinstance(outcome, Receipt)]
    calls = [an_activity(shaky, id, people=(Existing("contact", id),)) for id in people]
    assert len([outcome for outcome in shaky.apply(calls) if isinstance(outcome, Receipt)]) == 50
    search = "model.party.party.search_read"
    assert front.methods == [search, CREATE_PARTY, search, ATTACH]
