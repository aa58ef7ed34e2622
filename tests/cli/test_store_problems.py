"""What is wrong with a database is one sentence that says what to do next; real servers, roles, disks."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from firstcontact.bootstrap import sides
from firstcontact.config import load, named_store
from firstcontact.policy.setting import SettingsProblem
from firstcontact.settings_text import StoreAt
from firstcontact.store.engine import begin, open_engine
from firstcontact.store.migrations import migrate, set_version
from firstcontact.store.problems import StoreProblem
from firstcontact.testing.postgres import NotInstalled, Server, start

FirstContact = Any
"""The fixtures' own class is in `conftest`."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this module's own, which listens on the loopback too."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    try:
        made = start(port)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    allow = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    (made.folder / "data" / "pg_hba.conf").write_text(allow)
    run(made.address("postgres"), "ALTER ROLE firstcontact PASSWORD 'right'", "SELECT pg_reload_conf()")
    yield made
    made.stop()


def run(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for each in statements:
            connection.execute(each.encode())


def over_tcp(address: str, login: str = "firstcontact") -> str:
    """The address of the same database by way of the network."""
    database = address.partition("@/")[2].partition("?")[0]
    port = address.rpartition("port=")[2]
    return f"postgresql://{login}@127.0.0.1:{port}/{database}"


def point_at(fc: FirstContact, url: str, more: str = "") -> None:
    """Let the home's settings name another database."""
    settings = fc.home / "settings.toml"
    settings.write_text(settings.read_text().partition("[store]")[0] + f'[store]\nurl = "{url}"\n{more}')


# --- addresses, logins, servers -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://firstcontact@127.0.0.1:1/x", "No PostgreSQL answers at"),
        ("postgresql://firstcontact@nowhere.invalid/x", "No PostgreSQL answers at"),
        ("postgresql://firstcontact@127.0.0.1:port/x", "names no database"),
        ("mysql://firstcontact@db/x", "is the address of a PostgreSQL database"),
        ("just words", "is the address of a PostgreSQL database"),
        ("postgresql://firstcontact:s3cret@db/x", "a password does not belong in the settings"),
        ("postgresql://firstcontact@db/x?password=s3cret", "a password does not belong in the settings"),
    ],
)
def test_addresses_that_lead_nowhere(fc: FirstContact, url: str, sentence: str) -> None:
    """Host, port, scheme or password in the wrong place: a sentence, never the password."""
    point_at(fc, url)
    said = fc("status")
    assert (said.status, sentence in said.all) == (2, True), said
    assert "s3cret" not in said.all
    assert "Traceback" not in said.all


def test_logins(fc: FirstContact, server: Server) -> None:
    """A wrong password, none, an unknown role, a database that is not there; then the right one."""
    where = server.database()
    tcp = over_tcp(where)
    (fc.home / "password").write_text("wrong\n")
    for url, more, sentence in (
        (tcp, 'password_file = "password"\n', "lets nobody in with this user and password"),
        (tcp, "", "lets nobody in with this user and password"),
        (over_tcp(where, "nobody"), 'password_file = "password"\n', "lets nobody in"),
        (tcp.rpartition("/")[0] + "/nowhere", 'password_file = "right"\n', "there is no such database"),
        (tcp, 'password_file = "missing"\n', "is to be in"),
    ):
        (fc.home / "right").write_text("right")
        point_at(fc, url, more)
        said = fc("status")
        assert (said.status, sentence in said.all) == (2, True), (url, said)
        assert "wrong" not in said.all
    (fc.home / "password").write_text("right\n")
    point_at(fc, tcp, 'password_file = "password"\n')
    fc.done("status")


def test_a_password_file_of_postgresql(fc: FirstContact, server: Server, tmp_path: Path) -> None:
    """PGPASSFILE names a file with the password, as for every PostgreSQL program."""
    tcp = over_tcp(server.database())
    point_at(fc, tcp)
    passes = tmp_path / "passes"
    passes.write_text("127.0.0.1:*:*:firstcontact:right\n")
    passes.chmod(0o600)
    fc.environment["PGPASSFILE"] = str(passes)
    assert fc.process("status").status == 0


