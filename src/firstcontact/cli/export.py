"""`firstcontact export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from firstcontact.cli.common import open_home, say


@click.command(epilog="Example: firstcontact export --format csv --to contacts.csv")
@click.option(
    "--format",
    "format",
    type=click.Choice(["csv", "vcard", "json"]),
    default="csv",
    show_default=True,
    help="csv and vcard: contacts; json: everything in the address book.",
)
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="File; default: print.")
@click.option("--created-by-us", "ours", is_flag=True, help="Only contacts that FirstContact created.")
@click.pass_context
def export(ctx: click.Context, format: str, file: Path | None, ours: bool) -> None:
    """Contacts as CSV or vCard, or everything as JSON."""
    from firstcontact.connectors.address_book.lists import export_text

    _, opened = open_home(ctx)
    text, count = export_text(opened.address_book, format, ours)
    if file is None:
        sys.stdout.write(text)
        return
    file.write_text(text, encoding="utf-8", newline="")
    say(f"{count} contacts written to {file}." if format != "json" else f"Written to {file}.")
