"""Department, seniority and persona, from a job title by rules that an administrator can read and change.

A rule names words; it fires where one of them stands in the title as whole words, whatever their case and
accents; a word written in capitals (`IT`) stands for capitals only. Of each field the first rule that fires
says the value, so what is special stands before what is general. A persona may also rest on the department
and the seniority that were found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from firstcontact.identity._title_rules import DEFAULTS

TitleField = Literal["department", "seniority", "persona"]
FIELDS: tuple[TitleField, ...] = ("department", "seniority", "persona")
"""In the order in which they are worked out."""


class TitleRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule. field, value: what it says. words: any of them must stand in the title; a `*` at the end of a
    word stands for any ending, a `*` alone for one or two words; () for no condition on words. unless: none
    of these may stand there. departments, seniorities: for a persona, what must have been found; () for any.
    """

    field: TitleField
    value: str
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()


class Fired(msgspec.Struct, frozen=True):
    """A rule that said something. rule: its number among the rules, from 0. word: the one that stood there,
    "" where it rests on the other fields alone."""

    rule: int
    word: str


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """What a title says; "" where no rule fires. fired: by which rule, per field."""

    department: str = ""
    seniority: str = ""
    persona: str = ""
    fired: Mapping[TitleField, Fired] = {}


def classify(title: str, rules: Sequence[TitleRule] | None = None) -> Classified:
    """What the rules say of a title; without rules, by those that are built in."""
    text = _plain(title)
    found: dict[TitleField, str] = {}
    fired: dict[TitleField, Fired] = {}
    for number, rule in enumerate(BUILT_IN if rules is None else rules):
        if rule.field in found:
            continue
        word = _stands(rule.words, text) if rule.words else ""
        if word is None or not text or _stands(rule.unless, text) is not None:
            continue
        if rule.departments and found.get("department", "") not in rule.departments:
            continue
        if rule.seniorities and found.get("seniority", "") not in rule.seniorities:
            continue
        found[rule.field] = rule.value
        fired[rule.field] = Fired(number, word)
    return Classified(
        department=found.get("department", ""),
        seniority=found.get("seniority", ""),
        persona=found.get("persona", ""),
        fired=fired,
    )


def ordered(rules: Iterable[TitleRule]) -> tuple[TitleRule, ...]:
    """As `classify` wants them: departments and seniorities before the personas that rest on them, else in
    the order given."""
    return tuple(sorted(rules, key=lambda rule: FIELDS.index(rule.field)))


def _stands(words: Iterable[str], text: str) -> str | None:
    """The first of the words that stands in the text, None for none."""
    return next((word for word in words if _pattern(word).search(text)), None)


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    """What a word of a rule stands for. `*` behind it: any ending; `*` alone: one or two words."""
    end = "" if word.endswith("*") else r"(?!\w)"
    parts = [re.escape(part) if part != "*" else r"\w+(?:\W+\w+)?" for part in _plain(word).split()]
    parts[-1] = parts[-1].removesuffix(re.escape("*"))
    return re.compile(rf"(?<!\w){_BETWEEN.join(parts)}{end}", 0 if word.isupper() else re.IGNORECASE)


_BETWEEN = r"[^\w*]+"


def _plain(text: str) -> str:
    """Without accents, `&` as a word, single spaces; case stays, since it tells `IT` from `it`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("&", " and "))
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).split())


def _built_in() -> Iterable[TitleRule]:
    for field, value, words, unless in DEFAULTS.words:
        yield TitleRule(field=field, value=value, words=tuple(words), unless=tuple(unless))
    for value, departments, seniorities in DEFAULTS.personas:
        yield TitleRule(
            field="persona", value=value, departments=tuple(departments), seniorities=tuple(seniorities)
        )


BUILT_IN: tuple[TitleRule, ...] = ordered(_built_in())
"""The rules that hold where an administrator has not written any."""
