"""A connection to Microsoft Dynamics 365 (Dataverse): the contract's `Crm`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

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
from firstcontact.connectors.dynamics import examining, preparing
from firstcontact.connectors.dynamics.capabilities import CAPABILITIES
from firstcontact.connectors.dynamics.carry import Carrier
from firstcontact.connectors.dynamics.client import Api, Refused
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.feed import Feed
from firstcontact.connectors.dynamics.look import Look
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

T = TypeVar("T")


class Dynamics:
    """One environment, as one application user of it. Safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        options = opening.options
        self._region = opening.region
        self._now = opening.now
        self._detect = bool(options["duplicate_rules"])
        tracked = bool(options["change_tracking"])
        self._capabilities = (
            CAPABILITIES if tracked else msgspec.structs.replace(CAPABILITIES, deletions=False)
        )
        self._api = Api(opening)
        self._environments = Environments(self._api, opening.now)
        self._look = Look(self._api, self._environments, opening.region)
        self._feed = Feed(
            self._api,
            self._environments,
            self._look,
            opening.now,
            tracked=tracked,
            sweep_hours=int(options["sweep_hours"]),
        )

    def capabilities(self) -> Capabilities:
        """See `Crm`; no request."""
        return self._capabilities

    def allowance(self) -> Allowance | None:
        """See `Limited`: what the service protection limits said last."""
        return self._api.allowance()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._asked(self._look.users)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`: contacts and leads, qualified ones too."""
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
        carrier = Carrier(
            self._api,
            self._environments,
            self._look,
            self._region,
            self._now(),
            writes,
            self._detect,
        )
        return self._asked(carrier.carry)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`; contacts, accounts, activities and files, not changes."""
        return self._asked(lambda: self._look.written(keys))

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._asked(lambda: self._feed.changes(cursor))

    def size(self) -> int:
        """See `Crm`."""
        return self._asked(self._look.size)

    def examine(self) -> Sequence[Diagnosis]:
        """See `Examined`."""
        self._environments.forget()
        return self._asked(lambda: examining.examine(self._api, self._environments, self._detect))

    def prepare(self) -> Sequence[str]:
        """See `Prepared`."""
        self._environments.forget()
        made = preparing.prepare(self._api, self._environments)
        self._environments.forget()
        return made

    def _asked(self, ask: Callable[[], T]) -> T:
        """Something that Dataverse refuses as a whole: mostly since a column has gone that we know of."""
        try:
            return ask()
        except Refused as refused:
            if refused.fault.stale:
                self._environments.forget()
            raise TryAgain(f"{refused}", AFTER_TROUBLE) from refused
