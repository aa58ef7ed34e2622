"""`import`: the brake, dry runs, what it says afterwards, several at once, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

MAIN = "from firstcontact.cli.main import main; main()"


def _counts(fc: Any) -> tuple[int, int, int]:
    report = fc.json("report")
    return report["interactions"], report["created"], report["held"]


def test_beyond_the_brake_nothing_is_written_and_nothing_lost(fc: Any, strangers: Any) -> None:
    """More contacts than the brake allows: the number and the way on are said, status 3; `brake release`
    creates exactly those."""
    fc.done("settings", "set", "brakes.creates_per_hour", "2")
    said = fc("import", strangers("s.mbox", 5))
    assert said.status == 3
    assert "would create 5 contacts, more than the brake allows at once (2:" in said.err
    assert "firstcontact brake release" in said.err
    interactions, created, held = _counts(fc)
    assert (interactions, created) == (10, 0)
    assert held > 0
    assert fc.json("contacts") == fc.json("activities") == []
    assert "held by a brake: `firstcontact brake release`" in fc.done("status").all
    assert "held by a brake" in fc.done("stuck").out
    assert "5 contacts created" in fc.done("brake", "release").out
    assert _counts(fc) == (10, 5, 0)
    assert len(fc.json("activities")) == 10


def test_a_held_import_goes_on_with_yes(fc: Any, strangers: Any) -> None:
    """The same import again with `--yes` carries out what was held, once."""
    fc.done("settings", "set", "brakes.creates_per_hour", "2")
    path = strangers("s.mbox", 5)
    held = fc("import", path, "--json")
    assert held.status == 3
    assert held.json()["held_by_brake"] == {"creates": 5, "limit": 2}
    assert (held.json()["created"], held.json()["activities"]) == (0, 0)
    assert fc("import", path).status == 3
    assert fc.json("import", path, "--yes")["created"] == 5
    assert _counts(fc) == (10, 5, 0)
    assert fc("import", path).status == 0


def test_as_many_as_the_brake_allows_are_not_asked_about(fc: Any, strangers: Any) -> None:
    """One more than the limit is held; exactly the limit goes through."""
    fc.done("settings", "set", "brakes.creates_per_hour", "5")
    assert fc("import", strangers("six.mbox", 6), "--dry-run").status == 0
    assert "beyond the brake" in fc.done("import", strangers("six.mbox", 6), "--dry-run").out
    assert "5 contacts created" in fc.done("import", strangers("s.mbox", 5)).out


@pytest.mark.parametrize(("answer", "status", "created"), [("y\n", 0, 5), ("n\n", 3, 0)])
def test_at_a_terminal_it_asks_once(fc: Any, strangers: Any, answer: str, status: int, created: int) -> None:
    """Somebody at a terminal is asked, once; the answer is done."""
    fc.done("settings", "set", "brakes.creates_per_hour", "2")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", MAIN, "--home", str(fc.home), "import", str(strangers("s.mbox", 5))]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = _read_until(ours, "Create them? [y/N]")
    os.write(ours, answer.encode())
    seen += _read_until(ours, "\0")
    assert process.wait(30) == status
    os.close(ours)
    assert seen.count("Create them?") == 1
    assert "would create 5 contacts" in " ".join(seen.split())
    assert _counts(fc)[1] == created


def _read_until(terminal: int, word: str) -> str:
    seen, end = "", time.monotonic() + 30
    while word not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                more = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            seen += more.decode(errors="replace")
    return seen


def test_progress_is_shown_at_a_terminal_only(fc: Any, strangers: Any) -> None:
    """At a terminal a counter runs on standard error; in a pipe there is none."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", MAIN, "--home", str(fc.home), "import", str(strangers("s.mbox", 5))]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = _read_until(ours, "\0")
        assert process.stdout is not None
        printed = process.stdout.read().decode()
    os.close(ours)
    assert re.search(r"read\s+10", shown)
    assert "\x1b" not in printed
    assert "Read 10 e-mails" in printed
    assert fc("import", strangers("t.mbox", 1, start=50)).err == ""


