"""A log of everything that happens, in which nobody is named."""

from __future__ import annotations

import ast
import csv
import email
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.header import decode_header, make_header
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from watched_firm import WEEK, Firm

from firstcontact.connectors.contract import Crm, Delivery
from firstcontact.ledger import reading
from firstcontact.operating.logs import Logs, LogSettings
from firstcontact.operating.redact import IDS, NUMBERS, WORDS
from firstcontact.testing.hostile import Hostile, Rates

SOURCE = Path(__file__).resolve().parents[2] / "src"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# --- what the example's files say of people -----------------------------------------------------------


def _values() -> Iterator[str]:
    """Every address, number, name, subject, and line of a body in the example week's files."""
    for path in sorted(WEEK.iterdir()):
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r"[\w.+-]+@[\w.-]+", text)
        yield from re.findall(r"\+?\d[\d ().-]{6,}\d", text)
        if path.suffix == ".csv":
            yield from (cell for row in list(csv.reader(StringIO(text)))[1:] for cell in row)
        elif path.suffix == ".json":
            yield from _leaves(json.loads(text))
        elif path.suffix == ".ics":
            unfolded = re.sub(r"\r?\n[ \t]", "", text)
            yield from re.findall(r"CN=\"?([^\":;]+)", unfolded)
            yield from re.findall(r"^(?:SUMMARY|DESCRIPTION|LOCATION)[^:]*:(.+)$", unfolded, re.M)
        elif path.suffix == ".toml":
            yield from re.findall(r'^name = "(.+)"', text, re.M)
        elif path.suffix == ".mbox":
            for message in re.split(r"^From .*\n", text, flags=re.M)[1:]:
                yield from _of_mail(email.message_from_string(message))


def _of_mail(mail: Any) -> Iterator[str]:
    for header in ("From", "To", "Cc", "Reply-To", "Subject"):
        said = str(make_header(decode_header(mail.get(header, ""))))
        yield said
        yield from re.findall(r"[^\W\d_]{4,}", said) if header != "Subject" else ()
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            body = part.get_payload(decode=True).decode(part.get_content_charset("utf-8"))
            yield from (line.strip() for line in body.splitlines())


def _leaves(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, key)
    elif isinstance(value, str) and key in ("phoneNumber", "name", "location", "subject", "sessionId", "uri"):
        yield value


_PROGRAMS = {"firstcontact", "contact", "call", "calls", "meeting", "example", "error", "text", "lead"}
"""Words that the files and the program share."""


def _sought() -> set[str]:
    plain = {value.strip() for value in _values()}
    names = {word for value in plain for word in re.findall(r"\b[A-Z][a-zà-ÿ]{2,}\b", value)}
    return {value for value in plain | names if len(value) > 3 and value.lower() not in _PROGRAMS}


SOUGHT = _sought()


def found_in(log: bytes) -> set[str]:
    text = log.decode()
    return {value for value in SOUGHT if value in text}


def test_the_search_knows_what_to_look_for() -> None:
    """The values sought are of every kind: an address, a number, a name, a subject, a line of a body."""
    for value in ("priya.raman@hartwellfoods.example", "+14155550178", "Priya", "Raman"):
        assert value in SOUGHT
    assert len(SOUGHT) > 400
    assert found_in(b"batch understood of priya.raman@hartwellfoods.example") != set()


# --- whole runs -----------------------------------------------------------------------------------------


def _log(tmp_path: Path, firm: Firm, **settings: Any) -> Logs:
    return Logs(LogSettings(file=tmp_path / "log", home=firm.home, level="debug", **settings))


def test_a_week_leaves_nobody_in_the_log(firm: Firm, tmp_path: Path) -> None:
    """A whole run in every detail that can be logged says what was done, and has no value of anybody."""
    with _log(tmp_path, firm) as logs:
        logs.listen()
        installation = firm.installation(logs)
        firm.take(installation)
        tally = installation.drain()
    assert tally.decided > 40
    said = _lines(tmp_path / "log")
    items = {
        stage: sum(line["items"] for line in said if line["event"] == "batch" and line["stage"] == stage)
        for stage in ("understand", "decide")
    }
    assert items == {"understand": tally.understood, "decide": tally.decided}
    assert {line["method"] for line in said if line["event"] == "crm call"} >= {"find", "apply"}
    assert found_in((tmp_path / "log").read_bytes()) == set()
    assert not any("hidden" in line for line in said)


