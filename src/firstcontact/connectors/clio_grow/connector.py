"""Clio Grow behind the contract, in two ways: by its platform API, and by the Lead Inbox alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from firstcontact.connectors.clio_grow import examining, mapping
from firstcontact.connectors.clio_grow.applying import INBOX_PREFIX, InboxApplier, PlatformApplier
from firstcontact.connectors.clio_grow.capabilities import offered
from firstcontact.connectors.clio_grow.client import TITLE, LeadInbox, Platform, Refused
from firstcontact.connectors.clio_grow.feed import Feed
from firstcontact.connectors.clio_grow.finding import STATES, Finder
from firstcontact.connectors.clio_grow.matters import Matters
from firstcontact.connectors.contract import (
    Capabilities,
    Changes,
    Crm,
    Diagnosis,
    Gone,
    Moved,
    Opening,
    Outcome,
    TryAgain,
)
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

AFTER_REFUSAL = 300.0
"""Seconds until a question that Clio Grow refuses (a permission that is missing) is asked again."""
_NOT_THERE = frozenset({403, 404})
_WHOLE = "inbox"
"""The cursor of what cannot be read."""


def opened(opening: Opening) -> Crm:
    """The connection that the option `api` says. Makes no request."""
    return ClioGrow(opening) if opening.options.get("api") == "platform" else ClioGrowInbox(opening)


class ClioGrow:
    """A `contract.Crm` and `Examined` by the platform API. Makes no request when it is made."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._offered = offered(opening.options)
        self._options = opening.options
        self._region = opening.region
        self._api = Platform(opening)
        self._matters = Matters(self._api, opening.now)
        self._finder = Finder(self._api, opening.region)
        self._feed = Feed(self._api, opening.region, int(opening.options["sweep_hours"]), opening.now)
        self._applier = PlatformApplier(
            self._api,
            self._offered,
            opening.region,
            str(opening.options["referring_url"]),
            opening.now,
        )

    def capabilities(self) -> Capabilities:
        """What this connection offers: `writes` decides whether it makes contacts or leads."""
        return self._offered

    def users(self) -> tuple[CrmUser, ...]:
        """The one who is logged in: contacts and notes belong to nobody else."""
        with _asked():
            return (mapping.read_user(self._api.one("users/who_am_i")),)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """Contacts and inbox leads that bear each handle; see `finding`."""
        with _asked():
            return self._finder.find(handles)

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Contacts and leads as they are now. Who is not listed is gone, also by a merge, which is not told;
        a lead that people have accepted has moved into the contact of its matter."""
        found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
        leads = [
            id for id in found if _is_number(id.removeprefix(mapping.LEAD_PREFIX)) and not _is_number(id)
        ]
        with _asked():
            for row in self._api.of_ids("contacts", [id for id in found if _is_number(id)]):
                if str(row["id"]) in found:
                    found[str(row["id"])] = mapping.read_contact(row, self._region)
            found |= self._leads(leads)
        return found

    def _leads(self, ids: Sequence[str]) -> dict[str, Record | Moved]:
        numbers = [id.removeprefix(mapping.LEAD_PREFIX) for id in ids]
        found: dict[str, Record | Moved] = {}
        for state in STATES:
            left = [number for number in numbers if mapping.LEAD_PREFIX + number not in found]
            for row in self._api.of_ids("inbox_leads", left, {"state": state}):
                record = mapping.read_lead(row, self._region)
                if record.id in ids:
                    found[record.id] = record
        for id in ids:
            into = "" if id in found else self._accepted(id.removeprefix(mapping.LEAD_PREFIX))
            if into:
                found[id] = Moved(id, into)
        return found

    def _accepted(self, number: str) -> str:
        """Id of the contact that a lead became, "" where it did not, or where that is not told."""
        try:
            for page in self._api.pages("matters", {"inbox_lead_id": int(number)}):
                for row in page.rows:
                    if str(row.get("inbox_lead_id")) == number and mapping.client_of(row):
                        return mapping.client_of(row)
        except Refused as refused:
            if refused.status not in _NOT_THERE:
                raise
        return ""

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """None: Clio Grow's companies are contacts."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of these contacts, as they were a minute ago at most."""
        with _asked():
            return self._matters.of(contacts)

    def changed_since(self, cursor: str) -> Changes:
        """Contacts and leads changed after the cursor; see `feed`."""
        with _asked():
            return self._feed.changed_since(cursor)

    def size(self) -> int:
        """How many contacts there are, where one page tells."""
        with _asked():
            page = self._api.page("contacts", {})
        return -1 if page.next else len(page.rows)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out the writes one by one; see `applying`."""
        with _asked():
            return self._applier.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """None: notes are listed for one contact at a time, and contacts bear no key."""
        del keys
        return {}

    def examine(self) -> Sequence[Diagnosis]:
        """Login, permissions, what is assumed, clock."""
        return examining.of_platform(self._api, self._options)


class ClioGrowInbox:
    """A `contract.Crm` and `Examined` that is only told of new people. Makes no request when it is made."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._offered = offered(opening.options)
        self._options = opening.options
        self._inbox = LeadInbox(opening)
        url = str(opening.options["referring_url"])
        self._applier = InboxApplier(self._inbox, self._offered, url, opening.now)

    def capabilities(self) -> Capabilities:
        """What the Lead Inbox offers: it takes new people."""
        return self._offered

    def users(self) -> tuple[CrmUser, ...]:
        """Nobody is told."""
        return ()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """Nobody, as `looks_up` says: who was sent before is known by our index."""
        return {handle.key: ABSENT for handle in handles}

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """What was sent is there for all that is known, without what it says; anything else never was."""
        return {id: Record(type="lead", id=id) if id.startswith(INBOX_PREFIX) else Gone(id) for id in ids}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """None."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """None."""
        del contacts
        return ()

    def changed_since(self, cursor: str) -> Changes:
        """Nothing, and no more: what we send is all that is known."""
        del cursor
        return Changes(records=(), gone=(), cursor=_WHOLE, more=False)

    def size(self) -> int:
        """Not told."""
        return -1

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Tell the inbox of each; see `applying`."""
        return self._applier.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """None."""
        del keys
        return {}

    def examine(self) -> Sequence[Diagnosis]:
        """Token, what cannot be known, clock."""
        return examining.of_inbox(self._inbox, self._options)


def _is_number(id: str) -> bool:
    return id.isascii() and id.isdigit()


@contextmanager
def _asked() -> Iterator[None]:
    """A question that Clio Grow refuses is not answered: it is asked again later."""
    try:
        yield
    except Refused as refused:
        raise TryAgain(f"{TITLE} does not answer: {refused}", AFTER_REFUSAL) from refused
