"""An installation for a measurement, and the material that it takes in."""

from __future__ import annotations

import json
import random
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from benchmarks.measuring import shared_data

TEAM: Mapping[str, object] = {
    "region": "US",
    "domains": ["northwind.example"],
    "users": [{"name": "Ana Ruiz", "emails": ["ana@northwind.example"], "phones": ["+14155550100"]}],
}
STANDARD: Mapping[str, object] = {"preset": "standard", "brakes": {"creates_per_hour": 1_000_000}}
CREATING: Mapping[str, object] = {**STANDARD, "engagement": "any", "free_mail": "create"}


def open_home(folder: Path, settings: Mapping[str, object]):  # type: ignore[no-untyped-def]
    """An installation in a folder, and the reader of its deliveries."""
    from firstcontact.bootstrap import open_installation, reader
    from firstcontact.policy.scopes import SettingsBook
    from firstcontact.settings_text import Home

    book = SettingsBook.from_mapping(TEAM, settings)
    opened = open_installation(Home(folder=folder, path=folder / "settings.toml", text="", book=book))
    return opened, reader(book, opened.installation.clock.now())


def mailbox(target: Path) -> str:
    """An mbox of some thousand mails: the public corpus where it is there, else invented ones; which."""
    data = shared_data()
    archives = sorted((data / "spamassassin_mail").glob("*.tar.gz")) if data else []
    with target.open("wb") as out:
        for raw in _corpus(archives) if archives else _invented(3000):
            out.write(b"From bench@northwind.example Thu Jan  1 00:00:00 2026\n")
            out.write(raw.replace(b"\nFrom ", b"\n>From ").rstrip(b"\n") + b"\n\n")
    return "public mail corpus" if archives else "invented mail"


def _corpus(archives: list[Path]) -> Iterator[bytes]:
    for path in archives:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None and not member.name.endswith("cmds"):
                    raw = file.read()
                    yield raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _invented(count: int) -> Iterator[bytes]:
    """Conversations of invented people, a few kilobytes each, with the headers that transport adds."""
    chance = random.Random(1)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    for number in range(count):
        who = chance.randrange(count // 3)
        mail = EmailMessage()
        for hop in range(4):
            mail["Received"] = f"from host{hop}.example by mx{hop}.example; Mon, 5 Jan 2026 10:00:00 +0000"
        mail["From"] = f"Given{who} Family{who % 97} <given{who}@firm{who % 500}.example>"
        mail["To"] = "Ana Ruiz <ana@northwind.example>"
        mail["Cc"] = f"Other{who} Family{who % 89} <other{who}@firm{who % 500}.example>"
        mail["Date"] = format_datetime(start + timedelta(minutes=number))
        mail["Message-ID"] = f"<{number}@firm{who % 500}.example>"
        mail["Subject"] = f"About order {number}"
        mail.set_content(
            "\n".join(f"Line {line} about order {number} and what follows." for line in range(60))
        )
        yield bytes(mail)


def call_log(target: Path, count: int) -> None:
    """A generic JSON Lines file of calls: one in three from a number that was never seen before."""
    with target.open("w") as out:
        for number in range(count):
            who = number if number % 3 == 0 else number % 1000
            at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            record = {
                "id": f"call-{number}", "kind": "call", "direction": "inbound", "result": "answered",
                "at": at.isoformat().replace("+00:00", "Z"), "seconds": 61,
                "from": f"+1415{2000000 + who:07}", "caller_id": "PARK JO", "to": "+14155550100",
            }  # fmt: skip
            out.write(json.dumps(record) + "\n")
