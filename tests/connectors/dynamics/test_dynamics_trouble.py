"""What goes wrong with Dynamics 365, and what the caller is told; nothing is lost, nothing is there twice."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import AuthLapsed, Gone, Rejected, TryAgain, Unclear
from firstcontact.connectors.dynamics import batch
from firstcontact.planning.write import CreatedBy, Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)

HAPPENED = ("failed_after", "cut", "html")


def asked(org: Any) -> Any:
    """The connection, knowing the environment."""
    org.crm.find([handle(JO)])
    return org.crm


def stranger(crm: Any, name: str = "one", **fields: Any) -> list[Any]:
    """A contact and a call that points at it."""
    contact = new_contact(crm, name, **fields)
    return [contact, an_activity(crm, f"call {name}", people=(CreatedBy(contact.key),))]


# --- permission and limits ------------------------------------------------------------------------------


def test_a_lapsed_permission_is_said(serve: Any) -> None:
    """An administrator takes the secret away: AuthLapsed, whatever is asked."""
    org = serve()
    crm = asked(org)
    org.simulator.revoke()
    for ask in (lambda: crm.find([handle(JO)]), lambda: crm.apply(stranger(crm)), crm.size):
        with pytest.raises(AuthLapsed):
            ask()
    assert org.desk.dump()["contacts"] == []


def test_no_token_goes_out_unencrypted(serve: Any) -> None:
    """An address without TLS that is not this machine gets neither secret nor token."""
    org = serve()
    with pytest.raises(AuthLapsed, match="https://"):
        org.another(url="http://org.example").size()


def test_a_token_is_renewed_before_it_ends(serve: Any) -> None:
    """A token is good for an hour; a minute before that it is had anew, once for all."""
    org = serve()
    crm = asked(org)
    before = org.kept.renewals
    org.clock.wait(3_590_000_000)
    assert all(isinstance(one, Receipt) for one in crm.apply(stranger(crm)))
    assert org.kept.renewals == before + 1


def test_a_login_without_an_application_user_says_what_is_missing(serve: Any) -> None:
    """A token is given, and the environment knows nobody behind it: a person adds the application user, and
    all is well."""
    org = serve(application_user="missing")
    with pytest.raises(AuthLapsed, match="application user"):
        org.crm.find([handle(JO)])
    org.simulator.set_up_user()
    assert org.crm.find([handle(JO)])[JO].status == "absent"


def test_the_limit_is_waited_for(serve: Any) -> None:
    """429 says for how long; until then nobody asks, and nothing has happened."""
    org = serve(limit=6000)
    crm = asked(org)
    org.simulator.exhaust(120)
    with pytest.raises(TryAgain) as told:
        crm.apply(stranger(crm))
    assert 100 <= told.value.after <= 130
    assert org.pace.left_alone[-1] == told.value.after
    org.clock.wait(int(told.value.after * 1_000_000) + 1_000_000)
    assert all(isinstance(one, Receipt) for one in crm.apply(stranger(crm)))


def test_a_limit_that_ends_within_a_batch(serve: Any) -> None:
    """The operations that were beyond it are tried again later, each for itself; the others have happened."""
    org = serve(limit=200)
    crm = asked(org)
    writes = [
        one for n in range(100) for one in stranger(crm, f"s{n}", emails=(f"s{n}@acme.example",), phones=())
    ]
    outcomes = crm.apply(writes)
    done = [one for one in outcomes if isinstance(one, Receipt)]
    waiting = [one for one in outcomes if isinstance(one, TryAgain)]
    assert len(done) + len(waiting) == len(writes)
    assert done
    assert waiting
    assert org.pace.left_alone
    org.clock.wait(600_000_000)
    for _ in range(10):
        left = [write for write, one in zip(writes, outcomes, strict=True) if not isinstance(one, Receipt)]
        if not left:
            break
        try:
            again = dict(zip((one.key for one in left), crm.apply(writes), strict=False))
        except TryAgain:
            again = {}
        del again
        org.clock.wait(600_000_000)
        known = crm.written([one.key for one in writes])
        outcomes = [known.get(one.key, TryAgain("waits")) for one in writes]
    assert len(org.desk.dump()["contacts"]) == 100
    assert len(org.desk.dump()["activities"]) == 100


def test_a_limit_met_by_one_operation_is_for_all(serve: Any) -> None:
    """Whoever shares the login waits as long as the answer to one operation of a batch says."""
    org = serve()
    org.crm._api._heed(batch.Result(status=429, headers={"retry-after": "7"}))
    assert org.pace.left_alone == [7.0]
    org.crm._api._heed(batch.Result(status=204))
    assert org.pace.left_alone == [7.0]


def test_what_is_left_of_the_limit_is_heeded(serve: Any) -> None:
    """Answers tell how many requests are left in the five minutes."""
    org = serve(limit=6000)
    asked(org)
    allowance = org.crm.allowance()
    assert allowance == org.pace.allowances[-1]
    assert (allowance.limit, allowance.resets_in) == (6000, 300.0)
    assert 0 < allowance.left < 6000


# --- answers that are lost ------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", HAPPENED)
def test_a_lost_answer_to_a_batch_is_unclear(serve: Any, trouble: Any) -> None:
    """It happened, and its answer is lost: each write is Unclear, its key is found, and sent again it is
    answered with what is there."""
    org = serve()
    crm = asked(org)
    writes = [
        one for n in range(3) for one in stranger(crm, f"s{n}", emails=(f"s{n}@acme.example",), phones=())
    ]
    org.running.faults.next(trouble)
    outcomes = crm.apply(writes)
    assert all(isinstance(one, Unclear) for one in outcomes), outcomes
    known = crm.written([one.key for one in writes])
    assert len(known) == len(writes)
    again = crm.apply(writes)
    assert {one.key: one.id for one in again} == {key: one.id for key, one in known.items()}
    assert not any(one.created for one in again)
    assert (len(org.desk.dump()["contacts"]), len(org.desk.dump()["activities"])) == (3, 3)


@pytest.mark.parametrize("trouble", ["refused_503", "closed"])
def test_what_was_not_sent_is_tried_again(serve: Any, trouble: Any) -> None:
    """A refused request has done nothing, and nothing can be told of one whose connection broke off."""
    org = serve()
    crm = asked(org)
    org.running.faults.next(trouble)
    writes = stranger(crm)
    try:
        outcomes = crm.apply(writes)
    except TryAgain:
        outcomes = []
    assert all(isinstance(one, Unclear) for one in outcomes)
    assert crm.written([one.key for one in writes]) == {}
    assert all(isinstance(one, Receipt) and one.created for one in crm.apply(writes))


@pytest.mark.parametrize("trouble", ["refused_503", "failed_500", "cut", "html", "closed"])
def test_a_look_that_fails_says_nothing(serve: Any, trouble: Any) -> None:
    """Nobody is absent since an answer was lost."""
    org = serve()
    crm = asked(org)
    org.running.faults.next(trouble)
    with pytest.raises(TryAgain):
        crm.find([handle(JO)])


def test_a_part_that_is_missing_is_unclear(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer with fewer parts than the batch: of those that are missing nobody can tell."""
    org = serve()
    crm = asked(org)
    whole = batch.decode

    def short(content_type: str, content: bytes, parts: Any) -> Any:
        found = whole(content_type, content, parts)
        return [*found[:-1], None]

    monkeypatch.setattr(batch, "decode", short)
    first = new_contact(crm, "a", emails=("a@acme.example",), phones=())
    second = new_contact(crm, "b", emails=("b@acme.example",), phones=())
    done, unclear = crm.apply([first, second])
    assert isinstance(done, Receipt)
    assert isinstance(unclear, Unclear)
    assert unclear.write_key == second.key


