"""`firstcontact backup` and `restore`: the whole installation in one file, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from firstcontact.cli.common import counted, home_folder, json_option, load_home, note, print_json, say
from firstcontact.cli.move import STORE_HELP, counting


@click.command(epilog="Example: firstcontact backup /var/backups/firstcontact-monday.backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--with-keys", is_flag=True, help="The key ring, too: whoever has the file can log in to the CRM."
)
@json_option
@click.pass_context
def backup(ctx: click.Context, file: Path, with_keys: bool, as_json: bool) -> None:
    """Write everything into FILE: ledger, address book and settings, as they are at one moment.

    Work goes on meanwhile. The file can be restored into files and into PostgreSQL alike. Only you can read
    it; it holds the team's mails and contacts, so keep it as carefully as those. What connections log in
    with is in it, sealed; the key ring that opens it is not, unless --with-keys: copy that once to a place of
    its own.
    """
    from importlib.metadata import version

    from firstcontact import homes
    from firstcontact.bootstrap import sides
    from firstcontact.config import key_file
    from firstcontact.flow.clock import SystemClock

    home = load_home(ctx)
    ring = key_file(home.folder)
    with counting(as_json) as progress:
        rows = homes.backup(
            home,
            sides(home.folder, home.store),
            file,
            at=SystemClock().now(),
            program=version("firstcontact"),
            progress=progress,
            ring=ring if with_keys else None,
        )
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "rows": rows, "bytes": size, "keys": with_keys and ring.exists()})
        return
    say(f"{file}: {counted(rows, 'row')}, {size:,} bytes. `firstcontact restore {file}` brings it back.")
    if ring.exists() and with_keys:
        note(f"The key ring is in it: whoever has {file} can log in to the CRM.")
    elif ring.exists():
        say(f"The key ring {ring} is not in it; without that, connections have to be logged in again.")


@click.command(epilog="Example: firstcontact --home /srv/firstcontact restore firstcontact-monday.backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--store", default="", metavar="PLACE", help=f"{STORE_HELP} Default: as the settings in the backup say."
)
@click.option("--keep-address-book", is_flag=True, help="The address book stays as it is now.")
@click.option("--force", is_flag=True, help="Put the backup in the place of what is there.")
@json_option
@click.pass_context
def restore(
    ctx: click.Context, file: Path, store: str, keep_address_book: bool, force: bool, as_json: bool
) -> None:
    """Bring an installation back from FILE: every row is checked, before and after.

    Files that are there are renamed, not overwritten; the tables of a PostgreSQL database are replaced. What
    the CRM has taken in since the backup is found there before anything is sent again.
    """
    from firstcontact import homes
    from firstcontact.bootstrap import sides
    from firstcontact.config import keep_password, key_file, make_folder, named_store
    from firstcontact.flow.clock import SystemClock
    from firstcontact.settings_text import FILE_NAME, store_in
    from firstcontact.store.archive import Archive

    folder = home_folder(ctx)
    archive = Archive(file)
    if store:
        at, password = named_store(folder, store)
    else:
        at, password = store_in(archive.files.get(FILE_NAME, b"")), ""
    make_folder(folder)
    if password:
        keep_password(folder, password)
    if not at.url:
        make_folder(folder / at.folder)
    both = sides(folder, at)
    with counting(as_json) as progress:
        done = homes.restore(
            folder,
            archive,
            both[:1] if keep_address_book else both,
            at,
            force=force,
            now=SystemClock().now(),
            progress=progress,
            ring=key_file(folder),
        )
    taken = datetime.fromtimestamp(archive.manifest.at / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if as_json:
        print_json({"home": str(folder), "rows": done.rows, "taken": taken, "aside": done.aside})
        return
    say(f"Restored {counted(done.rows, 'row')} as of {taken} into {folder}.")
    for name in done.aside:
        say(f"What was there is in {name}.")
    if done.replaced:
        note(f"In {counted(done.replaced, 'row')} a NUL, which PostgreSQL cannot hold, became U+FFFD.")
    say("From here on, what may have been written to the CRM since is looked for there before it is sent.")
    say(
        "Next: start the workers; import again what came in since (what is there already is not taken twice)."
    )
