"""A connection to Salesforce: the contract's `Crm`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from firstcontact.connectors.contract import (
    Allowance,
    Capabilities,
    Changes,
    Diagnosis,
    Gone,
    Moved,
    Opening,
    Outcome,
    TryAgain,
)
from firstcontact.connectors.salesforce import setting_up
from firstcontact.connectors.salesforce.capabilities import CAPABILITIES
from firstcontact.connectors.salesforce.carry import Carrier
from firstcontact.connectors.salesforce.client import Api, Refused
from firstcontact.connectors.salesforce.faults import STALE, has
from firstcontact.connectors.salesforce.feed import Feed
from firstcontact.connectors.salesforce.look import Look
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

T = TypeVar("T")


class Salesforce:
    """One organisation, as one user of it. Safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._region = opening.region
        self._now = opening.now
        self._api = Api(opening)
        self._organisation = Organisation(self._api, opening.now)
        self._look = Look(self._api, self._organisation, opening.region, opening.now)
        bulk_from = int(opening.options["bulk_from"])
        self._feed = Feed(self._api, self._organisation, self._look, opening.now, bulk_from)

    def capabilities(self) -> Capabilities:
        """See `Crm`; no request."""
        return CAPABILITIES

    def allowance(self) -> Allowance | None:
        """See `Limited`: what `Sforce-Limit-Info` said last."""
        return self._api.allowance()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._asked(self._look.users)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`: contacts and leads, converted ones too."""
        return self._asked(lambda: self._look.find(handles))

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`."""
        return self._asked(lambda: self._look.read(ids))

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        return self._asked(lambda: self._look.accounts(domains, phones))

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`: a contact's cases."""
        return self._asked(lambda: self._look.matters(contacts))

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `Crm`; activities may point at contacts and accounts that the same call makes."""
        carrier = Carrier(self._api, self._organisation, self._region, self._now(), writes)
        return self._asked(carrier.carry)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`; contacts, accounts, activities and files, not roles and changes."""
        return self._asked(lambda: self._look.written(keys))

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._asked(lambda: self._feed.changes(cursor))

    def size(self) -> int:
        """See `Crm`."""
        return self._asked(self._look.size)

    def examine(self) -> Sequence[Diagnosis]:
        """See `Examined`."""
        self._organisation.forget()
        return self._asked(lambda: setting_up.examine(self._api, self._organisation))

    def prepare(self) -> Sequence[str]:
        """See `Prepared`."""
        self._organisation.forget()
        made = setting_up.prepare(self._api, self._organisation)
        self._organisation.forget()
        return made

    def _asked(self, ask: Callable[[], T]) -> T:
        """Something that Salesforce refuses as a whole: mostly since a field has gone that we know of."""
        try:
            return ask()
        except Refused as refused:
            if has(refused.faults, STALE):
                self._organisation.forget()
            raise TryAgain(f"{refused}", AFTER_TROUBLE) from refused
