"""`firstcontact export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from firstcontact.boundaries import Boundary, crossing
from firstcontact.cli.common import counted, note, open_home


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
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def export(ctx: click.Context, format: str, file: Path | None, ours: bool, as_json: bool) -> None:
    """Contacts as CSV or vCard, or everything as JSON."""
    from firstcontact.connectors.address_book.lists import export_text

    _, opened = open_home(ctx)
    text, count = export_text(opened.address_book, "json" if as_json else format, ours)
    if file is None:
        sys.stdout.write(text)
        return
    write_file(file, text)
    note(f"{counted(count, 'record')} written to {file}.")


def write_file(file: Path, text: str) -> None:
    """The file as a whole or not at all: an export that fails leaves the last one as it was."""
    if file.exists() and not file.is_file():  # a device or a pipe
        with crossing(Boundary.EXPORT_TO_DEVICE):
            file.write_text(text, encoding="utf-8", newline="")
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with crossing(Boundary.WRITE_EXPORT):
            part.write_text(text, encoding="utf-8", newline="")
        with crossing(Boundary.REPLACE_EXPORT):
            part.replace(file)
    finally:
        with crossing(Boundary.REMOVE_EXPORT_PART):
            part.unlink(missing_ok=True)
