"""A CRM connection that is only read: everything is decided and shown, nothing is written.

That it is so is a fact of the ledger, which holds for all workers at once and stays when the settings no
longer say so: what has gathered meanwhile waits until a person has seen how much it is and lets it go, as
with a brake. `ReadOnly` is the net behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import Capabilities, Changes, Crm, Gone, Moved, NotOffered
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.ledger import deciding
from firstcontact.ledger.book import Ledger
from firstcontact.planning.write import Receipt, Write


def since(tx: Connection, connection: str) -> int:
    """Since when the connection is read-only, in microseconds, 0: it is not."""
    return int(deciding.fact(tx, _name(connection)) or 0)


def make_read_only(ledger: Ledger, connection: str, now: int) -> None:
    """From here on nothing is written to it, by any worker."""
    with ledger.read() as tx:
        if since(tx, connection):
            return
    with ledger.write(Boundary.SET_READ_ONLY) as tx:
        deciding.set_fact(tx, _name(connection), str(now))


def end(tx: Connection, connection: str) -> None:
    """A person has let go what waited."""
    deciding.set_fact(tx, _name(connection), "0")


def _name(connection: str) -> str:
    return f"read_only:{connection}"


class ReadOnly:
    """The contract's `Crm` without `apply`: whatever would be written is refused before it leaves."""

    def __init__(self, crm: Crm) -> None:
        self.connection = crm.connection
        self._crm = crm

    def capabilities(self) -> Capabilities:
        """See `Crm`."""
        return self._crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._crm.users()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`."""
        return self._crm.find(handles)

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`."""
        return self._crm.read(ids)

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        return self._crm.accounts(domains, phones)

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`."""
        return self._crm.matters(contacts)

    def apply(self, writes: Sequence[Write]) -> NoReturn:
        """Never. Raises NotOffered: whoever called it has a bug."""
        raise NotOffered(f"{self.connection} is read-only; {len(writes)} writes were not sent.")

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`."""
        return self._crm.written(keys)

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._crm.changed_since(cursor)

    def size(self) -> int:
        """See `Crm`."""
        return self._crm.size()
