"""`Clio`: Clio Manage behind the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from firstcontact.connectors.clio import documents, examining, mapping, marks
from firstcontact.connectors.clio.activities import ENTRY_PREFIX
from firstcontact.connectors.clio.applying import Applier
from firstcontact.connectors.clio.capabilities import CAPABILITIES
from firstcontact.connectors.clio.client import PAGE, TITLE, Api, Refused, Row, id_list
from firstcontact.connectors.clio.feed import Feed
from firstcontact.connectors.clio.finding import Finder
from firstcontact.connectors.clio.marks import CustomFields
from firstcontact.connectors.clio.matters import Matters
from firstcontact.connectors.clio.users import Users
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
from firstcontact.connectors.toolkit.times import iso
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

AFTER_REFUSAL = 300.0
"""Seconds until a question that Clio refuses (a permission that is missing) is asked again."""
AT_ONCE = 100
"""Records read by id in one request, so that its address stays short."""
LATELY = 15 * 60_000_000
"""A search may not know yet what was made within this time."""


class Clio:
    """A `contract.Crm`, `Limited`, `Examined` and `Prepared`. Makes no request when it is made."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._region = opening.region
        self._now = opening.now
        self._api = Api(opening)
        self._custom = CustomFields(self._api, opening.now)
        self._users = Users(self._api, opening.now)
        self._matters = Matters(self._api, opening.now)
        self._finder = Finder(self._api, opening.region)
        self._feed = Feed(self._api, opening.region, int(opening.options["sweep_hours"]), opening.now)
        self._applier = Applier(self._api, self._custom, self._users, opening.region, opening.now)

    def capabilities(self) -> Capabilities:
        """What Clio offers."""
        return CAPABILITIES

    def allowance(self) -> Allowance | None:
        """What the last answer said of the minute's limit."""
        return self._api.allowance()

    # --- looking -----------------------------------------------------------------------------------------

    def users(self) -> tuple[CrmUser, ...]:
        """All users, active or not."""
        with _asked():
            return self._users.all()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """Persons and companies that bear each handle; see `finding`."""
        with _asked():
            return self._finder.find(handles)

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Contacts as they are now; who is not listed is gone, also by a merge, which Clio does not tell."""
        numbers = [id for id in dict.fromkeys(ids) if id.isascii() and id.isdigit()]
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        with _asked():
            for begin in range(0, len(numbers), AT_ONCE):
                some = numbers[begin : begin + AT_ONCE]
                for row in self._api.rows("contacts", mapping.CONTACT, id_list(some)):
                    if str(row["id"]) in found:
                        found[str(row["id"])] = mapping.read_contact(row, self._region)
        return found

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """None: Clio's companies are contacts."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters that these contacts are the client of or related to, as they were a minute ago at most."""
        with _asked():
            return self._matters.of(contacts)

    def changed_since(self, cursor: str) -> Changes:
        """Contacts changed after the cursor; see `feed`."""
        with _asked():
            return self._feed.changed_since(cursor)

    def size(self) -> int:
        """How many contacts there are, where one page tells."""
        with _asked():
            page = self._api.page("contacts", "id", {"limit": PAGE})
        if page.total >= 0:
            return page.total
        return -1 if page.next else len(page.rows)

    # --- writing -----------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out the writes one by one; see `applying`."""
        with _asked():
            return self._applier.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts by custom field (contacts) and external property (the others). Time entries bear no key:
        they are looked for on their activity before they are sent again."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Receipt] = {}
        with _asked():
            if wanted:
                self._find_written(wanted, found)
        self._applier.doubt([key for key in wanted if key not in found])
        return found

    def _find_written(self, keys: Sequence[str], found: dict[str, Receipt]) -> None:
        field = self._custom.ours().get(marks.KEY)
        for key in keys:
            for rows, prefix in self._bearing(key, field.id if field else ""):
                for row in rows:
                    self._take(key, row, prefix, found)
                if key in found:
                    break
        missing = [key for key in keys if key not in found]
        if missing:
            self._find_lately(missing, found)

    def _bearing(self, key: str, field: str) -> Iterator[tuple[list[Row], str]]:
        """Records that bear a key, resource by resource, with the prefix of their ids. A key does not tell
        what it wrote, so the likeliest are asked first."""
        asked = {"external_property_name": marks.PROPERTY_KEY, "external_property_value": key}
        yield self._api.rows("communications", _BEARING, asked), ""
        if field:
            yield self._api.rows("contacts", _MARKED, {f"custom_field_values[{field}]": key}), ""
        yield self._api.rows("calendar_entries", _BEARING, asked), ENTRY_PREFIX
        yield [row for row in documents.bearing(self._api, key) if documents.whole(row)], ""

    def _find_lately(self, keys: Sequence[str], found: dict[str, Receipt]) -> None:
        """What was made so lately that a search may not know it: from the lists, which do not lag."""
        since = {"created_since": iso(self._api.earliest_now() - LATELY)}
        for resource, fields, prefix in (
            ("contacts", _MARKED, ""),
            ("communications", _BEARING, ""),
            ("calendar_entries", _BEARING, ENTRY_PREFIX),
        ):
            for row in self._api.rows(resource, fields, since):
                for key in keys:
                    self._take(key, row, prefix, found)

    def _take(self, key: str, row: Row, prefix: str, found: dict[str, Receipt]) -> None:
        if key in (_property(row), mapping.marks_of(row).get(marks.KEY)):
            id = f"{prefix}{row['id']}"
            # Of two with one key, which only another program can have made, always the same one is named.
            if key not in found or int(found[key].id.removeprefix(prefix) or 0) > int(row["id"]):
                found[key] = Receipt(key, id, created=True, at=self._now())

    # --- examining and preparing ----------------------------------------------------------------------------

    def examine(self) -> Sequence[Diagnosis]:
        """Login, permissions, our custom fields, required ones, clock."""
        return examining.examine(self._api, self._custom)

    def prepare(self) -> Sequence[str]:
        """Makes our custom fields of contacts that are missing."""
        return examining.prepare(self._custom)


_BEARING = "id,external_properties{id,name,value}"
_MARKED = "id,custom_field_values{id,field_name,value}"


def _property(row: Row) -> str:
    for one in row.get("external_properties") or ():
        if one.get("name") == marks.PROPERTY_KEY:
            return str(one.get("value"))
    return ""


@contextmanager
def _asked() -> Iterator[None]:
    """A question that Clio refuses is not answered: it is asked again later."""
    try:
        yield
    except Refused as refused:
        raise TryAgain(f"{TITLE} does not answer: {refused}", AFTER_REFUSAL) from refused
