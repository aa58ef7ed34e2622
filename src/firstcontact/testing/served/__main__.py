"""`python -m firstcontact.testing.served`: one served address book, until its standard input ends.

It says its port in its first line. `serve` in `process` starts it; nobody else needs to.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

import msgspec

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.flow.clock import VirtualClock
from firstcontact.store.engine import open_engine
from firstcontact.testing.served.server import Desk, run
from firstcontact.testing.served.start import Start


def main() -> None:
    """Read the start from the first line of standard input, open everything, say the port, and serve."""
    start = msgspec.json.decode(sys.stdin.readline(), type=Start)
    clock = VirtualClock(start.now)
    book = AddressBook(
        open_engine(start.database),
        connection=start.connection,
        capabilities=start.capabilities,
        clock=clock.now,
        region=start.region,
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    # Else head and body of an answer, sent apart, wait 40 ms for each other; connections inherit it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run(Desk(book, clock, start.token, start.seed), listening)


def _end_with_parent() -> None:
    """A test that was killed leaves no server behind."""
    sys.stdin.read()
    os._exit(0)


main()
