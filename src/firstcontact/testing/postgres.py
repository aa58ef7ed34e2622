"""A real PostgreSQL for tests: a server of its own in a temporary folder, reached by its socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

_PLACES = "/usr/lib/postgresql"
"""Where Debian keeps each version's programs, off the PATH."""

_START_SECONDS = 30.0


class NotInstalled(RuntimeError):
    """There is no PostgreSQL here."""


class Server:
    """A running server; `database` makes an empty database and gives its address. Close it with `stop`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._numbers = count(1)

    def address(self, database: str) -> str:
        """A database's address, for `open_engine`."""
        return f"postgresql://firstcontact@/{database}?host={self._folder}"

    def database(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def stop(self) -> None:
        """End the server and take its folder away."""
        self._process.terminate()
        self._process.wait(_START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Server:
    """Start a server. As root it runs as the user `postgres`, since PostgreSQL refuses root.

    Raises NotInstalled.
    """
    initdb, postgres = _program("initdb"), _program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="fc-pg-"))
    user = _user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    _run(user, [initdb, "-D", str(data), "-U", "firstcontact", "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    process = subprocess.Popen(
        [postgres, "-D", str(data), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **_as(user),
    )
    server = Server(folder, process)
    _wait(server, process)
    return server


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(server.address("postgres")).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                server.stop()
                raise
            time.sleep(0.02)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        places = sorted(Path(_PLACES).glob(f"*/bin/{name}"), reverse=True)
        found = str(places[0]) if places else None
    if found is None:
        raise NotInstalled(f"PostgreSQL's {name} is not installed (Debian package postgresql)")
    return found


def _user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}


def _run(user: pwd.struct_passwd | None, command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, cwd="/", **_as(user))
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
