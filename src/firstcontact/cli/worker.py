"""`firstcontact worker`, `wake` and `backfill`: several machines, by way of Temporal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from firstcontact.cli.common import (
    BAD_INPUT,
    NEEDS_A_PERSON,
    counted,
    json_option,
    load_home,
    note,
    only_user,
    print_json,
    say,
    user_of,
)
from firstcontact.cli.watching import WatchOptions, watch_options, watching

if TYPE_CHECKING:
    from firstcontact.bootstrap import FoundFile, Opened
    from firstcontact.flow.engine_job import InstallationJob
    from firstcontact.flow.installation import Tally
    from firstcontact.flow.replay import Difference, ReplaySummary
    from firstcontact.lanes.temporal.messages import Place, Progress
    from firstcontact.lanes.temporal.server import Server
    from firstcontact.settings_text import Home

F = TypeVar("F", bound=Callable[..., Any])

ACCEPT = 1000
"""Deliveries that are stored in one transaction."""


def temporal_options(command: F) -> F:
    """Where Temporal is; each as in the settings under `[engine]` where it is not given."""
    for option in (
        click.option("--task-queue", "queue", default="", metavar="NAME",
                     help="Its task queue; else one of the installation's own."),
        click.option("--namespace", default="", metavar="NAME", help="Its namespace.  [default: default]"),
        click.option("--temporal", "address", default="", metavar="HOST:PORT",
                     help="The Temporal server; else the one in the settings under [engine]."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command(epilog="Example: firstcontact worker --temporal temporal.northwind.example:7233 --threads 4")
@temporal_options
@click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Lanes that are drained at the same time.",
)
@click.option("--takeover", default=15.0, show_default=True, type=click.FloatRange(1, 600), metavar="SECONDS",
              help="A worker that is silent for so long has lost its work to another one.")  # fmt: skip
@click.option("--look", default=60.0, show_default=True, type=click.FloatRange(1, 3600), metavar="SECONDS",
              help="How often work is looked for whose wake-up was lost.")  # fmt: skip
@watch_options
@click.pass_context
def worker(
    ctx: click.Context,
    address: str,
    namespace: str,
    queue: str,
    threads: int,
    takeover: float,
    look: float,
    watch: WatchOptions,
) -> None:
    """Be one of several workers, on this machine or others, that do an installation's work together.

    They meet at a Temporal server and share one PostgreSQL. Runs until it is stopped with Ctrl-C or SIGTERM,
    and finishes what is in hand first. On one machine `firstcontact run` does the same without Temporal.
    """
    from firstcontact.lanes.temporal import engine

    home = load_home(ctx)
    server = _server(home, address, namespace, queue)
    engine.require()
    with watching(home.folder, watch) as looking, stopping() as stop:
        from firstcontact.bootstrap import open_to_work

        opened = open_to_work(home, looking.watch)
        job = _job(home, opened, takeover, look)
        looking.serve(opened.ledger, opened.installation.crm.connection, opened.installation.clock)
        note(f"Connecting to Temporal at {server.address} (namespace {server.namespace}).")
        engine.work(
            server,
            job,
            threads=threads,
            stop=stop,
            ready=lambda: note(f"At work with {counted(threads, 'thread')}; stop with Ctrl-C."),
            watch=looking.watch,
        )
    note("Stopped; what was in hand is finished.")


@click.command(epilog="Example: firstcontact wake --temporal temporal.northwind.example:7233")
@temporal_options
@json_option
@click.pass_context
def wake(ctx: click.Context, address: str, namespace: str, queue: str, as_json: bool) -> None:
    """Tell the workers that there may be work. Nothing is lost without: they look by themselves, too."""
    from firstcontact.lanes.temporal import engine

    home = load_home(ctx)
    server = _server(home, address, namespace, queue)
    engine.require()
    opened = _open(home)
    count = engine.wake(server, _place(opened))
    if as_json:
        print_json({"woken": count})
    else:
        say(f"{counted(count, 'lane')} woken.")


@click.command(epilog="Example: firstcontact backfill ~/archive --temporal temporal.northwind.example:7233")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@temporal_options
@click.option("--for", "user", default="", metavar="USER", help="Whose mailbox, calendar or line it is.")
@json_option
@click.pass_context
def backfill(
    ctx: click.Context,
    paths: tuple[Path, ...],
    address: str,
    namespace: str,
    queue: str,
    user: str,
    as_json: bool,
) -> int:
    """Store what files hold and have all workers understand, decide and write it; wait until that is done.

    Without a PATH: wait for what is due already. It can be stopped and begun again; nothing is logged twice.

    Exits with 0 when everything is done, 2 when a file was not read, 3 when something waits for a person.
    """
    from firstcontact.lanes.temporal import engine

    home = load_home(ctx)
    server = _server(home, address, namespace, queue)
    engine.require()
    user = user_of(home, user) or only_user(home)
    opened = _open(home)
    stored, problems = _store(home, opened, paths, user)
    for problem in problems:
        note(problem)
    end = engine.backfill(server, _place(opened), _telling(as_json))
    due = end.due
    if as_json:
        print_json({"stored": stored.deliveries, "known": stored.known_deliveries, "held": due.held,
                    "later": due.later, "paused": due.paused, "problems": problems})  # fmt: skip
    else:
        _say_end(stored, end)
    if problems:
        return BAD_INPUT
    return NEEDS_A_PERSON if due.held or due.paused else 0


def replay_by_workers(
    ctx: click.Context, file: Path, address: str, since: int, until: int, parts: int, examples: int
) -> tuple[list[Difference], ReplaySummary]:
    """A replay in parts by all workers. Raises SettingsProblem, EngineProblem."""
    from firstcontact.config import load_other
    from firstcontact.flow.engine_job import forget_settings, offer_settings, told
    from firstcontact.lanes.temporal import engine
    from firstcontact.lanes.temporal.messages import ReplayRequest

    home = load_home(ctx)
    other = load_other(file, like=home)
    server = _server(home, address, "", "")
    engine.require()
    opened = _open(home)
    version = other.book.version
    offer_settings(opened.ledger, version, other.text)
    try:
        request = ReplayRequest(_place(opened), version, since, until, parts, examples)
        done = engine.replay(server, request)
    finally:
        forget_settings(opened.ledger, version)
    if done.newest < 0:
        note(
            "Interactions were decided while this ran: the counts may be a few off; run it again for others."
        )
    return told(opened.ledger, done)


# --- what the commands share ------------------------------------------------------------------------


def _server(home: Home, address: str, namespace: str, queue: str) -> Server:
    from firstcontact.lanes.temporal.server import Server, read_address

    chosen = address or home.engine.temporal
    if not chosen:
        raise click.UsageError(
            "where is Temporal? Give --temporal HOST:PORT, or say it in the settings: [engine] temporal = "
            '"HOST:PORT". On one machine `firstcontact run` needs none.'
        )
    return Server(
        read_address(chosen), namespace or home.engine.namespace, queue or home.engine.queue, _tls(home)
    )


def _tls(home: Home) -> tuple[bytes, bytes, bytes] | None:
    """The files of a connection that is encrypted. Raises OSError."""
    said = home.engine
    if not said.tls:
        return None
    authority = "" if said.tls == "system" else said.tls
    files = (authority, said.certificate, said.key)
    read = [(home.folder / name).read_bytes() if name else b"" for name in files]
    return read[0], read[1], read[2]


def _open(home: Home) -> Opened:
    from firstcontact.bootstrap import open_installation

    return open_installation(home)


def _place(opened: Opened) -> Place:
    from firstcontact.flow.engine_job import place_of

    return place_of(opened.installation)


def _job(home: Home, opened: Opened, takeover: float, look: float) -> InstallationJob:
    from firstcontact.config import read_other
    from firstcontact.flow.engine_job import InstallationJob, place_of

    return InstallationJob(
        opened.installation,
        place_of(opened.installation, takeover, look),
        lambda text: read_other(text, home.path, home).book,
    )


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set when the process is told to end; told a second time, it ends at once."""
    stop = threading.Event()

    def on_signal(number: int, _: object) -> None:
        if stop.is_set():
            sys.exit(128 + number)
        stop.set()

    before = {each: signal.signal(each, on_signal) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _store(home: Home, opened: Opened, paths: tuple[Path, ...], user: str) -> tuple[Tally, list[str]]:
    """Store what the files hold as work that is due; what could not be read, as sentences."""
    from firstcontact.bootstrap import CONTACT_FORMATS, files_under
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.installation import Tally

    total, problems = Tally(), []
    for file in (file for path in paths for file in files_under(path)):
        if file.problem:
            problems.append(file.problem)
        elif file.format in CONTACT_FORMATS:
            problems.append(f"{file.path}: this is a list of contacts; `firstcontact import` takes it.")
        else:
            try:
                total += _store_file(home, opened, file, user)
            except FileProblem as problem:
                problems.append(str(problem))
    return total, problems


def _store_file(home: Home, opened: Opened, file: FoundFile, user: str) -> Tally:
    from firstcontact.bootstrap import file_items, reader
    from firstcontact.connectors.contract import Delivery
    from firstcontact.flow.installation import Tally
    from firstcontact.store.statements import chunks

    installation = opened.installation
    read = reader(home.book, installation.clock.now())
    total = Tally()
    for items in chunks((item for item, _ in file_items(file.path, file.format, "", user)), ACCEPT):
        total += installation.accept([item for item in items if isinstance(item, Delivery)], live=False)
        rejections = [(item, "") for item in items if not isinstance(item, Delivery)]
        total += installation.receive(rejections, read)
    return total


def _telling(as_json: bool) -> Callable[[Progress], None]:
    last = ""

    def told(progress: Progress) -> None:
        nonlocal last
        due = progress.due
        line = f"{due.deliveries:,} to understand, {due.interactions:,} to decide, {due.writes:,} to write"
        if line != last and not as_json:
            note(line)
            last = line

    return told


def _say_end(stored: Tally, end: Progress) -> None:
    if stored.deliveries or stored.known_deliveries:
        new = counted(stored.deliveries, "delivery", "deliveries")
        say(f"{new} stored, {stored.known_deliveries:,} known before.")
    say("Nothing is due any more." if not end.due.now else "The rest waits:")
    if end.due.paused:
        say("  The CRM connection is paused: its permission has lapsed.")
    if end.due.held:
        say(f"  {counted(end.due.held, 'write')} held by a brake: `firstcontact brake release`.")
    if end.due.later:
        say(f"  {end.due.later:,} to be tried again later, by themselves.")
