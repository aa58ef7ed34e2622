"""`firstcontact titles`: what job titles say, by which rule, and the rules themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import home_folder, json_option, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.identity.titles import Classified, TitleRule

HEAD = """\
# Department, seniority and persona from job titles: the first rule of a field that fires says its value.
# words: any of them stands in the title as whole words; "engineer*" is any ending, "IT" in capitals is only
# capitals. unless: none of these stands there. departments, seniorities: for a persona, what was found.
# firstcontact titles try "VP of People" shows which rule fires.
"""


@click.group(epilog='Example: firstcontact titles try "VP of People"')
def titles() -> None:
    """Department, seniority and persona from job titles: try some, see the rules."""


@titles.command("try", epilog='Example: firstcontact titles try "VP of People" "Senior Counsel"')
@click.argument("title", nargs=-1, required=True)
@click.option(
    "--rules",
    "file",
    default=None,
    type=click.Path(path_type=Path),
    help="Try a file of rules before it holds.",
)
@json_option
@click.pass_context
def try_(ctx: click.Context, title: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """What titles say, and which rule says it."""
    from firstcontact.identity.titles import FIELDS, classify

    rules, place = _rules(ctx, file)
    found = [(each, classify(each, rules)) for each in title]
    if as_json:
        print_json({"rules": place, "titles": [_told(each, said, rules) for each, said in found]})
        return
    rows = [
        (each if place == 0 else "", field, getattr(said, field) or "nothing", _why(said, field, rules))
        for each, said in found
        for place, field in enumerate(FIELDS)
    ]
    table(("title", "field", "says", "by rule"), rows)
    say(f"Rules: {place}")


@titles.command("rules", epilog="Example: firstcontact titles rules > ~/.firstcontact/titles.toml")
@click.option(
    "--built-in", is_flag=True, help="Those that are built in, also where the home folder has its own."
)
@json_option
@click.pass_context
def rules_(ctx: click.Context, built_in: bool, as_json: bool) -> None:
    """The rules that hold, as a file to change: write it to titles.toml in the home folder."""
    import msgspec

    from firstcontact.identity.titles import BUILT_IN

    rules, place = (BUILT_IN, "built in") if built_in else _rules(ctx, None)
    if as_json:
        print_json({"rules": place, "rule": msgspec.to_builtins(rules)})
        return
    click.echo(write_rules(rules), nl=False)


def _rules(ctx: click.Context, file: Path | None) -> tuple[tuple[TitleRule, ...], str]:
    """The rules, and where they are from. Raises BadRules, OSError."""
    from firstcontact.config import TITLES_FILE, read_titles
    from firstcontact.identity.titles import BUILT_IN

    own = file or home_folder(ctx) / TITLES_FILE
    if file is None and not own.exists():
        return BUILT_IN, "built in"
    return read_titles(own), str(own)


def _told(title: str, said: Classified, rules: Sequence[TitleRule]) -> dict[str, object]:
    fields: dict[str, object] = {
        field: {
            "value": getattr(said, field),
            "rule": fired.rule + 1,
            "word": fired.word,
            "words": list(rules[fired.rule].words),
        }
        for field, fired in said.fired.items()
    }
    return {"title": title, **fields}


def _why(said: Classified, field: str, rules: Sequence[TitleRule]) -> str:
    fired = next((each for name, each in said.fired.items() if name == field), None)
    if fired is None:
        return "no rule fires"
    rule = rules[fired.rule]
    reasons = [f"`{fired.word}`"] if fired.word else []
    if rule.departments:
        reasons.append(f"department {said.department}")
    if rule.seniorities:
        reasons.append(f"seniority {said.seniority}")
    return f"{fired.rule + 1}: {' and '.join(reasons)}"


def write_rules(rules: Iterable[TitleRule]) -> str:
    """The file of these rules: `read_rules` gives them again."""
    import msgspec
    import tomlkit

    document = tomlkit.document()
    tables = tomlkit.aot()
    for rule in rules:
        table = tomlkit.table()
        for name, value in msgspec.to_builtins(rule).items():
            table[name] = list(value) if isinstance(value, list | tuple) else value
        tables.append(table)
    document["rule"] = tables
    return HEAD + "\n" + tomlkit.dumps(document)
