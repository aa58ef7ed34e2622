"""`Lawmatics`: Lawmatics behind the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from firstcontact.connectors.contract import (
    Capabilities,
    Changes,
    Diagnosis,
    Gone,
    Moved,
    Opening,
    Outcome,
    TryAgain,
)
from firstcontact.connectors.lawmatics import examining
from firstcontact.connectors.lawmatics.applying import Applier
from firstcontact.connectors.lawmatics.capabilities import CAPABILITIES
from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, TITLE, Api, Refused
from firstcontact.connectors.lawmatics.feed import Feed
from firstcontact.connectors.lawmatics.finding import Finder
from firstcontact.connectors.lawmatics.keys import Keys
from firstcontact.connectors.lawmatics.log import Log
from firstcontact.connectors.lawmatics.mapping import is_lead
from firstcontact.connectors.lawmatics.marks import CustomFields
from firstcontact.connectors.lawmatics.matters import Matters
from firstcontact.connectors.lawmatics.people import People
from firstcontact.connectors.lawmatics.users import Users
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

AFTER_REFUSAL = 300.0
"""Seconds until a question that Lawmatics refuses (a permission that is missing) is asked again."""


class Lawmatics:
    """A `contract.Crm`, `Examined` and `Prepared`. Makes no request when it is made."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        options = opening.options
        self._create_prospects = bool(options["create_prospects"])
        self._api = Api(opening)
        self._custom = CustomFields(self._api, opening.now)
        self._users = Users(self._api)
        self._matters = Matters(self._api, opening.now)
        self._people = People(self._api, opening.region, opening.now)
        self._finder = Finder(self._api, self._people, opening.region)
        self._feed = Feed(self._api, self._people, int(options["sweep_hours"]), opening.now)
        self._now = opening.now
        self._keys = Keys(self._api)
        log = Log(
            self._api,
            self._keys,
            self._matters,
            self._users,
            opening.now,
            create_prospects=self._create_prospects,
            event_type=str(options["event_type"]),
        )
        self._applier = Applier(self._api, self._custom, self._people, log, opening.region, opening.now)

    def capabilities(self) -> Capabilities:
        """What Lawmatics offers."""
        return CAPABILITIES

    # --- looking -----------------------------------------------------------------------------------------

    def users(self) -> tuple[CrmUser, ...]:
        """All users, active or not."""
        with _asked():
            return self._users.all()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """Contacts and leads that bear each handle; see `finding`."""
        with _asked():
            return self._finder.find(handles)

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """People as they are now; who is not there is gone, also by a merge, which Lawmatics does not
        tell."""
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        numbers = [id for id in found if id.isascii() and id.isdigit()]
        with _asked():
            for person in self._people.present(numbers):
                found[str(person.row["id"])] = self._people.record(person)
        return found

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """None: a company of Lawmatics has no domain."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of these contacts, as they were a minute ago at most."""
        with _asked():
            return self._matters.of(contacts)

    def changed_since(self, cursor: str) -> Changes:
        """People changed after the cursor; see `feed`."""
        with _asked():
            return self._feed.changed_since(cursor)

    def size(self) -> int:
        """How many contacts there are; leads are among Lawmatics' own count, so it tells only where one page
        holds everybody."""
        with _asked():
            page = self._api.page("contacts", {**EVERYTHING, **BY_ID})
        return -1 if page.more else sum(not is_lead(row) for row in page.rows)

    # --- writing -----------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out the writes one by one; see `applying`."""
        with _asked():
            return self._applier.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts by the key in an activity's text, or in a contact that was made lately; see `keys`."""
        wanted = list(dict.fromkeys(keys))
        with _asked():
            found = self._keys.written(wanted) if wanted else {}
        self._applier.doubt([key for key in wanted if key not in found])
        return {key: Receipt(key, id, created=True, at=self._now()) for key, id in found.items()}

    # --- examining and preparing ----------------------------------------------------------------------------

    def examine(self) -> Sequence[Diagnosis]:
        """Login, permissions, our custom fields, notes on contacts, clock."""
        return examining.examine(self._api, self._custom, create_prospects=self._create_prospects)

    def prepare(self) -> Sequence[str]:
        """Makes our custom fields of contacts that are missing."""
        return examining.prepare(self._custom)


@contextmanager
def _asked() -> Iterator[None]:
    """A question that Lawmatics refuses is not answered: it is asked again later."""
    try:
        yield
    except Refused as refused:
        raise TryAgain(f"{TITLE} does not answer: {refused}", AFTER_REFUSAL) from refused