class _Quoting:
    """A CRM with a bug: it dies with a whole person in its words."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def apply(self, writes: Any) -> Any:
        seen = [repr(write) for write in writes]
        raise RuntimeError(f"what is {'; '.join(seen)}")


def test_nobody_is_in_the_log_when_all_goes_wrong(firm: Firm, tmp_path: Path) -> None:
    """Deliveries that can't be read, writes refused, answers lost, a CRM that dies quoting people, a thread
    and a library that do: each leaves its line, and none of them a value."""
    rejects = Rates(rejected=0.5, lost_answer=0.3, try_again=0.2, find_unknown=0.1)
    with _log(tmp_path, firm) as logs:
        logs.listen()
        first = firm.installation(logs, _Quoting, batch=4)
        raw = b'{"records": [{"from": {"name": "Priya Raman", "phoneNumber": "+14155550161"}}]}'
        first.accept([Delivery("ringcentral-calls", "calls.json: Priya Raman", raw)])
        firm.take(first)
        first.drain()
        second = firm.installation(logs, lambda crm: Hostile(crm, 7, rejects))
        with firm.opened.ledger.read() as tx:
            stuck = reading.stuck(tx)
        for row in stuck:
            second.answer_stuck(row.write.key)
        second.drain()
        dying = threading.Thread(target=lambda: [][len("Priya Raman")])
        dying.start()
        dying.join()
        logging.getLogger("some.library").error("cannot send %s", "priya.raman@hartwellfoods.example")
        try:
            raise LookupError("Priya Raman <priya.raman@hartwellfoods.example>")
        except LookupError as error:
            logs.failure("drain failed", error, connection="address_book", subject="+14155550161")
    said = _lines(tmp_path / "log")
    events = {line["event"] for line in said}
    assert {"carry_out failed", "a thread died", "a library says something", "drain failed"} <= events
    errors = {line["error"] for line in said if "error" in line}
    assert {"RuntimeError", "IndexError", "LookupError"} <= errors
    assert {"unclear", "rejected"} & {line.get("answer") for line in said}
    assert found_in((tmp_path / "log").read_bytes()) == set()


def test_values_are_shown_where_a_person_asked_for_them(firm: Firm, tmp_path: Path) -> None:
    """With values shown, the log says so first, and an error its words, which the search does find."""
    with _log(tmp_path, firm, shows_values=True) as logs:
        logs.failure("drain failed", LookupError("Priya Raman"))
    first, second = _lines(tmp_path / "log")
    assert first["level"] == "warning"
    assert "shows values" in first["event"]
    assert second["message"] == "Priya Raman"
    assert found_in((tmp_path / "log").read_bytes()) != set()


# --- the program's own calls ------------------------------------------------------------------------------


def _told() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `event` and `failure` on something that is a watch."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent.name == "operating":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("event", "failure") and "watch" in ast.unparse(node.func.value):
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


TOLD = dict(_told())


def test_what_the_program_tells_is_its_own_text() -> None:
    """An event's name is written in the program, but for a stage's name in it; its facts have known keys."""
    wrong = []
    for place, call in TOLD.items():
        name = call.args[0]
        if isinstance(name, ast.JoinedStr):
            values = [part.value for part in name.values if isinstance(part, ast.FormattedValue)]
            fine = all(isinstance(value, ast.Name) and value.id == "stage" for value in values)
        else:
            fine = isinstance(name, ast.Constant)
        keys = {keyword.arg for keyword in call.keywords} - {"level"}
        if not fine or not keys <= NUMBERS | WORDS | IDS:
            wrong.append((place, ast.unparse(call)))
    assert TOLD
    assert wrong == []


# --- lines and files ------------------------------------------------------------------------------------


def test_a_line_has_its_head_and_facts(tmp_path: Path) -> None:
    """Each line is one JSON object: when, how serious, what, which process, and the facts."""
    with Logs(LogSettings(file=tmp_path / "log", home=tmp_path)) as logs:
        logs.stage("clio", "decide", 3, 0.25, 0.1234567)
        logs.write("clio", "create_contact", "parked", 2)
        logs.event("quota", left=3, at=5, level_=2)  # type: ignore[arg-type]
    first, second, third = _lines(tmp_path / "log")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", first.pop("at"))
    assert first == {
        "level": "info", "event": "batch", "pid": os.getpid(), "connection": "clio", "stage": "decide",
        "items": 3, "seconds": 0.25, "cpu": 0.123457,
    }  # fmt: skip
    assert (second["level"], second["became"], second["count"]) == ("warning", "parked", 2)
    assert (third["left"], third["hidden"]) == (3, "at_ level_")


def test_levels_leave_out_what_is_less_serious(tmp_path: Path) -> None:
    """At `warning` the usual is not written, and what needs somebody is."""
    with Logs(LogSettings(file=tmp_path / "log", home=tmp_path, level="warning")) as logs:
        logs.stage("clio", "decide", 3, 0.25, 0.1)
        logs.call("clio", "find", "ok", 0.1, 1)
        logs.call("clio", "find", "auth_lapsed", 0.1, 1)
        logs.lease("clio", "renewed", 4)
        logs.lease("clio", "lost", 4)
    assert [line["event"] for line in _lines(tmp_path / "log")] == ["crm call", "lease"]


def test_little_quota_is_told_once(tmp_path: Path) -> None:
    """A quota that runs low is a warning once, and again after it had recovered."""
    with Logs(LogSettings(file=tmp_path / "log", home=tmp_path)) as logs:
        for left in (50, 9, 8, 15, 7, 21, 9):
            logs.quota("clio", left, 100)
        logs.quota("clio", 0, 0)
    assert [line["left"] for line in _lines(tmp_path / "log")] == [9, 9]


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path: Path) -> None:
    """After logrotate has moved the file, lines go to a new one at its path."""
    path = tmp_path / "log"
    with Logs(LogSettings(file=path, home=tmp_path)) as logs:
        logs.event("one")
        path.rename(tmp_path / "log.1")
        logs.event("two")
        path.unlink()
        logs.event("three")
    assert [line["event"] for line in _lines(tmp_path / "log.1")] == ["one"]
    assert [line["event"] for line in _lines(path)] == ["three"]


def test_a_full_disk_stops_nothing_and_is_told(tmp_path: Path) -> None:
    """Lines that can't be written are counted, and the next line that can says how many."""
    path = tmp_path / "log"
    path.symlink_to("/dev/full")
    with Logs(LogSettings(file=path, home=tmp_path)) as logs:
        logs.event("one")
        logs.event("two")
        path.unlink()
        logs.event("three")
        logs.event("four")
    three, four = _lines(path)
    assert three["lines_lost"] == 2
    assert "lines_lost" not in four


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Lines of several processes and threads at once are each whole."""
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from firstcontact.operating.logs import Logs, LogSettings\n"
        "logs = Logs(LogSettings(file=Path(sys.argv[1]), home=Path(sys.argv[2])))\n"
        "say = lambda: [logs.stage('clio', 'decide', 1, 0.1, 0.1) for _ in range(200)]\n"
        "threads = [threading.Thread(target=say) for _ in range(3)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    path = tmp_path / "log"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), str(tmp_path)]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    lines = _lines(path)
    assert len(lines) == 1800
    assert {line["pid"] for line in lines} == {process.pid for process in running}


def test_a_person_gets_plain_lines(tmp_path: Path) -> None:
    """The form for a terminal has the same facts, and no character that commands it."""
    with Logs(LogSettings(file=tmp_path / "log", home=tmp_path, form="text", shows_values=True)) as logs:
        logs.event("quota", left=3, who="Ana\x1b[31m\nRuiz")
    line = (tmp_path / "log").read_text().splitlines()[1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info    quota  left=3 who=Ana�\[31m�Ruiz", line)


def test_a_log_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A log file in a folder that is not there is an error at the start, not a log that nobody writes."""
    with pytest.raises(FileNotFoundError):
        Logs(LogSettings(file=tmp_path / "nowhere" / "log"))


def test_help_does_not_wait_for_the_libraries() -> None:
    """`firstcontact --help`, and opening an installation, import neither structlog nor prometheus-client."""
    program = (
        "import sys, firstcontact.cli.main, firstcontact.bootstrap\n"
        "print([name for name in ('structlog', 'prometheus_client') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
