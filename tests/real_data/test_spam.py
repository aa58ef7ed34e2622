"""Spam, newsletters and people (SPEC §4, `spamassassin_mail`): who slips through, who is held, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from places import MakePlace, Place

from firstcontact.bootstrap import file_items
from firstcontact.cli.main import cli
from firstcontact.interactions.model import Email
from firstcontact.policy.decision import Decision

OPEN = {"engagement": "any", "account_match": "optional", "brakes": {"creates_per_hour": 1_000_000}}
"""The engagement gate off and no account needed, as SPEC §4 is measured."""
RIGHTLY = frozenset({"list only", "let through", "no full name"})
LISTS = frozenset({"list-id", "mailing-list", "precedence"})


@pytest.mark.parametrize("name", ["spam-1", "hard-ham-1"])
def test_standard_makes_no_contact(
    name: str, corpus: Callable[[str], Path], place: MakePlace, figure: Callable[[str], None]
) -> None:
    """With the preset `standard` no spam mail and no newsletter makes anybody a contact."""
    here = _drained(place(), corpus(name))
    report = here.report()
    figure(f"{report.deliveries} mails, {report.created} contacts")
    assert report.deliveries > 100
    assert (report.created, report.contacts) == (0, 0)
    assert report.deliveries == report.interactions + report.rejected


@pytest.mark.parametrize("free_mail", ["ask", "create"])
@pytest.mark.parametrize(("name", "most"), [("spam-1", 0.16), ("hard-ham-1", 0.30)])
def test_without_the_engagement_gate(
    name: str,
    most: float,
    free_mail: str,
    corpus: Callable[[str], Path],
    place: MakePlace,
    figure: Callable[[str], None],
) -> None:
    """Even with the engagement gate off, the signs of machines and of no names hold most of them: at most
    16 % of spam mails and 30 % of newsletters create anybody."""
    here = _drained(place({**OPEN, "free_mail": free_mail}), corpus(name))
    mails = creating = asking = 0
    for _, decision, _ in here.decided():
        mails += 1
        creating += any(person.verdict == "create" for person in decision.people)
        asking += any(person.verdict == "ask" for person in decision.people)
    figure(
        f"free_mail={free_mail}: {creating} of {mails} create somebody "
        f"({creating / mails:.1%}), {asking} ask a person"
    )
    assert creating / mails <= most


def test_people_wrongly_held(
    corpus: Callable[[str], Path], place: MakePlace, figure: Callable[[str], None]
) -> None:
    """With the gate off, senders of ordinary mail are held by reason: those held only because a list carried
    their mail are counted apart, and of the others with a full name hardly anybody is held."""
    here = _drained(place({**OPEN, "free_mail": "create"}), corpus("easy-ham-1"))
    senders: dict[str, set[str]] = {}
    for mail, decision, _ in here.decided():
        assert isinstance(mail, Email)
        address, verdict, why = _of_sender(mail, decision)
        if verdict in ("create", "link"):
            senders.setdefault(address, set()).add("let through")
        elif set(why) == {"automated_sender"} and set(mail.signs.automated) <= LISTS:
            senders.setdefault(address, set()).add("list only")
        elif any(name.startswith("missing_field") for name in why):
            senders.setdefault(address, set()).add("no full name")
        elif address:
            senders.setdefault(address, set()).update(why)
    people = Counter(
        "let through" if "let through" in why else "; ".join(sorted(why)) for why in senders.values()
    )
    wrongly = sum(count for why, count in people.items() if not RIGHTLY & set(why.split("; ")))
    figure(f"{len(senders)} senders: " + ", ".join(f"{why} {count}" for why, count in people.most_common()))
    assert people["let through"] > 0
    assert wrongly / len(senders) <= 0.05


def _drained(here: Place, folder: Path) -> Place:
    here.installation.receive(file_items(folder, "eml", "", here.user), here.read)
    here.installation.drain()
    return here


def _of_sender(mail: Email, decision: Decision) -> tuple[str, str, tuple[str, ...]]:
    """The sender's address, the verdict on them, and what decided it."""
    sender = next((h.key for p in mail.participants if p.role == "from" for h in p.handles), "")
    for person in decision.people:
        if person.about == sender:
            why = {
                reason.name
                for reason in decision.trace
                if reason.about == sender and reason.decisive and reason.effect in ("never", "ask")
            }
            return sender, person.verdict, tuple(sorted(why))
    return "", "leave", ()


def test_sent_is_missing(corpus: Callable[[str], Path], tmp_path: Path) -> None:
    """An import without any mail of ours says that Sent is missing and what that means, to people and in
    JSON; with one, it does not."""
    run = CliRunner().invoke
    home = ["--home", str(tmp_path / "home")]
    user = ["--user", "Ana Ruiz <ana@northwind.example>"]
    assert run(cli, [*home, "init", "--domain", "northwind.example", *user]).exit_code == 0
    folder = str(corpus("hard-ham-1"))
    asked = json.loads(run(cli, [*home, "import", folder, "--dry-run", "--json"]).stdout)
    assert asked["sent_missing"] is True
    said = run(cli, [*home, "import", folder]).stdout
    assert "the Sent folder seems to be missing" in " ".join(said.split())
    assert "Import the Sent folder too" in " ".join(said.split())
    sent = tmp_path / "sent.eml"
    sent.write_text(
        "From: Ana Ruiz <ana@northwind.example>\nTo: Jo Park <jo@acme.example>\n"
        "Date: Mon, 5 Jan 2026 10:00:00 +0000\nMessage-ID: <1@northwind.example>\nSubject: Hello\n\nHello\n"
    )
    after = json.loads(run(cli, [*home, "import", str(sent), "--json"]).stdout)
    assert after["sent_missing"] is False
