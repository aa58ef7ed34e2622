"""A scenario file is taken whole and right, or refused with the place of everything that is wrong."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from firstcontact.testing.scenarios.schema import NotAScenario, files_in, load, parse

WHOLE = """\
defaults:
  team:
    region: US
    domains: [ruizlaw.example]
    users: [{id: ana, name: Ana Ruiz, emails: [ana@ruizlaw.example], phones: ["+14155550100"]}]
  settings: {preset: standard}
scenarios:
  - scenario: a caller is logged
    from: somewhere
    crm:
      kind: address_book
      contacts: [{id: c1, first_name: Jo, phones: ["+14155550123"], owner: ana}]
    steps:
      - interaction: {id: i1, kind: call, direction: inbound, result: answered, at: 2026-03-02T10:00:00Z,
          seconds: 60, from: "+14155550123", to: "+14155550100"}
      - wait: 1h
    expect:
      decisions: {i1: {activity: log, participants: {"+14155550123": link}, reasons: []}}
      crm: {contacts: 1, activities: [{interaction: i1, contact: c1, matter: null}]}
      review: 0
"""


def refused(content: str) -> list[str]:
    """The problems with which `content` is refused."""
    with pytest.raises(NotAScenario) as caught:
        parse(content, "calls.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_right_file_is_read_whole() -> None:
    """Every part of a right file arrives: defaults merged in, the interaction read, times as facts."""
    (scenario,) = parse(WHOLE, "calls.yaml")
    assert scenario.name == "a caller is logged"
    assert scenario.origin == "somewhere"
    assert scenario.region == "US"
    assert scenario.settings == {"preset": "standard"}
    assert [step.kind for step in scenario.steps] == ["interaction", "wait"]
    fact = scenario.steps[0].interaction
    assert fact is not None
    assert fact.at == 1_772_445_600_000_000


def test_defaults_are_merged_key_by_key_at_the_first_level_only() -> None:
    """A scenario's own `settings` replace those of the defaults whole; what it leaves out is theirs."""
    own = WHOLE.replace("    from: somewhere\n", "    settings: {several_contacts: skip}\n")
    (scenario,) = parse(own, "calls.yaml")
    assert scenario.settings == {"several_contacts": "skip"}
    assert scenario.team["domains"] == ["ruizlaw.example"]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("from: somewhere", "form: somewhere", 9, "form", "unknown key"),
        ("kind: address_book", "knd: address_book", 11, "crm.knd", "unknown key"),
        ("kind: address_book", "kind: rolodex", 11, "crm.kind", "no CRM of the kind"),
        ("preset: standard", "preset: standrd", 6, "settings.preset", "standard"),
        ("preset: standard", "several_contact: ask", 6, "settings.several_contact", "several_contacts"),
        ("wait: 1h", "settings: {free_mail: maybe}", 16, "steps[2].settings.free_mail", "is none of"),
        ("owner: ana", "owner: bo", 12, "crm.contacts[1].owner", "`bo` is no user"),
        ("owner: ana", "account: a1", 12, "crm.contacts[1].account", "`a1` is no account"),
        ("[ruizlaw.example]", "ruizlaw.example", 4, "defaults.team.domains", "must be a list"),
        ("kind: call,", "kind: cal,", 14, "steps[1].interaction.kind", "must be one of"),
        ("seconds: 60", "secs: 60", 15, "steps[1].interaction.secs", "is no key"),
        ("2026-03-02T10:00:00Z", "soon", 14, "steps[1].interaction.at", "soon"),
        ("wait: 1h", "wait: later", 16, "steps[2].wait", "length of time"),
        ("wait: 1h", "dedup: {}", 16, "steps[2].dedup", "unknown key"),
        ("wait: 1h", "ruling: {interaction: i9, about: x, ignore: true}", 16,
         "steps[2].ruling.interaction", "`i9`"),
        ("wait: 1h", "ruling: {interaction: i1, about: x}", 16, "steps[2].ruling", "exactly one of choose"),
        ("activity: log,", "activity: logged,", 18, "expect.decisions.i1.activity", "must be one of log"),
        ("{i1: {activity", "{i2: {activity", 18, "expect.decisions.i2", "`i2` is no interaction"),
        ("contact: c1, matter", "contact: c7, matter", 19, "expect.crm.activities[1].contact", "`c7`"),
        ("contacts: 1,", "contcts: 1,", 19, "expect.crm.contcts", "unknown key"),
        ("contacts: 1,", "contacts: many,", 19, "expect.crm.contacts", "a number or a list"),
        ("review: 0", "reviews: 0", 20, "expect.reviews", "unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, line: int, field: str, says: str) -> None:
    """An error names the file, the line, the scenario and the field, and says what may stand there."""
    assert old in WHOLE
    problems = refused(WHOLE.replace(old, new, 1))
    told = [one for one in problems if f" {field} " in one]
    assert told, problems
    scenario = "" if field.startswith("defaults") else 'scenario "a caller is logged": '
    assert told[0].startswith(f"calls.yaml:{line}: {scenario}{field} ")
    assert says in told[0]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Somebody who made two mistakes is told of both."""
    wrong = WHOLE.replace("from: somewhere", "form: x").replace("kind: address_book", "knd: address_book")
    assert len(refused(wrong)) >= 2


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("scenarios: [\n", 2, "not YAML"),
        ("scenarios: []\nscenarios: []\n", 2, "`scenarios` is written twice"),
        ("scenarios: !!python/object:os.system x\n", 1, "python/object"),
        ("scenarios: &a [*a]\n", 1, "contains itself"),
        ("- a\n", 1, "must be a map"),
        ("", 0, "must be a map"),
        ("scenarios: []\n", 1, "list of scenarios"),
        ("a: b: c\n", 1, "not YAML"),
    ],
)
def test_a_file_that_is_no_yaml_is_refused_with_the_line(content: str, line: int, says: str) -> None:
    """YAML errors, a key written twice, foreign objects and self-reference are errors with their line."""
    problem = refused(content)[0]
    assert says in problem
    assert problem.startswith(f"calls.yaml:{line}:" if line else "calls.yaml:")


def test_a_scenario_name_is_unique_in_its_file() -> None:
    """Two scenarios of one name could not be told apart in the output."""
    again = textwrap.indent(textwrap.dedent(WHOLE[WHOLE.index("  - scenario") :]), "  ")
    problems = refused(WHOLE + again)
    assert "is the name of scenario 1 too" in problems[0]


def test_a_scenario_without_expectations_is_refused() -> None:
    """A scenario that could not fail says nothing."""
    assert "expect" in refused(WHOLE[: WHOLE.index("    expect:")])[0]


def test_folders_give_their_files_in_order_and_empty_ones_are_refused(tmp_path: Path) -> None:
    """A folder stands for every scenario file below it; one without any is an error, not a success."""
    (tmp_path / "deep").mkdir()
    for name in ("b.yaml", "a.yml", "deep/c.yaml", "notes.txt"):
        (tmp_path / name).write_text(WHOLE, encoding="utf-8")
    assert [one.name for one in files_in([tmp_path])] == ["a.yml", "b.yaml", "c.yaml"]
    assert len(load(tmp_path / "a.yml")) == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAScenario, match="holds no scenario file"):
        files_in([tmp_path / "empty"])
    with pytest.raises(NotAScenario, match="is not there"):
        files_in([tmp_path / "missing.yaml"])


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file in another encoding gives a clear error."""
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"scenarios: [\xe9]")
    with pytest.raises(NotAScenario, match="not UTF-8"):
        load(file)


def test_a_number_without_quotes_is_read_as_it_stands() -> None:
    """YAML takes +44… for a number and 0101 for sixty-five; a phone number keeps its plus and its zeros."""
    bare = WHOLE.replace('from: "+14155550123", to: "+14155550100"', "from: +442079460123, to: [0101]")
    (scenario,) = parse(bare, "calls.yaml")
    fact = scenario.steps[0].interaction
    assert fact is not None
    assert [one.raw for one in fact.participants] == ["+442079460123", "0101"]


def test_a_record_of_a_list_is_counted_from_one() -> None:
    """Every place in a message counts alike: the first attendee of the first step is number one."""
    meeting = (
        "{id: g1, kind: meeting, at: 2026-03-02T10:00:00Z, organiser: ana@ruizlaw.example, "
        "attendees: [{who: jo@acme.example, reply: perhaps}]}"
    )
    start = WHOLE.index("{id: i1, kind: call")
    wrong = WHOLE[:start] + meeting + WHOLE[WHOLE.index("      - wait") - 1 :]
    told = refused(wrong)
    assert any("steps[1].interaction.attendees[1].reply" in line for line in told), told
