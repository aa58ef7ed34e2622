"""Prose that can fail: links lead somewhere, commands exist, the glossary is the code's vocabulary."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import click
import pytest
from prose import ROOT, anchors, broken_links, pages, shell_lines

from firstcontact.cli.main import cli
from firstcontact.policy.decision import ActivityVerdict, Verdict

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
PROGRAMS = frozenset(
    {"export", "git", "cd", "python3", "pip", "sh", "cat", "head", "less", "curl", "rm", "mkdir", "cp"}
)


def _unknown(line: str) -> str:
    """What is wrong with a command that a page tells its reader to type; "" where nothing is."""
    words = shlex.split(line.split("|")[0])
    program = words[0].rpartition("/")[2]
    if program == "make":
        return next(
            (f"no target {word}" for word in words[1:] if word not in TARGETS and "=" not in word), ""
        )
    if program != "firstcontact":
        return "" if program in PROGRAMS else f"unknown program {program}"
    command: click.Command = cli
    context = click.Context(cli)
    options = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
    known = {"--help", "--version"}
    for word in [*words[1:], ""]:
        known |= {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        if not isinstance(command, click.Group) or not word:
            break
        if word.startswith("-"):
            continue
        inner = command.get_command(context, word)
        if inner is None:
            return f"no command {word}"
        command = inner
    return next((f"no option {name}" for name in options if name not in known), "")


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file of the project, or to a heading in one, resolves."""
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", pages(), ids=_id)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """What a page tells its reader to type is a target of the Makefile or a command with such options."""
    wrong = {line: _unknown(line) for line in shell_lines(page.read_text(encoding="utf-8"))}
    assert {line: why for line, why in wrong.items() if why} == {}


def test_the_checks_see_a_broken_page(tmp_path: Path) -> None:
    """A link to nowhere, to a missing heading, and commands that do not exist are found."""
    page = tmp_path / "page.md"
    text = "# One head\n[a](#one-head) [b](#two) [c](gone.md) [d](https://x.example/)\n"
    page.write_text(text)
    assert broken_links(page, text) == ["#two", "gone.md"]
    assert anchors("## A `b` c!\n## A b c") == {"a-b-c", "a-b-c-1"}
    assert shell_lines("```sh\nmake x  # why\na \\\n  b\n```\n```text\nno\n```") == ["make x", "a    b"]
    assert shell_lines("```console\n$ make x\nnot 'this\n```") == ["make x"]
    assert _unknown("make nonsense") == "no target nonsense"
    assert _unknown("make test") == ""
    assert _unknown("firstcontact nonsense") == "no command nonsense"
    assert _unknown(".venv/bin/firstcontact --nonsense") == "no option --nonsense"
    assert _unknown("frobnicate") == "unknown program frobnicate"


def _glossary() -> dict[str, str]:
    """The terms of the glossary and their meanings."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \|", text, re.M))


TERMS = frozenset(
    {
        "Source", "CRM", "Delivery", "Cursor", "Interaction", "Participant", "Handle", "Ours", "Theirs",
        "Contact", "Lead", "Account", "Opportunity", "Matter", "Candidate", "Evidence", "Resolution",
        "Settings", "Preset", "Profile", "Rule", "Reason", "Wish", "Autonomy", "Verdict", "Decision", "Trace",
        "Review", "Ruling", "Write", "Plan", "Write key", "Receipt", "Activity", "Placeholder", "Link",
        "Tombstone", "Ledger", "Engagement log", "Brake",
    }
)  # fmt: skip


def test_every_word_of_the_project_is_in_the_glossary() -> None:
    """Each term has its line and a meaning."""
    glossary = _glossary()
    assert [term for term in sorted(TERMS) if not glossary.get(term, "").strip()] == []


def test_every_verdict_is_in_the_glossary() -> None:
    """The glossary names every verdict that the code can give."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    verdicts = {*get_args(Verdict), *get_args(ActivityVerdict)}
    assert [verdict for verdict in verdicts if f"`{verdict}`" not in text] == []


def test_every_page_that_the_code_names_exists() -> None:
    """A docs page named in a message, a docstring or a scenario is there."""
    named = set()
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "scenarios").rglob("*.yaml")]:
        named |= set(re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")))
    assert len(named) > 3
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_every_page_is_in_the_index() -> None:
    """Each page under docs is linked from docs/README.md, decision records from their own index."""
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    records = (docs / "decisions" / "README.md").read_text(encoding="utf-8")
    missing = []
    for page in docs.rglob("*.md"):
        name = page.relative_to(docs)
        if name.parts[0] == "decisions" and name.name != "README.md":
            if f"]({name.name})" not in records:
                missing.append(str(name))
        elif name.name != "README.md" or name.parent != Path("."):
            if f"]({name.as_posix()})" not in index:
                missing.append(str(name))
    assert missing == []
