"""`explain` tells the truth: the single change that it names does create the person."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from firstcontact.bootstrap import ADDRESS_BOOK_FILE, address_book
from firstcontact.config import load
from firstcontact.connectors.address_book.people import People

ANA = "Ana Ruiz <ana@ruizlaw.example>"
JO = "Jo Diaz <jo@acme.example>"
OURS = "<r1@ruizlaw.example>"


def answer(to: str, *, of: str = "<m0@acme.example>", **more: str) -> dict[str, str]:
    """Ana's mail to somebody, in answer to their first."""
    return {"From": ANA, "To": to, "Message-ID": OURS, "In-Reply-To": of, **more}


CASES: dict[str, tuple[str, dict[str, str], list[dict[str, str]]]] = {
    "not answered": ("jo@acme.example", {}, [{"From": JO}]),
    "they did not answer": ("jo@acme.example", {}, [{"From": ANA, "To": JO}]),
    "only in copy": (
        "max@acme.example",
        {},
        [{"From": JO, "Cc": "Max Orr <max@acme.example>"}, answer(JO, Cc="Max Orr <max@acme.example>")],
    ),
    "free mail": (
        "jodiaz@gmail.com",
        {},
        [{"From": "Jo Diaz <jodiaz@gmail.com>"}, answer("jodiaz@gmail.com")],
    ),
    "blocked": ("jo@acme.example", {"blocked": '["*@acme.example"]'}, [{"From": JO}, answer(JO)]),
    "no name": ("jo@acme.example", {}, [{"From": "jo@acme.example"}, answer("jo@acme.example")]),
    "no last name": (
        "jo@acme.example",
        {"required_fields.email": '["last_name"]'},
        [{"From": "jo@acme.example"}, answer("jo@acme.example")],
    ),
    "no account": ("jo@acme.example", {"account_match": "required"}, [{"From": JO}, answer(JO)]),
    "asked first": ("jo@acme.example", {"autonomy.create": "ask"}, [{"From": JO}, answer(JO)]),
    "skipped": ("jo@acme.example", {"unknown_contact.email": "skip"}, [{"From": JO}, answer(JO)]),
    "role address": (
        "billing@acme.example",
        {"required_fields.email": "[]"},
        [{"From": "billing@acme.example"}, answer("billing@acme.example")],
    ),
}
CALLS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "missed call": ({}, {"kind": "call", "result": "missed"}),
    "fax": ({}, {"kind": "fax", "result": "received", "pages": 1}),
    "texts not logged": ({"log.sms": "false"}, {"kind": "sms", "body": "On my way"}),
    "calls skipped": (
        {"unknown_contact.call": "skip"},
        {"kind": "call", "result": "answered", "seconds": 60},
    ),
}
NUMBER = "+14155550123"


def _prepare(fc: Any, settings: dict[str, str], path: Path) -> None:
    for key, value in settings.items():
        fc.done("settings", "set", key, value)
    fc.done("import", path)


def _created(fc: Any, who: str) -> bool:
    return any(who in (*each["emails"], *each["phones"]) for each in fc.json("contacts", "--created-by-us"))


def _make_true(fc: Any, change: str, who: str, write_mbox: Any) -> list[Any]:
    """Carry out a named change in a home; what has to be imported then, besides what was. A sentence that is
    not known here fails the test: it must be tried, too."""
    setting = re.fullmatch(r"set `([\w.]+) = (.+)`", change)
    if setting:
        value = setting[2].strip('"')
        fc.done("settings", "set", setting[1], "true" if value == "true" else value)
        return []
    if re.fullmatch(r"put \S+ on the `allowed` list", change):
        fc.done("settings", "set", "allowed", json.dumps([who]))
        return []
    if re.fullmatch(r"take “.*” off the `blocked` list", change):
        fc.done("settings", "set", "blocked", "[]")
        return []
    field = re.fullmatch(r"take `(\w+)` out of `required_fields`", change)
    if field:
        shown = {line["key"]: line["value"] for line in fc.json("settings", "show")}
        now = re.findall(r"\w+", str(shown["required_fields.email"]))
        rest = [name for name in now if name != field[1]]
        fc.done("settings", "set", "required_fields.email", json.dumps(rest))
        return []
    domain = re.fullmatch(r"add an account with the domain (\S+) to the CRM", change)
    if domain:
        book = address_book(fc.home / ADDRESS_BOOK_FILE, load(fc.home).book)
        People(book).add("account", {"name": "Acme", "website": domain[1]})
        return []
    number = re.fullmatch(r"answer the question with `firstcontact review create (\d+)`", change)
    if number:
        return [("review", "create", number[1])]
    if change == "answer the mail (and import the Sent folder)":
        return [("import", write_mbox("sent.mbox", [answer(who)]))]
    if change == "their answer to the mail":
        reply = {"From": f"Jo Diaz <{who}>", "Message-ID": OURS, "In-Reply-To": "<m0@acme.example>"}
        return [("import", write_mbox("reply.mbox", [reply]))]
    assert change == "a mail whose From header gives first and last name"
    named = {"From": f"Jo Diaz <{who}>", "Message-ID": "<n@acme.example>", "In-Reply-To": OURS}
    return [("import", write_mbox("named.mbox", [named]))]