def test_a_dry_run_says_what_would_be_and_keeps_nothing(fc: Any, strangers: Any) -> None:
    """The counts of a dry run are those of the import that follows; before that, the home is untouched."""
    fc.done("settings", "set", "brakes.creates_per_hour", "2")
    path = strangers("s.mbox", 4)
    would = fc.json("import", path, "--dry-run")
    assert would["dry_run"] is True
    assert _counts(fc) == (0, 0, 0)
    said = fc.done("import", path, "--dry-run")
    assert "nothing was kept" in said.out
    assert "It would create 4 contacts, beyond the brake: it would ask first." in said.all
    did = fc.json("import", path, "--yes")
    for name in ("deliveries", "interactions", "created", "activities", "contacts", "verdicts", "reasons"):
        assert would[name] == did[name], name


def test_why_nobody_and_that_sent_is_missing(fc: Any, strangers: Any) -> None:
    """An import in which nothing is ours says why nobody came of it, with the next step, and that the Sent
    folder is missing; with it, neither is said."""
    said = fc.done("import", strangers("in.mbox", 3, answered=False))
    assert "Why nobody was created:" in said.out
    assert "3 not_engaged:" in said.all
    assert "Answer the mail, or set `engagement" in said.all
    assert "the Sent folder seems to be missing" in said.all
    assert 'With `engagement = "two_way"` a person counts only once you have written to them' in said.all
    assert fc.json("report")["people_not_created"] == {"not_engaged": 3}
    whole = fc.done("import", strangers("all.mbox", 3))
    assert "Sent folder" not in whole.all.replace("import the Sent folder too", "")
    assert "Why" not in whole.out
    assert "3 contacts created" in whole.out
    assert fc.json("report")["people_not_created"] == {}


def test_under_another_engagement_it_says_what_is_missing_then(fc: Any, strangers: Any) -> None:
    """With `engagement = any` people are created without Sent, and what is not seen is said."""
    fc.done("settings", "set", "engagement", "any")
    said = fc.done("import", strangers("in.mbox", 3, answered=False))
    assert "3 contacts created" in said.out
    assert "Whom only you wrote to is not seen" in said.all


def test_the_summary_counts_people_not_mails(fc: Any, write_mbox: Any) -> None:
    """Somebody who wrote six times and was never answered is one person in the summary."""
    path = write_mbox("six.mbox", [{} for _ in range(6)])
    assert fc.json("import", path)["people_not_created"] == {"not_engaged": 1}


def test_who_became_a_contact_is_not_among_the_kept(week: Any) -> None:
    """Somebody who was only in copy on one mail and created by another is not counted as kept."""
    before = week.json("report")["people_not_created"]
    assert "cc_never_creates" not in before
    with sqlite3.connect(week.home / "ledger.db") as ledger:
        changed = ledger.execute(
            "UPDATE verdicts SET verdict = 'leave', decisive = 'cc_never_creates' "
            "WHERE (interaction, about) IN (SELECT interaction, about FROM verdicts WHERE about = "
            "'walter@quigleymarine.example' LIMIT 1)"
        ).rowcount
    ledger.close()
    assert changed == 1
    assert week.json("report")["people_not_created"] == before


def test_a_folder_is_read_with_everything_inside(fc: Any, strangers: Any, tmp_path: Path) -> None:
    """Files of all kinds in folders in folders; what is of no kind is named, and is no error; hidden files
    and folders that are only linked are not entered, so that a link to a folder above makes no circle."""
    folder = tmp_path / "in"
    (folder / "deep" / "deeper").mkdir(parents=True)
    shutil.move(strangers("a.mbox", 1), folder / "a.mbox")
    shutil.move(strangers("b.mbox", 1, start=10), folder / "deep" / "deeper" / "b.mbox")
    (folder / "deep" / "list.csv").write_text("Name,Email\nMax Orr,max@acme.example\n")
    (folder / "notes.txt").write_text("to do")
    (folder / ".hidden.mbox").write_bytes((folder / "a.mbox").read_bytes())
    (folder / "deep" / "up").symlink_to(folder)
    said = fc.done("import", folder)
    assert "of no kind that is read" in said.err
    assert "notes.txt" in said.err
    assert "deep/up" in said.err
    assert ".hidden" not in said.all
    again = fc.json("import", folder)
    assert len(again["left_aside"]) == 2
    assert {Path(each["path"]).name for each in again["files"]} == {"a.mbox", "b.mbox", "list.csv"}
    assert fc.json("report")["interactions"] == 4
    assert len(fc.json("contacts")) == 3


