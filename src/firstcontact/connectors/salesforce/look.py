"""Looking things up: who bears a handle, records by id, accounts, cases, users, what was written.

A few handles are asked for by SOQL, both types of record in one request: patterns find every writing, and
what was written a moment ago too. Many numbers are asked for by SOSL, a hundred in a request, since patterns
for each would be too long; what its index does not know yet is among the records of the last minutes, which
one more request reads. An organisation so large that patterns take Salesforce too long is searched by SOSL
for an hour. Whatever comes back is verified by its own handles (SPEC §2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from firstcontact.connectors.contract import Gone, Moved
from firstcontact.connectors.salesforce import mapping, soql, sosl
from firstcontact.connectors.salesforce.client import Api, Row, TooSlow
from firstcontact.connectors.salesforce.mapping import text
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.salesforce.shapes import DOMAINS, KEY, OTHER_PHONES, Shape
from firstcontact.connectors.toolkit.spellings import host_spellings, spellings
from firstcontact.connectors.toolkit.times import iso_millis, micros
from firstcontact.identity.domains import is_free_mail, registrable
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt

FEW = 6
"""Up to so many numbers are asked for by patterns."""
SEARCHED = 3_600_000_000
"""Microseconds for which everything is asked for by SOSL after patterns took too long."""
LAG = 1_200_000_000
"""Microseconds by which the search index may be behind: it says nothing of its delay (apis A1)."""
FRESH = 2_000
"""Up to so many records of a type that were written lately are read, one page; where somebody loads more than
that, numbers are asked for by patterns."""
ACCOUNTS = 200
"""Accounts whose opportunities, roles and teams are read in one request."""

_RECORD_TYPES = ("Contact", "Lead")
_WRITTEN = ("Contact", "Account", "Task", "Event", "EmailMessage", "ContentVersion")
_TOO_MANY = "more records than one search of Salesforce returns bear this number"
_TOO_FRESH = "more records were written lately than can be looked at, which a search may not know yet"


class Look:
    """Look-ups in one organisation. Every method may raise TryAgain and AuthLapsed."""

    def __init__(self, api: Api, organisation: Organisation, region: str, now: Callable[[], int]) -> None:
        self._api = api
        self._organisation = organisation
        self._region = region
        self._now = now
        self._slow_until = 0

    # --- handles ------------------------------------------------------------------------------------------

    def find(self, handles: Sequence[Handle]) -> dict[str, Finding]:
        """As `Crm.find`."""
        if not handles:
            return {}
        try:
            return self._find(handles, FEW if self._now() >= self._slow_until else 0)
        except TooSlow:
            self._slow_until = self._now() + SEARCHED
            return self._find(handles, 0)

    def _find(self, handles: Sequence[Handle], few: int) -> dict[str, Finding]:
        """few: up to so many numbers are asked for by patterns; 0 where patterns are too slow."""
        emails = list(dict.fromkeys(one.key for one in handles if one.kind == "email"))
        phones = list(dict.fromkeys(one.key for one in handles if one.kind == "phone"))
        lead = self._organisation.shape("Lead")
        shapes = [self._organisation.contacts(), *([lead] if lead.fields else [])]
        hidden = [shape for shape in shapes if _hidden(shape)]
        many = len(phones) > few
        found: dict[str, Record] = {}
        unknown: set[str] = set()
        why = _TOO_MANY
        statements: list[tuple[Shape, str]] = []
        fresh: dict[str, str] = {}
        for shape in shapes:
            conditions = [_email(key, shape, texts=bool(few)) for key in emails]
            conditions += [] if many else [_phone(key, shape) for key in phones]
            statements += [(shape, one) for one in self._statements(shape, conditions)]
            if many:
                fresh[shape.name] = self._fresh(shape)
                statements.append((shape, fresh[shape.name]))
        answers = self._api.queries([one for _, one in statements])
        for (shape, statement), rows in zip(statements, answers, strict=True):
            self._keep(found, rows, shape)
            if many and len(rows) >= FRESH and statement == fresh[shape.name]:
                if few:
                    return self._find(handles, len(phones))
                # Patterns are too slow here, so that nobody can tell.
                why = _TOO_FRESH
                unknown.update(phones)
        if many:
            # Our field for further numbers is a text, which is no phone field.
            group = "ALL" if any(shape.has(OTHER_PHONES) for shape in shapes) else "PHONE"
            unknown |= self._search(found, phones, sosl.phone_terms, group, shapes)
        elif hidden:
            unknown |= self._search(found, phones, sosl.phone_terms, "ALL", hidden)
        if hidden or not few:
            unknown |= self._search(found, emails, sosl.email_terms, "ALL", shapes if not few else hidden)
        return _findings([*emails, *phones], found.values(), unknown, why)

    def _statements(self, shape: Shape, conditions: Sequence[str]) -> list[str]:
        fields = mapping.record_fields(shape)
        room = soql.URL_LIMIT - len(soql.encoded(soql.select(fields, shape.name, "")))
        portions = soql.parts([one for one in conditions if one], 8, room)
        return [soql.select(fields, shape.name, soql.either(portion)) for portion in portions]

    def _fresh(self, shape: Shape) -> str:
        """What others wrote lately. What we made ourselves is in our own index at once; by our key it is told
        from what a person makes who shares our login."""
        where = f"SystemModstamp >= {iso_millis(self._api.earliest_now() - LAG)}"
        me = self._api.user()
        if me and shape.searchable(shape.present((KEY,))):
            where += f" AND (LastModifiedById != {soql.quoted(me)} OR {KEY} = null)"
        return soql.select(mapping.record_fields(shape), shape.name, where, limit=FRESH)

    def _search(
        self,
        found: dict[str, Record],
        keys: Sequence[str],
        terms: Callable[[str], Iterable[str]],
        group: str,
        shapes: Sequence[Shape],
    ) -> set[str]:
        """Adds what a search finds; the keys of which it cannot tell all."""
        returning = {shape.name: mapping.record_fields(shape) for shape in shapes}
        unknown: set[str] = set()
        waiting = sosl.searches(keys, terms, group, returning)
        while waiting:
            asked, statement = waiting.pop()
            rows = self._api.search(statement)
            for shape in shapes:
                mine = [row for row in rows if row.get("attributes", {}).get("type") == shape.name]
                self._keep(found, mine, shape)
            if len(rows) < sosl.ROWS:
                continue
            if len(asked) == 1:
                unknown.add(asked[0])
                continue
            half = len(asked) // 2
            for part in (asked[:half], asked[half:]):
                waiting += sosl.searches(part, terms, group, returning)
        return unknown

    def _keep(self, found: dict[str, Record], rows: Iterable[Row], shape: Shape) -> None:
        for row in rows:
            record = mapping.read_record(row, shape, self._region, self._api.user())
            found[record.id] = record

    # --- records ------------------------------------------------------------------------------------------

    def read(self, ids: Sequence[str]) -> dict[str, Record | Moved | Gone]:
        """As `Crm.read`."""
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        if found:
            self._organisation.contacts()
        statements: list[tuple[Shape, str]] = []
        for type, prefix in zip(_RECORD_TYPES, ("003", "00Q"), strict=True):
            shape = self._organisation.shape(type)
            if not shape.fields:
                continue
            mine = [id for id in found if id.startswith(prefix) and len(id) == 18 and id.isalnum()]
            fields = (*mapping.record_fields(shape), "IsDeleted", "MasterRecordId")
            room = soql.URL_LIMIT - len(soql.encoded(soql.select(fields, type, "")))
            for portion in soql.parts(mine, 10, room):
                statements.append((shape, soql.select(fields, type, soql.among("Id", portion))))
        answers = self._api.queries([one for _, one in statements], deleted=True)
        for (shape, _), rows in zip(statements, answers, strict=True):
            for row in rows:
                found[text(row, "Id")] = self.as_it_is(row, shape)
        return found

    def as_it_is(self, row: Row, shape: Shape) -> Record | Moved | Gone:
        """A record, also one from the recycle bin."""
        if text(row, "MasterRecordId"):
            return Moved(text(row, "Id"), text(row, "MasterRecordId"))
        if mapping.flag(row, "IsDeleted"):
            return Gone(text(row, "Id"))
        return mapping.read_record(row, shape, self._region, self._api.user())

    def users(self) -> tuple[CrmUser, ...]:
        """As `Crm.users`: those who work in Salesforce, not customers in its portals, nor its own."""
        shape = self._organisation.shape("User")
        fields = shape.present(("Id", "Name", "Email", "IsActive", "UserType")) or ("Id",)
        rows = self._api.query(soql.select(fields, "User", order="Id"))
        return tuple(
            mapping.read_user(row)
            for row in rows
            if text(row, "UserType") in ("", "Standard", "PowerPartner")
        )

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """As `Crm.matters`: a contact's cases."""
        if not self._organisation.shape("Case").fields:
            return ()
        fields = ("Id", "ContactId", "Subject", "CaseNumber", "IsClosed", "CreatedDate")
        ids = [
            id for id in dict.fromkeys(contacts) if id.startswith("003") and len(id) == 18 and id.isalnum()
        ]
        statements = [
            soql.select(fields, "Case", soql.among("ContactId", portion), order="Id")
            for portion in soql.parts(ids, 10, soql.URL_LIMIT - 300)
        ]
        rows = [row for found in self._api.queries(statements) for row in found]
        return tuple(mapping.read_matter(row) for row in rows)

    def size(self) -> int:
        """How many contacts there are; -1 where there are too many to be counted in time."""
        try:
            return self._api.count("Contact")
        except TooSlow:
            return -1

    # --- accounts -----------------------------------------------------------------------------------------

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """As `Crm.accounts`: candidates by patterns, then verified by host, registrable domain and number."""
        shape = self._organisation.shape("Account")
        hosts = sorted({domain.lower() for domain in domains if domain})
        bases = sorted({base for host in hosts if (base := registrable(host))})
        numbers = list(dict.fromkeys(phones))
        places = [name for name in ("Website", DOMAINS) if shape.has(name)]
        searchable = shape.searchable(places)
        written = [form for base in bases or hosts for form in host_spellings(base)]
        asked = [soql.like(name, form) for form in written for name in searchable]
        asked += [one for number in numbers if (one := _phone(number, shape))]
        fields = mapping.account_fields(shape)
        statements = [
            soql.select(fields, "Account", soql.either(portion))
            for portion in soql.parts(asked, 8, soql.URL_LIMIT - 1_000)
        ]
        rows = {text(row, "Id"): row for found in self._api.queries(statements) for row in found}
        if len(searchable) < len(places) and written:
            for _, statement in sosl.searches(written, sosl.email_terms, "ALL", {"Account": fields}):
                rows |= {text(row, "Id"): row for row in self._api.search(statement)}
        wanted = set(hosts) | set(bases)

        def meant(account: Account) -> bool:
            named = {name for host in account.domains for name in (host, registrable(host))}
            return bool(wanted & named) or bool(set(numbers) & set(account.phones))

        verified = [id for id, row in rows.items() if meant(mapping.read_account(row, shape, self._region))]
        return self.complete_accounts({id: rows[id] for id in sorted(verified)})

    def complete_accounts(self, rows: Mapping[str, Row]) -> tuple[Account, ...]:
        """These accounts with their teams, opportunities, roles and number of contacts, by id."""
        shape = self._organisation.shape("Account")
        ids = sorted(rows)
        found: list[Account] = []
        for begin in range(0, len(ids), ACCOUNTS):
            portion = ids[begin : begin + ACCOUNTS]
            teams, opportunities, roles, counts = self._around(portion)
            by_opportunity = defaultdict(list)
            for row in roles:
                by_opportunity[text(row, "OpportunityId")].append(text(row, "ContactId"))
            by_account = defaultdict(list)
            for row in opportunities:
                read = mapping.read_opportunity(row, sorted(set(by_opportunity[text(row, "Id")])))
                by_account[read.account].append(read)
            team = defaultdict(list)
            for row in teams:
                team[text(row, "AccountId")].append(text(row, "UserId"))
            contacts = {text(row, "AccountId"): int(text(row, "people") or 0) for row in counts}
            found += [
                mapping.read_account(
                    rows[id],
                    shape,
                    self._region,
                    team=sorted(team[id]),
                    opportunities=by_account[id],
                    contacts=contacts.get(id, 0),
                )
                for id in portion
            ]
        return tuple(found)

    def _around(self, ids: Sequence[str]) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
        """Team members, opportunities, roles and numbers of contacts of some accounts, in one request."""
        mine = soql.among("AccountId", ids)
        opportunity = self._organisation.shape("Opportunity")
        fields = opportunity.present(("Id", "AccountId", "Name", "IsClosed", "OwnerId", "LastActivityDate"))
        statements = {
            "counts": soql.select(("AccountId", "COUNT(Id) people"), "Contact", mine, group="AccountId"),
            "opportunities": soql.select(fields, "Opportunity", mine, order="Id") if fields else "",
            "roles": soql.select(
                ("OpportunityId", "ContactId"),
                "OpportunityContactRole",
                soql.among("Opportunity.AccountId", ids),
                order="Id",
            ),
            "teams": soql.select(("AccountId", "UserId"), "AccountTeamMember", mine, order="Id"),
        }
        if not opportunity.fields or not self._organisation.shape("OpportunityContactRole").fields:
            statements["roles"] = ""
        if not self._organisation.shape("AccountTeamMember").fields:
            # Account teams are switched off.
            statements["teams"] = ""
        asked = {name: statement for name, statement in statements.items() if statement}
        answers = dict(zip(asked, self._api.queries(list(asked.values())), strict=True))
        return (
            answers.get("teams", []),
            answers.get("opportunities", []),
            answers.get("roles", []),
            answers["counts"],
        )

    # --- writes -------------------------------------------------------------------------------------------

    def written(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """As `Crm.written`: one query for each type that bears our key, all in one request."""
        unique = list(dict.fromkeys(keys))
        if not unique:
            return {}
        shapes = self._organisation.shapes()
        types = [type for type in _WRITTEN if type in shapes and shapes[type].has(KEY)]
        statements = [
            soql.select(("Id", KEY, "CreatedDate"), type, soql.among(KEY, portion))
            for portion in soql.parts(unique, 10, soql.URL_LIMIT - 300)
            for type in types
        ]
        found: dict[str, Receipt] = {}
        for rows in self._api.queries(statements):
            for row in rows:
                key = text(row, KEY)
                made = micros(text(row, "CreatedDate"))
                found.setdefault(key, Receipt(key, text(row, "Id"), True, made))
        return found


def _hidden(shape: Shape) -> bool:
    """Whether numbers or addresses stand in fields that no condition may name."""
    names = (*shape.phones(), *shape.emails())
    return len(shape.searchable(names)) < len(names)


def _email(key: str, shape: Shape, *, texts: bool) -> str:
    """The address with and without a `+tag`, in whatever case; what else it lets through is verified. Where
    everybody has a mailbox, thousands of addresses begin alike, so that a tag is asked for by its `+`;
    elsewhere one condition for both keeps requests short.

    texts: also within texts, not only in fields of addresses, whose beginnings Salesforce has an index of.
    """
    local, _, host = key.rpartition("@")
    hosts = host_spellings(host)
    shared = is_free_mail(host)
    conditions = []
    for name in shape.searchable(shape.emails()):
        typed = shape.fields[name].type == "email"
        if typed and shared:
            conditions.append(soql.among(name, [f"{local}@{one}" for one in hosts]))
            conditions += [soql.like(name, "", f"{local}+", f"@{one}", "") for one in hosts]
        elif typed:
            conditions += [soql.like(name, "", local, f"@{one}", "") for one in hosts]
        elif texts:
            conditions += [soql.like(name, local, f"@{one}") for one in hosts]
    return soql.either(conditions) if conditions else ""


def _phone(key: str, shape: Shape) -> str:
    """The digits of the number in their order, whatever stands between them."""
    digits = _national_digits(key)
    conditions = [soql.like(name, *digits) for name in shape.searchable(shape.phones())]
    return soql.either(conditions) if conditions else ""


def _national_digits(key: str) -> str:
    """The digits that every writing of the number has: those without country code and trunk prefix."""
    handle = read_handle(key, "")
    forms = spellings(handle) if handle is not None else ()
    digits = ["".join(c for c in form if c.isdigit()) for form in forms]
    return min((one for one in digits if one), key=len, default=key.lstrip("+"))


def _findings(
    keys: Sequence[str], records: Iterable[Record], unknown: set[str], why: str
) -> dict[str, Finding]:
    bearing: defaultdict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda one: (one.created_at, one.id)):
        for key in dict.fromkeys(handle.key for handle in record.handles):
            bearing[key].append(record)
    return {
        key: Finding("unknown", tuple(bearing[key]), why)
        if key in unknown
        else Finding("found", tuple(bearing[key]))
        if key in bearing
        else ABSENT
        for key in keys
    }
