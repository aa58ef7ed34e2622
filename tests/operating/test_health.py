"""Health is green on a firm at rest, and red for each cause, brought about as it would come about."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from watched_firm import Firm

from firstcontact.cli.common import guarded
from firstcontact.cli.main import cli
from firstcontact.connectors.contract import AuthLapsed
from firstcontact.ledger import connecting, deciding, leasing
from firstcontact.ledger.history import HISTORY
from firstcontact.ledger.leasing import LaneRow
from firstcontact.operating.health import check_store, hurry
from firstcontact.testing.hostile import Hostile, Rates

HOUR = 3600 * 1_000_000


def _ask(home: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """The exit status, the checks by name, and what is printed for a person."""
    said = []
    for form in (("--json",), ()):
        out = StringIO()
        with redirect_stdout(out), pytest.raises(SystemExit) as end:
            guarded(cli, ["--home", str(home), "health", *words, *form])
        said.append((end.value.code or 0, out.getvalue()))
    (status, document), (again, text) = said
    assert status == again
    checks = json.loads(document)["checks"]
    assert json.loads(document)["status"] == status
    return int(status), {check["name"]: check for check in checks}, " ".join(text.split())


def _failing(checks: dict[str, Any]) -> dict[str, str]:
    return {name: each["finding"] for name, each in checks.items() if each["finding"] != "ok"}


def test_a_firm_at_rest_is_well(firm: Firm) -> None:
    """After a week's work all checks are ok, each has its line, and the exit status is 0."""
    installation = firm.installation()
    firm.take(installation)
    installation.drain()
    status, checks, text = _ask(firm.home)
    assert (status, _failing(checks)) == (0, {})
    assert list(checks) == [
        "settings", "ledger", "installation", "clock", "work", "workers of address_book",
        "connection address_book", "stuck", "brake", "backup", "address book", "disk",
    ]  # fmt: skip
    assert "schema" in checks["ledger"]["says"]
    assert text.endswith("All is well.")


def test_each_failing_check_says_what_to_do(firm: Firm) -> None:
    """A check that is not ok has a next step, in the document and in the text."""
    (firm.home / "ledger.db").unlink()
    _, checks, text = _ask(firm.home, "--free", "999999999")
    assert set(_failing(checks)) == {"ledger", "disk"}
    for name in _failing(checks):
        assert checks[name]["next_step"]
        assert " ".join(checks[name]["next_step"].split()) in text


def _old_work(firm: Firm) -> None:
    firm.take(firm.installation())
    with firm.opened.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET due_at = due_at - 3600000000")


def _dead_worker(firm: Firm) -> None:
    _old_work(firm)
    with firm.opened.ledger.write() as tx:
        leasing.take(tx, "address_book", [LaneRow(3, "elsewhere 1", leasing.clock(tx) - 1)])


def _lapsed(firm: Firm) -> None:
    crm = lambda crm: Hostile(crm, 1, Rates(auth_lapsed=1.0), lapse=99)  # noqa: E731
    installation = firm.installation(crm=crm)
    firm.take(installation)
    with pytest.raises(AuthLapsed):
        installation.drain()
    with firm.opened.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET due_at = NULL")
        tx.exec_driver_sql("UPDATE interactions SET due_at = NULL")


def _silent(firm: Firm) -> None:
    rates = Rates(find_try_again=1.0, read_try_again=1.0)
    installation = firm.installation(crm=lambda crm: Hostile(crm, 1, rates))
    firm.take(installation)
    installation.drain()


def _takes_no_writes(firm: Firm) -> None:
    installation = firm.installation(crm=lambda crm: Hostile(crm, 1, Rates(apply_try_again=1.0)))
    firm.take(installation)
    installation.drain()


def _refused(firm: Firm) -> None:
    installation = firm.installation(crm=lambda crm: Hostile(crm, 1, Rates(rejected=1.0)))
    firm.take(installation)
    installation.drain()


def _braked(firm: Firm) -> None:
    installation = firm.installation()
    firm.take(installation)
    installation.understand_due()
    installation.decide_due(held=True)