def test_contact_lists_come_before_the_mail_that_needs_them(fc: Any, strangers: Any, tmp_path: Path) -> None:
    """Named last, a contact list still answers for the mails of the same import: nobody is made twice."""
    listed = tmp_path / "list.csv"
    listed.write_text("First Name,Last Name,Email\nAmy,Abbott,p0@firm0.example\n")
    result = fc.json("import", strangers("s.mbox", 2), listed)
    assert (result["contacts_imported"], result["created"], result["contacts"]) == (1, 1, 2)


def test_for_says_whose_mailbox_it_is(bare: Any, write_mbox: Any) -> None:
    """A mail whose headers name nobody of ours belongs to the user that `--for` names, by id or address; with
    a single user that needs not be said."""
    ana, kofi = "Ana Ruiz <ana@ruizlaw.example>", "Kofi Osei <kofi@ruizlaw.example>"
    bare.done("init", "--domain", "ruizlaw.example", "--user", ana, "--user", kofi)
    path = write_mbox("list.mbox", [{"To": "undisclosed-recipients:;"}])
    bare.done("import", path)
    assert "nobody_of_ours" in bare.json("report")["reasons"]
    bare.done("import", path, "--for", "kofi@ruizlaw.example")
    assert "nobody_of_ours" not in bare.json("report")["reasons"]


def test_two_imports_take_turns(fc: Any, strangers: Any) -> None:
    """The second of two imports says that it waits, and both end whole: nothing lost, nothing twice."""
    first = fc.start("import", strangers("one.mbox", 60))
    second = fc.start("import", strangers("two.mbox", 60, start=30))
    errors = [process.communicate(timeout=60)[1] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], errors
    assert _counts(fc) == (180, 90, 0)
    assert len(fc.json("activities")) == 180
    assert not any("Traceback" in each for each in errors)


def test_waiting_for_a_turn_is_said(fc: Any, strangers: Any) -> None:
    """While the turn is taken, an import waits and says for what; Ctrl-C ends it with status 130."""
    import fcntl

    with (fc.home / ".import.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = fc.start("import", strangers("one.mbox", 1))
        assert waiting.stderr is not None
        assert "Another import is running" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        rest = waiting.communicate(timeout=30)[1]
    assert waiting.returncode == 130
    assert "Interrupted. What was done so far is kept" in rest
    assert _counts(fc) == (0, 0, 0)


def _interrupt(fc: Any, path: Path, started: str) -> tuple[int, str]:
    """Import in a process that gets SIGINT as soon as the ledger shows what `started` asks for."""
    process = fc.start("import", path, "--yes")
    end = time.monotonic() + 30
    with sqlite3.connect(f"file:{fc.home}/ledger.db?mode=ro", uri=True) as ledger:
        while process.poll() is None and time.monotonic() < end:
            if ledger.execute(started).fetchone()[0]:
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.002)
    return process.wait(30), process.communicate()[1]


STAGES = {
    "while reading": "SELECT count(*) FROM deliveries",
    "while deciding": "SELECT count(*) FROM decisions",
    "while writing": "SELECT (SELECT count(*) FROM under_way) + count(*) FROM writes WHERE state = 'done'",
}


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_loses_nothing(stage: str, fc: Any, strangers: Any) -> None:
    """Interrupted at any stage, it says so with status 130, and the same command ends with every mail once
    and every person once."""
    path = strangers("many.mbox", 800)
    status, said = _interrupt(fc, path, STAGES[stage])
    assert status == 130, said
    assert "Interrupted. What was done so far is kept; the same command goes on from there." in said
    assert "Traceback" not in said
    between = _counts(fc)
    assert between != (1600, 800, 0)
    fc.done("import", path, "--yes")
    assert _counts(fc) == (1600, 800, 0)
    book = json.loads(fc.done("export", "--json").out)
    assert len({each["emails"][0] for each in book["contacts"]}) == len(book["contacts"]) == 800
    assert len({each["interactions"][0] for each in book["activities"]}) == len(book["activities"]) == 1600
