"""`firstcontact run`: the work that is due, once or for as long as it runs."""

from __future__ import annotations

import os
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import counted, home_folder, json_option, load_home, note, print_json, say
from firstcontact.cli.watching import WatchOptions, watch_options, watching

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.cli.watching import Watching
    from firstcontact.flow.installation import Tally
    from firstcontact.lanes.leases import Lease
    from firstcontact.lanes.worker import Drain
    from firstcontact.settings_text import Home


@click.command(epilog="Example: firstcontact run --processes 2 --metrics 9464")
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Lanes that each process works on at once.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Several, for the computing of a backfill or a replay.",
)
@click.option("--child", default=0, hidden=True, help="The process that started this one and watches it.")
@click.option("--share", default=0, hidden=True, help="Threads of all processes together.")
@watch_options
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    once: bool,
    threads: int,
    processes: int,
    child: int,
    share: int,
    watch: WatchOptions,
    as_json: bool,
) -> int:
    """Do the work that is due: decisions, writes, retries whose time has come; and go on as more comes.

    Stop it with Ctrl-C or SIGTERM: it finishes the batches in hand. Several may run at once, here and (with
    PostgreSQL) on other machines.
    """
    home = load_home(ctx)
    with watching(home.folder, watch, processes=processes, child=bool(child)) as looking:
        if processes > 1:
            return _processes(ctx, home, processes, threads, watch, looking, once=once)
        from firstcontact.bootstrap import open_to_work

        opened = open_to_work(home, looking.watch)
        if not child:
            looking.serve(opened.ledger, opened.installation.crm.connection, opened.installation.clock)
        if once and not child:
            return _once(opened, as_json)
        _until_stopped(opened, threads, share, looking, once=once, child=child)
        return 0


def _once(opened: Opened, as_json: bool) -> int:
    from firstcontact.cli.importing import unfinished_lines
    from firstcontact.flow.importing import unfinished

    tally = opened.installation.drain()
    if as_json:
        print_json(tally)
        return 0
    later = unfinished(opened.installation)
    if not _anything(tally):
        say("Nothing was due.")
        for line in unfinished_lines(0, later.writes, later.why):
            say(line)
        return 0
    if tally.understood:
        say(f"{counted(tally.understood, 'delivery', 'deliveries')} understood.")
    say(
        f"{counted(tally.decided, 'interaction')} decided, {counted(tally.written, 'write')} carried out, "
        f"{counted(tally.created, 'contact')} created, {tally.later} to be tried again later."
    )
    if tally.aside:
        say(f"{counted(tally.aside, 'thing')} failed by a fault of the program: `firstcontact stuck`.")
    return 0


def _anything(tally: Tally) -> bool:
    return bool(tally.understood or tally.decided or tally.written or tally.later or tally.aside)


def _until_stopped(
    opened: Opened, threads: int, share: int, looking: Watching, *, once: bool, child: int
) -> None:
    from firstcontact.cli.worker import stopping
    from firstcontact.lanes.worker import Workers

    installation = opened.installation
    workers = Workers(
        installation.lanes,
        drain_of(opened),
        installation.waiting,
        threads=threads,
        share=share,
        watch=looking.watch,
    )
    with stopping() as stop:
        if child:
            Thread(target=_stop_with_parent, args=(child, stop), daemon=True).start()
        else:
            note(f"At work with {counted(threads, 'thread')}; stop with Ctrl-C.")
        workers.run(stop, until_done=once)
    if not child:
        note("Stopped; what was in hand is finished.")


def _stop_with_parent(parent: int, stop: Event) -> None:
    """Finish when the process that started this one is gone, however it went."""
    while os.getppid() == parent and not stop.wait(1.0):
        pass
    stop.set()


def drain_of(opened: Opened) -> Drain:
    """What a worker does with a lease: a batch of each stage; whether there was anything to do."""
    from firstcontact.connectors.contract import AuthLapsed
    from firstcontact.flow.installation import Tally

    def drain(lease: Lease) -> bool:
        try:
            return opened.installation.drain(lease, batches=1) != Tally()
        except AuthLapsed:
            return False  # it is paused, and said

    return drain


def _processes(
    ctx: click.Context,
    home: Home,
    processes: int,
    threads: int,
    watch: WatchOptions,
    looking: Watching,
    *,
    once: bool,
) -> int:
    from firstcontact.bootstrap import open_to_work
    from firstcontact.cli.worker import stopping
    from firstcontact.lanes.processes import watch_over

    opened = open_to_work(home, looking.watch)  # what is wrong is said here, once
    looking.serve(opened.ledger, opened.installation.crm.connection, opened.installation.clock)
    command = [sys.executable, "-c", "from firstcontact.cli.main import main; main()",
               "--home", str(home_folder(ctx)), "run", "--child", str(os.getpid()),
               "--threads", str(threads), "--share", str(threads * processes),
               *(["--once"] if once else []), *_as_words(watch)]  # fmt: skip
    with stopping() as stop:
        note(f"At work with {counted(processes, 'process', 'processes')}; stop with Ctrl-C.")
        status = watch_over(command, processes, stop, until_done=once, watch=looking.watch)
    done = once and not stop.is_set()
    note("Nothing is due any more." if done else "Stopped; what was in hand is finished.")
    return status


def _as_words(watch: WatchOptions) -> list[str]:
    words = ["--log-level", watch.log_level, "--log-form", watch.log_form]
    if watch.log_file:
        words += ["--log-file", watch.log_file]
    if watch.log_values:
        words += ["--log-values"]
    if watch.metrics is not None:
        words += ["--metrics", str(watch.metrics), "--metrics-address", watch.metrics_address]
    return words
