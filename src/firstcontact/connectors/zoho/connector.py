"""A connection to Zoho CRM: the contract's `Crm`."""

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
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE
from firstcontact.connectors.zoho import setting_up
from firstcontact.connectors.zoho.capabilities import CAPABILITIES
from firstcontact.connectors.zoho.carrying import Carrier
from firstcontact.connectors.zoho.client import Api
from firstcontact.connectors.zoho.faults import Refused
from firstcontact.connectors.zoho.feed import Feed
from firstcontact.connectors.zoho.finding import Finder
from firstcontact.connectors.zoho.looking import Look
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

T = TypeVar("T")


class Zoho:
    """One organisation, as one user of it. Safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._region = opening.region
        self._now = opening.now
        self._api = Api(opening)
        self._modules = Modules(self._api, opening.now)
        self._finder = Finder(self._api, self._modules, opening.region)
        self._look = Look(self._api, self._modules, opening.region, opening.now)
        sweep_hours = int(opening.options["sweep_hours"])
        self._feed = Feed(self._api, self._modules, self._look, opening.region, opening.now, sweep_hours)

    def capabilities(self) -> Capabilities:
        """See `Crm`; no request."""
        return CAPABILITIES

    def allowance(self) -> Allowance | None:
        """See `Limited`: what `X-API-CREDITS-REMAINING` said last."""
        return self._api.allowance()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._asked(self._look.users)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`: contacts and leads; a converted lead stands for its contact."""
        return self._asked(lambda: self._finder.find(handles))

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`."""
        return self._asked(lambda: self._look.read(ids))

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        return self._asked(lambda: self._look.accounts(domains, phones))

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`: Zoho CRM has none."""
        del contacts
        return ()

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `Crm`."""
        carrier = Carrier(self._api, self._modules, self._look, self._region, self._now(), writes)
        return self._asked(carrier.carry)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`; contacts, accounts and activities. A file is recognised when it is sent again."""
        return self._asked(lambda: self._look.written(keys))

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._asked(lambda: self._feed.changes(cursor))

    def size(self) -> int:
        """See `Crm`."""
        return self._asked(self._look.size)

    def examine(self) -> Sequence[Diagnosis]:
        """See `Examined`."""
        self._modules.forget()
        return self._asked(lambda: setting_up.examine(self._api, self._modules))

    def prepare(self) -> Sequence[str]:
        """See `Prepared`."""
        self._modules.forget()
        return self._asked(lambda: setting_up.prepare(self._api, self._modules))

    def _asked(self, ask: Callable[[], T]) -> T:
        """Something that Zoho refuses as a whole: mostly since a field has gone that we know of."""
        try:
            return ask()
        except Refused as refused:
            self._modules.forget()
            raise TryAgain(f"{refused}", AFTER_TROUBLE) from refused