# --- what is refused --------------------------------------------------------------------------------------


def test_a_change_set_spoils_only_its_own(serve: Any) -> None:
    """A number that has no room parks its contact and holds up its call; a person who is gone parks another
    call; the rest of the batch is made."""
    org = serve()
    crm = asked(org)
    gone = org.desk.add("contact", {"last_name": "Roe"})
    org.desk.delete("contact", gone)
    many = tuple(f"{n}{'x' * 500}@acme.example" for n in range(8))
    full = new_contact(crm, "full", emails=many)
    held = an_activity(crm, "held", people=(CreatedBy(full.key),))
    lost = an_activity(crm, "lost", people=(Existing("contact", gone),))
    good = stranger(crm, "good", emails=("good@acme.example",), phones=())
    parked, waits, rejected, *made = crm.apply([full, held, lost, *good])
    assert isinstance(parked, Rejected)
    assert isinstance(waits, TryAgain)
    assert isinstance(rejected, Rejected)
    assert all(isinstance(one, Receipt) and one.created for one in made)
    assert len(org.desk.dump()["activities"]) == 1


def test_a_call_that_is_refused_leaves_its_contact(serve: Any) -> None:
    """Of a change set that failed the contact is made by itself, and only the call is parked."""
    org = serve()
    crm = asked(org)
    ghost = "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"
    contact = new_contact(crm)
    call = an_activity(crm, people=(CreatedBy(contact.key),), user=ghost)
    made, refused = crm.apply([contact, call])
    assert isinstance(made, Receipt)
    assert isinstance(refused, Rejected)
    assert len(org.desk.dump()["contacts"]) == 1


