"""Looking things up: records by id, accounts, users, what was written, how many contacts there are."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from firstcontact.connectors.contract import Gone, Moved
from firstcontact.connectors.toolkit.times import micros
from firstcontact.connectors.zoho import activities, coql, mapping
from firstcontact.connectors.zoho.client import Api, Row, counted
from firstcontact.connectors.zoho.finding import accounts_asked
from firstcontact.connectors.zoho.mapping import text
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.connectors.zoho.shapes import ACTIVITIES, KEY, PEOPLE, TEAM, is_id
from firstcontact.identity.domains import registrable
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.planning.write import Receipt

KEPT = 600_000_000
"""Microseconds for which users are kept, where a team names them by their addresses."""
_WRITTEN = ("Contacts", "Accounts", *ACTIVITIES)


class Look:
    """Look-ups in one organisation, safe to use from several threads. Every method may raise TryAgain,
    AuthLapsed and Refused."""

    def __init__(self, api: Api, modules: Modules, region: str, now: Callable[[], int]) -> None:
        self._api = api
        self._modules = modules
        self._region = region
        self._now = now
        self._lock = threading.Lock()
        self._users: tuple[int, tuple[CrmUser, ...]] | None = None

    # --- records ------------------------------------------------------------------------------------------

    def read(self, ids: Sequence[str]) -> dict[str, Record | Moved | Gone]:
        """As `Crm.read`: contacts, and what is no contact among the leads. Zoho does not tell of merges."""
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        if found:
            self._modules.contacts()
        for name in PEOPLE:
            module = self._modules.of(name)
            missing = [id for id, one in found.items() if isinstance(one, Gone) and is_id(id)]
            if not missing or not module.fields:
                continue
            for row in self._api.records(name, missing, mapping.record_fields(module)):
                if not mapping.converted_away(row):
                    found[text(row, "id")] = mapping.read_record(row, module, self._region)
        return found

    def users(self) -> tuple[CrmUser, ...]:
        """As `Crm.users`."""
        rows = self._api.listed("users", "users", {"type": "AllUsers"})
        found = tuple(mapping.read_user(row) for row in rows)
        with self._lock:
            self._users = self._now(), found
        return found

    def size(self) -> int:
        """How many contacts there are."""
        return self._api.count("Contacts")

    # --- accounts -----------------------------------------------------------------------------------------

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """As `Crm.accounts`: candidates by parts of their texts, then verified by host, registrable domain
        and number."""
        module = self._modules.of("Accounts")
        hosts = sorted({domain.lower() for domain in domains if domain})
        bases = sorted({base for host in hosts if (base := registrable(host))})
        asked = accounts_asked(module, bases or hosts, list(dict.fromkeys(phones)))
        if not asked or not module.fields:
            return ()
        rows = self._api.asked(mapping.account_fields(module), "Accounts", asked)
        wanted, numbers = {*hosts, *bases}, set(phones)

        def meant(row: Row) -> bool:
            account = mapping.read_account(row, module, self._region)
            named = {name for host in account.domains for name in (host, registrable(host))}
            return bool(wanted & named) or bool(numbers & set(account.phones))

        return self.complete([row for row in rows if meant(row)])

    def accounts_by_id(self, ids: Sequence[str]) -> list[Row]:
        """Those of these accounts that there are."""
        module = self._modules.of("Accounts")
        return self._api.records("Accounts", ids, mapping.account_fields(module))

    def complete(self, rows: Sequence[Row]) -> tuple[Account, ...]:
        """These accounts with their deals, teams and numbers of contacts, by id."""
        by_id = {text(row, "id"): row for row in rows}
        if not by_id:
            return ()
        module = self._modules.of("Accounts")
        contacts = self._contacts_of(list(by_id))
        deals = self._deals_of(list(by_id))
        return tuple(
            mapping.read_account(
                row,
                module,
                self._region,
                team=self._team(row),
                opportunities=deals[id],
                contacts=contacts.get(id, 0),
            )
            for id, row in sorted(by_id.items())
        )

    def _contacts_of(self, accounts: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for portion in coql.portions(coql.among("Account_Name", accounts)):
            statement = coql.select(
                ["Account_Name", "COUNT(id)"], "Contacts", coql.either(portion), group="Account_Name"
            )
            rows, _ = self._api.query(statement)
            found |= {text(row, "Account_Name"): max(0, counted(row)) for row in rows}
        return found

    def _deals_of(self, accounts: Sequence[str]) -> Mapping[str, list[Opportunity]]:
        found: defaultdict[str, list[Opportunity]] = defaultdict(list)
        module = self._modules.of("Deals")
        if module.fields:
            asked = coql.among("Account_Name", accounts)
            for row in self._api.asked(mapping.deal_fields(module), "Deals", asked):
                deal = mapping.read_deal(row, module)
                found[deal.account].append(deal)
        return found

    def _team(self, row: Row) -> tuple[str, ...]:
        """The users that our field for an account's team names, by their ids or their addresses."""
        named = mapping.listed(text(row, TEAM))
        addressed = {one.lower() for one in named if "@" in one}
        by_address = {user.email.lower(): user.id for user in self._known_users()} if addressed else {}
        ids = [by_address.get(one.lower(), "") if "@" in one else one for one in named]
        return tuple(sorted({id for id in ids if id}))

    def _known_users(self) -> tuple[CrmUser, ...]:
        kept = self._users
        if kept is not None and 0 <= self._now() - kept[0] < KEPT:
            return kept[1]
        return self.users()

    def logged_on(self, contacts: Sequence[str]) -> frozenset[str]:
        """Those of these contacts on whom people have logged something, or changed what we did."""
        found: set[str] = set()
        for name in ACTIVITIES if contacts else ():
            module = self._modules.of(name)
            if not module.has("Who_Id"):
                continue
            fields = ("id", "Who_Id", "Created_By", "Modified_By", *module.present((KEY,)))
            for row in self._api.asked(fields, name, coql.among("Who_Id", contacts)):
                if not text(row, KEY) or text(row, "Created_By") != text(row, "Modified_By"):
                    found.add(text(row, "Who_Id"))
        return frozenset(found)

    # --- writes -------------------------------------------------------------------------------------------

    def written(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """As `Crm.written`: one query for each module that bears our key."""
        unique = list(dict.fromkeys(keys))
        found: dict[str, Receipt] = {}
        for name in _WRITTEN if unique else ():
            for receipt in self.written_in(name, unique):
                found.setdefault(receipt.key, receipt)
        return found

    def written_in(self, name: str, keys: Sequence[str]) -> list[Receipt]:
        """Receipts of those of these keys that a record of a module bears."""
        if not self._modules.of(name).has(KEY):
            return []
        asked = coql.among(KEY, keys)
        rows = self._api.asked(("id", KEY, "Created_Time"), name, asked)
        made = sorted(rows, key=lambda row: (micros(text(row, "Created_Time")), text(row, "id")))
        return [
            Receipt(text(row, KEY), named_id(name, text(row, "id")), True, micros(text(row, "Created_Time")))
            for row in made
        ]


def named_id(module: str, id: str) -> str:
    """A record's id as our receipts have it."""
    return activities.receipt_id(module, id) if module in ACTIVITIES else id
