"""Accounts by the hosts and numbers that they bear, with their teams, opportunities and contacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.connectors.dynamics import mapping, odata, patterns
from firstcontact.connectors.dynamics.batch import Operation, Result
from firstcontact.connectors.dynamics.client import Api, Row, read_rows
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.mapping import text
from firstcontact.connectors.dynamics.names import DOMAINS
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.identity.domains import registrable
from firstcontact.identity.records import Account

PORTION = 100
"""Accounts whose opportunities, teams and contacts are asked for together."""
ACCESS_TEAM = 1
"""`teamtype` of a team that was made for one row."""

_OPPORTUNITY = ("opportunityid", "name", "statecode", "_ownerid_value", "_parentaccountid_value")


class Accounts:
    """Accounts of one environment."""

    def __init__(self, api: Api, environments: Environments, region: str) -> None:
        self._api = api
        self._environments = environments
        self._region = region

    def find(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """As `Crm.accounts`: candidates by patterns, then verified by host, registrable domain and number."""
        environment = self._environments.now()
        table = environment.table("account")
        hosts = sorted({domain.lower() for domain in domains if domain})
        bases = sorted({base for host in hosts if (base := registrable(host))})
        numbers = list(dict.fromkeys(phones))
        if not table.columns or not (hosts or numbers):
            return ()
        places = (*table.present(("websiteurl", DOMAINS)), *table.emails())
        asked = [patterns.host(base, table, places, environment) for base in bases or hosts]
        asked += [patterns.phone(number, table, environment) for number in numbers]
        asked = [one for one in asked if one[0]]
        columns = mapping.account_columns(table)
        paths = [
            odata.select("accounts", columns, odata.either([one for one, _ in asked[begin:end]]))
            for begin, end in odata.portions(asked)
        ]
        rows = {guid(text(row, "accountid")): row for one in self._api.rows(paths) for row in one.rows}
        wanted = set(hosts) | set(bases)

        def meant(account: Account) -> bool:
            named = {name for host in account.domains for name in (host, registrable(host))}
            return bool(wanted & named) or bool(set(numbers) & set(account.phones))

        good = [id for id in sorted(rows) if meant(mapping.read_account(rows[id], table, self._region))]
        return self._complete({id: rows[id] for id in good})

    def read(self, ids: Sequence[str]) -> tuple[Account, ...]:
        """These accounts, as far as there are."""
        table = self._environments.now().table("account")
        if not ids or not table.columns:
            return ()
        columns = mapping.account_columns(table)
        paths = [
            odata.select("accounts", columns, odata.among("accountid", some)) for some in odata.lists(ids)
        ]
        return self._complete(
            {guid(text(row, "accountid")): row for one in self._api.rows(paths) for row in one.rows}
        )

    def _complete(self, rows: Mapping[str, Row]) -> tuple[Account, ...]:
        """These accounts with their teams, opportunities and number of contacts, by id. One that is inactive
        or was merged is none any more."""
        table = self._environments.now().table("account")
        ids = sorted(id for id, row in rows.items() if row.get("statecode") in (None, mapping.OPEN))
        portions = odata.lists(ids, PORTION)
        answers = self._api.ask([one for portion in portions for one in _around(portion)])
        opportunities = defaultdict(list)
        teams: defaultdict[str, list[str]] = defaultdict(list)
        people: dict[str, int] = {}
        for number in range(len(portions)):
            told = answers[number * 3 : number * 3 + 3]
            for row in self._rows(told[0]):
                read = mapping.read_opportunity(row)
                opportunities[read.account].append(read)
            for row in self._rows(told[1]):
                members: list[Mapping[str, Any]] = row.get("teammembership_association") or []
                account = guid(text(row, "_regardingobjectid_value"))
                teams[account] += [guid(text(one, "systemuserid")) for one in members]
            for row in self._rows(told[2]):
                people[guid(text(row, "_parentcustomerid_value"))] = int(row.get("people") or 0)
        return tuple(
            mapping.read_account(
                rows[id],
                table,
                self._region,
                team=sorted(dict.fromkeys(teams[id])),
                opportunities=opportunities[id],
                contacts=people.get(id, 0),
            )
            for id in ids
        )

    def _rows(self, answer: Result) -> list[Row]:
        """The rows of an answer and of the pages behind it; none where our user may not see the table, or the
        environment has no sales, or too many to be counted."""
        if answer.status in (400, 403, 404):
            return []
        body = self._api.good(answer).body
        rows = list(read_rows(body))
        link = self._api.link(body.get("@odata.nextLink"))
        return rows + (self._api.rows([link])[0].rows if link else [])


def _around(ids: Sequence[str]) -> list[Operation]:
    """Opportunities, access teams and numbers of contacts of some accounts."""
    team = f"teamtype eq {ACCESS_TEAM} and {odata.among('regardingobjectid', ids)}"
    mine = " or ".join(f"_parentcustomerid_value eq {id}" for id in ids)
    counted = f"filter({mine})/groupby((_parentcustomerid_value),aggregate($count as people))"
    paths = (
        odata.select(
            "opportunities", _OPPORTUNITY, odata.among("parentaccountid", ids), order="opportunityid"
        ),
        odata.select(
            "teams",
            ("_regardingobjectid_value",),
            team,
            expand="teammembership_association($select=systemuserid)",
        ),
        odata.address("contacts", {"apply": counted}),
    )
    return [Operation(path=path) for path in paths]