def _clock_set_back(firm: Firm) -> None:
    installation = firm.installation()
    firm.take(installation)
    installation.drain()
    with firm.opened.ledger.write() as tx:
        tx.exec_driver_sql(f"UPDATE decisions SET at = at + {HOUR}")


def _put_off_by_a_wrong_clock(firm: Firm) -> None:
    firm.take(firm.installation())
    with firm.opened.ledger.write() as tx:
        tx.exec_driver_sql(f"UPDATE deliveries SET due_at = due_at + {24 * 365 * HOUR}")


def _no_database(firm: Firm) -> None:
    firm.opened.ledger.engine.dispose()
    (firm.home / "ledger.db").write_bytes(b"this is no database, but a text that is long enough" * 100)
    for beside in ("ledger.db-wal", "ledger.db-shm"):
        (firm.home / beside).unlink(missing_ok=True)


def _newer(firm: Firm) -> None:
    with sqlite3.connect(firm.home / "ledger.db") as database:
        database.execute("UPDATE ledger_version SET version_num = '9999'")


def _bad_settings(firm: Firm) -> None:
    (firm.home / "settings.toml").write_text("[team\n")


def _somebody_elses(firm: Firm) -> None:
    (firm.home / "installation").write_text("f" * 32 + "\n")


def _old_backup(firm: Firm) -> None:
    with firm.opened.ledger.write() as tx:
        now = firm.installation().clock.now()
        deciding.set_fact(tx, "backup_made_at", str(now - 50 * HOUR))


BROKEN, PERSON = "broken", "person"

CAUSES: tuple[tuple[Callable[[Firm], None], int, dict[str, str], str], ...] = (
    (_old_work, 1, {"work": BROKEN, "workers of address_book": BROKEN}, "the oldest for 1 hour"),
    (_dead_worker, 1, {"work": BROKEN, "workers of address_book": BROKEN}, "held by workers that are gone"),
    (_lapsed, 3, {"connection address_book": PERSON}, "paused"),
    (_silent, 3, {"connection address_book": PERSON}, "interactions to be tried again"),
    (_takes_no_writes, 3, {"connection address_book": PERSON}, "writes to be tried again"),
    (_refused, 3, {"stuck": PERSON}, "refused by the CRM"),
    (_braked, 3, {"brake": PERSON}, "holds"),
    (_clock_set_back, 1, {"clock": BROKEN}, "the clock was set back"),
    (_put_off_by_a_wrong_clock, 1, {"clock": BROKEN}, "the clock was wrong"),
    (_no_database, 1, {"ledger": BROKEN}, "not a FirstContact database"),
    (_newer, 1, {"ledger": BROKEN}, "newer FirstContact"),
    (_bad_settings, 1, {"settings": BROKEN}, "not TOML"),
    (_somebody_elses, 1, {"installation": BROKEN}, "belongs to another installation"),
    (_old_backup, 3, {"backup": PERSON}, "2 days ago"),
)


@pytest.mark.parametrize(
    ("cause", "status", "failing", "says"), CAUSES, ids=[cause[0].__name__.strip("_") for cause in CAUSES]
)
def test_each_cause_shows(
    firm: Firm, cause: Callable[[Firm], None], status: int, failing: dict[str, str], says: str
) -> None:
    """Each cause turns its own checks, and no other, red, with the exit status of its kind."""
    cause(firm)
    firm.opened.ledger.engine.dispose()
    found, checks, text = _ask(firm.home, "--backup-age", "48") if cause is _old_backup else _ask(firm.home)
    assert (found, _failing(checks)) == (status, failing)
    assert says in text


def test_a_paused_connection_is_well_after_resume(firm: Firm) -> None:
    """`firstcontact stuck resume` lets a paused connection go on, and says so where it was not paused."""
    _lapsed(firm)
    assert _ask(firm.home)[0] == 3
    for was_paused in (True, False):
        out = StringIO()
        with redirect_stdout(out), pytest.raises(SystemExit):
            guarded(cli, ["--home", str(firm.home), "stuck", "resume", "--json"])
        assert json.loads(out.getvalue())["resumed"] is was_paused
        assert _ask(firm.home)[0] == 0


