"""Every command: its help, its JSON, its exit status, and how soon it answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from firstcontact.cli.main import COMMANDS, SHORT, cli

ROOT = Path(__file__).resolve().parents[2]
WEEK = ROOT / "examples" / "week"


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, (*path, name))


ALL = tuple(_commands(cli))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_has_an_example_of_this_very_command(path: tuple[str, ...], bare: Any) -> None:
    """`--help` of every command and group ends with a line that can be typed, and exits with 0."""
    said = bare(*path, "--help")
    assert said.status == 0
    if path and path[0] == "check":
        return  # its help names the exit statuses instead
    example = re.search(r"Example: firstcontact (.*)", said.out)
    assert example, said.out
    assert not path or example[1].split()[: len(path)] == list(path) or len(path) == 1


def test_the_short_list_has_every_command() -> None:
    """The overview of `--help`, which is written out so that nothing is imported, misses no command."""
    assert set(SHORT) == set(COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    """`firstcontact --help` loads click and its own two modules: no database, no settings, no phone data."""
    code = (
        "import sys; sys.argv = ['firstcontact', '--help']\n"
        "import atexit; atexit.register(lambda: print(sorted(sys.modules), file=sys.stderr))\n"
        "from firstcontact.cli.main import main; main()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"'([\w.]+)'", run.stderr))
    assert "click" in loaded
    heavy = {"sqlalchemy", "phonenumbers", "rich", "msgspec", "nameparser", "icalendar", "tomlkit", "email"}
    assert loaded & heavy == set()
    ours = {name for name in loaded if name.startswith("firstcontact.")}
    assert ours <= {"firstcontact.cli", "firstcontact.cli.main", "firstcontact.cli.common"}


JSON: tuple[tuple[tuple[str, ...], type], ...] = (
    (("contacts",), list),
    (("activities", "--kind", "call"), list),
    (("settings", "show", "--for", "dana", "--kind", "call"), list),
    (("settings", "check"), dict),
    (("status",), dict),
    (("report",), dict),
    (("rejected",), list),
    (("stuck",), list),
    (("explain", "lena.fischer@otterbein.example"), dict),
    (("review",), list),
    (("review", "list"), list),
    (("review", "show", "1"), dict),
    (("run", "--once"), dict),
    (("replay", "--with", str(WEEK / "app-connect.toml")), dict),
    (("export",), dict),
    (("check", str(ROOT / "scenarios" / "texts.yaml")), dict),
    (("import", str(WEEK / "fax.json"), "--dry-run"), dict),
)


@pytest.mark.parametrize(("words", "kind"), JSON, ids=[" ".join(words[:2]) for words, _ in JSON])
def test_json_is_one_document(words: tuple[str, ...], kind: type, seen: Any) -> None:
    """With `--json` a command prints JSON and nothing else on standard output."""
    said = seen(*words, "--json")
    assert said.status == 0, said
    value = json.loads(said.out.splitlines()[0] if words[0] == "check" else said.out)
    assert isinstance(value, kind)
    assert value != {}


def test_every_command_takes_json() -> None:
    """No command that shows or does something is without `--json`."""
    without = []
    for path in ALL:
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            command = found
        if (isinstance(command, click.Group) and path != ("review",)) or path == ("worker",):
            continue  # a worker says nothing that a program would want: it works until it is stopped
        if "--json" not in {name for parameter in command.params for name in parameter.opts}:
            without.append(path)
    assert without == []


REPORT = {
    "deliveries",
    "rejected",
    "interactions",
    "activities",
    "contacts",
    "created",
    "waiting",
    "verdicts",
    "reasons",
}


def test_the_report_has_what_was_promised(seen: Any) -> None:
    """`report --json` holds at least the named counts, and they agree with the lists of the same home."""
    report = seen.json("report")
    assert set(report) >= REPORT
    assert report["contacts"] == len(seen.json("contacts"))
    assert report["created"] == len(seen.json("contacts", "--created-by-us"))
    assert report["activities"] == len(seen.json("activities"))
    assert report["waiting"] == len(seen.json("review")) > 0
    assert set(report["verdicts"]) == {"create", "link", "link_lead", "ask", "leave"}
    assert sum(report["verdicts"].values()) > report["interactions"] / 2


def test_an_import_reports_its_own_run(fc: Any, strangers: Any) -> None:
    """`import --json` has the same counts for its own run, and seconds; a second run of the same file counts
    nothing again."""
    first = fc.json("import", strangers("one.mbox", 3))
    assert set(first) >= REPORT | {"seconds"}
    assert (first["deliveries"], first["interactions"], first["created"]) == (6, 6, 3)
    assert first["verdicts"]["create"] == 3
    second = fc.json("import", strangers("two.mbox", 2, start=10))
    assert (second["deliveries"], second["created"], second["contacts"]) == (4, 2, 5)
    again = fc.json("import", strangers("one.mbox", 3))
    assert (again["deliveries"], again["interactions"], again["created"], again["activities"]) == (0, 0, 0, 0)
    assert again["verdicts"] == {}
    assert again["contacts"] == 5


def test_no_line_of_output_is_an_ornament(seen: Any) -> None:
    """No command begins or ends with an empty line, or has blanks at the end of one."""
    for words in (["contacts"], ["activities"], ["report"], ["status"], ["settings", "show"], ["review"]):
        lines = seen.done(*words).out.split("\n")
        assert lines[0].strip(), words
        assert lines[-1] == "", words
        assert lines[-2].strip(), words
        assert [line for line in lines if line != line.rstrip()] == [], words


def test_what_a_sender_wrote_cannot_command_the_terminal(fc: Any, write_mbox: Any) -> None:
    """Escape sequences and marks that turn the writing round, in a subject or name, reach no terminal."""
    subject = "=?utf-8?b?G1syShtdMDtwd25lZAfigK5hYmM=?="
    ana = "Ana Ruiz <ana@ruizlaw.example>"
    path = write_mbox(
        "evil.mbox",
        [{"Subject": subject}, {"From": ana, "To": "jo@acme.example", "In-Reply-To": "<m0@acme.example>"}],
    )
    fc.done("import", path)
    for words in (["activities"], ["explain", "jo@acme.example"], ["contacts"]):
        out = fc.done(*words).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\x07" not in out
    assert "pwned" in fc.done("activities").out


def test_times_are_the_teams(seen: Any) -> None:
    """A call of 18:12 UTC was at 10:12 for a firm in San Francisco, and days begin at its midnight."""
    said = seen.done("activities", "--kind", "call", "--since", "2026-03-05", "--until", "2026-03-06")
    days = {line.split()[0] for line in said.out.splitlines() if line.startswith("2026")}
    assert days == {"2026-03-05"}
    assert "PST" in seen.done("explain", "+14155550161").out


def test_records_are_found_by_what_people_remember(seen: Any) -> None:
    """Contacts by part of a name, company or number however it is written; activities by subject and user."""
    assert "Helen Marsh" in seen.done("contacts", "--search", "bayline").out
    assert "Walter Quigley" in seen.done("contacts", "--search", "555-0112").out
    assert "Deposition" in seen.done("activities", "--search", "deposition", "--user", "Dana Lark").out
    assert seen.done("contacts", "--search", "nobody of that name").out == "0 contacts.\n"
    assert all(not each["contacts"] for each in seen.json("activities", "--unlinked"))


WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("nonsense",), "No such command"),
    (("import",), "Missing argument"),
    (("import", "x.mbox", "--for", "zed"), "The team has dana (Dana Lark), kofi (Kofi Osei)"),
    (("settings", "show", "--for", "zed"), "no such user"),
    (("settings", "show", "--kind", "telegram"), "is not one of"),
    (("settings", "set", "fre_mail", "ask"), "did you mean `free_mail`?"),
    (("settings", "set", "free_mail", "sometimes"), "is none of `skip`, `ask` or `create`"),
    (("settings", "set", "free_mail", "ask", "--for", "dana", "--profile", "x"), "one scope at a time"),
    (("activities", "--since", "yesterday"), "is no date; write 2026-03-01"),
    (("contacts", "--limit", "0"), "is not in the range"),
    (("review", "choose", "99", "c1"), "no open question 99"),
    (("review", "choose", "1", "c99"), "no contact, lead or matter c99"),
    (("log", "nothing", "--user", "dana"), "no interaction nothing"),
    (("log", "ringcentral-call-9100000011"), "say who logs it; the team has dana, kofi, mia"),
    (("log", "ringcentral-call-9100000011", "--user", "mia", "--contact", "c99"), "there is no contact c99"),
    (("log", "x", "--user", "mia", "--contact", "c1", "--last", "Orr"), "not both"),
    (("replay", "--with", "none.toml"), "none.toml: cannot be read: No such file"),
    (("export", "--to", "/dev/null/x.csv"), "Not a directory"),
    (("check", "none.yaml"), "none.yaml"),
)


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_use_is_one_sentence_and_status_2(words: tuple[str, ...], sentence: str, week: Any) -> None:
    """A mistake in the call is said on standard error, with what would be right, and changes nothing."""
    before = week.json("report")
    said = week(*words)
    assert said.status == 2
    assert sentence in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert said.out == ""
    assert week.json("report") == before


def test_an_answer_of_no_is_status_1(seen: Any) -> None:
    """Somebody whom nobody ever met: a sentence, and status 1."""
    said = seen("explain", "nobody@nowhere.example")
    assert said.status == 1
    assert "nobody@nowhere.example" in said.err
    assert said.out == ""


def test_a_reader_that_has_seen_enough_is_no_error(seen: Any) -> None:
    """`firstcontact activities | head -1`: no traceback, no complaint."""
    process = seen.start("settings", "show")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) in (0, 1)


def test_init_asks_nothing_and_says_what_it_took(bare: Any) -> None:
    """With everything given there is no question; what was assumed is said."""
    users = ("Ana Ruiz <ana@ruizlaw.example> 415 555 0100", "Kofi Osei <kofi@ruizlaw.example>")
    said = bare.done("init", "--user", users[0], "--user", users[1])
    assert "every address at ruizlaw.example" in said.all
    assert "read as in US, times as in UTC" in said.all
    assert bare.json("report")["interactions"] == 0
    assert bare("init", "--user", "A <a@b.example>").status == 2
    assert "there already" in bare("init", "--user", "A <a@b.example>").err


ANA = ("--user", "Ana <ana@ruizlaw.example>")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Give --user"),
        (("--user", "Ana"), "is no user; write"),
        (
            ("--user", "Ana <ana@x.example>", "--preset", "loud"),
            "standard, call-connector, app-connect, backstory",
        ),
        (("--user", "Ana <ana@x.example>", "--region", "XX"), "--region: `XX` is no country code"),
        (
            ("--user", "Ana <ana@x.example>", "--timezone", "Mars/City"),
            "--timezone: `Mars/City` is no time zone",
        ),
    ],
)
def test_init_refuses_what_it_cannot_take(bare: Any, words: tuple[str, ...], sentence: str) -> None:
    """A bad value names the option and what it may be; no half-made home is left behind."""
    said = bare("init", *words)
    assert said.status == 2
    assert sentence in said.all
    assert not bare.home.exists()


def test_settings_set_then_show(fc: Any) -> None:
    """A value that is set shows with the scope that it came from, also by a user's address or name."""
    fc.done("settings", "set", "free_mail", "create", "--for", "Ana Ruiz")
    shown = {line["key"]: line for line in fc.json("settings", "show", "--for", "ana@ruizlaw.example")}
    assert (shown["free_mail"]["value"], shown["free_mail"]["origin"]) == ("create", "user:ana-ruiz")
    said = fc("settings", "set", "unknown_contact.fax", "create")
    assert said.status == 0
    fc.done("settings", "set", "free_mail", "", "--for", "ana-ruiz")
    shown = {line["key"]: line for line in fc.json("settings", "show", "--for", "ana-ruiz")}
    assert shown["free_mail"]["value"] == "ask"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["contact"], "`firstcontact contacts`"),
        (["log", "--rule", "not_engagd"], "`not_engaged`"),
        (["remove", "writes", "--rule", "unknown_contct"], "`unknown_contact`"),
    ],
)
def test_a_word_that_is_not_known_is_told_what_was_perhaps_meant(
    fc: Any, words: list[str], hint: str
) -> None:
    """An unknown command or reason is an error that names the nearest one, not an empty answer."""
    said = fc(*words)
    assert said.status == 2
    assert f"id you mean {hint}?" in said.err
