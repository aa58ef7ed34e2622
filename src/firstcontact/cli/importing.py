"""`firstcontact import`."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import NEEDS_A_PERSON, json_option, load_home, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.config import Home
    from firstcontact.flow.importing import FileResult, FileToRead
    from firstcontact.flow.installation import Item, Progress
    from firstcontact.ledger.reading import Report


@click.command("import", epilog="Example: firstcontact import ~/mail/Inbox.mbox ~/mail/Sent.mbox calls.json")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--for", "user", default="", metavar="USER", help="Whose mailbox, calendar or line it is.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; keep nothing.")
@click.option("--yes", is_flag=True, help="Create however many contacts there are, without asking.")
@json_option
@click.pass_context
def import_(
    ctx: click.Context, paths: tuple[Path, ...], user: str, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Read mailboxes (mbox, eml, Maildir, gzip), calendars (ics), call logs (RingCentral, Twilio, Asterisk,
    JSON Lines) and contact lists (CSV, vCard), decide about everybody on them, and write.

    Folders are read with everything inside. The same file can be imported again, and an import that was
    stopped goes on where it was; nothing is logged twice.
    """
    from firstcontact.bootstrap import open_installation

    home = load_home(ctx)
    user = _user(home, user)
    started = time.monotonic()
    with _folder(home, dry_run) as folder:
        opened = open_installation(home, folder=folder)
        with _progress(as_json) as progress:
            outcome = _import(home, opened, paths, user, progress, yes=yes or dry_run, as_json=as_json)
    report, results, added, held, missing = outcome
    seconds = time.monotonic() - started
    if as_json:
        print_json(_as_json(report, results, added, held, missing, seconds, dry_run))
    else:
        _summary(report, results, added, held, missing, seconds, dry_run)
    if held is not None:
        return NEEDS_A_PERSON
    return 2 if any(result.problem for result in results) else 0


def _user(home: Home, named: str) -> str:
    users = {user.id: user for user in home.book.team.users}
    if named:
        if named in users:
            return named
        by_mail = {mail: user.id for user in users.values() for mail in user.emails}
        if named.lower() in by_mail:
            return by_mail[named.lower()]
        raise click.UsageError(f"--for {named}: no such user; the team has {', '.join(users)}")
    return next(iter(users)) if len(users) == 1 else ""


def _import(
    home: Home,
    opened: Opened,
    paths: tuple[Path, ...],
    user: str,
    progress: Progress,
    *,
    yes: bool,
    as_json: bool,
) -> tuple[Report, tuple[FileResult, ...], int, object | None, bool]:
    from firstcontact.bootstrap import reader
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow import importing

    installation = opened.installation
    before = importing.snapshot(installation)
    files, unreadable = _files(paths, user)
    added, lists = _contact_lists(opened, [file for file in files if _is_contacts(file)], home)
    _, results = importing.receive_files(
        installation,
        [file for file in files if not _is_contacts(file)],
        reader(home.book, installation.clock.now()),
        user,
        (FileProblem,),
        progress,
    )
    _, held = importing.decide_held(installation, progress)
    if held is not None and (yes or _agreed(held.creates, held.limit, as_json)):
        importing.release(installation)
        held = None
    if held is None:
        installation.drain(progress=progress)
    report = importing.own_report(before, importing.snapshot(installation))
    missing = report.kinds.get("email", 0) > 0 and importing.sent_is_missing(installation)
    return report, (*unreadable, *lists, *results), added, held, missing


def _files(paths: tuple[Path, ...], user: str) -> tuple[list[FileToRead], list[FileResult]]:
    from firstcontact.bootstrap import file_items, files_under, format_of
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.importing import FileResult, FileToRead

    found: list[FileToRead] = []
    problems: list[FileResult] = []
    for named in paths:
        try:
            for path in files_under(named):
                try:
                    format = format_of(path)
                    if not format:
                        file_items(path, "", "", user)
                    found.append(FileToRead(path, format, partial(_items, path, format, user)))
                except FileProblem as problem:
                    problems.append(FileResult(str(path), "", problem=str(problem)))
        except FileProblem as problem:
            problems.append(FileResult(str(named), "", problem=str(problem)))
    return found, problems


def _items(path: Path, format: str, user: str, cursor: str) -> Iterator[Item]:
    from firstcontact.bootstrap import file_items

    return file_items(path, format, cursor, user)


def _is_contacts(file: FileToRead) -> bool:
    from firstcontact.bootstrap import CONTACT_FORMATS

    return file.format in CONTACT_FORMATS


