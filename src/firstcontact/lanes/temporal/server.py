"""Where Temporal is, and the sentence when it cannot be used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firstcontact.lanes.temporal.messages import Place

PORT = 7233
_ADDRESS = re.compile(r"(?P<host>[^\s:/@]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


class EngineProblem(Exception):
    """Temporal cannot be used, and what to do about it: a sentence for a person."""


@dataclass(frozen=True)
class Server:
    """Where Temporal is. queue: the task queue; "" for one of the installation's own.

    tls: None for a connection that is not encrypted; the authority's certificate, our own and its key, each
    as PEM, "" for the system's authorities and for none of our own.
    """

    address: str
    namespace: str = "default"
    queue: str = ""
    tls: tuple[bytes, bytes, bytes] | None = None

    def queue_of(self, place: Place) -> str:
        """The task queue of a place: workers of another must never get its work."""
        return self.queue or f"firstcontact-{place.installation}-{place.connection}"


def read_address(text: str) -> str:
    """HOST:PORT, or HOST for the usual port. Raises EngineProblem."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or int(found["port"] or 1) not in range(1, 65536):
        raise EngineProblem(f"{text!r} is no HOST:PORT; a Temporal server usually listens at port {PORT}")
    return f"{found['host']}:{found['port'] or PORT}"
