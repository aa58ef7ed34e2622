"""A real PostgreSQL for tests: a server of its own in a temporary folder, reached by its socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
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

    def __init__(self, folder: Path, postgres: str, port: int) -> None:
        self._folder = folder
        self._port = port
        listen = f"listen_addresses={'127.0.0.1' if port else ''}"
        options = ["-c", listen, "-c", "fsync=off", *(["-c", f"port={port}"] if port else [])]
        self._command = [postgres, "-D", str(folder / "data"), "-k", str(folder), *options]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    @property
    def folder(self) -> Path:
        """The server's own folder; its configuration is in `data`."""
        return self._folder

    def address(self, database: str) -> str:
        """A database's address, for `open_engine`."""
        port = f"&port={self._port}" if self._port else ""
        return f"postgresql://firstcontact@/{database}?host={self._folder}{port}"

    def database(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def run(self) -> None:
        """Start the server, again after `end` or `kill`; it answers when this returns."""
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            **_as(_user()),
        )
        _wait(self, self._process)

    def end(self) -> None:
        """Stop the server as an administrator does: every connection is cut."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """Stop the server as a power cut does, so that it recovers when it runs again."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server and take its folder away."""
        self.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_SECONDS)
            self._process = None


def start(port: int = 0) -> Server:
    """Start a server. As root it runs as the user `postgres`, since PostgreSQL refuses root.

    port: where it listens on 127.0.0.1 too; 0: by its socket alone. Raises NotInstalled.
    """
    initdb, postgres = _program("initdb"), _program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="fc-pg-"))
    user = _user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    _run(user, [initdb, "-D", str(data), "-U", "firstcontact", "-A", "trust", "-E", "UTF8", "--no-sync"])
    server = Server(folder, postgres, port)
    server.run()
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
