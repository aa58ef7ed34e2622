"""The command line on PostgreSQL: what differs there from files must not be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firstcontact.testing.postgres import Server

FirstContact = Any
"""The fixtures' own class is in `conftest`."""


@pytest.fixture
def there(fc: FirstContact, postgres: Server) -> FirstContact:
    """A fresh home of one user, on PostgreSQL."""
    fc.done("move", "--to", postgres.database())
    return fc


def test_a_dry_run_changes_nothing(there: FirstContact, strangers: Any) -> None:
    """`import --dry-run` says what would be, from a copy in files, and leaves the database as it is."""
    before = there.rows()
    said = there.json("import", strangers("some.mbox", 8), "--dry-run")
    assert said["contacts"] == 8
    assert there.rows() == before
    there.done("import", strangers("some.mbox", 8), "--yes")
    assert there.json("report")["contacts"] == 8


def test_characters_that_postgresql_cannot_hold(
    there: FirstContact, bare: FirstContact, tmp_path: Path
) -> None:
    """Mails, calls and texts with NUL characters wherever one may stand come to the same as in files."""
    nul = "\0"
    text = (
        "From x@acme.example Mon Mar  2 10:00:00 2026\n"
        f"From: Jo{nul} Diaz <jo@acme.example>\nTo: ana@ruizlaw.example\nSubject: A{nul}B\n"
        f"Message-ID: <a{nul}1@acme.example>\nIn-Reply-To: <b{nul}@acme.example>\n"
        f"Date: Mon, 2 Mar 2026 10:00:00 +0000\n\nHel{nul}lo\n\n"
    )
    (tmp_path / "nul.mbox").write_bytes(text.encode())
    records = [
        {"id": f"c{nul}1", "kind": "call", "direction": "inbound", "result": "answered", "seconds": 60,
         "at": "2026-03-02T10:00:00Z", "from": "+14155550123", "to": "+14155550100",
         "caller_id": f"PAT{nul} LEE", "thread": f"t{nul}1", "uid": f"u{nul}"},
        {"id": f"s{nul}1", "kind": "sms", "direction": "outbound", "at": "2026-03-02T12:05:00Z",
         "from": "+14155550100", "to": "+14155550124", "body": f"On{nul}my way", "thread": f"t{nul}2"},
        {"id": f"x{nul}1", "kind": f"no{nul}kind", "at": "2026-03-02T12:05:00Z"},
    ]  # fmt: skip
    (tmp_path / "nul.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    bare.init()
    counts = []
    for home in (bare, there):
        for name in ("nul.mbox", "nul.jsonl"):
            said = home("import", tmp_path / name, "--yes")
            assert "Traceback" not in said.all
            assert said.status in (0, 2), said
        report = home.json("report")
        counts.append([report[name] for name in ("interactions", "contacts", "activities", "rejected")])
        assert home.json("status")["due"] == 0
        assert home("explain", "+14155550123").status == 0
        assert home("contacts").status == 0
    assert counts[0] == counts[1]
    assert counts[0][0] == 3
