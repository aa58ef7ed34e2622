"""`firstcontact accounts`: domains are shown, added, refused, taken back, suggested and checked."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.connectors.address_book.people import People


@pytest.fixture
def firm(fc: Any) -> Any:
    """A home whose address book has the account Acme with Kim on it, and one whose website says nothing."""
    add(fc, "account", {"id": "a1", "name": "Acme", "website": "https://www.acme.example/en"})
    add(fc, "account", {"id": "a2", "name": "Beech", "website": "see our page"})
    add(fc, "contact", {"id": "c1", "last_name": "Osei", "emails": ["kim@acme.example"], "account": "a1"})
    return fc


def add(fc: Any, kind: str, fields: dict[str, Any]) -> None:
    """A person adds a record to the address book."""
    opened = open_installation(load(fc.home))
    People(opened.address_book).add(kind, fields)


@pytest.fixture
def written(firm: Any, write_mbox: Any) -> Any:
    """People at acme-group.example have written to Ana, and to Kim of Acme as well."""
    mails = [
        {
            "From": f"{name} Diaz <{name.lower()}@acme-group.example>",
            "To": "Ana Ruiz <ana@ruizlaw.example>, kim@acme.example",
            "Message-ID": f"<g{n}@acme-group.example>",
        }
        for n, name in enumerate(("Jo", "Lee", "Mia", "Ned"))
    ]
    firm.done("settings", "set", "account_match", "required")
    firm.done("settings", "set", "engagement", "any")
    firm.done("import", write_mbox("group.mbox", mails), "--yes")
    return firm


def test_a_domain_is_added_and_taken_back(written: Any) -> None:
    """What waited for the domain is decided again at once; the account shows whose word each domain is."""
    said = written.done("accounts", "domains", "add", "acme", "https://www.acme-group.example/").all
    assert "acme-group.example is Acme's from here on. 4 interactions decided again: 4 contacts" in said
    (shown,) = written.json("accounts", "domains", "acme.example")
    assert [(each["host"], each["rank"], each["says"]) for each in shown["domains"]] == [
        ("acme.example", "primary", "the CRM"),
        ("acme-group.example", "secondary", "added here"),
    ]
    assert written.json("accounts", "domains", "acme-group.example")[0]["id"] == "a1"
    assert "added" in written.done("accounts", "domains").out
    assert written.json("accounts", "domains")[0]["host"] == "acme-group.example"
    said = written.done("accounts", "domains", "remove", "a1", "acme-group.example")
    assert "Taken back." in said.out
    again = written("accounts", "domains", "remove", "a1", "acme-group.example")
    assert (again.status, "Nothing was added or refused here" in again.err) == (1, True)
    assert written.json("accounts", "domains") == []


def test_domains_are_suggested(written: Any) -> None:
    """A domain whose people write with an account's people is suggested with its counts and the command that
    adds it; refused, it never is again."""
    said = written.done("accounts", "domains", "suggest").all
    assert "acme-group.example is probably Acme's: 4 of 4 mails and meetings from there" in said
    assert "firstcontact accounts domains add a1 acme-group.example" in said
    (found,) = written.json("accounts", "domains", "suggest")
    assert (found["name"], found["host"], found["together"], found["people"]) == (
        "Acme", "acme-group.example", 4, 0,
    )  # fmt: skip
    assert "Nothing to suggest" in written.done("accounts", "domains", "suggest", "--least", "9").out
    assert "Nothing to suggest" in written.done("accounts", "domains", "suggest", "--since", "2026-04-01").out
    refused = written.json("accounts", "domains", "refuse", "Acme", "acme-group.example")
    assert (refused["state"], refused["account"]) == ("refused", "a1")
    assert written.json("accounts", "domains", "suggest") == []


def test_bad_domains_are_reported(firm: Any) -> None:
    """An unreadable website is told; one that was only written otherwise with --all."""
    said = firm.done("accounts", "check").all
    assert "Beech (a2): the website “see our page” cannot be read" in said
    assert "is read as acme.example" not in said
    assert "1 smaller thing" in said
    assert (
        "the website “https://www.acme.example/en” is read as acme.example"
        in firm.done("accounts", "check", "--all").all
    )
    add(firm, "account", {"id": "a3", "name": "Acme South", "website": "acme.example"})
    said = firm.done("accounts", "check").all
    assert "acme.example is the domain of several accounts: Acme, then Acme South. They rank so:" in said
    assert {each["about"] for each in firm.json("accounts", "check", "--all")} == {
        "unreadable", "normalised", "shared",
    }  # fmt: skip


def test_what_cannot_be_is_said(firm: Any) -> None:
    """No such account, several of one name, a domain that names nobody, a CRM without accounts."""
    assert "no account has the id, the name or the domain Nobody" in firm("accounts", "domains", "Nobody").err
    said = firm("accounts", "domains", "add", "Acme", "gmail.com")
    assert (said.status, "anybody has mailboxes there" in said.err) == (2, True)
    add(firm, "account", {"id": "a4", "name": "Acme", "website": "acme.test.example"})
    said = firm("accounts", "domains", "add", "Acme", "acme-group.example")
    assert "Acme is several accounts: Acme (a1), Acme (a4). Name one by its id." in said.err
