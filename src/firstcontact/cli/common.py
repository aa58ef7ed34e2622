"""What the commands share: opening the home, printing, and one sentence for each known problem."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.config import Home

F = TypeVar("F", bound=Callable[..., Any])

NEEDS_A_PERSON = 3
INTERRUPTED = 130


def json_option(command: F) -> F:
    """`--json`: machine-readable output."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def home_folder(ctx: click.Context) -> Path:
    """The home folder that the call names."""
    from firstcontact.config import home_folder as chosen

    return chosen(str(ctx.find_root().obj or ""))


def load_home(ctx: click.Context) -> Home:
    """The settings of the home folder. Raises SettingsProblem."""
    from firstcontact.config import load

    return load(home_folder(ctx))


def open_home(ctx: click.Context) -> tuple[Home, Opened]:
    """Settings and installation of the home folder. Raises SettingsProblem, StoreProblem."""
    from firstcontact.bootstrap import open_installation

    home = load_home(ctx)
    return home, open_installation(home)


def say(text: str = "") -> None:
    """A line for a person."""
    click.echo(text)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows in columns; plain text where the output is no terminal."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*headers, box=SIMPLE, header_style="bold", pad_edge=False)
    for row in rows:
        drawn.add_row(*(_plain(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(drawn)


def _plain(cell: object) -> str:
    return "" if cell is None else str(cell)


def moment(at: int) -> str:
    """Microseconds as `2026-03-02 10:00` UTC, "" for 0."""
    if not at:
        return ""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return when.strftime("%Y-%m-%d %H:%M")


def guarded(command: click.Command) -> None:
    """Run the command; known problems end in one sentence on standard error and an exit status."""
    try:
        status = command.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted; what was done is kept, and the same command goes on.", err=True)
        sys.exit(INTERRUPTED)
    except KeyboardInterrupt:
        click.echo("Interrupted; what was done is kept, and the same command goes on.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        sentence = _known(error)
        if sentence is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _known(error: Exception) -> str | None:
    """The sentence of a problem that a person can do something about; None for a bug."""
    from firstcontact.connectors.contract import AuthLapsed
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.problems import FlowProblem
    from firstcontact.policy.schema import SettingsProblem
    from firstcontact.store.problems import StoreProblem

    if isinstance(error, FileProblem | FlowProblem | SettingsProblem | StoreProblem | AuthLapsed):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'The system'}: {error.strerror or error}"
    return None