def test_no_psycopg(fc: FirstContact, server: Server) -> None:
    """Without the extra `postgres` the sentence names it."""
    point_at(fc, over_tcp(server.database()))
    program = (
        "import sys; sys.modules['psycopg'] = None; sys.argv = ['fc', '--home', sys.argv[1], 'status'];"
        "from firstcontact.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(fc.home)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "install firstcontact[postgres]" in done.stderr) == (2, True), done.stderr


def test_init_on_postgresql(bare: FirstContact, server: Server) -> None:
    """`init --store` makes an installation there, its password kept aside; a database that is wrong or taken
    is refused before a home is made."""
    tcp = over_tcp(server.database(), "firstcontact:right")
    words = ("init", "--user", "Ana Ruiz <ana@ruizlaw.example>", "--store")
    assert "lets nobody in" in bare(*words, tcp.replace("right", "wrong")).err
    assert not (bare.home / "settings.toml").exists()
    said = bare.done(*words, tcp)
    assert "right" not in said.all
    assert bare.json("status")["store"].startswith("postgresql://firstcontact@127.0.0.1")
    second = type(bare)(bare.home.parent / "second")
    assert "belongs to another installation" in second(*words, tcp).err
    assert not (second.home / "settings.toml").exists()


# --- rights ---------------------------------------------------------------------------------------


def test_rights_that_are_missing(fc: FirstContact, server: Server) -> None:
    """A role that may not make tables, and one that may not write to them, are told so; with schemas that
    somebody made for it, a role needs no right to make any."""
    where = server.database()
    run(
        where,
        "CREATE ROLE poor LOGIN",
        "CREATE ROLE reader LOGIN",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    point_at(fc, where.replace("firstcontact@", "poor@"))
    said = fc("status")
    assert (said.status, "There is no permission to read and write" in said.all) == (2, True), said
    run(
        where,
        "CREATE SCHEMA firstcontact_ledger AUTHORIZATION poor",
        "CREATE SCHEMA firstcontact_address_book AUTHORIZATION poor",
    )
    fc.done("status")
    for schema in ("firstcontact_ledger", "firstcontact_address_book"):
        run(
            where,
            f"GRANT USAGE ON SCHEMA {schema} TO reader",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader",
        )
    point_at(fc, where.replace("firstcontact@", "reader@"))
    said = fc("brake", "release")
    assert (said.status, "There is no permission to read and write" in said.all) == (2, True), said


# --- whose and of which version --------------------------------------------------------------------


def test_two_installations_on_one_database(fc: FirstContact, bare: FirstContact, server: Server) -> None:
    """A second home is refused, unless it is a copy of the first: the same installation elsewhere."""
    where = server.database()
    fc.done("move", "--to", where)
    bare.init()
    point_at(bare, where)
    said = bare("status")
    assert (said.status, "belongs to another installation" in said.all) == (2, True), said
    (bare.home / "installation").unlink()
    assert "belongs to another installation" in bare("status").all
    shutil.copytree(fc.home, bare.home.parent / "joined")
    joined = type(bare)(bare.home.parent / "joined")
    assert joined.json("status")["interactions"] == fc.json("status")["interactions"]


def test_two_homes_race_for_an_empty_database(bare: FirstContact, server: Server) -> None:
    """Of two homes that start on one empty database at once, one gets it and the other is refused."""
    where = server.database()
    homes = [type(bare)(bare.home.parent / name) for name in ("one", "two", "three")]
    for each in homes:
        each.init()
        (each.home / "installation").unlink()
        point_at(each, where)
    processes = [each.start("status") for each in homes]
    said = [(process.communicate(timeout=60), process.returncode) for process in processes]
    assert sorted(status for _, status in said) == [0, 2, 2], said


def test_files_of_another_installation(fc: FirstContact, bare: FirstContact) -> None:
    """A ledger file that was copied from another home is not taken for this one's."""
    bare.init()
    for part in ("", "-wal", "-shm"):
        (bare.home / f"ledger.db{part}").unlink(missing_ok=True)
    shutil.copy(fc.home / "ledger.db", bare.home / "ledger.db")
    said = bare("status")
    assert (said.status, "belongs to another installation" in said.all) == (2, True), said


def test_a_newer_schema(fc: FirstContact, server: Server) -> None:
    """A database that a newer program has upgraded is left alone, on both databases."""
    for store in (StoreAt(), StoreAt(url=server.database())):
        if store.url:
            point_at(fc, store.url)
        ledger, _ = sides(fc.home, store)
        migrate(ledger.engine, ledger.history)
        with begin(ledger.engine) as tx:
            set_version(tx, ledger.history, "0999")
        said = fc("status")
        assert (said.status, "made by a newer FirstContact" in said.all) == (2, True), said
        ledger.engine.dispose()


def test_settings_of_a_store(fc: FirstContact) -> None:
    """Keys and values of [store] that are wrong are named with their line, values never."""
    settings = (fc.home / "settings.toml").read_text()
    for wrong, sentence in (
        ('adress = "x"', "adress"),
        ("url = 5", "`url` is a text"),
        ('password_file = "x"', "is for a PostgreSQL `url`"),
        ('url = "postgresql://a@b/c"\nfolder = "d"', "either a `folder`"),
    ):
        (fc.home / "settings.toml").write_text(f"{settings}\n[store]\n{wrong}\n")
        said = fc("status")
        assert (said.status, sentence in said.all, "settings.toml:" in said.all) == (2, True, True), said
    with pytest.raises(SettingsProblem, match="PostgreSQL database"):
        named_store(fc.home, "mysql://u:s3cret@h/d")


# --- disks and servers that fail ---------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of thirty megabytes, which only root can make (`test_engine` fills a database without one)."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_under_files(fc: FirstContact, small_disk: Path, strangers: Any) -> None:
    """The import stops with a sentence when the disk is full, and goes on from there when there is room."""
    mails = strangers("many.mbox", 250)
    fc.done("move", "--to", small_disk)
    fill = small_disk / "other"
    fill.write_bytes(b"0" * (shutil.disk_usage(small_disk).free - 500_000))
    said = fc("import", mails, "--yes")
    assert (said.status, "is full; free some space" in said.all) == (2, True), said
    fill.unlink()
    fc.done("import", mails, "--yes")
    assert fc.json("status")["interactions"] == 500
    assert fc.json("report")["contacts"] == 250


def test_a_full_disk_under_postgresql(
    fc: FirstContact, server: Server, small_disk: Path, strangers: Any
) -> None:
    """SQLSTATE 53100 is the same sentence, and nothing is lost here either."""
    place = small_disk / "space"
    place.mkdir()
    shutil.chown(place, "postgres", "postgres")
    small_disk.chmod(0o755)
    for parent in small_disk.parents:
        if parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    run(server.address("postgres"), f"CREATE TABLESPACE small LOCATION '{place}'")
    run(server.address("postgres"), "CREATE DATABASE small TABLESPACE small")
    fc.done("move", "--to", server.address("small"))
    fill = small_disk / "other"
    fill.write_bytes(b"0" * (shutil.disk_usage(small_disk).free - 300_000))
    mails = strangers("many.mbox", 250)
    said = fc("import", mails, "--yes")
    assert (said.status, "is full; free some space" in said.all) == (2, True), said
    fill.unlink()
    fc.done("import", mails, "--yes")
    assert fc.json("report")["contacts"] == 250
    run(server.address("postgres"), "DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")


@pytest.mark.parametrize("how", ["end", "kill"])
def test_the_server_goes_away_at_work(fc: FirstContact, server: Server, strangers: Any, how: str) -> None:
    """An import whose PostgreSQL server is stopped or falls says so in a sentence; when the server is back,
    the same import ends with everybody once."""
    where = server.database()
    fc.done("move", "--to", where)
    mails = strangers("many.mbox", 200)
    process = fc.start("import", mails, "--yes")
    until = time.monotonic() + 30
    while not fc.json("status")["interactions"] and time.monotonic() < until:
        time.sleep(0.02)
    getattr(server, how)()
    try:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 2, (out, err)
        assert "Traceback" not in err
        assert "PostgreSQL" in err or "cannot be opened" in err
        assert "No PostgreSQL answers" in fc("status").err
    finally:
        server.run()
    fc.done("import", mails, "--yes")
    report = fc.json("report")
    assert (report["interactions"], report["contacts"]) == (400, 200)


def test_workers_go_on_when_the_server_is_back(fc: FirstContact, server: Server, strangers: Any) -> None:
    """`firstcontact run` waits for a PostgreSQL server that was restarted under it, and ends the work."""
    where = server.database()
    fc.done("move", "--to", where)
    mails = strangers("many.mbox", 150)
    runner = fc.start("run")
    importing = fc.start("import", mails, "--yes")
    until = time.monotonic() + 30
    while time.monotonic() < until and not fc.json("status")["interactions"]:
        time.sleep(0.05)  # both have opened the database by then, however busy this machine is
    server.kill()
    time.sleep(1.0)
    server.run()
    importing.communicate(timeout=60)
    assert runner.poll() is None, runner.communicate()
    fc.process("import", mails, "--yes")
    until = time.monotonic() + 60
    while time.monotonic() < until and fc.json("report")["contacts"] < 150:
        time.sleep(0.2)
    runner.terminate()
    out, err = runner.communicate(timeout=60)
    report = fc.json("report")
    assert (report["interactions"], report["contacts"]) == (300, 150), (out, err)
    assert "Traceback" not in err


def test_threads_find_the_server_again(server: Server) -> None:
    """Connections that were cut are replaced: after a restart transactions work again, none is half done."""
    engine = open_engine(server.database())
    with begin(engine) as tx:
        tx.exec_driver_sql("CREATE TABLE n (value INT)")
    stop, done, troubles = threading.Event(), [0], list[StoreProblem]()

    def work() -> None:
        while not stop.is_set():
            try:
                with begin(engine, turn="n") as tx:
                    tx.exec_driver_sql("INSERT INTO n VALUES (1)")
                    tx.exec_driver_sql("INSERT INTO n VALUES (1)")
                done[0] += 1
            except StoreProblem as problem:
                troubles.append(problem)
                time.sleep(0.05)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    server.kill()
    time.sleep(0.3)
    server.run()
    before = done[0]
    time.sleep(1.0)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert troubles
    assert all(problem.passing for problem in troubles), troubles
    assert done[0] > before
    with begin(engine) as tx:
        rows = int(tx.exec_driver_sql("SELECT count(*) FROM n").scalar() or 0)
    assert rows % 2 == 0
    assert rows >= 2 * done[0]
    engine.dispose()


def test_load_reads_the_store(fc: FirstContact) -> None:
    """A home without [store] has its databases in files."""
    assert load(fc.home).store == StoreAt()
