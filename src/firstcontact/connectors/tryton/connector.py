"""`Tryton`: parties as contacts, their sale opportunities as matters, attachments as activities (see
README.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import (
    AuthLapsed,
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
from firstcontact.connectors.tryton import mapping
from firstcontact.connectors.tryton.activities import ATTACHMENT, key_pattern, read_attachment
from firstcontact.connectors.tryton.capabilities import CAPABILITIES
from firstcontact.connectors.tryton.carry import Carrier
from firstcontact.connectors.tryton.client import CONTEXT, TITLE, WITH_INACTIVE, Client, Refused
from firstcontact.connectors.tryton.examining import examine
from firstcontact.connectors.tryton.feed import Cursor, count, each, read_cursor, written_cursor
from firstcontact.connectors.tryton.mapping import Row
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

PAGE = 500
"""Records in one answer."""
AT_ONCE = 100
"""Handles in one question; each becomes two comparisons at most, and SQLite takes less than a thousand."""
REFERENCES = 1_000
"""Records whose attachments are searched in one question."""

_BY_ID = [["id", "ASC"]]


class Tryton:
    """A `contract.Crm` over one Tryton database."""

    def __init__(self, opening: Opening, page: int = PAGE) -> None:
        """page: records in one answer."""
        self.connection = opening.connection
        self._address, database = str(opening.options["address"]), str(opening.options["database"])
        self._client = Client(self._address, database, opening.credentials, opening.pace, opening.now)
        self._region = opening.region
        self._now = opening.now
        self._page = page
        self._own: list[int] | None = None
        self._carrier = Carrier(self._client, self.read, opening.region, opening.now)

    def capabilities(self) -> Capabilities:
        """What Tryton offers."""
        return CAPABILITIES

    def users(self) -> tuple[CrmUser, ...]:
        """All users but Tryton's own root."""
        wanted = [["id", ">", 0]]
        return tuple(map(mapping.read_user, self._all("res.user", wanted, mapping.USER)))

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """All parties bearing each handle: one request for a hundred of them."""
        asked = list(dict.fromkeys(handles))
        found: dict[str, dict[str, Record]] = {handle.key: {} for handle in asked}
        for start in range(0, len(asked), AT_ONCE):
            domain = [*mapping.bearing(asked[start : start + AT_ONCE]), *self._others()]
            for record in self._records(self._all("party.party", domain, mapping.PARTY)):
                if isinstance(record, Record):
                    for key in {handle.key for handle in record.handles} & found.keys():
                        found[key][record.id] = record
        return {
            key: Finding("found", tuple(records.values())) if records else ABSENT
            for key, records in found.items()
        }

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Parties by id, as they are now."""
        found = mapping.gone(ids)
        numbers = sorted({number for id in ids if (number := mapping.read_id(id)) is not None})
        for start in range(0, len(numbers), self._page):
            domain = [["id", "in", numbers[start : start + self._page]]]
            for record in self._records(self._all("party.party", domain, mapping.PARTY)):
                found[record.id] = record
        return found

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """None: nothing in these modules says which party a person belongs to."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Sale opportunities of these parties; none where the module or the right to see them is not
        there."""
        parties = sorted({number for id in contacts if (number := mapping.read_id(id)) is not None})
        if not parties:
            return ()
        domain = [["party", "in", parties]]
        try:
            rows = self._all("sale.opportunity", domain, mapping.MATTER, permitted=False)
        except Refused:
            return ()
        return tuple(map(mapping.read_matter, rows))

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out writes; neighbours of one kind in one request."""
        return self._carrier.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Parties by their code, and attachments by the key in their last line."""
        wanted = list(dict.fromkeys(keys))
        receipts = self._carrier.created(wanted)
        rest = [key for key in wanted if key not in receipts]
        for row in self._attachments_of(rest) if rest else []:
            line, _ = read_attachment(row)
            if line.key in rest:
                receipts[line.key] = Receipt(line.key, str(row["id"]), True, self._now())
        return receipts

    def changed_since(self, cursor: str) -> Changes:
        """Parties changed after the cursor, each as it is now, by id; then those that are gone."""
        at = read_cursor(cursor)
        total = -1
        if not at.since and not at.after:
            total, at = self._size(), Cursor(newest=self._newest_stamp())
        domain = [*at.domain(), *self._others()]
        rows = self._rows("party.party", domain, mapping.PARTY, 0, self._page)
        more = len(rows) == self._page
        stamps = {row["id"]: mapping.modified_at(row) for row in rows}
        told = [row for row in rows if at.seen.get(str(row["id"])) != stamps[row["id"]]]
        at = at.behind(stamps, more=more, until=self._now())
        missing: tuple[int, ...] = ()
        if not more and self._size() != count(at.known):
            at, missing, late = self._compared(at)
            told += late
        records = self._records(told)
        merged = tuple(record.id for record in records if isinstance(record, Moved))
        return Changes(
            records=tuple(record for record in records if isinstance(record, Record)),
            gone=(*map(str, missing), *merged),
            cursor=written_cursor(at),
            more=more,
            total=total,
        )

    def size(self) -> int:
        """How many parties there are that are not deactivated, our own firm aside."""
        return int(self._read("party.party.search_count", self._others()))

    def examine(self) -> Sequence[Diagnosis]:
        """The server's series and clock, and what the user may do; writes nothing."""
        return examine(self._client, self._address, self._now())

    # --- reading ------------------------------------------------------------------------------------

    def _records(self, rows: Sequence[Row]) -> list[Record | Moved]:
        if not rows:
            return []
        me = self._client.user()
        edited = self._edited(rows, me)
        region = self._region
        return [mapping.read_party(row, me=me, region=region, edited=row["id"] in edited) for row in rows]

    def _edited(self, rows: Sequence[Row], me: int) -> set[int]:
        """Ids of parties of ours that somebody else has ever changed, by Tryton's log; it forgets nothing
        when we write again. Those whose own rows tell are not asked for."""
        asked = [
            f"party.party,{row['id']}"
            for row in rows
            if str(row["code"] or "").startswith(mapping.CODE) and not mapping.touched_by_others(row, me)
        ]
        if not asked:
            return set()
        others = [["resource", "in", asked], ["user", "not in", [me, 0]]]
        entries = self._all("ir.model.log", others, ("resource",))
        return {int(entry["resource"].partition(",")[2]) for entry in entries if entry["resource"]}

    def _others(self) -> list[Any]:
        """A domain of all parties but our own firm's, of which nobody is a contact."""
        if self._own is None:
            try:
                rows = self._all("company.company", [], ("party",), permitted=False)
            except Refused:
                rows = []
            self._own = [row["party"] for row in rows]
        return [["id", "not in", self._own]] if self._own else []

    def _size(self) -> int:
        return int(self._read("party.party.search_count", self._others(), context=WITH_INACTIVE))

    def _newest_stamp(self) -> int:
        newest = [["last_modified_at", "DESC"]]
        stamps = [
            mapping.microseconds(row["last_modified_at"])
            for model in ("party.party", "party.contact_mechanism")
            for row in self._rows(model, [], ("last_modified_at",), 0, 1, newest)
        ]
        return min(max(stamps, default=0), self._now())

    def _compared(self, at: Cursor) -> tuple[Cursor, tuple[int, ...], list[Row]]:
        """The cursor, the ids of parties that are gone, and parties that were never told, since their
        transaction took longer than any look goes back."""
        given = (self._others(), 0, None, _BY_ID)
        present = set(self._read("party.party.search", *given, context=WITH_INACTIVE))
        at, missing = at.without(present)
        late = sorted(present.difference(each(at.known)))[: self._page]
        if not late:
            return at, missing, []
        rows = self._all("party.party", [["id", "in", late]], mapping.PARTY)
        stamps = {row["id"]: mapping.modified_at(row) for row in rows}
        return at.behind(stamps, more=False, until=self._now()), missing, rows

    def _attachments_of(self, keys: Sequence[str]) -> list[Row]:
        """Attachments made by these writes. Tryton lets administrators alone search all of them; for
        anybody else the records that they may stand on are named, a thousand at a time."""
        likes = ["OR", *(["description", "like", key_pattern(key)] for key in keys)]
        try:
            return self._all("ir.attachment", [likes], ATTACHMENT, permitted=False)
        except Refused:
            pass
        rows: list[Row] = []
        for model in ("party.party", "sale.opportunity"):
            for part in self._references(model):
                rows += self._all("ir.attachment", [["resource", "in", part], likes], ATTACHMENT)
        return rows

    def _references(self, model: str) -> list[list[str]]:
        try:
            ids = self._client.read(f"{model}.search", [], 0, None, _BY_ID, context=WITH_INACTIVE)
        except Refused:
            return []
        names = [f"{model},{id}" for id in ids]
        return [names[start : start + REFERENCES] for start in range(0, len(names), REFERENCES)]

    def _all(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], *, permitted: bool = True
    ) -> list[Row]:
        """Every record of a domain, deactivated ones too, page by page. permitted: it must be allowed."""
        rows: list[Row] = []
        after = 0
        while True:
            wanted = [*domain, ["id", ">", after]] if after else domain
            try:
                page = self._rows_or_refused(model, wanted, fields, 0, self._page, _BY_ID)
            except Refused as refused:
                if permitted:
                    raise _unreadable(refused) from refused
                raise
            rows += page
            if len(page) < self._page:
                return rows
            after = page[-1]["id"]

    def _rows(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        offset: int,
        limit: int,
        order: Sequence[Any] = _BY_ID,
    ) -> list[Row]:
        try:
            return self._rows_or_refused(model, domain, fields, offset, limit, order)
        except Refused as refused:
            raise _unreadable(refused) from refused

    def _rows_or_refused(self, model: str, *given: Any) -> list[Row]:
        domain, fields, offset, limit, order = given
        method = f"{model}.search_read"
        rows: list[Row] = self._client.read(
            method, list(domain), offset, limit, order, list(fields), context=WITH_INACTIVE
        )
        return rows

    def _read(self, method: str, *given: Any, context: Mapping[str, Any] = CONTEXT) -> Any:
        try:
            return self._client.read(method, *given, context=context)
        except Refused as refused:
            raise _unreadable(refused) from refused


def _unreadable(refused: Refused) -> TryAgain | AuthLapsed:
    """What Tryton says when something that we must read is not read."""
    if "not allowed" in str(refused):
        return AuthLapsed(f"{TITLE} does not let our user read what is needed: {refused}")
    return TryAgain(str(refused), AFTER_TROUBLE)
