"""Titles are classified by rules: whole words, the first that fires, and it is known which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.cli.titles import write_rules
from firstcontact.formats.title_rules import BadRules, read_rules
from firstcontact.identity.titles import BUILT_IN, TitleRule, classify


@pytest.mark.parametrize(
    ("title", "department", "seniority"),
    [
        ("VP of People", "Human Resources", "Vice President"),
        ("Chief Financial Officer", "Finance", "Executive"),
        ("SENIOR SOFTWARE ENGINEER", "Engineering", "Senior"),
        ("Executive Assistant to the CEO", "", "Staff"),
        ("Geschäftsführerin", "General Management", "Executive"),
        ("Leiterin Vertrieb", "Sales", "Director"),
        ("Directrice commerciale", "Sales", "Director"),
        ("Gerente de Ventas", "Sales", "Manager"),
        ("Account Manager", "Sales", "Staff"),
        ("General Counsel", "Legal", "Executive"),
        ("IT Director", "Information Technology", "Director"),
        ("Head of R&D", "Engineering", "Director"),
        ("HR Business Partner", "Human Resources", "Staff"),
        ("Werkstudentin Marketing", "Marketing", "Junior"),
        ("Peoplesoft Developer", "Engineering", "Staff"),
        ("likes to do it with people skills", "Human Resources", ""),
        ("", "", ""),
        ("Friend of the house", "", ""),
    ],
)
def test_built_in_rules(title: str, department: str, seniority: str) -> None:
    """What common titles of several languages say, and what is no whole word says nothing."""
    found = classify(title)
    assert (found.department, found.seniority) == (department, seniority)


def test_it_is_known_which_rule_fired() -> None:
    """Of each field the rule and the word; of a persona, what it rests on."""
    found = classify("VP of People")
    assert {field: fired.word for field, fired in found.fired.items()} == {
        "department": "people",
        "seniority": "vp",
        "persona": "",
    }
    rule = BUILT_IN[found.fired["persona"].rule]
    assert (rule.value, found.persona) == ("Champion", "Champion")
    assert found.seniority in rule.seniorities


def test_words_of_rules() -> None:
    """Any ending, one or two words between, capitals only, what must not stand there, and the first that
    fires."""
    rules = (
        TitleRule(field="department", value="A", words=("engin*",), unless=("sound engineer",)),
        TitleRule(field="department", value="B", words=("IT", "café")),
        TitleRule(field="department", value="C", words=("chief * officer",)),
    )
    for title, value in {
        "Engineering": "A",
        "Sound  Engineer": "",
        "IT": "B",
        "it": "",
        "Cafe, owner": "B",
        "Chief Happiness Officer": "C",
        "Chief of the Officer": "C",
        "Chief officer": "",
        "Engineer (IT)": "A",
        "Bengineer": "",
    }.items():
        assert classify(title, rules).department == value, title


def test_rules_go_through_a_file() -> None:
    """The rules that are built in are the same after they were written and read."""
    assert read_rules(write_rules(BUILT_IN), "titles.toml") == BUILT_IN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]", "titles.toml: Expected"),
        ("rules = 3", "titles.toml: rules: a file of rules has nothing but"),
        ("rule = 3", "titles.toml: rule: a file of rules has nothing but"),
        ("[[rule]]\nfield = 'colour'\nvalue = 'x'", "rule 1: Invalid enum value 'colour'"),
        (
            "[[rule]]\nfield = 'department'\nvalue = 'x'\nword = ['y']",
            "rule 1: unknown key word; a rule has field,",
        ),
        ("[[rule]]\nfield = 'department'\nvalue = ''\nwords = ['y']", "rule 1: value is empty"),
        ("[[rule]]\nfield = 'department'\nvalue = 'x'", "rule 1: it has no words"),
        ("[[rule]]\nfield = 'department'\nvalue = 'x'\nwords = ['*']", "rule 1: a word is empty"),
        (
            "[[rule]]\nfield = 'seniority'\nvalue = 'x'\nwords = ['y']\ndepartments = ['z']",
            "rule 1: only a persona",
        ),
    ],
)
def test_bad_rules_are_said_with_their_place(text: str, said: str) -> None:
    """A file that cannot be read says which rule is wrong, and how."""
    with pytest.raises(BadRules) as refused:
        read_rules(text, "titles.toml")
    assert said in str(refused.value)


@given(title=st.text(max_size=60))
def test_any_title_is_read(title: str) -> None:
    """No text breaks it, and what is said is said by the rule that is named."""
    found = classify(title)
    for field, fired in found.fired.items():
        assert getattr(found, field) == BUILT_IN[fired.rule].value
