"""PURE. An administrator's rules for titles, as a TOML file has them (`titles.toml`)."""

from __future__ import annotations

import tomllib

import msgspec

from firstcontact.identity.titles import TitleRule, ordered


class BadRules(ValueError):
    """What cannot be read. `str(error)` says where, and what to do."""


def read_rules(text: str, place: str) -> tuple[TitleRule, ...]:
    """The rules of a file, in the order in which they are tried. place: its name, for errors.

    Raises BadRules.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"{place}: {error}") from None
    if set(found) - {"rule"} or not isinstance(found.get("rule", []), list):
        other = ", ".join(sorted(set(found) - {"rule"})) or "rule"
        raise BadRules(f"{place}: {other}: a file of rules has nothing but [[rule]] tables.")
    return ordered(
        _rule(one, f"{place}: rule {number}") for number, one in enumerate(found.get("rule", []), 1)
    )


def _rule(one: object, place: str) -> TitleRule:
    if isinstance(one, dict) and set(one) - set(TitleRule.__struct_fields__):
        unknown = ", ".join(sorted(set(one) - set(TitleRule.__struct_fields__)))
        raise BadRules(
            f"{place}: unknown key {unknown}; a rule has {', '.join(TitleRule.__struct_fields__)}."
        )
    try:
        rule = msgspec.convert(one, TitleRule)
    except msgspec.ValidationError as error:
        raise BadRules(f"{place}: {error}.") from None
    if not rule.value.strip():
        raise BadRules(f"{place}: value is empty; say what the {rule.field} is.")
    if not all(word.strip(" *") for word in (*rule.words, *rule.unless)):
        raise BadRules(f"{place}: a word is empty; take it out.")
    if rule.field != "persona" and not rule.words:
        raise BadRules(f"{place}: it has no words, so it would hold for every title.")
    if rule.field != "persona" and (rule.departments or rule.seniorities):
        raise BadRules(f"{place}: only a persona rests on departments and seniorities.")
    return rule
