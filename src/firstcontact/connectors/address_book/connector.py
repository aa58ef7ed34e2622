"""`AddressBook`: the built-in CRM, in one database, behind the contract of every other CRM.

Made with another kind's `Capabilities` it offers exactly what that CRM offers; so the scenarios play a
firm on Clio or Salesforce without either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book import look, tables
from firstcontact.connectors.address_book.capabilities import CAPABILITIES
from firstcontact.connectors.address_book.carry import carry, touched
from firstcontact.connectors.address_book.stored import INTEGRATION_USER
from firstcontact.connectors.address_book.unit import Unit, read_receipts
from firstcontact.connectors.contract import (
    Capabilities,
    Changes,
    Gone,
    Moved,
    MovedTo,
    NotOffered,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ContactFields, Receipt, Write
from firstcontact.store.engine import begin, read
from firstcontact.store.migrations import migrate
from firstcontact.store.problems import StoreProblem

Clock = Callable[[], int]
"""Microseconds since 1970-01-01 UTC."""

_AFTER_TROUBLE = 30.0
"""Seconds until a request that the database could not serve is worth repeating."""


def system_clock() -> int:
    """The machine's time."""
    return time.time_ns() // 1000


class AddressBook:
    """A `contract.Crm` over SQLite or PostgreSQL.

    capabilities: what it offers, by default everything. clock: for the times it records itself.
    region: the team's, in which numbers on records without a country are read. Makes or upgrades its
    tables; raises `store.problems.StoreProblem` where the database cannot be used.
    """

    def __init__(
        self,
        engine: Engine,
        connection: str = "address_book",
        capabilities: Capabilities | None = None,
        clock: Clock = system_clock,
        region: str = "US",
    ) -> None:
        self.connection = connection
        self.engine = engine
        self.region = region
        self.clock = clock
        # It looks up what writes point at, and so wants them call by call, whatever kind it plays.
        self._capabilities = msgspec.structs.replace(capabilities or CAPABILITIES, applies_together=False)
        self._finder = look.Finder(engine)
        migrate(engine, tables.HISTORY)

    def capabilities(self) -> Capabilities:
        """What this address book offers."""
        return self._capabilities

    def users(self) -> tuple[CrmUser, ...]:
        """All users, active or not, and the connection's own."""
        if not self._capabilities.owners:
            return (INTEGRATION_USER,)
        with _readable(), read(self.engine) as connection:
            known = look.read_users(connection)
        return (*(user for user in known if user.id != INTEGRATION_USER.id), INTEGRATION_USER)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """All contacts, and leads where they are offered, that bear each handle."""
        if not self._capabilities.looks_up:
            return {handle.key: ABSENT for handle in handles}
        with _readable():
            found = self._finder.find([handle.key for handle in handles], leads=self._capabilities.leads)
        if self._tells_all:
            return found
        return {key: replace(one, records=tuple(map(self._shown, one.records))) for key, one in found.items()}

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Contacts and leads by id, as they are now."""
        if not self._capabilities.looks_up:
            return {id: Gone(id) for id in ids}
        with _readable(), read(self.engine) as connection:
            found = look.read_records(connection, ids)
        if not self._capabilities.merges:
            found = {id: Gone(id) if isinstance(one, Moved) else one for id, one in found.items()}
        if self._tells_all:
            return found
        return {id: self._shown(one) if isinstance(one, Record) else one for id, one in found.items()}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """Accounts with one of these hosts or one of the same registrable domain, or these numbers."""
        if not self._capabilities.accounts:
            return ()
        with _readable(), read(self.engine) as connection:
            return look.find_accounts(connection, domains, phones)

    def every_account(self, after: str = "", most: int = 500) -> tuple[Account, ...]:
        """Accounts by id behind the id `after`, at most so many; () where they are not offered."""
        if not self._capabilities.accounts:
            return ()
        with _readable(), read(self.engine) as connection:
            return look.every_account(connection, after, most)

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of these contacts, open and closed."""
        if not self._capabilities.matters:
            return ()
        with _readable(), read(self.engine) as connection:
            return look.read_matters(connection, contacts)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out the writes in one transaction; one outcome each."""
        if not writes:
            return []
        for write in writes:  # numbers are read here once, and remembered when it is our turn
            if isinstance(write.fields, ContactFields):
                read_fields(write.fields.emails, (*write.fields.phones, *write.fields.mobiles), self.region)
        carried_out = False
        try:
            with self.changing() as unit:
                _load(unit, writes)
                outcomes = [self._told(carry(unit, write, self._capabilities)) for write in writes]
                unit.flush()
                carried_out = True
        except (StoreProblem, DBAPIError) as error:
            if carried_out:  # in the commit: it may have reached the disk although the answer was lost
                return [Unclear(f"{_sentence(error)} The write may have happened.", w.key) for w in writes]
            raise TryAgain(_sentence(error), _AFTER_TROUBLE) from error
        return outcomes

    @property
    def _tells_all(self) -> bool:
        return self._capabilities.marks_ours and self._capabilities.last_activity

    def _shown(self, record: Record) -> Record:
        """The record as far as the CRM that is played tells of it."""
        if not self._capabilities.marks_ours:
            record = replace(record, created_by_us=False, edited_by_person=False)
        if not self._capabilities.last_activity:
            record = replace(record, last_activity_at=0)
        return record

    def _told(self, outcome: Outcome) -> Outcome:
        """A merged record is a deleted one, where the CRM that is played tells no merges."""
        if isinstance(outcome, MovedTo) and not self._capabilities.merges:
            return Rejected(f"The {outcome.type} was deleted.", (outcome.type,))
        return outcome

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts of those write keys that were carried out."""
        if not self._capabilities.finds_written:
            return {}
        with _readable(), read(self.engine) as connection:
            return read_receipts(connection, keys)

    def changed_since(self, cursor: str) -> Changes:
        """Contacts, leads and accounts changed after the cursor, our own writes among them."""
        if not self._capabilities.change_feed:
            raise NotOffered(f"{self._capabilities.title} has no change feed")
        offered = self._capabilities
        if not offered.looks_up:
            return Changes(records=(), gone=(), cursor="whole", more=False)
        with _readable(), read(self.engine) as connection:
            changes = look.read_changes(connection, cursor, leads=offered.leads, accounts=offered.accounts)
        if self._tells_all:
            return changes
        return replace(changes, records=tuple(map(self._shown, changes.records)))

    def size(self) -> int:
        """How many contacts there are."""
        if not self._capabilities.looks_up:
            return -1
        with _readable(), read(self.engine) as connection:
            return look.read_size(connection)

    def unreadable(self) -> list[tuple[str, str]]:
        """Record and text of every piece of a phone or e-mail field that cannot be read (SPEC §1)."""
        with _readable(), read(self.engine) as connection:
            return look.read_unreadable(connection)

    @contextmanager
    def changing(self) -> Iterator[Unit]:
        """A write transaction with its working set; the caller flushes. For `people`."""
        with begin(self.engine, Boundary.CHANGE_ADDRESS_BOOK, turn="address_book") as connection:
            yield Unit(connection, self.region, self.clock())


def _load(unit: Unit, writes: Sequence[Write]) -> None:
    unit.load_receipts(write.key for write in writes)
    by_table: dict[str, list[str]] = {}
    for write in writes:
        for table, id in touched(write):
            by_table.setdefault(table, []).append(id)
    unit.load(by_table.pop("records", ()))
    for table, ids in by_table.items():
        unit.load_bodies(tables.metadata.tables[table], ids)


@contextmanager
def _readable() -> Iterator[None]:
    """A look-up that the database cannot answer is no answer: it is to be asked again."""
    try:
        yield
    except (StoreProblem, DBAPIError) as error:
        raise TryAgain(_sentence(error), _AFTER_TROUBLE) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, StoreProblem):
        return str(error)
    return "The address book's database cannot be used: " + type(error).__name__ + "."
