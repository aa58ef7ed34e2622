"""Connectors that others bring: found by their entry points, and named where they cannot be used."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstcontact.cli.main import cli
from firstcontact.connectors import kinds
from firstcontact.connectors.contract import CRM_GROUP
from firstcontact.testing.scenarios.schema import NotAScenario, load
from firstcontact.testing.simulators.base import SIMULATOR_GROUP, NoSimulator, simulator, simulators

GOOD = """
from firstcontact.connectors.contract import Capabilities, CrmKind
KIND = CrmKind(capabilities=Capabilities(kind="notes", title="Notes"), open=lambda opening: None)
"""
SCENARIO = """
scenarios:
  - scenario: nothing happens
    team: {region: US, domains: [ruizlaw.example], users: [{id: ana, name: Ana Ruiz}]}
    crm: {kind: notes}
    steps: [{wait: 1h}]
    expect: {crm: {contacts: 0}}
"""
CACHES = (kinds.kind, kinds.capabilities, kinds._plugins)

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one module and one entry point where Python finds it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(project: str, code: str, kind: str = "notes", *, group: str = CRM_GROUP) -> None:
        module = project.replace("-", "_")
        monkeypatch.delitem(sys.modules, module, raising=False)
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        about = tmp_path / f"{module}-1.2.dist-info"
        about.mkdir()
        about.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.2\n")
        about.joinpath("entry_points.txt").write_text(f"[{group}]\n{kind} = {module}:KIND\n")
        _forget()

    yield put
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for each in CACHES:
        each.cache_clear()


def _said(*words: str) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(cli, ["kinds", "--json", *words], standalone_mode=False)
    assert result.exception is None, result.exception
    return int(result.return_value or 0), json.loads(result.stdout)


def test_a_plugin_is_a_kind_like_others(install: Install) -> None:
    """A kind of an installed distribution is listed after the built-in ones, can be opened, and says where it
    came from."""
    install("crm-notes", GOOD)
    assert kinds.names()[-1] == kinds.connected()[-1] == "notes"
    assert kinds.kind("notes").capabilities.title == kinds.capabilities("notes").title == "Notes"
    status, said = _said()
    listed = {each["kind"]: each for each in said["kinds"]}  # type: ignore[attr-defined,index]
    assert (status, said["problems"]) == (0, [])
    assert list(listed) == list(kinds.names())
    assert listed["notes"]["plugin"] == "crm-notes 1.2"
    assert {name for name, each in listed.items() if not each["plugin"]} == {*kinds.KINDS, *kinds.STANDARDS}


BROKEN = {
    "its code raises": ("import nowhere_at_all", "nowhere_at_all"),
    "it is something else": ("KIND = 'notes'", "is to be a CrmKind, and is a str"),
    "it has not got what is named": ("OTHER = 1", "AttributeError"),
    "it calls itself otherwise": (GOOD.replace('"notes"', '"diary"'), "of the kind 'diary'"),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_a_broken_plugin_is_named(install: Install, case: str, tmp_path: Path) -> None:
    """A plugin that cannot be used stops nothing else; who asks for its kind reads which distribution it is,
    what is wrong, and what to do."""
    code, wrong = BROKEN[case]
    install("crm-notes", code)
    with pytest.raises(kinds.BrokenPlugin) as told:
        kinds.kind("notes")
    for part in ("crm-notes 1.2", "'notes'", wrong, "pip uninstall crm-notes"):
        assert part in str(told.value)
    status, said = _said()
    assert (status, said["problems"]) == (1, [str(told.value)])
    assert len(said["kinds"]) == len(kinds.names())  # type: ignore[arg-type]
    home = ("--home", str(tmp_path / "home"))
    user = ("--domain", "ruizlaw.example", "--user", "Ana Ruiz <ana@ruizlaw.example>")
    result = CliRunner().invoke(cli, [*home, "init", *user])
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(cli, [*home, "connect", "notes"])
    assert result.exit_code == 2
    assert "crm-notes 1.2" in result.output


def test_a_built_in_kind_is_not_replaced(install: Install) -> None:
    """A plugin with the name of a built-in kind is set aside, and that is said."""
    install("crm-other", GOOD.replace('"notes"', '"clio"'), "clio")
    assert kinds.kind("clio").capabilities.title == "Clio Manage"
    status, said = _said("clio")
    assert status == 1
    assert "crm-other 1.2" in said["problems"][0]  # type: ignore[index]
    assert "built in, and stays" in said["problems"][0]  # type: ignore[index]
    assert [each["plugin"] for each in said["kinds"]] == [""]  # type: ignore[attr-defined,index]


def test_two_plugins_of_one_name_are_both_refused(install: Install) -> None:
    """Which of two distributions is meant is not guessed."""
    install("crm-notes", GOOD)
    install("crm-notes-too", GOOD)
    with pytest.raises(kinds.BrokenPlugin, match=r"so has crm-notes-too 1\.2"):
        kinds.kind("notes")
    status, said = _said()
    text = " ".join(said["problems"])  # type: ignore[arg-type]
    assert status == 1
    assert "crm-notes 1.2" in text
    assert "crm-notes-too 1.2" in text


def test_a_scenario_may_name_a_plugin(install: Install, tmp_path: Path) -> None:
    """A scenario's `crm.kind` is any kind there is; a broken plugin's is a problem with its line."""
    file = tmp_path / "s.yaml"
    file.write_text(SCENARIO)
    install("crm-notes", GOOD)
    (scenario,) = load(file)
    assert scenario.crm["kind"] == "notes"


def test_a_broken_plugin_in_a_scenario_is_a_problem_of_it(install: Install, tmp_path: Path) -> None:
    """The sentence names the distribution."""
    file = tmp_path / "s.yaml"
    file.write_text(SCENARIO)
    install("crm-notes", "KIND = 1")
    with pytest.raises(NotAScenario, match=r"crm-notes 1\.2"):
        load(file)


def test_a_plugin_may_bring_a_simulator(install: Install) -> None:
    """`firstcontact simulate` and `check --simulator` find it; what is no simulator is none."""
    code = """
from firstcontact.testing.simulators.base import SimulatorKind
KIND = SimulatorKind(kind="notes", make=lambda now, switches: None, options=dict, credentials=dict)
"""
    assert "notes" not in simulators()
    with pytest.raises(NoSimulator):
        simulator("notes")
    install("crm-notes", code, group=SIMULATOR_GROUP)
    assert "notes" in simulators()
    assert simulator("notes").kind == "notes"


def test_the_groups_have_their_names() -> None:
    """Distributions out there are written for these names."""
    assert (CRM_GROUP, SIMULATOR_GROUP) == ("firstcontact.crms", "firstcontact.simulators")
