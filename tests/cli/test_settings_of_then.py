"""A change of settings is for new interactions: what was decided before goes by the text that was kept."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def call(id: str, day: int, seconds: int = 60) -> dict[str, Any]:
    return {
        "id": id, "kind": "call", "direction": "inbound", "result": "answered", "seconds": seconds,
        "at": f"2026-03-0{day}T10:00:00Z", "from": "+14155550123", "to": "+14155550100",
    }  # fmt: skip


def imported(fc: Any, tmp_path: Path, *calls: dict[str, Any]) -> None:
    file = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in calls) + "\n")
    fc.done("import", file)


def logged(fc: Any) -> list[str]:
    return sorted(id for one in fc.json("activities") for id in one["interactions"])


def test_a_call_of_before_is_not_logged_when_logging_is_switched_on(fc: Any, tmp_path: Path) -> None:
    """Neither by the contact that a later call makes, nor when it is delivered once more with another length;
    the story says by which settings."""
    fc.done("settings", "set", "log.call", "false")
    imported(fc, tmp_path, call("first", 2))
    fc.done("settings", "set", "log.call", "true")
    imported(fc, tmp_path, call("second", 3))
    assert logged(fc) == ["second"]
    imported(fc, tmp_path, call("first", 2, seconds=300))
    assert logged(fc) == ["second"]
    assert "logging_off:call" in fc.done("explain", "first").out


def test_settings_that_cannot_be_read_any_more_give_way(fc: Any, tmp_path: Path) -> None:
    """A text of another program version, or one that was never kept: the settings of the day decide."""
    fc.done("settings", "set", "log.call", "false")
    imported(fc, tmp_path, call("first", 2))
    fc.done("settings", "set", "log.call", "true")
    with closing(sqlite3.connect(fc.home / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE settings_versions SET text = '[organisation' || char(10)")
    imported(fc, tmp_path, call("first", 2, seconds=300))
    assert logged(fc) == ["first"]


def test_one_word_is_for_everybody_unknown(fc: Any) -> None:
    """`unknown_contact` without a key is that of `default`, and leaves what more specific keys say."""
    fc.done("settings", "set", "unknown_contact.sms", "ask")
    fc.done("settings", "set", "unknown_contact", "skip")
    shown = fc.done("settings", "show").out.splitlines()
    said = {line.split()[0]: line.split()[1] for line in shown if line.startswith("unknown_contact.")}
    assert (said["unknown_contact.sms"], said["unknown_contact.default"]) == ("ask", "skip")
