"""A real Radicale for tests: a CardDAV server in a process of its own, on cards in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from xml.sax.saxutils import escape

_READY_SECONDS = 30.0
_MEMORY = "/dev/shm"
"""Where there is such a folder the cards are in it: Radicale waits for the disk after each."""
_SETTINGS = """
[server]
hosts = 127.0.0.1:{port}
max_connections = 64
timeout = 60
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/cards
[web]
type = none
[logging]
level = error
"""
_RIGHTS = """
[nobody's root]
user: .+
collection:
permissions: R
[readers look]
user: reader.*
collection: {user}(/[^/]+)?
permissions: Rr
[everybody's own]
user: .+
collection: {user}(/[^/]+)?
permissions: RWrw
"""
"""A user whose name begins with `reader` may only look."""
_BOOK = """<?xml version="1.0" encoding="utf-8"?>
<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:set><D:prop>
<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype><D:displayname>{title}</D:displayname>
</D:prop></D:set></D:mkcol>"""


class NotInstalled(RuntimeError):
    """There is no Radicale here."""


class Server:
    """A running server. `url`: where it answers, also after it was killed and run again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        (folder / "settings").write_text(_SETTINGS.format(port=self.port, folder=folder))
        (folder / "rights").write_text(_RIGHTS)
        (folder / "users").write_text("nobody:nothing\n")

    def user(self, prefix: str = "ana") -> tuple[str, str]:
        """A new user's name and password; nobody else's cards are theirs to see."""
        name = f"{prefix}{next(self._numbers)}"
        with (self.folder / "users").open("a") as users:
            users.write(f"{name}:secret of {name}\n")
        return name, f"secret of {name}"

    def address_book(self, login: tuple[str, str], name: str = "contacts", title: str = "Contacts") -> str:
        """A new, empty address book of a user's; its address."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        permission = b64encode(":".join(login).encode()).decode()
        headers = {"Authorization": f"Basic {permission}", "Content-Type": "application/xml; charset=utf-8"}
        path = f"/{login[0]}/{name}/"
        connection.request("MKCOL", path, _BOOK.format(title=escape(title)).encode(), headers)
        status = connection.getresponse().status
        connection.close()
        if status != 201:
            raise RuntimeError(f"Radicale answered {status} to MKCOL {path}")
        return f"{self.url}{path}"

    def place(self, address: str) -> Path:
        """The folder in which an address book's cards are files."""
        path = address.removeprefix(self.url).strip("/")
        return self.folder / "cards" / "collection-root" / path

    def run(self) -> None:
        """Start it, again after `kill`; it answers when this returns."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "radicale", "--config", str(self.folder / "settings")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + _READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")) from None
                time.sleep(0.02)

    def kill(self) -> None:
        """As if the power failed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """End it and take its folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    """A new server without users. Raises NotInstalled."""
    if find_spec("radicale") is None:
        raise NotInstalled("the CardDAV server Radicale is not installed (package radicale)")
    folder = tempfile.mkdtemp(
        prefix="firstcontact-radicale-", dir=_MEMORY if os.path.isdir(_MEMORY) else None
    )
    server = Server(Path(folder))
    try:
        server.run()
    except BaseException:
        server.stop()
        raise
    return server


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
