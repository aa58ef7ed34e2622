"""`firstcontact worker`, `backfill`, `wake` and `replay --temporal`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstcontact.testing.temporal import DevServer

RUN = [sys.executable, "-c", "from firstcontact.cli.main import main; main()"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder on SQLite."""
    folder = tmp_path / "home"
    done = run(folder, "init", "--domain", "firm.example", "--user", "Ana Ruiz <ana@firm.example>")
    assert done.returncode == 0, done.stderr
    settings = folder / "settings.toml"
    emails = 'emails = ["ana@firm.example"]\n'
    assert emails in settings.read_text()
    settings.write_text(settings.read_text().replace(emails, emails + 'phones = ["+14155550199"]\n'))
    return folder


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    command = [*RUN, "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def worker(home: Path, temporal_server: DevServer) -> Iterator[subprocess.Popen[str]]:
    """A worker at work."""
    command = [
        *RUN,
        "--home",
        str(home),
        "worker",
        "--temporal",
        temporal_server.address,
        "--threads",
        "2",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = [process.stderr.readline(), process.stderr.readline()]
    assert said[1] == "At work with 2 threads; stop with Ctrl-C.\n", said
    yield process
    process.kill()
    process.wait(10)


def _call_log(path: Path, count: int) -> Path:
    lines = (
        {
            "id": f"call-{n}", "kind": "call", "direction": "inbound", "result": "answered", "seconds": 61,
            "at": f"2026-01-05T{8 + n // 60:02}:{n % 60:02}:00Z", "from": f"+1415555{100 + n % 20:04}",
            "to": "+14155550199",
        }
        for n in range(count)
    )  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_backfill_and_a_replay_by_workers(
    home: Path, worker: subprocess.Popen[str], temporal_server: DevServer, tmp_path: Path
) -> None:
    """A file is stored and done by the workers; again, it changes nothing; a replay by them says what one
    here says; and the worker ends when it is told to."""
    calls = _call_log(tmp_path / "calls.jsonl", 200)
    at = ("--temporal", temporal_server.address)
    done = run(home, "backfill", str(calls), *at)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "200 deliveries stored, 0 known before."), (
        done
    )
    assert "Nothing is due any more." in done.stdout
    assert len(json.loads(run(home, "activities", "--json").stdout)) == 200
    assert len(json.loads(run(home, "contacts", "--json").stdout)) == 20
    again = json.loads(run(home, "backfill", str(calls), *at, "--json").stdout)
    assert (again["stored"], again["known"], again["held"], again["problems"]) == (0, 200, 0, [])
    assert "8 lanes woken." in run(home, "wake", *at).stdout

    stricter = tmp_path / "stricter.toml"
    stricter.write_text('[organisation]\nunknown_contact.default = "ask"\n')
    here = run(home, "replay", "--with", str(stricter), "--json", "--examples", "1000")
    there = run(home, "replay", "--with", str(stricter), "--json", "--examples", "1000", *at)
    assert (here.stderr, there.stderr) == ("", "")
    assert json.loads(there.stdout) == json.loads(here.stdout)
    split = run(home, "replay", "--with", str(stricter), "--json", "--processes", "2")
    assert json.loads(split.stdout) == json.loads(here.stdout), split.stderr
    assert json.loads(here.stdout)["summary"]["differences"] > 20

    worker.terminate()
    assert worker.wait(20) == 0
    assert worker.stderr is not None
    assert worker.stderr.read().endswith("Stopped; what was in hand is finished.\n")


def test_a_server_that_cannot_be_used_is_said(home: Path, temporal_server: DevServer) -> None:
    """Without an address, with one where nothing listens, or a namespace that is not there, a command ends at
    once with what to do."""
    for words, sentence in (
        ((), "where is Temporal? Give --temporal HOST:PORT"),
        (("--temporal", "127.0.0.1:1"), "There is no Temporal server at 127.0.0.1:1"),
        (("--temporal", "nonsense:x"), "'nonsense:x' is no HOST:PORT"),
        (("--temporal", temporal_server.address, "--namespace", "nowhere"), "has no namespace 'nowhere'"),
    ):
        done = run(home, "worker", *words)
        assert done.returncode == 2, done
        assert sentence in done.stderr


def test_the_settings_say_where_temporal_is(home: Path) -> None:
    """`[engine]` stands for the options."""
    with (home / "settings.toml").open("a") as file:
        file.write('\n[engine]\ntemporal = "127.0.0.1:2"\n')
    assert "There is no Temporal server at 127.0.0.1:2" in run(home, "wake").stderr
