"""What the parts of an installation have in common: its settings, its ledger and its CRM connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import AuthLapsed, Crm
from firstcontact.flow.books import Books
from firstcontact.flow.clock import Clock
from firstcontact.lanes.leases import Lanes
from firstcontact.ledger import connecting
from firstcontact.ledger.book import Ledger
from firstcontact.operating.watch import Watch
from firstcontact.policy.scopes import SettingsBook


class Connected:
    """What `Installation` is made with, for its parts (`Polling`, `Answers`)."""

    books: Books
    ledger: Ledger
    crm: Crm
    clock: Clock
    watch: Watch
    lanes: Lanes
    indexed: bool
    poll_every: int

    @property
    def book(self) -> SettingsBook:
        """The settings in force."""
        return self.books.now

    def _not_paused(self) -> None:
        """Raises AuthLapsed where the CRM connection is paused: nothing is asked of it until `resume`."""
        with self.ledger.read() as tx:
            state = connecting.state(tx, self.crm.connection)
        if state.paused_at is not None:
            raise AuthLapsed(state.why)

    @contextmanager
    def _pausing(self) -> Iterator[None]:
        """Where the CRM says that our permission is gone, the connection is paused for all workers."""
        try:
            yield
        except AuthLapsed as error:
            with self.ledger.write(Boundary.PAUSE) as tx:
                news = connecting.pause(tx, self.crm.connection, str(error), self.clock.now())
            if news:
                self.watch.event("connection paused", "error", connection=self.crm.connection)
            raise
