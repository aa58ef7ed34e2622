"""`firstcontact import`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    BAD_INPUT,
    NEEDS_A_PERSON,
    contacts_are_in,
    counted,
    json_option,
    load_home,
    note,
    only_user,
    print_json,
    say,
    say_wrapped,
    user_of,
)
from firstcontact.cli.turn import turn

if TYPE_CHECKING:
    from firstcontact.bootstrap import FoundFile, Opened
    from firstcontact.flow.importing import FileResult, FileToRead
    from firstcontact.flow.installation import Held, Item, Progress
    from firstcontact.ledger.reading import Report
    from firstcontact.settings_text import Home


@click.command("import", epilog="Example: firstcontact import ~/mail/Inbox.mbox ~/mail/Sent.mbox calls.json")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
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

    Exits with 0 when everything was read, 2 when a file was not, 3 when a brake waits for your word.
    """
    from firstcontact.bootstrap import open_installation

    home = load_home(ctx)
    user = user_of(home, user) or only_user(home)
    started = time.monotonic()
    with _folder(home, dry_run) as folder, nullcontext() if dry_run else turn(folder):
        opened = open_installation(home, folder=folder if dry_run else None)
        with _progress(as_json) as progress:
            done = _import(home, opened, paths, user, progress)
        _settle(opened, done, progress=_silent, yes=yes, dry_run=dry_run, as_json=as_json)
        _count(opened, done)
    seconds = time.monotonic() - started
    if as_json:
        print_json(_as_json(done, seconds, dry_run))
    else:
        _summary(done, seconds, dry_run)
    return done.status


class _Done:
    """What an import came to, gathered as it goes on."""

    def __init__(self, before: Report, kept_before: dict[str, int]) -> None:
        self.before = before
        self.kept_before = kept_before
        self.report = before
        self.kept: dict[str, int] = {}
        self.files: tuple[FileResult, ...] = ()
        self.left: tuple[str, ...] = ()
        """Files of folders that are of no known kind, each with a sentence."""
        self.where = "the address book"
        self.contacts_imported = 0
        self.contacts_completed = 0
        self.held: Held | None = None
        self.would_create = 0
        self.only_shown: tuple[int, int] | None = None
        """New contacts and writes that a read-only connection holds."""
        self.sent_missing = ""
        self.pending = self.pending_before = 0
        self.pending_why = ""

    @property
    def status(self) -> int:
        """The exit status. Bad input comes before a waiting brake: it is what has to be put right."""
        undone = self.pending > self.pending_before or self.report.due > self.before.due
        if any(file.problem or file.cut for file in self.files) or undone:
            return BAD_INPUT
        return NEEDS_A_PERSON if self.held is not None else 0


def _import(home: Home, opened: Opened, paths: tuple[Path, ...], user: str, progress: Progress) -> _Done:
    from firstcontact.bootstrap import CONTACT_FORMATS, files_under, reader
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow import importing

    installation = opened.installation
    done = _Done(importing.snapshot(installation), importing.people_kept(installation))
    done.where = contacts_are_in(opened)
    done.pending_before = importing.unfinished(installation).writes
    found = [file for path in paths for file in files_under(path)]
    readable = [file for file in found if not file.problem]
    lists = [file for file in readable if file.format in CONTACT_FORMATS]
    others = [file for file in readable if file.format not in CONTACT_FORMATS]
    done.left = tuple(file.problem for file in found if _left(file))
    problems = tuple(_unread(file) for file in found if file.problem and not _left(file))
    taken = _contact_lists(home, opened, lists, done)
    _, read = importing.receive_files(
        installation,
        [_to_read(file, user) for file in others],
        reader(home.book, installation.clock.now()),
        user,
        (FileProblem,),
        progress,
    )
    done.files = (*problems, *taken, *read)
    _, done.held = importing.decide_held(installation, progress)
    if done.held is None:
        installation.drain(progress=progress)
    return done


def _left(file: FoundFile) -> bool:
    """Whether a file is left aside without being a mistake: it only lies in a folder that was named."""
    return bool(file.problem) and not file.named and file.readable


def _unread(file: FoundFile) -> FileResult:
    from firstcontact.flow.importing import FileResult

    return FileResult(str(file.path), file.format, problem=file.problem)


def _to_read(file: FoundFile, user: str) -> FileToRead:
    from firstcontact.flow.importing import FileToRead

    return FileToRead(file.path, file.format, partial(_items, file.path, file.format, user))


def _items(path: Path, format: str, user: str, cursor: str) -> Iterator[Item]:
    from firstcontact.bootstrap import file_items

    return file_items(path, format, cursor, user)


