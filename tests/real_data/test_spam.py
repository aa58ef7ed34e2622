"""Spam, newsletters and people (SPEC §4, `spamassassin_mail`): who slips through, who is held, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.quality.creation import OPEN, drained, senders
from benchmarks.quality.places import MakePlace
from firstcontact.cli.main import cli

RIGHTLY = frozenset({"list only", "let through", "no full name"})


@pytest.mark.parametrize("name", ["spam-1", "hard-ham-1"])
def test_standard_makes_no_contact(
    name: str, corpus: Callable[[str], Path], place: MakePlace, figure: Callable[[str], None]
) -> None:
    """With the preset `standard` no spam mail and no newsletter makes anybody a contact."""
    here = drained(place(), corpus(name))
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
    here = drained(place({**OPEN, "free_mail": free_mail}), corpus(name))
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
    here = drained(place({**OPEN, "free_mail": "create"}), corpus("easy-ham-1"))
    by = senders(here)
    people = Counter("let through" if "let through" in why else "; ".join(sorted(why)) for why in by.values())
    wrongly = sum(count for why, count in people.items() if not RIGHTLY & set(why.split("; ")))
    figure(f"{len(by)} senders: " + ", ".join(f"{why} {count}" for why, count in people.most_common()))
    assert people["let through"] > 0
    assert wrongly / len(by) <= 0.05


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
