"""Importing files: understand all, decide all, ask once where a brake says so, then carry out.

Deciding comes after everything is understood, so that an answer in the Sent folder counts for the mail it
answers whichever file is named first. Intents are held until it is clear how many contacts they make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from firstcontact.flow.installation import Installation, Item, Progress, Reader, Tally
from firstcontact.ledger import intake, writing
from firstcontact.ledger.reading import Report, ours_seen, report


class FileResult(msgspec.Struct, frozen=True):
    """What one file gave: its format, deliveries and rejections, or the problem that kept it out."""

    path: str
    format: str
    deliveries: int = 0
    rejected: int = 0
    problem: str = ""


class Held(msgspec.Struct, frozen=True):
    """What waits for a person's word: contacts that the import would create, and the limit it is beyond."""

    creates: int
    limit: int


class FileToRead(msgspec.Struct, frozen=True):
    """One file to import: where, which format, and how to read on behind a cursor."""

    path: Path
    format: str
    items: Callable[[str], Iterator[Item]]


def receive_files(
    installation: Installation,
    files: Sequence[FileToRead],
    reader: Reader,
    user: str,
    problems: tuple[type[Exception], ...],
    progress: Progress,
) -> tuple[Tally, tuple[FileResult, ...]]:
    """Understand files, each from where an earlier import of the same file stopped. A file that can't be read
    (one of `problems`) is said, and the rest goes on."""
    total = Tally()
    results: list[FileResult] = []
    for file in files:
        name = _cursor_name(file.path, user)
        with installation.ledger.read() as tx:
            cursor = intake.cursor(tx, name)
        try:
            done = installation.receive(
                file.items(cursor), reader, cursor_name=name, live=False, progress=progress
            )
        except problems as problem:
            results.append(FileResult(str(file.path), file.format, problem=str(problem)))
            continue
        total += done
        results.append(FileResult(str(file.path), file.format, done.deliveries, done.rejected))
    return total, tuple(results)


def _cursor_name(path: Path, user: str) -> str:
    """A file that changed is another file: its cursor starts anew, and digests keep what was known known."""
    facts = path.stat()
    size = 0 if path.is_dir() else facts.st_size
    changed = 0 if path.is_dir() else facts.st_mtime_ns
    return f"file:{path.resolve()}:{size}:{changed}:{user}"


def decide_held(installation: Installation, progress: Progress) -> tuple[Tally, Held | None]:
    """Decide everything due, holding the intents. `Held` where they would make more contacts than the brake
    allows; else they are released at once."""
    limit = installation.book.effective("", installation.crm.connection).brakes_creates_per_hour
    installation.poll()
    tally = installation.decide_due(held=True, progress=progress)
    with installation.ledger.read() as tx:
        creates = writing.held(tx).get("create_contact", 0)
    if creates > limit:
        return tally, Held(creates, limit)
    release(installation)
    return tally, None


def release(installation: Installation) -> None:
    """What an import held may be carried out."""
    with installation.ledger.write() as tx:
        writing.release_held(tx, installation.clock.now())


def own_report(before: Report, after: Report) -> Report:
    """What lies between two reports: an import's own counts; the CRM's contacts and what waits are as now."""
    changes: dict[str, object] = {}
    for name in Report.__struct_fields__:
        was, now = getattr(before, name), getattr(after, name)
        if isinstance(now, dict):
            keys = {key: now.get(key, 0) - was.get(key, 0) for key in now}
            changes[name] = {key: count for key, count in keys.items() if count > 0}
        elif name in ("contacts", "waiting", "parked", "held", "due"):
            changes[name] = now
        else:
            changes[name] = now - was
    return Report(**changes)  # type: ignore[arg-type]


def snapshot(installation: Installation) -> Report:
    """The counts now."""
    with installation.ledger.read() as tx:
        return report(tx, installation.crm.size())


def sent_is_missing(installation: Installation) -> bool:
    """Whether there are mails, and none of them was sent by one of ours."""
    team = installation.book.team
    addresses = [address for user in team.users for address in user.emails]
    with installation.ledger.read() as tx:
        kinds = report(tx, 0).kinds
        return kinds.get("email", 0) > 0 and ours_seen(tx, addresses, list(team.domains)) == 0
