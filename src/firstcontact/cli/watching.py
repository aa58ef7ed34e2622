"""Logs and metrics of the commands that keep running: their options, and what they open.

A command takes `watch_options`, opens `watching` around all it does, hands `Watching.watch` to the
installation, and calls `serve` once it has one. A process that it starts for itself opens `watching` too,
with the same options and `child=True`; it counts together with the others, and answers nobody.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.cli.common import known_problem, note

if TYPE_CHECKING:
    from firstcontact.flow.clock import Clock
    from firstcontact.ledger.book import Ledger
    from firstcontact.operating.metrics import Metrics, Server
    from firstcontact.operating.watch import Watch

F = TypeVar("F", bound=Callable[..., Any])

FAULT = 1
"""Exit status where the program failed for a reason that nobody foresaw."""


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `watch_options` were given. metrics: the port, None for no metrics, 0 for any free one."""

    log_file: str = ""
    log_level: str = "info"
    log_form: str = "auto"
    log_values: bool = False
    metrics: int | None = None
    metrics_address: str = "127.0.0.1"


def watch_options(command: F) -> F:
    """Adds the options to a command, which gets them as one argument `watch`, a `WatchOptions`."""

    @wraps(command)
    def together(*arguments: Any, **values: Any) -> Any:
        given = {name: values.pop(name) for name in WatchOptions.__struct_fields__}
        return command(*arguments, **values, watch=WatchOptions(**given))

    decorated: Any = together
    for option in (
        click.option("--metrics-address", default="127.0.0.1", show_default=True, metavar="ADDRESS",
                     help="Answer there; nobody is asked for a password."),
        click.option("--metrics", default=None, type=click.IntRange(0, 65535), metavar="PORT",
                     help="Answer Prometheus at this port; 0: any free one."),
        click.option("--log-values", is_flag=True,
                     help="Show names, addresses and numbers in the log; to find a fault."),
        click.option("--log-form", default="auto", type=click.Choice(["auto", "json", "text"]),
                     help="auto: text on a terminal, else JSON.  [default: auto]"),
        click.option("--log-level", default="info", show_default=True,
                     type=click.Choice(["debug", "info", "warning", "error"]), help="What is told at least."),
        click.option("--log-file", default="", metavar="FILE", type=click.Path(dir_okay=False),
                     help="Log to this file, else to standard error."),
    ):  # fmt: skip
        decorated = option(decorated)
    result: F = decorated
    return result


class Watching:
    """What looks on: `watch` for the installation, and the answer for Prometheus."""

    def __init__(self, watch: Watch, metrics: Metrics | None, options: WatchOptions, *, child: bool) -> None:
        self.watch = watch
        self._metrics = None if child else metrics
        self._options = options
        self._server: Server | None = None

    def serve(self, ledger: Ledger, connection: str, clock: Clock) -> int:
        """Answer Prometheus where the options say so; the port, 0 for none. A child never does. Raises
        OSError."""
        from firstcontact.operating.state import State, state

        if self._metrics is None or self._options.metrics is None:
            return 0

        def ask() -> State:
            with ledger.read() as tx:
                return state(tx, connection, clock.now())

        self._server = self._metrics.serve(ask, self._options.metrics, self._options.metrics_address)
        note(f"Metrics at http://{self._options.metrics_address}:{self._server.port}/metrics")
        return self._server.port

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()


@contextmanager
def watching(
    folder: Path, options: WatchOptions, *, processes: int = 1, child: bool = False
) -> Iterator[Watching]:
    """Logs and metrics around a command that keeps running.

    folder: the home. processes: how many the command will be or start; with more than one they count
    together. child: this is one of those. A failure that nobody foresaw is logged without values and
    ends in exit status 1, since a traceback on standard error would quote people. Raises OSError where the
    log can't be opened.
    """
    from firstcontact.config import metrics_folder, share_metrics
    from firstcontact.operating.logs import Logs, LogSettings
    from firstcontact.operating.watching import Watches

    shared = metrics_folder() if child else _shared(options, processes)
    settings = LogSettings(
        file=Path(options.log_file) if options.log_file else None,
        level=options.log_level,  # type: ignore[arg-type]
        form=options.log_form,  # type: ignore[arg-type]
        shows_values=options.log_values,
        home=folder,
    )
    with Logs(settings) as logs:
        logs.listen()
        metrics = _metrics(shared) if options.metrics is not None else None
        watches = Watches([logs] if metrics is None else [logs, metrics])
        opened = Watching(watches, metrics, options, child=child)
        try:
            yield opened
        except Exception as error:
            if isinstance(error, click.ClickException | click.exceptions.Exit | click.exceptions.Abort):
                raise
            if known_problem(error) is not None:
                raise
            opened.watch.failure("stopped by a fault of the program", error)
            where = f"the log {options.log_file}" if options.log_file else "the log above"
            note(f"A fault of the program ended this; {where} says where. What was done so far is kept.")
            raise click.exceptions.Exit(FAULT) from None
        finally:
            opened.close()
            if shared is not None and not child:
                share_metrics(None)
                with crossing(Boundary.REMOVE_METRICS_FOLDER):
                    shutil.rmtree(shared, ignore_errors=True)


def _shared(options: WatchOptions, processes: int) -> Path | None:
    from firstcontact.config import share_metrics

    share_metrics(None)  # what was in the environment was meant for another program
    if options.metrics is None or processes < 2:
        return None
    with crossing(Boundary.MAKE_METRICS_FOLDER):
        folder = Path(tempfile.mkdtemp(prefix="firstcontact-metrics-"))
    share_metrics(folder)
    return folder


def _metrics(shared: Path | None) -> Metrics:
    from firstcontact.operating.metrics import Metrics

    return Metrics(shared)
