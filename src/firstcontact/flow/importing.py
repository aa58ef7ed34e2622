"""Importing files: understand all, decide all, ask once where a brake says so, then carry out.

Deciding comes after everything is understood, so that an answer in the Sent folder counts for the mail it
answers whichever file is named first. Intents are held until it is clear how many contacts they make.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.flow.installation import Held, Installation, Item, Progress, Reader, Tally
from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger import intake, writing
from firstcontact.ledger.pending import Pending, pending
from firstcontact.ledger.people import left_out
from firstcontact.ledger.reading import Report, ours_seen, report
from firstcontact.ledger.reviewing import Review


class FileResult(msgspec.Struct, frozen=True):
    """What one file gave: its format, deliveries and rejections, or the problem that kept it out.

    cut: why reading ended before the file did (cut off, damaged); what came before is kept.
    """

    path: str
    format: str
    deliveries: int = 0
    rejected: int = 0
    problem: str = ""
    cut: str = ""


class FileToRead(msgspec.Struct, frozen=True):
    """One file to import: where, which format, and how to read on behind a cursor."""

    path: Path
    format: str
    items: Callable[[str], Iterator[Item]]


ENDS_EARLY = frozenset({"truncated", "damaged", "zip_bomb", "unreadable"})
"""Rejections that end a file: there may be more in it than was read."""


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
        ends: list[str] = []
        try:
            name = _cursor_name(file.path, user)
            with installation.ledger.read() as tx:
                cursor = intake.cursor(tx, name)
            items = _noting_ends(file.items(cursor), ends)
            done = installation.receive(items, reader, cursor_name=name, live=False, progress=progress)
        except problems as problem:
            results.append(FileResult(str(file.path), file.format, problem=str(problem)))
            continue
        except OSError as error:
            sentence = f"{file.path}: cannot be read ({error.strerror or error})."
            results.append(FileResult(str(file.path), file.format, problem=sentence))
            continue
        total += done
        cut = ends[0] if ends else _nothing(done)
        cut = f"{file.path}: {cut}" if cut else ""
        results.append(FileResult(str(file.path), file.format, done.deliveries, done.rejected, cut=cut))
    return total, tuple(results)


def _nothing(done: Tally) -> str:
    """What to say of a file that was read and gave nothing but rejections."""
    if done.rejected and not (done.interactions or done.changed or done.known or done.known_deliveries):
        return "nothing in it could be read; `firstcontact rejected` says why."
    return ""


def _noting_ends(items: Iterator[Item], ends: list[str]) -> Iterator[Item]:
    for item in items:
        if isinstance(item[0], Rejection) and item[0].reason in ENDS_EARLY:
            ends.append(item[0].detail)
        yield item


def _cursor_name(path: Path, user: str) -> str:
    """A file that changed is another file: its cursor starts anew, and digests keep what was known known."""
    facts = path.stat()
    size = 0 if path.is_dir() else facts.st_size
    changed = 0 if path.is_dir() else facts.st_mtime_ns
    return f"file:{path.resolve()}:{size}:{changed}:{user}"


def decide_held(installation: Installation, progress: Progress) -> tuple[Tally, Held | None]:
    """Decide everything due. `Held` where what was imported would make more contacts than the brake allows;
    else it is released at once."""
    installation.poll()
    tally = Tally()
    while True:
        tally += installation.decide_due(progress=progress)
        held = installation.release_imported()
        if held is not None or not installation.imports_due():
            return tally, held
        time.sleep(0.1)  # other workers are at the rest


def release(installation: Installation) -> None:
    """What an import held may be carried out."""
    with installation.ledger.write(Boundary.RELEASE_HELD) as tx:
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
    """The counts now. What is decided but not written yet is not counted as logged, and a question that is
    asked on several interactions about one person is one question. Where the CRM cannot be asked now, how
    many contacts it has is not known."""
    try:
        with crossing(Boundary.ASK_SIZE_TO_REPORT):
            crm = installation.crm if installation.crm.capabilities().looks_up else installation.known
            size = crm.size()
    except (AuthLapsed, TryAgain):
        size = -1
    with installation.ledger.read() as tx:
        counts = report(tx, size)
        not_logged = pending(tx).activities
    waiting = len(questions(installation)) if counts.waiting else 0
    return msgspec.structs.replace(counts, waiting=waiting, activities=max(counts.activities - not_logged, 0))


def unfinished(installation: Installation) -> Pending:
    """What is decided and not written, since the CRM could not take it yet."""
    with installation.ledger.read() as tx:
        return pending(tx)


def people_kept(installation: Installation) -> dict[str, int]:
    """How many people each reason keeps from the CRM (see `ledger.people`)."""
    with installation.ledger.read() as tx:
        return left_out(tx)


class Question(msgspec.Struct, frozen=True):
    """What is asked about one subject, on however many interactions: an answer settles all of them.

    no: the number to answer with; numbers: those of the same question, any of which will do. about: the
    person, "" where the interaction itself is in question (which matter). interactions: oldest first.
    """

    no: int
    numbers: tuple[int, ...]
    about: str
    reasons: tuple[str, ...]
    candidates: tuple[str, ...]
    interactions: tuple[str, ...]
    opened_at: int


def questions(installation: Installation) -> tuple[Question, ...]:
    """The open questions, each subject once, oldest first."""
    by_subject: dict[str, list[Review]] = {}
    for review in installation.open_reviews():
        subject = review.about or f"interaction:{review.interaction}"
        by_subject.setdefault(subject, []).append(review)
    return tuple(_question(reviews) for reviews in by_subject.values())


def _question(reviews: list[Review]) -> Question:
    first = reviews[0]
    return Question(
        no=first.id,
        numbers=tuple(each.id for each in reviews),
        about=first.about,
        reasons=tuple(dict.fromkeys(name for each in reviews for name in each.reasons)),
        candidates=tuple(dict.fromkeys(id for each in reviews for id in each.candidates)),
        interactions=tuple(each.interaction for each in reviews),
        opened_at=min(each.opened_at for each in reviews),
    )


def sent_is_missing(installation: Installation) -> bool:
    """Whether there are mails, and none of them was sent by one of ours."""
    team = installation.book.team
    addresses = [address for user in team.users for address in user.emails]
    with installation.ledger.read() as tx:
        kinds = report(tx, 0).kinds
        return kinds.get("email", 0) > 0 and ours_seen(tx, addresses, list(team.domains)) == 0
