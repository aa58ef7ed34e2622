"""Looking things up: who bears a handle, records by id, accounts, cases, users, what was written.

All that one call has to ask goes as one batch, however many handles there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from firstcontact.connectors.contract import Gone, Moved
from firstcontact.connectors.dynamics import mapping, odata, patterns
from firstcontact.connectors.dynamics.accounts import Accounts
from firstcontact.connectors.dynamics.batch import Operation
from firstcontact.connectors.dynamics.client import Api, Refused, Row
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.mapping import text
from firstcontact.connectors.dynamics.names import ACTIVITIES, KEY, SETS, id_of
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Environment, Table
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt

PAGE = 1_000
PAGES = 5
"""Pages of one filter; where more rows pass it, nobody can tell all."""
COUNTED = 5_000
"""Rows that Dataverse counts by itself at most."""

_RECORDS = ("contact", "lead")
_KEYED = ("contact", "account", *ACTIVITIES)
_TOO_MANY = "more rows than can be looked at pass the filter for this handle"
_CASE = "filters tell upper from lower case here, so that an address may be written in a way not asked for"
_NON_INTERACTIVE = (3, 4, 5)
"""`accessmode` of support, of applications and of delegated administrators: nobody's mailbox."""


class Look:
    """Look-ups in one environment. Every method may raise TryAgain and AuthLapsed."""

    def __init__(self, api: Api, environments: Environments, region: str) -> None:
        self._api = api
        self._environments = environments
        self._region = region
        self._accounts = Accounts(api, environments, region)

    # --- handles ------------------------------------------------------------------------------------------

    def find(self, handles: Sequence[Handle]) -> dict[str, Finding]:
        """As `Crm.find`."""
        if not handles:
            return {}
        environment = self._environments.now()
        keys = list(dict.fromkeys((one.kind, one.key) for one in handles))
        tables = [environment.table(name) for name in _RECORDS if environment.table(name).columns]
        asked: list[tuple[Table, list[str], str]] = []
        for table in tables:
            asked += _filters(keys, table, environment)
        answers = self._api.rows([path for _, _, path in asked], page=PAGE, most=PAGES)
        unknown: dict[str, str] = {}
        found: dict[str, Record] = {}
        by_table: dict[str, list[Row]] = defaultdict(list)
        for (table, mine, _), answer in zip(asked, answers, strict=True):
            by_table[table.name] += answer.rows
            if answer.cut:
                unknown |= dict.fromkeys(mine, _TOO_MANY)
        for table in tables:
            for one in self.records(by_table[table.name], table, environment):
                if isinstance(one, Record):
                    found[one.id] = one
        if not patterns.certain(environment):
            borne = {handle.key for one in found.values() for handle in one.handles}
            unknown |= {key: _CASE for kind, key in keys if kind == "email" and key not in borne}
        return _findings([key for _, key in keys], found.values(), unknown)

    # --- records ------------------------------------------------------------------------------------------

    def records(
        self, rows: Iterable[Row], table: Table, environment: Environment
    ) -> list[Record | Moved | Gone]:
        """Rows as they are. A qualified lead says which contact it became, or else that contact says it."""
        given = list(rows)
        silent = [
            id
            for row in given
            if table.name == "lead" and row.get("statecode") == mapping.QUALIFIED
            if not text(row, "_parentcontactid_value") and (id := guid(text(row, "leadid")))
        ]
        became = self._became(silent, environment)
        found: list[Record | Moved | Gone] = []
        for row in given:
            into = mapping.merged_into(row)
            id = guid(text(row, id_of(table.name)))
            if into:
                found.append(Moved(id, into))
            elif mapping.merged_away(row):
                found.append(Gone(id))
            else:
                became_id = became.get(id, "")
                found.append(mapping.read_record(row, table, self._region, environment.me, became_id))
        return found

    def _became(self, leads: Sequence[str], environment: Environment) -> dict[str, str]:
        """By lead the contact that names it as its origin."""
        if not leads or not environment.table("contact").has("originatingleadid"):
            return {}
        columns = ("contactid", "_originatingleadid_value")
        paths = [
            odata.select("contacts", columns, odata.among("originatingleadid", some))
            for some in odata.lists(leads)
        ]
        return {
            guid(text(row, "_originatingleadid_value")): guid(text(row, "contactid"))
            for answer in self._api.rows(paths)
            for row in answer.rows
        }

    def read(self, ids: Sequence[str]) -> dict[str, Record | Moved | Gone]:
        """As `Crm.read`."""
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        wanted = [id for id in found if guid(id) == id]
        if not wanted:
            return found
        environment = self._environments.now()
        tables = [environment.table(name) for name in _RECORDS if environment.table(name).columns]
        asked = [
            (
                table,
                odata.select(
                    SETS[table.name], mapping.record_columns(table), odata.among(id_of(table.name), some)
                ),
            )
            for table in tables
            for some in odata.lists(wanted)
        ]
        answers = self._api.rows([path for _, path in asked])
        for (table, _), answer in zip(asked, answers, strict=True):
            found |= {one.id: one for one in self.records(answer.rows, table, environment)}
        return found

    def users(self) -> tuple[CrmUser, ...]:
        """As `Crm.users`: people who work in it, and our own user."""
        me = self._environments.now().me
        columns = ("systemuserid", "fullname", "internalemailaddress", "isdisabled", "accessmode")
        (answer,) = self._api.rows([odata.select("systemusers", columns)])
        return tuple(
            mapping.read_user(row)
            for row in answer.rows
            if row.get("accessmode") not in _NON_INTERACTIVE or guid(text(row, "systemuserid")) == me
        )

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """As `Crm.matters`: cases whose contact or customer somebody is; none where the environment has no
        customer service."""
        wanted = [id for id in dict.fromkeys(contacts) if guid(id) == id]
        people = ("_primarycontactid_value", "_customerid_value")
        columns = ("incidentid", "title", "ticketnumber", "statecode", "createdon", *people)
        paths = [
            odata.select(
                "incidents",
                columns,
                odata.either([odata.among("primarycontactid", some), odata.among("customerid", some)]),
                order="incidentid",
            )
            for some in odata.lists(wanted)
        ]
        try:
            rows = [row for answer in self._api.rows(paths) for row in answer.rows]
        except Refused as refused:
            if refused.fault.status in (403, 404):
                return ()
            raise
        found: dict[tuple[str, str], Matter] = {}
        for row in rows:
            for name in people:
                contact = guid(text(row, name))
                if contact in wanted:
                    matter = mapping.read_matter(row, contact)
                    found.setdefault((matter.id, contact), matter)
        return tuple(found.values())

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """As `Crm.accounts`."""
        return self._accounts.find(domains, phones)

    def accounts_by_id(self, ids: Sequence[str]) -> tuple[Account, ...]:
        """These accounts, as far as there are, with what belongs to them."""
        return self._accounts.read(ids)

    def size(self) -> int:
        """How many contacts there are; Dataverse counts five thousand, and knows of more since yesterday."""
        (counted,) = self._api.ask([Operation(path="contacts/$count")])
        held = counted.body if isinstance(counted.body, int) else -1
        if held < COUNTED:
            return held
        path = "RetrieveTotalRecordCount(EntityNames=['contact'])"
        (told,) = self._api.ask([Operation(path=path)])
        try:
            return int(told.body["EntityRecordCountCollection"]["Values"][0])
        except (TypeError, KeyError, IndexError, ValueError):
            return -1

    # --- what was written ---------------------------------------------------------------------------------

    def written(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """As `Crm.written`: contacts, accounts and activities by their key, files by their id."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        environment = self._environments.now()
        asked: list[tuple[str, str]] = []
        for name in _KEYED:
            if environment.table(name).has(KEY):
                columns = (id_of(name), KEY, "createdon")
                asked += [
                    (name, odata.select(SETS[name], columns, odata.among(KEY, some)))
                    for some in odata.lists(wanted)
                ]
        notes = {odata.guid_from(key): key for key in wanted if _is_key(key)}
        told = ("annotationid", "createdon")
        asked += [
            ("annotation", odata.select("annotations", told, odata.among("annotationid", some)))
            for some in odata.lists(list(notes))
        ]
        found = {}
        for (name, _), answer in zip(asked, self._api.rows([path for _, path in asked]), strict=True):
            for row in answer.rows:
                id = guid(text(row, id_of(name)))
                key = text(row, KEY) or notes.get(id, "")
                found[key] = Receipt(key, named(name, id), True, micros(text(row, "createdon")))
        return {key: found[key] for key in wanted if key in found}


def named(table: str, id: str) -> str:
    """The id of a row in receipts: that of an activity tells its table."""
    return f"{table}:{id}" if table in ACTIVITIES else id


def _is_key(key: str) -> bool:
    return len(key) == 32 and all(c in "0123456789abcdef" for c in key)


def _filters(
    keys: Sequence[tuple[str, str]], table: Table, environment: Environment
) -> list[tuple[Table, list[str], str]]:
    """For each filter its table, the handles in it, and the query."""
    make: Mapping[str, Callable[[str, Table, Environment], patterns.Condition]]
    make = {"email": patterns.email, "phone": patterns.phone}
    conditions = [(key, *make[kind](key, table, environment)) for kind, key in keys]
    conditions = [one for one in conditions if one[1]]
    columns = mapping.record_columns(table)
    found = []
    for begin, end in odata.portions([(one, count) for _, one, count in conditions]):
        portion = conditions[begin:end]
        where = odata.either([one for _, one, _ in portion])
        path = odata.select(SETS[table.name], columns, where, order=id_of(table.name))
        found.append((table, [key for key, _, _ in portion], path))
    return found


def _findings(
    keys: Sequence[str], records: Iterable[Record], unknown: Mapping[str, str]
) -> dict[str, Finding]:
    bearing: defaultdict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda one: (one.created_at, one.id)):
        for key in dict.fromkeys(handle.key for handle in record.handles):
            bearing[key].append(record)
    return {
        key: Finding("unknown", tuple(bearing[key]), unknown[key])
        if key in unknown
        else Finding("found", tuple(bearing[key]))
        if key in bearing
        else ABSENT
        for key in keys
    }