def _contact_lists(opened: Opened, files: list[FileToRead], home: Home) -> tuple[int, tuple[FileResult, ...]]:
    from firstcontact.connectors.address_book.lists import import_list
    from firstcontact.connectors.files.contacts import read_contact_list
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.importing import FileResult

    added = 0
    results: list[FileResult] = []
    for file in files:
        try:
            records, rejections = read_contact_list(file.path, file.format, home.book.team.region)
        except FileProblem as problem:
            results.append(FileResult(str(file.path), file.format, problem=str(problem)))
            continue
        done = import_list(opened.address_book, records)
        added += done.added
        asides = [f"{each.place}: {each.detail}" for each in rejections]
        asides += [f"contact {position}: {why}" for position, why in done.set_aside]
        results.append(FileResult(str(file.path), file.format, done.added + done.known, len(asides)))
        for sentence in asides:
            click.echo(f"{file.path}: {sentence}", err=True)
    return added, tuple(results)


def _agreed(creates: int, limit: int, as_json: bool) -> bool:
    sentence = (
        f"This import would create {creates} contacts, more than the brake allows ({limit}: "
        "`brakes.creates_per_hour`)."
    )
    if as_json or not sys.stdin.isatty():
        click.echo(
            f"{sentence} Nothing is lost: look with `firstcontact report`, then go on with "
            "`firstcontact brake release`, or import again with --yes.",
            err=True,
        )
        return False
    return click.confirm(f"{sentence} Create them?", default=False)


@contextmanager
def _folder(home: Home, dry_run: bool) -> Iterator[Path]:
    """The home folder; for a dry run a copy of its databases that is thrown away."""
    if not dry_run:
        yield home.folder
        return
    with tempfile.TemporaryDirectory(prefix="firstcontact-") as name:
        copy = Path(name)
        for file in home.folder.glob("*.db"):
            source, target = sqlite3.connect(file), sqlite3.connect(copy / file.name)
            with source, target:
                source.backup(target)
            source.close()
            target.close()
        yield copy
        shutil.rmtree(copy, ignore_errors=True)


@contextmanager
def _progress(as_json: bool) -> Iterator[Progress]:
    """A counter on standard error while the import runs, where somebody is looking."""
    if as_json or not sys.stderr.isatty():
        yield lambda _what, _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>10}"),
        TextColumn("{task.completed:>9,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, BarColumn(10), console=console, transient=True) as bars:
        tasks: dict[str, object] = {}

        def tell(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.advance(tasks[what], count)  # type: ignore[arg-type]

        yield tell


def _as_json(
    report: Report,
    results: tuple[FileResult, ...],
    added: int,
    held: object | None,
    missing: bool,
    seconds: float,
    dry_run: bool,
) -> dict[str, object]:
    import msgspec

    values: dict[str, object] = msgspec.to_builtins(report)
    return {
        **values,
        "contacts_imported": added,
        "files": msgspec.to_builtins(results),
        "held_by_brake": msgspec.to_builtins(held) if held is not None else None,
        "sent_missing": missing,
        "dry_run": dry_run,
        "seconds": round(seconds, 3),
    }


def _summary(
    report: Report,
    results: tuple[FileResult, ...],
    added: int,
    held: object | None,
    missing: bool,
    seconds: float,
    dry_run: bool,
) -> None:
    from firstcontact.explain.summary import SENT_MISSING, held_back

    for result in results:
        if result.problem:
            click.echo(result.problem, err=True)
    if dry_run:
        say("Dry run: this is what would happen; nothing was kept.")
    if added:
        say(f"{added} contacts taken into the address book from contact lists.")
    kinds = ", ".join(f"{count} {_plural(kind, count)}" for kind, count in sorted(report.kinds.items()))
    say(f"{report.deliveries} deliveries read in {seconds:.1f} s: {kinds or 'nothing new'}.")
    if report.rejected:
        why = ", ".join(f"{count} {reason}" for reason, count in report.rejections.items())
        say(f"{report.rejected} could not be read ({why}); `firstcontact rejected` lists them.")
    say(
        f"{report.created} contacts created, {report.activities} activities logged, "
        f"{report.waiting} questions wait for you; the address book has {report.contacts} contacts."
    )
    if held is not None:
        say("Stopped by the brake before writing; `firstcontact brake release` goes on.")
    reasons = held_back(report.decisive)
    if reasons:
        say()
        say("Why people were not created:")
        table(("times", "reason", "what it means", "what you can do"), [
            (each.times, each.reason, each.meaning, each.next_step) for each in reasons
        ])  # fmt: skip
    if missing:
        say(SENT_MISSING)
    if report.waiting:
        say("Next: firstcontact review")


_PLURALS = {"sms": "texts", "fax": "faxes"}


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return {"sms": "text"}.get(kind, kind)
    return _PLURALS.get(kind, f"{kind}s")
