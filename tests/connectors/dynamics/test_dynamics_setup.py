"""What is looked at before the first write to Dynamics 365, and what is made."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.dynamics.capabilities import CAPABILITIES
from firstcontact.connectors.dynamics.names import OWN
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import JO, an_activity, handle, new_contact


def states(crm: Any) -> dict[str, str]:
    """What `doctor` says, by what it is about."""
    return {one.about: one.state for one in crm.examine()}


def sentence(crm: Any, about: str) -> str:
    """What is said of one thing, with the remedy."""
    (found,) = [one for one in crm.examine() if one.about == about]
    return f"{found.sentence} {found.remedy}"


def test_all_is_well(serve: Any) -> None:
    """Where all is there, all is said to be so, and there is nothing to make."""
    org = serve()
    assert set(states(org.crm).values()) == {"ok"}
    assert org.crm.prepare() == []
    assert org.desk.dump()["contacts"] == []


def test_columns_and_keys_are_made(serve: Any) -> None:
    """In an environment where nobody has made them: writes are parked and say what makes them, look-ups work;
    then all are made, once."""
    org = serve(columns="missing")
    before = states(org.crm)
    for table in OWN:
        assert before[f"columns of {table}"] == "error"
        assert before[f"key of {table}"] == "error"
    assert org.crm.find([handle(JO)])[JO].status == "absent"
    (parked,) = org.crm.apply([new_contact(org.crm)])
    assert isinstance(parked, Rejected)
    assert "doctor --fix" in str(parked)
    made = org.crm.prepare()
    assert len(made) == 2 + sum(len(columns) + 1 for columns in OWN.values())
    assert set(states(org.crm).values()) == {"ok"}
    assert org.crm.prepare() == []
    assert isinstance(org.crm.apply([new_contact(org.crm)])[0], Receipt)


def test_an_index_that_is_being_built_is_waited_for(serve: Any) -> None:
    """A key counts once its index is built: until then writes are tried again, and `doctor` says what they
    wait for; nobody need look again for them to go on."""
    org = serve(columns="missing", key_seconds=300)
    assert "building the index" in org.crm.prepare()[-1]
    assert states(org.crm)["key of contact"] == "warning"
    (waits,) = org.crm.apply([new_contact(org.crm)])
    assert isinstance(waits, TryAgain)
    org.clock.wait(301_000_000)
    assert isinstance(org.crm.apply([new_contact(org.crm)])[0], Receipt)
    assert set(states(org.crm).values()) == {"ok"}


def test_an_index_that_failed_is_said(serve: Any) -> None:
    """Values that are double, for example: nothing is written without a key."""
    org = serve(columns="missing", key_index="fails")
    org.crm.prepare()
    assert "failed" in sentence(org.crm, "key of contact")
    assert states(org.crm)["key of contact"] == "error"
    assert isinstance(org.crm.apply([new_contact(org.crm)])[0], Rejected)


def test_who_may_not_customise_is_told(serve: Any) -> None:
    """Making columns needs a role of its own, which the words name."""
    org = serve(columns="missing", forbidden=("prvCreateAttribute",))
    with pytest.raises(Rejected, match="System Customizer"):
        org.crm.prepare()


def test_a_preparing_that_broke_off_is_taken_up(serve: Any) -> None:
    """An answer that was lost in the middle: what is there is left, the rest is made."""
    org = serve(columns="missing")
    org.crm.find([handle(JO)])
    for _ in range(2):
        org.running.faults.next("failed_after", lambda _method, path: path.endswith("/Attributes"))
        with pytest.raises(TryAgain):
            org.crm.prepare()
    org.crm.prepare()
    assert set(states(org.crm).values()) == {"ok"}


@pytest.mark.parametrize(
    ("lacking", "state", "word"),
    [
        ("prvCreateContact", "error", "make contacts"),
        ("prvCreateActivity", "error", "log activities"),
        ("prvReadLead", "warning", "leads are not looked up"),
        ("prvReadIncident", "warning", "cases are not looked up"),
    ],
)
def test_a_privilege_that_is_lacking_is_said(serve: Any, lacking: str, state: str, word: str) -> None:
    """What is needed is an error, what makes it less is a warning, each with what it means."""
    org = serve(forbidden=(lacking,))
    assert states(org.crm)["privileges"] == state
    assert word in sentence(org.crm, "privileges")


def test_without_leads_accounts_and_cases_it_works_with_less(serve: Any) -> None:
    """A user who may not see them: contacts are found, logged on and followed, nothing else."""
    lacking = ("prvReadLead", "prvReadAccount", "prvReadOpportunity", "prvReadIncident")
    org = serve(forbidden=lacking)
    contact = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    org.desk.add("lead", {"last_name": "Diaz", "emails": [JO]})
    org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    assert org.crm.matters([contact]) == ()
    assert [one.id for one in org.crm.find([handle(JO)])[JO].records] == [contact]
    assert org.crm.accounts(["acme.example"], []) == ()
    call = an_activity(org.crm, people=(Existing("contact", contact),))
    assert isinstance(org.crm.apply([call])[0], Receipt)
    page = org.crm.changed_since("")
    assert [one.id for one in page.records] == [contact]
    assert org.crm.changed_since(page.cursor).cursor == page.cursor


def test_without_opportunities_accounts_are_followed(serve: Any) -> None:
    """An environment without sales has no opportunities: accounts come without them, and the cursor holds
    still."""
    org = serve(forbidden=("prvReadOpportunity",))
    id = org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    page = org.crm.changed_since("")
    assert [(one.id, one.opportunities) for one in page.accounts] == [(id, ())]
    again = org.crm.changed_since(page.cursor)
    assert (again.accounts, again.cursor, again.more) == ((), page.cursor, False)


@pytest.mark.parametrize(("required", "state"), [("application", "warning"), ("system", "warning")])
def test_a_required_column_is_said(serve: Any, required: str, state: str) -> None:
    """A column that somebody has made required is named before the first write; where the platform insists on
    it, the write is parked with its words."""
    org = serve(required_column=required)
    assert states(org.crm)["required columns"] == state
    assert "new_referralsource of contact" in sentence(org.crm, "required columns")
    (outcome,) = org.crm.apply([new_contact(org.crm)])
    assert isinstance(outcome, Rejected if required == "system" else Receipt)


def test_tracking_and_rules_are_said(serve: Any) -> None:
    """Change tracking that is off, and the rules that are published, with what they mean for us."""
    org = serve(change_tracking="off")
    assert states(org.crm)["change tracking"] == "warning"
    assert "out of account" in sentence(org.crm, "duplicate rules")
    heeding = org.another(duplicate_rules=True)
    assert "is taken" in sentence(heeding, "duplicate rules")
    assert "No duplicate rule" in sentence(serve(duplicate_rules=()).crm, "duplicate rules")


def test_a_search_that_cannot_be_certain_is_said(serve: Any) -> None:
    """Where filters know no wildcards and tell upper from lower case."""
    assert states(serve(wildcards="off", collation="sensitive").crm)["search"] == "warning"
    assert "search" not in states(serve(collation="sensitive").crm)


def test_a_clock_that_is_off_is_said(serve: Any) -> None:
    """Theirs is known by their answers."""
    org = serve()
    org.crm._now = org.crm._api._now = lambda: org.clock.now() + 3_600_000_000
    assert states(org.crm)["clock"] == "warning"


def test_examining_writes_nothing_and_is_few_requests(serve: Any) -> None:
    """Four requests, however much there is to be seen."""
    org = serve()
    before = org.desk.dump()
    assert org.calls(org.crm.examine) <= 6
    assert org.desk.dump() == before


def test_capabilities_follow_the_option(serve: Any) -> None:
    """Without change tracking nobody tells deletions, and the connection says so."""
    org = serve()
    assert org.crm.capabilities() == CAPABILITIES
    assert CAPABILITIES.deletions
    assert not org.another(change_tracking=False).capabilities().deletions
