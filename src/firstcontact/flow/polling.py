"""`Polling`: what changed in the CRM, read page by page into the ledger and its index of the address book."""

from __future__ import annotations

import time
from collections.abc import Callable

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.flow.connected import Connected
from firstcontact.flow.indexed import forget, take_changes
from firstcontact.flow.sifting import sifted_changes
from firstcontact.ledger import deciding, domain_rulings, index, intake, news
from firstcontact.ledger.index import IndexState
from firstcontact.store.problems import StoreProblem

PAGES = 4
"""Pages of the change feed that are read before other work has its turn."""


class Polling(Connected):
    """The part of an installation that follows its CRM."""

    def poll(self, pages: int = 0) -> bool:
        """Ask the CRM what changed; whoever waited for a record is decided again.

        pages: at most so many, 0: all there are. Whether more is waiting. Raises AuthLapsed, StoreProblem.
        """
        if not self.crm.capabilities().change_feed:
            return False
        read = 0
        while True:
            more = self._page()
            read += 1
            if not more or read == pages:
                return more

    def read_address_book(self, progress: Callable[[IndexState], None]) -> IndexState:
        """Bring the index up to date now, reading everything where it was never read; where another worker
        is at it, wait for it. progress: is told how far it is, again and again.

        Raises AuthLapsed, TryAgain where the CRM takes no requests now, StoreProblem.
        """
        begun = self.clock.now()
        while True:
            with self.lanes.leased(1, only=(0,)) as lease:
                if lease is not None:
                    self._not_paused()
                    before = self.index_state()
                    more = self.poll(1)
                    state = self.index_state()
                    progress(state)
                    if not more and state.read_at >= begun:
                        return state
                    if not more and state == before:
                        raise TryAgain("The CRM takes no more requests for now; the same command goes on.")
                    continue
            state = self.index_state()
            progress(state)
            if state.read_at >= begun:
                return state
            time.sleep(0.5)

    def index_state(self) -> IndexState:
        """How far the CRM's address book has been read into the index."""
        with self.ledger.read() as tx:
            return index.state(tx, self.crm.connection)

    def _page(self) -> bool:
        """One page of the change feed; whether there is more behind it."""
        connection, now = self.crm.connection, self.clock.now()
        name = f"crm:{connection}"
        with self.ledger.read() as tx:
            cursor = intake.cursor(tx, name)
        try:
            with self._pausing(), crossing(Boundary.ASK_CHANGES):
                changes = self.crm.changed_since(cursor)
        except TryAgain:
            return False  # the cursor stands where it was; the next poll asks again
        if changes.cursor != cursor or self.indexed:
            region = self.book.team.region
            with self.ledger.write(Boundary.KEEP_CHANGES) as tx:
                changes = sifted_changes(tx, self.ledger.erased, changes)
                topics = {f"handle:{handle.key}" for record in changes.records for handle in record.handles}
                topics |= news.domain_topics(host for account in changes.accounts for host in account.domains)
                if self.indexed:
                    take_changes(tx, connection, changes, region, now)
                else:
                    deciding.bears(tx, connection, changes.records)
                    forget(tx, connection, changes.gone, now)
                hosts = [domain for account in changes.accounts for domain in account.domains]
                deciding.see_accounts(tx, connection, hosts)
                domain_rulings.follow(tx, connection, changes.accounts)
                news.tell(tx, topics, (), now)
                intake.set_cursor(tx, name, changes.cursor, now)
        return changes.more

    def _poll_or_go_on(self) -> bool:
        """Ask for changes where it is time to; whether more is waiting. Live work does not wait for a first
        reading of everything: that goes on by a few pages each time. A connector that fails at telling what
        changed must not keep the rest from being done."""
        if self.indexed:
            state = self.index_state()
            whole = state.swept == state.reading
            if whole and 0 <= self.clock.now() - state.read_at < self.poll_every:
                return False
        try:
            return self.poll(PAGES if self.indexed else 0)
        except (AuthLapsed, StoreProblem):
            raise
        except Exception as error:
            self.watch.failure("poll failed", error, connection=self.crm.connection)
            return False