@pytest.mark.parametrize("case", CASES)
def test_each_change_that_is_named_creates_the_person(
    case: str, fc: Any, made: Path, tmp_path: Path, write_mbox: Any
) -> None:
    """For somebody who was not created, every single change that `explain` names is made, alone, in a home of
    its own; the same mails then create them."""
    who, settings, mails = CASES[case]
    path = write_mbox("case.mbox", mails)
    _prepare(fc, settings, path)
    assert not _created(fc, who)
    changes = fc.json("explain", who)["changes"]
    assert changes, fc.done("explain", who).out
    for number, change in enumerate(changes):
        other = type(fc)(tmp_path / f"home{number}")
        shutil.copytree(made, other.home)
        for key, value in settings.items():
            other.done("settings", "set", key, value)
        after = _make_true(other, change, who, write_mbox)
        other.done("import", path)
        for words in after:
            other.done(*words)
        assert _created(other, who), (case, change)


@pytest.mark.parametrize("case", CALLS)
def test_each_change_that_is_named_creates_the_caller(
    case: str, fc: Any, made: Path, tmp_path: Path, write_mbox: Any
) -> None:
    """The same for calls, texts and faxes."""
    settings, fields = CALLS[case]
    path = tmp_path / "calls.jsonl"
    record = {
        "id": "x-1",
        "direction": "inbound",
        "at": "2026-03-02T10:00:00Z",
        "from": NUMBER,
        "to": "+14155550100",
    }
    path.write_text(json.dumps({**record, **fields}) + "\n")
    _prepare(fc, settings, path)
    assert not _created(fc, NUMBER)
    changes = fc.json("explain", NUMBER)["changes"]
    assert changes, fc.done("explain", NUMBER).out
    for number, change in enumerate(changes):
        other = type(fc)(tmp_path / f"home{number}")
        shutil.copytree(made, other.home)
        for key, value in settings.items():
            other.done("settings", "set", key, value)
        assert _make_true(other, change, NUMBER, write_mbox) == []
        other.done("import", path)
        assert _created(other, NUMBER), (case, change)


def test_where_no_single_change_helps_all_reasons_are_named(seen: Any) -> None:
    """A forged mail that nobody answered is held by two things; `explain` names both and promises nothing."""
    said = seen.done("explain", "evan.stroud@pinecrestbank.example")
    assert "unauthenticated_sender and not_engaged both hold them back" in said.all
    assert seen.json("explain", "evan.stroud@pinecrestbank.example")["changes"] == []


def test_a_contact_is_called_by_name(seen: Any) -> None:
    """No reason shows an internal write key; a record is its name with its id, and the id explains too."""
    said = seen.done("explain", "lena.fischer@otterbein.example")
    assert "new:" not in said.out
    assert "contact_found: lena.fischer@otterbein.example is on the contact Lena Fischer" in said.all
    found = re.search(r"is the contact Lena Fischer \((c-\w+)\)", said.out)
    assert found
    assert seen.done("explain", found[1]).out == said.out
    assert seen.done("explain", "lena  fischer").out == said.out


def test_a_contact_that_is_not_made_yet_is_said_so(fc: Any, write_mbox: Any) -> None:
    """While a brake holds a creation, later mails are on the contact to be made; then on the one made."""
    fc.done("settings", "set", "brakes.creates_per_hour", "1")
    fc.done("settings", "set", "engagement", "any")
    mails = [{"From": JO}, {"From": JO}, {"From": "Max Orr <max@acme.example>"}]
    assert fc("import", write_mbox("held.mbox", mails)).status == 3
    said = fc.done("explain", "jo@acme.example")
    assert "is no contact yet: it is decided to make one, and not written" in said.all
    assert "would have created them" not in said.all
    assert "is on the contact Jo Diaz" in said.all
    assert "new contact: held by the brake" in said.all
    assert "new:" not in said.out
    fc.done("brake", "release")
    said = fc.done("explain", "jo@acme.example")
    assert "is on the contact Jo Diaz" in said.all
    assert "new:" not in said.out


def test_a_number_on_several_contacts_is_nobodys(seen: Any) -> None:
    """A switchboard is on three contacts; none of them is said to be the caller."""
    said = seen.done("explain", "(415) 555-0140")
    assert "stands on 3 contacts: Helen Marsh (c2), Omar Said (c3), Julie Tran (c4)" in said.all
    assert seen.json("explain", "(415) 555-0140")["contact"] == ""


def test_a_lead_and_a_withheld_number_have_their_story(seen: Any) -> None:
    """A lead is called a lead; a caller without a number is found by what was received."""
    assert (
        "is the lead Noor Haddad (l6), no contact" in seen.done("explain", "noor@haddadbuilders.example").all
    )
    assert "no_usable_handle: The number was withheld" in seen.done("explain", "Anonymous").all
    assert "Nobody of ours answered it" in seen.done("explain", "+14155550178").all


def test_a_contact_whom_nobody_met_is_there_too(seen: Any) -> None:
    """Somebody in the address book without any interaction is explained, not denied."""
    assert "is the contact Peg Dunn (c5)" in seen.done("explain", "peg@dunn.example").out


def test_every_decision_of_an_interaction_can_be_seen(fc: Any, write_mbox: Any) -> None:
    """Decided again after an answer came, an interaction shows both decisions with `--history`."""
    fc.done("import", write_mbox("one.mbox", [{"From": JO}]))
    fc.done("import", write_mbox("two.mbox", [answer(JO)]))
    story = fc.json("explain", "jo@acme.example")
    first = min(story["interactions"], key=lambda each: each["decisions"] == 1)["interaction"]
    assert "decided 2 times" in fc.done("explain", first).out
    history = fc.json("explain", first, "--history")
    assert [each["verdicts"]["jo@acme.example"] for each in history["earlier"]] == ["leave"]
    assert history["verdicts"]["jo@acme.example"] in ("create", "link")
    assert "not_engaged" in fc.done("explain", first, "--history").out