def test_a_part_of_a_group_that_is_there_is_taken(serve: Any) -> None:
    """The contact was made before, its call was not: the change set fails as a whole, the contact is found by
    its key and the call is made on it."""
    org = serve()
    crm = asked(org)
    contact, call = stranger(crm)
    first = receipt(crm, contact)
    again, logged = crm.apply([contact, call])
    assert (again.id, again.created, logged.created) == (first.id, False, True)
    (held,) = org.desk.dump()["activities"]
    assert held["contacts"] == [first.id]


def test_an_environment_that_knows_no_references(serve: Any) -> None:
    """Whether `$1` can name a row that was made by its key is not documented: where a change set with such
    references fails, each write goes by itself and names rows by key and id."""
    org = serve()
    crm = asked(org)
    send = crm._api.send

    def without(parts: Any) -> Any:
        answers = send([one for one in parts if not _refers(one)])
        refused = (batch.Result(status=400, body={"error": {"code": "0x80060888", "message": "$1?"}}),)
        left = iter(answers)
        return [refused if _refers(one) else next(left) for one in parts]

    crm._api.send = without
    writes = [*stranger(crm), an_activity(crm, "long", body="x" * 5000)]
    outcomes = crm.apply(writes)
    assert all(isinstance(one, Receipt) and one.created for one in outcomes), outcomes
    long, call = sorted(org.desk.dump()["activities"], key=lambda one: one["interactions"] != ["long"])
    assert call["contacts"] == [outcomes[0].id]
    assert long["body"] == "x" * 5000


def _refers(part: Any) -> bool:
    return isinstance(part, batch.ChangeSet) and any(
        one.path.startswith("$") or "'$" in str(one.body) for one in part.operations
    )


def test_more_than_a_thousand_operations_go_in_several_batches(serve: Any) -> None:
    """Nothing is left out where one request is full, and one person with very many calls is no change set of
    thousands of operations."""
    org = serve()
    crm = asked(org)
    contact = new_contact(crm)
    calls = [an_activity(crm, f"call {n}", people=(CreatedBy(contact.key),)) for n in range(520)]
    outcomes: list[Any] = []
    spent = org.calls(lambda: outcomes.extend(crm.apply([contact, *calls])))
    assert all(isinstance(one, Receipt) and one.created for one in outcomes)
    assert len(org.desk.dump()["activities"]) == 520
    assert spent <= 4


@pytest.mark.parametrize("id", ["999999999", "7e0c1f9a-0000-4000-8000-000000000000", "phonecall:1", "x:y"])
def test_what_never_was(serve: Any, id: str) -> None:
    """An id of nothing is gone, cannot be changed, and deleting it is no error."""
    org = serve()
    crm = org.crm
    assert crm.read([id]) == {id: Gone(id)}
    assert crm.matters([id]) == ()
    changes = [update(crm, id, title="CFO"), changed_activity(crm, id, "a", body="More.")]
    assert all(isinstance(one, Rejected) for one in crm.apply(changes))
    assert isinstance(crm.apply([no_activity(crm, id, "undo")])[0], Receipt)


