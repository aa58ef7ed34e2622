"""`firstcontact review` about contact roles, and what `explain` says of them."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.connectors.address_book.people import People

ABOUT = "role:o1:kim@acme.example"


def roles(fc: Any) -> list[tuple[str, str]]:
    """The roles in the address book."""
    dump = People(open_installation(load(fc.home)).address_book).dump()
    return sorted((each["opportunity"], each["contact"]) for each in dump["contact_roles"])


@pytest.fixture
def asked(fc: Any, write_mbox: Any) -> Any:
    """Jo of Acme has a role on Renewal, and has written to Ana and Kim; a person is asked about Kim's."""
    people = People(open_installation(load(fc.home)).address_book)
    people.add("account", {"id": "a1", "name": "Acme", "website": "acme.example"})
    for id, name in (("c1", "Jo"), ("c2", "Kim")):
        emails = [f"{name.lower()}@acme.example"]
        people.add("contact", {"id": id, "first_name": name, "last_name": "Oh", "emails": emails})
    people.add("opportunity", {"id": "o1", "account": "a1", "name": "Renewal", "open": True})
    people.add("contact_role", {"opportunity": "o1", "contact": "c1"})
    fc.done("settings", "set", "contact_roles", "true")
    fc.done("settings", "set", "autonomy.contact_role", "ask")
    mails = [{"To": "Ana Ruiz <ana@ruizlaw.example>, Kim Oh <kim@acme.example>"}]
    fc.done("import", write_mbox("roles.mbox", mails), "--yes")
    return fc


def test_a_question_about_a_role_is_listed_and_answered(asked: Any) -> None:
    """The question names person and opportunity; `create` makes the role, and nothing is asked any more."""
    (question,) = asked.json("review")
    assert (question["about"], question["reasons"]) == (ABOUT, ["review_required"])
    said = asked.done("review").all
    assert (
        "A role for kim@acme.example (Kim Oh) on the opportunity Renewal waits for a person's answer." in said
    )
    assert "autonomy.contact_role asks a person first" in said
    assert roles(asked) == [("o1", "c1")]
    said = asked.done("review", "create", str(question["no"])).all
    assert f"Remembered for {ABOUT}: the role is made." in said
    assert roles(asked) == [("o1", "c1"), ("o1", "c2")]
    assert asked.json("review") == []


def test_a_question_about_a_role_is_answered_with_no(asked: Any) -> None:
    """`ignore` makes none, now and later; a record is no answer."""
    (question,) = asked.json("review")
    refused = asked("review", "choose", str(question["no"]), "c2")
    assert refused.status == 2
    assert "answer with create or ignore" in refused.all
    said = asked.done("review", "ignore", str(question["no"])).all
    assert f"Remembered for {ABOUT}: no role is made." in said
    assert (roles(asked), asked.json("review")) == ([("o1", "c1")], [])
    (mail,) = asked.json("activities")
    told = asked.done("explain", mail["interactions"][0]).all
    assert "no_contact_role:ruled: A person said that kim@acme.example gets no role on Renewal." in told


def test_explain_says_why_a_role_is_made(asked: Any) -> None:
    """The person's story has the role, the opportunity and the reason, and the write beside it."""
    (question,) = asked.json("review")
    asked.done("review", "create", str(question["no"]))
    told = asked.done("explain", "kim@acme.example").all
    assert "contact_role:holder: kim@acme.example gets a role on the opportunity Renewal" in told
    assert "role on an opportunity o1:c2" in told
