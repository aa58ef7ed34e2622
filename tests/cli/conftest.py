"""The command as its user calls it: `fc` runs it in this process, `fc.process` in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from firstcontact.bootstrap import sides
from firstcontact.cli.common import guarded
from firstcontact.cli.main import cli
from firstcontact.config import load
from firstcontact.store.engine import read
from firstcontact.store.rows import shapes, summed

ROOT = Path(__file__).resolve().parents[2]
WEEK = ROOT / "examples" / "week"
MAIN = "from firstcontact.cli.main import main; main()"


@dataclass(frozen=True)
class Said:
    """What a call printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both outputs with all white space as one space, so that lines may break anywhere."""
        return " ".join((self.out + " " + self.err).split())

    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


@dataclass
class FirstContact:
    """The command line with a home folder."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: object) -> Said:
        """Run in this process, with the outermost frame that a user's call has too."""
        out, err = io.StringIO(), io.StringIO()
        status: object = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _nobody_at_the_keyboard():
            try:
                guarded(cli, ["--home", str(self.home), *map(str, words)])
            except SystemExit as end:
                status = end.code
        return Said(int(str(status or 0)), out.getvalue(), err.getvalue())

    def done(self, *words: object) -> Said:
        """Run what must succeed."""
        said = self(*words)
        assert said.status == 0, said
        return said

    def json(self, *words: object) -> Any:
        """What a command says in JSON, whatever its status."""
        return self(*words, "--json").json()

    def start(self, *words: object, **more: Any) -> subprocess.Popen[str]:
        """Start it in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "--home", str(self.home), *map(str, words)],
            env={**os.environ, "COLUMNS": "100", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def process(self, *words: object, **more: Any) -> Said:
        """Run it to its end in a process of its own."""
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=120)
        return Said(process.returncode, out, err)

    def rows(self) -> dict[str, Any]:
        """Counts and digests of every table of both databases, wherever they are."""
        found = {}
        for side in sides(self.home, load(self.home).store):
            with read(side.engine) as tx:
                for shape in shapes(side.history.metadata):
                    found[f"{side.history.name}.{shape.name}"] = summed(tx, shape)
            side.engine.dispose()
        return found

    def init(self, *words: object) -> FirstContact:
        """Make the home: Ana Ruiz of ruizlaw.example, in the United States."""
        user = "Ana Ruiz <ana@ruizlaw.example> +1 415 555 0100"
        self.done("init", "--domain", "ruizlaw.example", "--user", user, "--region", "US", *words)
        return self


@contextlib.contextmanager
def _nobody_at_the_keyboard() -> Any:
    before, sys.stdin = sys.stdin, io.StringIO("")
    try:
        yield
    finally:
        sys.stdin = before


@pytest.fixture
def fc(tmp_path: Path, made: Path) -> FirstContact:
    """A fresh home of one user, Ana Ruiz."""
    shutil.copytree(made, tmp_path / "home")
    return FirstContact(tmp_path / "home")


@pytest.fixture
def bare(tmp_path: Path) -> FirstContact:
    """A home folder that is not there yet."""
    return FirstContact(tmp_path / "none")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was just made, to copy."""
    folder = tmp_path_factory.mktemp("made") / "home"
    FirstContact(folder).init()
    return folder


@pytest.fixture(scope="session")
def week_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the example week in it, to copy or to look at."""
    folder = tmp_path_factory.mktemp("week") / "home"
    folder.mkdir()
    shutil.copy(WEEK / "settings.toml", folder)
    import_week(FirstContact(folder))
    return folder


@pytest.fixture
def week(week_home: Path, tmp_path: Path) -> FirstContact:
    """A copy of the home with the example week in it."""
    shutil.copytree(week_home, tmp_path / "week")
    return FirstContact(tmp_path / "week")


@pytest.fixture(scope="session")
def seen(week_home: Path) -> FirstContact:
    """The home with the example week, only to look at."""
    return FirstContact(week_home)


def import_week(fc: FirstContact) -> None:
    """Take in the example week."""
    for words in (
        ("contacts.csv",),
        ("mail.mbox", "calendar.ics", "calendar-thursday.ics", "--for", "dana"),
        ("mail-kofi.mbox", "--for", "kofi"),
        ("calls.json", "texts.json", "fax.json"),
    ):
        fc.done("import", *(WEEK / word if "." in word else word for word in words))


@pytest.fixture
def write_mbox(tmp_path: Path) -> Any:
    """Writes an mbox of mails, each `{from, to, …}` with headers by name and `body`."""

    def write(name: str, mails: Iterable[dict[str, str]]) -> Path:
        path = tmp_path / name
        path.write_text("".join(mail(number, fields) for number, fields in enumerate(mails)))
        return path

    return write


def mail(number: int, fields: dict[str, str]) -> str:
    """One message of an mbox."""
    headers = {
        "From": "Jo Diaz <jo@acme.example>",
        "To": "Ana Ruiz <ana@ruizlaw.example>",
        "Subject": f"Letter {number}",
        "Date": f"Mon, 2 Mar 2026 {10 + number // 60 % 12:02}:{number % 60:02}:00 +0000",
        "Message-ID": f"<m{number}@acme.example>",
        **fields,
    }
    body = headers.pop("body", "Hello")
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"From sender@acme.example Mon Mar  2 10:00:00 2026\n{lines}\n{body}\n\n"


@pytest.fixture
def strangers(write_mbox: Any) -> Any:
    """Writes an mbox in which so many strangers write to Ana, and she answers each."""
    first = ("Amy", "Ben", "Cora", "Dan", "Eva", "Finn", "Gina", "Hugo", "Iris", "Jack")
    last = ("Abbott", "Barker", "Carver", "Dalton", "Ellis", "Foster", "Grant", "Harper", "Irving", "Jarvis")

    def write(name: str, count: int, *, answered: bool = True, start: int = 0) -> Path:
        mails = []
        for number in range(start, start + count):
            person = f"{first[number % 10]} {last[number // 10 % 10]}"
            who = f"{person} <p{number}@firm{number}.example>"
            id = f"<s{number}@firm{number}.example>"
            mails.append({"From": who, "Message-ID": id})
            if answered:
                mails.append(
                    {
                        "From": "Ana Ruiz <ana@ruizlaw.example>",
                        "To": who,
                        "Subject": "Re: Letter",
                        "Message-ID": f"<r{number}@ruizlaw.example>",
                        "In-Reply-To": id,
                    }
                )
        return write_mbox(name, mails)

    return write