def test_a_column_that_was_taken_away(serve: Any) -> None:
    """An administrator deletes a column of ours: what we knew is asked anew, and it goes on without."""
    org = serve()
    crm = asked(org)
    org.simulator.state.drop_column("contact", "fc_otherphones")
    with pytest.raises(TryAgain):
        crm.find([handle(JO)])
    assert crm.find([handle(JO)])[JO].status == "absent"


def test_forms_that_must_be_filled(serve: Any) -> None:
    """Where an environment insists on the parties that its forms ask for, a call with nobody on it is parked
    with its words, and one with both sides is taken."""
    org = serve(parties_required=True)
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    jo = receipt(org.crm, new_contact(org.crm)).id
    alone, both = org.crm.apply(
        [
            an_activity(org.crm, "alone"),
            an_activity(org.crm, "both", people=(Existing("contact", jo),), user=ana),
        ]
    )
    assert isinstance(alone, Rejected)
    assert isinstance(both, Receipt)


# --- searches ---------------------------------------------------------------------------------------------


def test_nobody_is_certain_without_patterns_and_with_cases(serve: Any) -> None:
    """Filters that know no wildcards and tell upper from lower case: an address that is found is found, one
    that is not is unknown."""
    org = serve(wildcards="off", collation="sensitive")
    org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    org.desk.add("contact", {"last_name": "Roe", "emails": ["Kim@ACME.example"]})
    found = org.crm.find([handle(JO), handle("kim@acme.example"), handle(JO_PHONE)])
    assert [one.status for one in found.values()] == ["found", "unknown", "absent"]


def test_too_many_bearers_are_unknown(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than can be looked at pass a filter: the handles in it are unknown, none is absent."""
    from firstcontact.connectors.dynamics import look

    monkeypatch.setattr(look, "PAGE", 2)
    monkeypatch.setattr(look, "PAGES", 2)
    org = serve()
    for n in range(5):
        org.desk.add("contact", {"last_name": f"Diaz {n}", "phones": [JO_PHONE]})
    finding = org.crm.find([handle(JO_PHONE)])[JO_PHONE]
    assert finding.status == "unknown"
    assert "more rows" in finding.why


def test_all_pages_are_looked_at(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is full is not the last one."""
    from firstcontact.connectors.dynamics import look

    monkeypatch.setattr(look, "PAGE", 2)
    org = serve()
    ids = {org.desk.add("contact", {"last_name": f"Diaz {n}", "phones": [JO_PHONE]}) for n in range(5)}
    finding = org.crm.find([handle(JO_PHONE)])[JO_PHONE]
    assert {one.id for one in finding.records} == ids


def test_a_qualified_lead_stands_for_its_contact(serve: Any) -> None:
    """Whether the lead tells its contact or only the contact tells its lead."""
    org = serve()
    contact = org.desk.add("contact", {"last_name": "Diaz"})
    lead = org.desk.add("lead", {"last_name": "Diaz", "emails": [JO], "converted_to": contact})
    (record,) = org.crm.find([handle(JO)])[JO].records
    assert (record.id, record.converted_to) == (lead, contact)
    other = org.desk.add("lead", {"last_name": "Roe", "emails": ["roe@acme.example"]})
    body = {"lastname": "Roe", "originatingleadid@odata.bind": f"/leads({other})"}
    made = org.crm._api.send(
        [_one("POST", "contacts", body), _one("PATCH", f"leads({other})", {"statecode": 1})]
    )
    assert all(one[0].ok for one in made), made
    (record,) = org.crm.find([handle("roe@acme.example")])["roe@acme.example"].records
    assert (record.id, record.active) == (other, True)
    assert org.crm.read([record.converted_to])[record.converted_to].last_name == "Roe"


def _one(method: Any, path: str, body: Any) -> Any:
    return batch.ChangeSet((batch.Operation(method=method, path=path, body=body),))
