"""A small firm's week, taken in from files: what was decided about everybody in it, and why.

`make demo` runs this. It makes the home folder (`.demo`, or the one named as argument) anew each time and
writes nowhere else; a folder that is no demo's is left alone. Each command is run as it would be typed, but
in one process, so that the libraries are loaded once.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path

from firstcontact.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
WEEK = "examples/week"
MARK = "is-a-demo"
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Lark & Osei LLP, two partners and a paralegal, had a week in March 2026. Their address book first:",
        (f"import {WEEK}/contacts.csv",),
    ),
    (
        "Then two mailboxes, a calendar and what changed in it, and what the phone system wrote down:",
        (
            f"import --for dana {WEEK}/mail.mbox {WEEK}/calendar.ics {WEEK}/calendar-thursday.ics",
            f"import --for kofi {WEEK}/mail-kofi.mbox",
            f"import {WEEK}/calls.json {WEEK}/texts.json {WEEK}/fax.json",
        ),
    ),
    ("Who is in the address book now because of it:", ("contacts --created-by-us",)),
    (
        "Why is Lena Fischer there? Dana wrote first, an out-of-office came back, she answered on Friday:",
        ("explain lena.fischer@otterbein.example",),
    ),
    (
        "Why is Evan Stroud not there, who sent new wire instructions?",
        ("explain evan.stroud@pinecrestbank.example",),
    ),
    ("And who called from the insurer's switchboard?", ("explain +14155550140",)),
    ("What waits for a person:", ("review",)),
    (
        "What would the preset `app-connect` have done, which creates nobody unasked? Nothing is written:",
        (f"replay --with {WEEK}/app-connect.toml --examples 6",),
    ),
)
NEXT = """\
  export FIRSTCONTACT_HOME={home} PATH="$PWD/.venv/bin:$PATH"
  firstcontact report                                       counts by reason
  firstcontact activities                                   what was logged
  firstcontact explain marisol_vega@gmail.com               a free-mail address: a person is asked
  firstcontact review create 1                              ... and answers (the numbers are above)
  firstcontact import --for dana examples/week/mail.mbox    again: nothing is logged twice
  less examples/week/README.md                              every case of the week, with what comes of it
  less docs/tutorial.md                                     the same, slowly
"""


def _say(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


def _run(home: Path, command: str) -> None:
    """One command. Status 3, a person is asked, is an answer here and no failure."""
    print(f"\n$ firstcontact {command}", flush=True)
    status = cli.main(["--home", str(home), *shlex.split(command)], standalone_mode=False)
    if status not in (None, 0, 3):
        raise SystemExit(f"firstcontact {command} ended with status {status}")


def main() -> None:
    """Make the home folder, take the week in, and show what came of it."""
    started = time.monotonic()
    named = sys.argv[1] if len(sys.argv) > 1 else ".demo"
    home = ROOT / named
    if home.exists() and not (home / MARK).exists():
        raise SystemExit(f"{home} is there and is no demo's; name another folder")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARK).touch()
    shutil.copy(ROOT / WEEK / "settings.toml", home)
    for text, commands in STEPS:
        _say(text)
        for command in commands:
            _run(home, command)
    _say(f"That was it, in {time.monotonic() - started:.1f} seconds. Try next:")
    print(NEXT.format(home=named))


if __name__ == "__main__":
    main()
