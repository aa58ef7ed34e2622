"""A real Tryton for tests: a server in its own process, with a database of its own in SQLite.

Tryton is under the GPL: it is started as a program, and nothing of it is imported. Making a database takes a
good twenty seconds, so it is made once per version, kept in a cache folder, and copied for each server.
"""

from __future__ import annotations

import base64
import fcntl
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DATABASE = "crm"
ADMIN = ("admin", "admin-of-the-tests")
"""Login and password of a person who may do everything."""
CONNECTED = ("firstcontact", "login-of-the-connection")
"""Login and password of the user that a connection logs in as: no administrator, in the groups for sales and
for merging parties."""
MODULES = ("party", "sale_opportunity")

_PACKAGES = ("trytond", "trytond_party", "trytond_sale_opportunity")
_START_SECONDS = 60.0
_WITHOUT = ("env", "-u", "TRYTOND_CONFIG", "-u", "TRYTOND_DATABASE_URI", "-u", "TRYTONPASSFILE")
"""Whoever has a Tryton of their own has it configured by these."""
_RECORDS = (
    "party_party",
    "party_contact_mechanism",
    "party_address",
    "party_identifier",
    "party_party_lang",
    "party_party-party_category",
    "sale_opportunity",
    "sale_opportunity__history",
    "ir_note",
    "ir_note_read",
    "ir_attachment",
    "ir_model_log",
    "ir_queue",
    "res_user",
    "res_user-res_group",
    "res_user-company_company",
)
"""Tables that tests write to."""


class NotInstalled(RuntimeError):
    """There is no Tryton here."""


class Server:
    """A Tryton server on loopback: `run`, `kill` and `run` again, `stop` at last."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._template = template
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        _configure(folder, self._port)
        _copy(template, self._file)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def run(self) -> None:
        """Start it, also after `kill`; it answers when this returns."""
        self._process = _serve(self._folder)
        _wait(self.url, self._process)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_START_SECONDS)
            self._process = None

    def stop(self) -> None:
        """End it and take its folder away."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wipe(self) -> None:
        """Every record is as in a new database; logins and what the server remembers of them stay."""
        with self.opened() as database:
            database.execute("ATTACH ? AS template", (str(self._template),))
            with database:
                for table in _RECORDS:
                    database.execute(f'DELETE FROM main."{table}"')
                    database.execute(f'INSERT INTO main."{table}" SELECT * FROM template."{table}"')

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Its database beside it, for what cannot be done through it: a broken table, a session taken
        away."""
        with closing(sqlite3.connect(self._file, timeout=30.0)) as database:
            yield database

    @property
    def _file(self) -> Path:
        return self._folder / "databases" / f"{DATABASE}.sqlite"


class Session:
    """Somebody logged in, calling methods by JSON-RPC; for tests, which are no connector."""

    def __init__(self, url: str, login: tuple[str, str] = ADMIN, language: str = "en") -> None:
        self._url = f"{url}/{DATABASE}/rpc/"
        self._headers = {"Content-Type": "application/json"}
        self._language = language
        self.user, token, *_ = self.raw("common.db.login", login[0], {"password": login[1]})
        shown = base64.b64encode(f"{login[0]}:{self.user}:{token}".encode()).decode()
        self._headers["Authorization"] = f"Session {shown}"

    def call(self, method: str, *given: Any, context: Mapping[str, Any] | None = None) -> Any:
        """`party.party.create` and the like, with its arguments. Raises RuntimeError with Tryton's words."""
        kind = "" if method.startswith("wizard.") else "model."
        return self.raw(kind + method, *given, {"language": self._language, **(context or {})})

    def raw(self, method: str, *params: Any) -> Any:
        """A method with exactly these parameters."""
        body = json.dumps({"id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self._url, body, self._headers)
        with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
            said = json.loads(answer.read())
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        return said["result"]


def start(cache: Path) -> Server:
    """A running server with an empty CRM: a firm of one's own, its two users, nobody else.

    cache: a folder that outlives this run, for the database that servers start from. Raises NotInstalled.
    """
    try:
        versions = "-".join(version(package) for package in _PACKAGES)
    except PackageNotFoundError as missing:
        raise NotInstalled(f"Tryton is not installed (package {missing.name})") from None
    server = Server(Path(tempfile.mkdtemp(prefix="fc-tryton-")), _template(cache, versions))
    server.run()
    return server


def _template(cache: Path, versions: str) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    template = cache / f"empty-{versions}-2.sqlite"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes start at once
        if not template.exists():
            _make(template)
    return template


def _make(template: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="fc-tryton-"))
    port = _free_port()
    _configure(folder, port)
    (folder / "databases" / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(ADMIN[1] + "\n")
    modules = ["ir", "res", *MODULES]
    given = ["-d", DATABASE, "-u", *modules, "--activate-dependencies", "--email", "admin@firm.example"]
    password = f"TRYTONPASSFILE={folder / 'password'}"
    command = [*_WITHOUT, password, _program("trytond-admin"), "-c", str(folder / "trytond.conf"), *given]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    process = _serve(folder)
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        _furnish(Session(f"http://127.0.0.1:{port}"))
    finally:
        process.kill()
        process.wait(_START_SECONDS)
    _copy(folder / "databases" / f"{DATABASE}.sqlite", template)
    shutil.rmtree(folder, ignore_errors=True)


def _furnish(admin: Session) -> None:
    """A firm, a country to read numbers in, and the connection's user."""
    (currency,) = admin.call(
        "currency.currency.create", [{"name": "US Dollar", "code": "USD", "symbol": "$"}]
    )
    admin.call("country.country.create", [{"name": "United States", "code": "US"}])
    (party,) = admin.call("party.party.create", [{"name": "The firm of the tests"}])
    (firm,) = admin.call("company.company.create", [{"party": party, "currency": currency}])
    of_the_firm = {"companies": [["add", [firm]]], "company": firm}
    admin.call("res.user.write", [admin.user], of_the_firm)
    wanted = [["name", "in", ["Sales", "Sale Opportunity", "Party Administration"]]]
    groups = admin.call("res.group.search", wanted, 0, None, None)
    login, password = CONNECTED
    user = {"name": "FirstContact", "login": login, "password": password, "groups": [["add", groups]]}
    admin.call("res.user.create", [{**user, **of_the_firm}])


def _configure(folder: Path, port: int) -> None:
    (folder / "databases").mkdir()
    text = f"[database]\nuri = sqlite://\npath = {folder / 'databases'}\n[web]\nlisten = 127.0.0.1:{port}\n"
    (folder / "trytond.conf").write_text(text)


def _serve(folder: Path) -> subprocess.Popen[bytes]:
    command = [*_WITHOUT, _program("trytond"), "-c", str(folder / "trytond.conf"), "-d", DATABASE]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            Session(url)
            return
        except (OSError, RuntimeError, urllib.error.URLError):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the Tryton server did not start") from None
            time.sleep(0.1)


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise NotInstalled(f"Tryton's program {name} is not installed")
    return found


def _copy(source: Path, to: Path) -> None:
    """A database with what is still in its log beside it; it appears whole."""
    made = to.with_suffix(".new")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(made)) as new:
        old.backup(new)
    made.replace(to)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