def _contact_lists(home: Home, opened: Opened, files: list[FoundFile], done: _Done) -> tuple[FileResult, ...]:
    from firstcontact.connectors.address_book.lists import import_list
    from firstcontact.connectors.files.contacts import read_contact_list
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.importing import FileResult

    results: list[FileResult] = []
    own = opened.address_book if files else None
    for file in files:
        assert own is not None
        name = str(file.path)
        try:
            records, rejections = read_contact_list(file.path, file.format, home.book.team.region)
        except FileProblem as problem:
            results.append(FileResult(name, file.format, problem=str(problem)))
            continue
        taken = import_list(own, records)
        done.contacts_imported += taken.added
        done.contacts_completed += taken.completed
        asides = [f"{each.place}: {each.detail}" for each in rejections]
        asides += [f"contact {position}: {why}" for position, why in taken.set_aside]
        results.append(FileResult(name, file.format, taken.added + taken.known, len(asides)))
        for sentence in asides:
            note(f"{name}: {sentence}")
    return tuple(results)


def _settle(
    opened: Opened, done: _Done, *, progress: Progress, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Release what the import held where somebody says so; a dry run releases it in its copy."""
    from firstcontact.flow import importing

    if done.held is None:
        return
    agreed = dry_run or yes or _agreed(done.held, as_json)
    if agreed:
        done.would_create = done.held.creates if dry_run and not yes else 0
        done.held = None
        importing.release(opened.installation)
        opened.installation.drain(progress=progress)


def _agreed(held: Held, as_json: bool) -> bool:
    sentence = _beyond(held)
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        note(
            f"{sentence} Nothing is written yet and nothing is lost: look with `firstcontact report`, "
            "then go on with `firstcontact brake release`, or import again with --yes."
        )
        return False
    return click.confirm(f"{sentence} Create them?", default=False, err=True)


def _beyond(held: Held) -> str:
    return (
        f"This import would create {counted(held.creates, 'contact')}, more than the brake allows at once "
        f"({held.limit:,}: `brakes.creates_per_hour`)."
    )


def _count(opened: Opened, done: _Done) -> None:
    from firstcontact.explain.summary import sent_is_missing
    from firstcontact.flow import importing
    from firstcontact.ledger import writing

    installation = opened.installation
    if installation.read_only():
        with opened.ledger.read() as tx:
            held = writing.held(tx)
        done.only_shown = held.get("create_contact", 0), sum(held.values())
    done.report = importing.own_report(done.before, importing.snapshot(installation))
    unfinished = importing.unfinished(installation)
    done.pending, done.pending_why = unfinished.writes, unfinished.why
    kept = importing.people_kept(installation)
    done.kept = {
        name: more for name, count in kept.items() if (more := count - done.kept_before.get(name, 0)) > 0
    }
    if done.report.kinds.get("email", 0) and importing.sent_is_missing(installation):
        effective = installation.book.effective("", installation.crm.connection)
        done.sent_missing = sent_is_missing(effective.engagement)


@contextmanager
def _folder(home: Home, dry_run: bool) -> Iterator[Path]:
    """The home folder; for a dry run a copy of its databases that is thrown away."""
    from firstcontact.bootstrap import copy_databases

    if not dry_run:
        yield home.folder
        return
    with tempfile.TemporaryDirectory(prefix="firstcontact-") as name:
        copy_databases(home, Path(name))
        yield Path(name)


def _silent(_: str, __: int) -> None:
    return None


@contextmanager
def _progress(as_json: bool) -> Iterator[Progress]:
    """A counter on standard error while the import runs, where somebody is looking."""
    if as_json or not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description:>8}"),
        TextColumn("{task.completed:>11,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as counters:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = counters.add_task(_DOING.get(what, what), total=None)
            counters.advance(tasks[what], count)

        yield tell


_DOING = {"received": "read", "decided": "decided", "written": "written"}


# --- saying it -----------------------------------------------------------------------------------


def _as_json(done: _Done, seconds: float, dry_run: bool) -> dict[str, object]:
    import msgspec

    values: dict[str, object] = msgspec.to_builtins(done.report)
    return {
        **values,
        "people_not_created": done.kept,
        "pending": done.pending,
        "contacts_imported": done.contacts_imported,
        "contacts_completed": done.contacts_completed,
        "files": msgspec.to_builtins(done.files),
        "left_aside": list(done.left),
        "held_by_brake": msgspec.to_builtins(done.held) if done.held is not None else None,
        "sent_missing": bool(done.sent_missing),
        "dry_run": dry_run,
        "seconds": round(seconds, 3),
    }


def _summary(done: _Done, seconds: float, dry_run: bool) -> None:
    for file in done.files:
        if file.problem or file.cut:
            note(file.problem or file.cut)
    if done.left:
        names = ", ".join(sentence.partition(": ")[0] for sentence in done.left[:20])
        more = f" and {len(done.left) - 20} more" if len(done.left) > 20 else ""
        note(f"Left aside, since they are of no kind that is read: {names}{more}.")
    if dry_run:
        say("Dry run: this is what would happen; nothing was kept.")
    _say_lists(done)
    if any(not file.problem and file.format not in _LISTS for file in done.files):
        _say_read(done, seconds)
        _say_written(done)
    _say_held_back(done)
    if done.sent_missing:
        say()
        say_wrapped("", done.sent_missing)
    if done.report.due and done.report.contacts < 0:
        note(f"{done.where} cannot be asked now. What was read is kept, and decided once it answers.")
    for sentence in unfinished_lines(done.report.due, done.pending, done.pending_why):
        note(sentence)
    if done.report.parked:
        say(f"{counted(done.report.parked, 'write')} refused by the CRM: `firstcontact stuck` says why.")
    if done.report.waiting and not dry_run:
        say(f"{counted(done.report.waiting, 'question')} for you: `firstcontact review`.")


def unfinished_lines(due: int, pending: int, why: str) -> list[str]:
    """What could not be done now and is not lost: interactions not decided, writes not carried out."""
    said = f" ({why.rstrip('.')})" if why else ""
    lines = []
    if due:
        lines.append(f"{counted(due, 'interaction')} to be decided yet: `firstcontact run --once` does it.")
    if pending:
        again = f"{counted(pending, 'write')} to be tried again{said}"
        lines.append(f"{again}: `firstcontact run --once` in a minute.")
    return lines


_LISTS = ("contacts-csv", "vcard")


def _say_lists(done: _Done) -> None:
    lists = [file for file in done.files if file.format in _LISTS and not file.problem]
    if not lists:
        return
    named = sum(file.deliveries for file in lists)
    there = named - done.contacts_imported
    more = f"; {done.contacts_completed} of them were completed" if done.contacts_completed else ""
    already = f" {there:,} {'was' if there == 1 else 'were'} there already{more}." if there else ""
    say(f"{counted(done.contacts_imported, 'contact')} added to the address book from the list.{already}")


def _say_read(done: _Done, seconds: float) -> None:
    report = done.report
    kinds = ", ".join(
        counted(count, *_KIND.get(kind, (kind,))) for kind, count in sorted(report.kinds.items())
    )
    if kinds:
        say(f"Read {kinds} in {seconds:.1f} s.")
    elif report.rejected:
        say("Nothing new could be read.")
    elif report.deliveries:
        say(f"Read {counted(report.deliveries, 'item')} in {seconds:.1f} s; they tell nothing new.")
    else:
        say("Nothing new: all of it was known already, or there is nothing in it.")
    if report.rejected:
        why = ", ".join(f"{count:,} {reason}" for reason, count in report.rejections.items())
        say_wrapped("", f"{report.rejected:,} could not be read ({why}); `firstcontact rejected` lists them.")


_KIND = {
    "call": ("call",),
    "voicemail": ("voicemail",),
    "sms": ("text",),
    "fax": ("fax", "faxes"),
    "email": ("e-mail",),
    "meeting": ("meeting",),
}


def _say_written(done: _Done) -> None:
    report = done.report
    if done.held is not None:
        say(f"Nothing is written yet: {counted(done.held.creates, 'contact')} would be created.")
        return
    if done.only_shown is not None:
        creates, writes = done.only_shown
        say_wrapped(
            "",
            f"Nothing is written, since the connection is read-only: {counted(creates, 'contact')} would be "
            f"created, {counted(writes, 'write')} in all; `firstcontact read-only off` ends that.",
        )
    if done.would_create:
        say_wrapped(
            "",
            f"It would create {counted(done.would_create, 'contact')}, beyond the brake: it would ask first.",
        )
    if not (report.kinds or report.created or report.activities):
        return
    where = f"{done.where[0].upper()}{done.where[1:]}"
    size = f" {where} has {counted(report.contacts, 'contact')}." if report.contacts >= 0 else ""
    logged = counted(report.activities, "activity", "activities")
    say(f"{counted(report.created, 'contact')} created, {logged} logged.{size}")


def _say_held_back(done: _Done) -> None:
    from firstcontact.explain.summary import MOST, held_back

    reasons = held_back(done.kept)
    if not reasons:
        return
    say()
    nobody = not done.report.created and done.held is None
    say("Why nobody was created:" if nobody else "Why others were not created:")
    for each in reasons:
        say_wrapped(f"  {each.people:>5,}  ", f"{each.reason}: {each.meaning}")
        if each.next_step:
            say_wrapped("         → ", each.next_step)
    rest = len(done.kept) - len(reasons)
    if len(done.kept) > MOST and rest > 0:
        say(f"         and {counted(rest, 'other reason')}: `firstcontact report`")
    say("  The numbers are people. `firstcontact explain ADDRESS` tells it for one of them.")
