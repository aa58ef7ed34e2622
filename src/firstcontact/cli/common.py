"""What the commands share: opening the home, printing, and one sentence for each known problem."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.settings_text import Home

F = TypeVar("F", bound=Callable[..., Any])

ANSWER_IS_NO = 1
BAD_INPUT = 2
NEEDS_A_PERSON = 3
INTERRUPTED = 130
"""Exit statuses beside 0, done."""

KINDS = ("call", "voicemail", "sms", "fax", "email", "meeting")

_NOT_PRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, with which a mail's subject could command the reader's terminal, and marks that turn
the direction of writing, with which it could disguise what stands beside it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def json_option(command: F) -> F:
    """`--json`: machine-readable output."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


# --- the home ----------------------------------------------------------------------------------


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


def contacts_are_in(opened: Opened) -> str:
    """Where the contacts are, in a sentence: `the address book`, or the CRM's name."""
    return "the address book" if opened.own is not None else opened.installation.crm.capabilities().title


def held_sentence(opened: Opened) -> str:
    """Why writes are held, and what lets them go."""
    if opened.installation.read_only():
        return "held, since the connection is read-only: `firstcontact read-only off` writes them."
    return "held by a brake: `firstcontact brake release` lets them go."


def user_of(home: Home, named: str, option: str = "--for") -> str:
    """The id of the user that is meant by an id, an address or a name; "" for nobody named.

    Raises click.UsageError for one who is not in the team.
    """
    if not named:
        return ""
    wanted = named.strip().casefold()
    for user in home.book.team.users:
        if wanted in (user.id.casefold(), user.name.casefold(), *(mail.casefold() for mail in user.emails)):
            return user.id
    known = ", ".join(f"{user.id} ({user.name})" for user in home.book.team.users)
    raise click.UsageError(f"{option} {named}: no such user. The team has {known or 'no users yet'}.")


def only_user(home: Home) -> str:
    """Whose mailbox, calendar or line it is where nobody is named: the team's one user, "" where there are
    several."""
    users = home.book.team.users
    return users[0].id if len(users) == 1 else ""


# --- printing ------------------------------------------------------------------------------------


def clean(text: object) -> str:
    """The value as text that a terminal only shows; "" for None."""
    return "" if text is None else _NOT_PRINTED.sub("\N{REPLACEMENT CHARACTER}", str(text))


def say(text: str = "") -> None:
    """A line for a person."""
    click.echo(clean(text))


def note(text: str) -> None:
    """A line for a person beside the output: on standard error."""
    click.echo(clean(text), err=True)


def say_wrapped(first: str, text: str) -> None:
    """`first` and, beside it, the text in as many lines as the width makes necessary."""
    width = max(min(shutil.get_terminal_size((100, 24)).columns, 110), 40)
    lines = textwrap.wrap(
        clean(text),
        width,
        initial_indent=clean(first),
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines) if lines else clean(first).rstrip())


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows in columns, cut to the width of a terminal, else as wide as they need; nothing for no rows."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    cells = [[" ".join(clean(cell).split()) for cell in row] for row in rows]
    if not cells:
        return
    drawn = Table(*headers, box=SIMPLE, header_style="bold", pad_edge=False, show_edge=False)
    for row in cells:
        drawn.add_row(*row)
    # As wide as it needs where no terminal cuts it: a program that reads it wants whole cells.
    width = None if sys.stdout.isatty() else 10_000
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether a person says yes; from a script only where it was said on the command line."""
    if yes:
        return True
    if not sys.stdin.isatty():
        note(f"{question} Nobody is there to ask: add --yes.")
        return False
    return click.confirm(question, err=True)


def counted(count: int, one: str, many: str = "") -> str:
    """`1 question`, `2 questions`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def moment(at: int, home: Home, *, zone: bool = False) -> str:
    """Microseconds as `2026-03-02 10:00` in the team's time zone, with its name where asked; "" for 0."""
    from zoneinfo import ZoneInfo

    if not at:
        return ""
    when = (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(home.book.team.timezone))
    return when.strftime("%Y-%m-%d %H:%M %Z" if zone else "%Y-%m-%d %H:%M")


def day(text: str, home: Home, default: int) -> int:
    """The beginning of a day (or a moment) as the team's time zone has it, in microseconds; `default` for "".

    Raises click.UsageError for what is no date.
    """
    from zoneinfo import ZoneInfo

    if not text:
        return default
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no date; write 2026-03-01") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(home.book.team.timezone))
    return (when - _EPOCH) // timedelta(microseconds=1)


# --- the frame of every command ------------------------------------------------------------------


def guarded(command: click.Command, words: Sequence[str] | None = None) -> None:
    """Run the command; known problems end in one sentence on standard error and an exit status."""
    try:
        status = command.main(words, prog_name="firstcontact", standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(
            "Interrupted. What was done so far is kept; the same command goes on from there.", err=True
        )
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python flushes once more at exit: into nothing, then.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115
        sys.exit(0)
    except Exception as error:
        sentence = known_problem(error)
        if sentence is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(BAD_INPUT)
    sys.exit(status if isinstance(status, int) else 0)


def known_problem(error: Exception) -> str | None:
    """The sentence of a problem that a person can do something about; None for a bug."""
    from firstcontact.connectors.contract import AuthLapsed, TryAgain
    from firstcontact.connectors.files.problems import FileProblem
    from firstcontact.flow.problems import FlowProblem
    from firstcontact.formats.title_rules import BadRules
    from firstcontact.keyring import KeyProblem
    from firstcontact.lanes.temporal.server import EngineProblem
    from firstcontact.policy.setting import SettingsProblem
    from firstcontact.store.problems import StoreProblem

    known = BadRules | EngineProblem | FileProblem | FlowProblem | KeyProblem | SettingsProblem | StoreProblem
    if isinstance(error, AuthLapsed):
        again = "`firstcontact connect` logs in again, and what waited goes on."
        return str(error) if "firstcontact connect" in str(error) else f"{error} {again}"
    if isinstance(error, known | TryAgain):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'The system'}: {error.strerror or error}."
    return None
