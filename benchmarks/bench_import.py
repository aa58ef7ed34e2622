"""Importing mail end to end, against what nobody can leave out.

The floor is a full parse of the same messages with the standard library (`email`, policy compat32), its
address headers read with `getaddresses`, and one batch insert of the very rows that the import leaves in
its ledger and address book, raw bytes among them, into an empty SQLite database of the same schema. Import
and floor each run in a process of their own, so that nothing is warm.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import email.utils
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks.installations import CREATING, STANDARD, mailbox, open_home
from benchmarks.measuring import Figure, figure, in_new_process, print_all, seconds

ROUNDS = 5
LIMIT = 3.0
LEAST_ROWS_LIMIT = 5.0
SETTINGS = {"standard": STANDARD, "creating": CREATING}
ADDRESS_HEADERS = ("from", "reply-to", "to", "cc", "bcc")


def run_import(mbox: Path, folder: Path, settings: str) -> dict[str, float]:
    """Take a mailbox in: receive, decide, carry out."""
    from firstcontact.bootstrap import file_items

    opened, read = open_home(folder, SETTINGS[settings])
    installation = opened.installation

    def work() -> None:
        installation.receive(file_items(mbox, "mbox", "", "ana-ruiz"), read)
        installation.drain()

    took = seconds(work)
    with opened.ledger.read() as tx:
        from firstcontact.ledger.reading import report

        counts = report(tx, installation.crm.size())
    return {"seconds": took, "mails": counts.deliveries, "contacts": counts.contacts}


def run_floor(mbox: Path, folder: Path, lean: bool) -> dict[str, float]:
    """Parse the same mails and insert the rows that an import left in `folder`."""
    from firstcontact.connectors.contract import Delivery
    from firstcontact.connectors.files.mail import mbox_deliveries

    mails = [item.raw for item, _ in mbox_deliveries(mbox) if isinstance(item, Delivery)]
    tables = [] if lean else [_tables(folder / name) for name in ("ledger.db", "address_book.db")]

    def work() -> None:
        rows, people = _parse(mails)
        for position, (schema, contents) in enumerate(tables or [_lean(rows, people)]):
            _insert(folder / f"floor{position}.db", schema, contents)

    return {"seconds": seconds(work), "mails": len(mails)}


Rows = list[tuple[object, ...]]


def _parse(mails: list[bytes]) -> tuple[Rows, Rows]:
    rows: Rows = []
    people: Rows = []
    for raw in mails:
        mail = email.message_from_bytes(raw.partition(b"\n")[2], policy=email.policy.compat32)
        id = str(mail["message-id"])
        for header in ADDRESS_HEADERS:
            values = [str(value) for value in mail.get_all(header, [])]
            people.extend((id, header, *pair) for pair in email.utils.getaddresses(values))
        rows.append((id, str(mail["date"]), str(mail["subject"]), raw))
    return rows, people


def _lean(rows: Rows, people: Rows) -> tuple[list[str], dict[str, Rows]]:
    """The least that anybody could keep: a row with the raw bytes per mail, and one per address."""
    schema = [
        "CREATE TABLE mails (id TEXT, date TEXT, subject TEXT, raw BLOB)",
        "CREATE TABLE people (id TEXT, header TEXT, name TEXT, address TEXT)",
    ]
    return schema, {"mails": rows, "people": people}


def _tables(path: Path) -> tuple[list[str], dict[str, Rows]]:
    """Schema and contents of a database."""
    with sqlite3.connect(path) as connection:
        made = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
        schema = [
            sql
            for kind, name, sql in sorted(made, key=lambda row: row[0] != "table")
            if "sqlite_" not in name
        ]
        names = [name for kind, name, _ in made if kind == "table" and "sqlite_" not in name]
        return schema, {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


def _insert(path: Path, schema: list[str], contents: dict[str, Rows]) -> None:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in schema:
        connection.execute(statement)
    for name, rows in contents.items():
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
    connection.execute("COMMIT")
    connection.close()


def measure() -> list[Figure]:
    """Both settings against the floor of the same rows, and `standard` against the least rows."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        mbox = Path(temporary) / "mail.mbox"
        what = mailbox(mbox)
        for settings in SETTINGS:
            pairs, lean_pairs, mails, contacts = [], [], 0, 0
            for number in range(ROUNDS):
                folder = Path(temporary) / f"{settings}{number}"
                folder.mkdir()
                arguments = (str(mbox), str(folder), settings)
                took = in_new_process("benchmarks.bench_import", "import", *arguments)
                floor = in_new_process("benchmarks.bench_import", "floor", *arguments)
                lean = in_new_process("benchmarks.bench_import", "lean", *arguments)
                pairs.append((took["seconds"], floor["seconds"]))
                lean_pairs.append((took["seconds"], lean["seconds"]))
                mails, contacts = int(took["mails"]), int(took["contacts"])
            note = f"{mails} mails ({what}), {contacts} contacts made"
            found.append(figure(f"import_mail_{settings}", "s", pairs, LIMIT, note))
            found.append(
                figure(f"import_mail_{settings}_least_rows", "s", lean_pairs, LEAST_ROWS_LIMIT, note)
            )
    return found


def main() -> int:
    """Without arguments measure; `import`, `floor` and `lean` are one measured run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("import", "floor", "lean"))
    parser.add_argument("mbox", nargs="?", type=Path)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("settings", nargs="?", default="standard")
    options = parser.parse_args()
    if options.what == "import":
        print(json.dumps(run_import(options.mbox, options.folder, options.settings)))
        return 0
    if options.what:
        print(json.dumps(run_floor(options.mbox, options.folder, options.what == "lean")))
        return 0
    return print_all(measure())


if __name__ == "__main__":
    sys.exit(main())
