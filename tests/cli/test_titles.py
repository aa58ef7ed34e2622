"""`firstcontact titles`: rules are tried before they hold, and seen by whoever asks."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from firstcontact.cli.common import known_problem
from firstcontact.cli.main import cli


def run(home: Path, *words: str) -> str:
    """What a command says."""
    done = CliRunner().invoke(cli, ["--home", str(home), "titles", *words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_it_says_which_rule_fired(tmp_path: Path) -> None:
    """A title's three fields, each with its rule, for people and as JSON; no home is needed."""
    said = run(tmp_path, "try", "VP of People")
    assert "Human Resources" in said
    assert "`people`" in said
    assert "Rules: built in" in said
    (title,) = json.loads(run(tmp_path, "try", "VP of People", "--json"))["titles"]
    assert title["department"]["value"] == "Human Resources"
    assert title["department"]["word"] == "people"


def test_own_rules_take_their_place(tmp_path: Path) -> None:
    """The file that `rules` prints, changed and put into the home folder, holds from then on; another file is
    tried without holding."""
    own = tmp_path / "titles.toml"
    own.write_text(run(tmp_path, "rules").replace('"Human Resources"', '"People"'), encoding="utf-8")
    assert (
        json.loads(run(tmp_path, "try", "VP of People", "--json"))["titles"][0]["department"]["value"]
        == "People"
    )
    other = tmp_path / "other.toml"
    other.write_text("[[rule]]\nfield = 'department'\nvalue = 'VIP'\nwords = ['vp']\n", encoding="utf-8")
    assert "VIP" in run(tmp_path, "try", "VP of People", "--rules", str(other))
    assert "People" in run(tmp_path, "try", "VP of People")
    assert "Human Resources" in run(tmp_path, "rules", "--built-in")
    assert json.loads(run(tmp_path, "rules", "--json"))["rule"][0]["value"] == "People"


def test_a_bad_file_is_said_with_its_place(tmp_path: Path) -> None:
    """The file and the rule that is wrong; a file that is not there is said, too."""
    (tmp_path / "titles.toml").write_text("[[rule]]\nfield = 'department'\nvalue = 'x'\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), "titles", "try", "CEO"])
    assert "titles.toml: rule 1: it has no words" in (known_problem(done.exception) or "")
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), "titles", "try", "CEO", "--rules", "none.toml"])
    assert "none.toml" in str(done.exception)
