"""`firstcontact report created`: the contacts that FirstContact created."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import counted, day, json_option, moment, note, open_home, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.flow.created import CreatedReport
    from firstcontact.ledger.created import Creation
    from firstcontact.settings_text import Home

HEADER = (
    "created",
    "contact",
    "name",
    "made for",
    "rule",
    "user",
    "account",
    "because of",
    "settings",
    "since",
)
MOST = 15
"""Accounts and days that are shown; `--json` has all."""


@click.command(epilog="Example: firstcontact report created --since 2026-03-01 --csv created.csv")
@click.option("--since", default="", metavar="DAY", help="Created on this day or later.")
@click.option("--until", default="", metavar="DAY", help="Created before this day.")
@click.option("--list", "each", is_flag=True, help="Every contact, not only counts.")
@click.option("--csv", "file", default="", metavar="FILE", help="Every contact as CSV; `-`: print it.")
@click.option("--ask", is_flag=True, help="Ask the CRM what each is now: edited, merged, deleted.")
@json_option
@click.pass_context
def created(
    ctx: click.Context, since: str, until: str, each: bool, file: str, ask: bool, as_json: bool
) -> None:
    """The contacts that FirstContact created: counts by reason, user, account and day, and how many a person
    has edited, merged, deleted or removed since, as far as is known here."""
    from firstcontact.flow.created import creations, names_of_accounts, summary
    from firstcontact.ledger.engagement import FOREVER

    if file and (each or as_json):
        raise click.UsageError("--csv goes alone: it has every contact")
    home, opened = open_home(ctx)
    span = (day(since, home, 0), day(until, home, FOREVER))
    found = creations(opened.installation, *span, ask=ask)
    if file:
        _csv(found, file, home)
        return
    if each:
        rows = list(found)
        if as_json:
            print_json(rows)
        else:
            _say_each(rows, home)
        return
    report = summary(found, home.book.team.timezone)
    if as_json:
        print_json(report)
        return
    _say(report, names_of_accounts(opened.installation, report.by_account))


def _say(report: CreatedReport, accounts: Mapping[str, str]) -> None:
    say(f"{counted(report.contacts, 'contact')} created by FirstContact.")
    if not report.contacts:
        return
    for name, count in report.since.items():
        say(f"  {count:>6,}  {name} since")
    _counts("By what decided:", report.by_rule.items())
    _counts("By user:", ((user or "nobody of ours", count) for user, count in report.by_user.items()))
    if set(report.by_account) - {""}:
        named = ((accounts.get(id, id) or "no account", count) for id, count in report.by_account.items())
        _counts("By account:", named)
    _counts("By day:", report.by_day.items())


def _counts(title: str, counts: Iterable[tuple[str, int]]) -> None:
    rows = list(counts)
    say()
    say(title)
    for name, count in rows[:MOST]:
        say(f"  {count:>6,}  {name}")
    if len(rows) > MOST:
        say(f"          and {len(rows) - MOST:,} more, in --json")


def _cells(each: Creation, home: Home) -> tuple[str, ...]:
    return (
        moment(each.at, home),
        each.record,
        each.name,
        each.about,
        " ".join(each.reasons),
        each.user,
        each.account,
        each.interaction,
        each.settings_version[:12],
        each.since,
    )


def _say_each(rows: list[Creation], home: Home) -> None:
    table(HEADER, [_cells(each, home) for each in rows])
    say(f"{counted(len(rows), 'contact')}.")


def _csv(found: Iterable[Creation], file: str, home: Home) -> None:
    """As RFC 4180 has it, in bounded memory where it is printed; no cell is a formula to a spreadsheet."""
    from firstcontact.cli.export import write_file
    from firstcontact.formats.contacts_csv import safe_cell

    count = 0
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for each in found:
        count += 1
        writer.writerow([safe_cell(cell) for cell in _cells(each, home)])
        if file == "-":
            click.echo(text.getvalue(), nl=False)
            text.seek(0)
            text.truncate()
    if file == "-":
        click.echo(text.getvalue(), nl=False)
        return
    write_file(Path(file), text.getvalue())
    note(f"{counted(count, 'contact')} written to {file}.")