def test_a_backup_is_asked_for_where_none_was_made(firm: Firm) -> None:
    """Where backups are asked for and none was ever made, a person is needed."""
    status, checks, _ = _ask(firm.home, "--backup-age", "24")
    assert (status, _failing(checks)) == (3, {"backup": "person"})


def test_a_backup_is_known(firm: Firm, tmp_path: Path) -> None:
    """After `firstcontact backup` the check says when it was made."""
    with redirect_stdout(StringIO()), pytest.raises(SystemExit) as end:
        guarded(cli, ["--home", str(firm.home), "backup", str(tmp_path / "all.backup"), "--json"])
    assert end.value.code in (0, None)
    status, checks, _ = _ask(firm.home, "--backup-age", "24")
    assert (status, _failing(checks)) == (0, {})
    assert re.fullmatch(r"the last was made \d+ seconds? ago", checks["backup"]["says"])


def test_what_is_broken_comes_before_what_waits(firm: Firm) -> None:
    """Where something is broken and something waits for a person, the exit status is 1."""
    _refused(firm)
    assert _ask(firm.home)[0] == 3
    assert _ask(firm.home, "--free", "999999999")[0] == 1


def test_a_worker_at_work_is_well(firm: Firm) -> None:
    """Work that has waited less than the limit, with a worker at it, is healthy; the limit can be set."""
    _old_work(firm)
    with firm.opened.ledger.write() as tx:
        leasing.take(tx, "address_book", [LaneRow(3, "elsewhere 1", leasing.clock(tx) + HOUR)])
    status, checks, _ = _ask(firm.home, "--age", "7200")
    assert (status, _failing(checks)) == (0, {})
    assert checks["workers of address_book"]["says"] == "1 at work"
    assert _failing(_ask(firm.home, "--age", "600")[1]) == {"work": "broken"}


def test_a_crm_that_asked_to_be_left_alone_is_well(firm: Firm) -> None:
    """A connection that waits by itself needs nobody; its line says for how long."""
    with firm.opened.ledger.write() as tx:
        now = firm.installation().clock.now()
        connecting.change(tx, "address_book", blocked_until=now + HOUR, quota=10, quota_left=1)
    status, checks, _ = _ask(firm.home)
    assert status == 0
    assert "59 minutes" in checks["connection address_book"]["says"]


LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_locked_database_shows_soon(firm: Firm) -> None:
    """Another program that keeps the ledger locked is told after `--wait`, not after half a minute."""
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(firm.home / "ledger.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert locker.stdout
    locker.stdout.readline()
    try:
        began = time.monotonic()
        status, checks, _ = _ask(firm.home, "--wait", "0.2")
        assert time.monotonic() - began < 25  # both times together
    finally:
        locker.communicate(b"")
    assert (status, _failing(checks)) == (1, {"ledger": "broken"})
    assert checks["ledger"]["next_step"].startswith("stop that program")


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anything")
def test_a_ledger_that_takes_no_write_shows(firm: Firm) -> None:
    """A ledger that can be read and not written is broken; it is asked as a user who may not write."""
    firm.opened.ledger.engine.dispose()
    program = "from firstcontact.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        home = shutil.copytree(firm.home, Path(folder) / "home")
        Path(folder).chmod(0o755)
        command = [sys.executable, "-c", program, "--home", str(home), "health", "--json"]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        for path in (home, *home.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        done = subprocess.run(command, capture_output=True, text=True)
        home.chmod(0o755)
    assert done.returncode == 1, done.stderr
    checks = {check["name"]: check["finding"] for check in json.loads(done.stdout)["checks"]}
    assert checks.get("ledger") == "broken", done.stdout


def test_both_databases_are_asked_by_writing(ledger_engine: Engine) -> None:
    """A store is well on either database once it takes a write, and says what it lacks."""
    hurry(ledger_engine, 1.0)
    assert check_store("ledger", ledger_engine, HISTORY).finding == "ok"
    with ledger_engine.begin() as tx:
        tx.exec_driver_sql("DROP TABLE facts")
    found = check_store("ledger", ledger_engine, HISTORY)
    assert (found.finding, bool(found.next_step)) == ("broken", True)
