"""`CardDav`: one address book on a CardDAV server, behind the contract."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from firstcontact.connectors.carddav import cards, writing, xml
from firstcontact.connectors.carddav.capabilities import CAPABILITIES
from firstcontact.connectors.carddav.client import TITLE, Cut, Dav, Fetched, Refused, is_name
from firstcontact.connectors.carddav.discovery import Book, discover
from firstcontact.connectors.carddav.examining import examine
from firstcontact.connectors.carddav.feed import Feed
from firstcontact.connectors.carddav.search import Search
from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Changes,
    Diagnosis,
    Gone,
    Moved,
    NotOffered,
    Opening,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.merging import filling
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ContactFields, Existing, Fields, MergeFields, Receipt, Write

TRIES = 6
"""How often an update is laid over a card that somebody changed meanwhile, before it waits."""
KNOWN = 3_600_000_000
"""How long what the address book said of itself is believed, microseconds."""
_PASSING = frozenset({408, 423, 425})
"""The card is held by somebody, or the server not ready (RFC 9110 §15.5.9, RFC 4918 §11.3, RFC 8470 §5.2)."""
UIDS_AT_ONCE = 40
"""UIDs looked for in one query."""


class CardDav:
    """A `contract.Crm` for one address book; a record's id is the name of its card there."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._opening = opening
        self._dav = Dav(opening)
        self._search = Search(self._dav, opening.region, opening.now)
        self._feed = Feed(self._dav, opening.region)
        self._lock = threading.Lock()
        self._found: tuple[int, Book] | None = None

    # --- looking ------------------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        """Contacts, and nothing else."""
        return CAPABILITIES

    def users(self) -> tuple[CrmUser, ...]:
        """The login's own."""
        name = self._opening.credentials.read().get("username", "")
        return (CrmUser(name, name, name if "@" in name else ""),) if name else ()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """All cards bearing each handle, by the server's search, verified."""
        return self._search.find(self._book(), handles) if handles else {}

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Cards by name. A list of cards is no contact, and gone."""
        found: dict[str, Record | Moved | Gone] = {}
        for id, card in self._fetch([id for id in dict.fromkeys(ids) if is_name(id)]).items():
            record = cards.record_of(card.text, id, self._opening.region) if card else None
            found[id] = record or Gone(id)
        return {id: found.get(id, Gone(id)) for id in ids}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """There are none."""
        del domains, phones
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """There are none."""
        del contacts
        return ()

    def changed_since(self, cursor: str) -> Changes:
        """Cards changed behind the cursor, in pages."""
        return self._feed.since(self._book(), cursor)

    def size(self) -> int:
        """How many cards there are, lists of cards among them."""
        try:
            return len(self._dav.etags(self._book().url))
        except Refused as refused:
            raise TryAgain(str(refused), AFTER_TROUBLE) from None

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts of the contacts that were created, by name, else by UID."""
        names = {key: cards.name_of(key) for key in keys}
        present = self._fetch(list(names.values()))
        found = {key: name for key, name in names.items() if present.get(name)}
        rest = [key for key in names if key not in found]
        for start in range(0, len(rest), UIDS_AT_ONCE):
            found.update(self._by_uid(rest[start : start + UIDS_AT_ONCE]))
        return {key: Receipt(key, name, True) for key, name in found.items()}

    def examine(self) -> Sequence[Diagnosis]:
        """The address, what we may do, vCard versions, changes, the search, the clock."""
        return examine(self._dav, self._book, self._search)

    # --- writing ------------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """One request for each new card, two for each that is changed."""
        for write in writes:
            _check(write)
        outcomes: list[Outcome] = []
        for write in writes:
            try:
                outcomes.append(self._carry(write))
            except AuthLapsed:
                if not outcomes:
                    raise
                # What was carried out is told; the next call says that the login is gone.
                waiting = TryAgain("The login is not accepted any more.")
                return [*outcomes, *[waiting] * (len(writes) - len(outcomes))]
            except TryAgain as later:
                return [*outcomes, *[later] * (len(writes) - len(outcomes))]
        return outcomes

    def _carry(self, write: Write) -> Outcome:
        fields, target = write.fields, write.target
        try:
            if isinstance(fields, MergeFields) and isinstance(target, Existing):
                return self._merge(write, fields.loser.id, target.id)
            assert isinstance(fields, ContactFields)
            if write.kind == "delete_contact" and isinstance(target, Existing):
                self._delete(target.id, "target")
                return Receipt(write.key, target.id, False, self._opening.now())
            if isinstance(target, Existing):
                return self._update(write, fields, target.id)
            return self._create(write, fields)
        except Lost as lost:
            return Unclear(str(lost), write.key)
        except Rejected as rejected:
            return rejected
        except Refused as refused:
            return self._refusal(refused)

    def _create(self, write: Write, fields: ContactFields) -> Receipt:
        book, name = self._book(), cards.name_of(write.key)
        now = self._opening.now()
        card = writing.new_card(fields, write.key, book.version, self._opening.region, now)
        try:
            answer = self._dav.put(book.url, name, card.text, {"If-None-Match": "*"})
        except Refused as refused:
            if refused.condition != "no-uid-conflict":
                raise
            return self._ours(write.key, xml.name_of(refused.href), refused)
        if answer.status == 412:
            return self._ours(write.key, name, Refused(answer))
        if not answer.headers.get("ETag"):
            # The server changed the card, or put it elsewhere: it is there, or its name is another.
            try:
                return self._ours(write.key, name, Refused(answer))
            except Refused as refused:
                raise Lost(f"{TITLE} took the card, and does not have it.") from refused
        return Receipt(write.key, name, True, now)

    def _ours(self, key: str, name: str, refused: Refused) -> Receipt:
        """The card that this write key made, under this name or another. Raises Refused without one."""
        card = self._dav.get(self._book().url, name)
        if card is None or cards.read_card(card.text).uid != cards.uid_of(key):
            name = self._by_uid([key]).get(key, "")
        if not name:
            raise refused
        return Receipt(key, name, True, self._opening.now())

    def _update(self, write: Write, fields: ContactFields, id: str) -> Receipt:
        book, region = self._book(), self._opening.region
        for _ in range(TRIES):
            found = self._dav.fetch(book.url, [id])[id] if is_name(id) else None
            if found is None:
                raise Rejected(f"There is no card {id!r} in the address book.", ("target",))
            record = cards.record_of(found.text, id, region)
            if record is None:
                raise Rejected(f"The card {id!r} is a list of other cards.", ("target",))
            before = cards.read_card(found.text)
            after = writing.updated(before, fields, record, region, self._opening.now(), write.changed)
            if after is before:
                return Receipt(write.key, id, False, self._opening.now())
            if not found.etag:
                raise Rejected(f"{TITLE} gives the card no ETag, so that an edit could be lost.", ("target",))
            answer = self._dav.put(book.url, id, after.text, {"If-Match": found.etag})
            if answer.ok:
                return Receipt(write.key, id, False, self._opening.now())
        raise TryAgain(f"The card {id!r} is being changed by somebody else.", AFTER_TROUBLE)

    def _merge(self, write: Write, loser: str, survivor: str) -> Receipt:
        """Nothing belongs to a card, so its values are laid over the survivor's blanks, and it is deleted."""
        if loser == survivor:
            raise Rejected("A card cannot be merged into itself.", ("loser",))
        if not self._fetch([survivor]).get(survivor):
            raise Rejected(f"There is no card {survivor!r} in the address book.", ("target",))
        found = self._untouched(loser, "loser")
        if found is not None:
            gone = cards.record_of(found.text, loser, self._opening.region)
            kept = self.read([survivor])[survivor]
            if isinstance(gone, Record) and isinstance(kept, Record):
                self._update(write, filling(kept, gone), survivor)
            self._delete(loser, "loser")
        return Receipt(write.key, survivor, False, self._opening.now())

    def _delete(self, id: str, field: str) -> None:
        """Under its ETag, so that an edit in the last moment is seen. One that is gone is no error."""
        for _ in range(TRIES):
            found = self._untouched(id, field)
            if found is None or self._dav.delete(self._book().url, id, found.etag):
                return
        raise TryAgain(f"The card {id!r} is being changed by somebody else.", AFTER_TROUBLE)

    def _untouched(self, id: str, field: str) -> Fetched | None:
        """A card that we made, nobody has edited and no list of cards names; None where it is gone. Raises
        Rejected for another."""
        found = self._dav.fetch(self._book().url, [id])[id] if is_name(id) else None
        if found is None:
            return None
        card = cards.read_card(found.text)
        if not (cards.is_ours(card) and card.mark("CREATED-BY-US")):
            raise Rejected(f"The card {id!r} was made by a person.", (field,))
        if card.edited:
            raise Rejected(f"A person has edited the card {id!r} since.", (field,))
        if not found.etag:
            raise Rejected(f"{TITLE} gives the card no ETag, so that an edit could be lost.", (field,))
        if self._is_listed(card.uid):
            raise Rejected(f"A list of cards names the card {id!r}.", (field,))
        return found

    def _is_listed(self, uid: str) -> bool:
        """Whether a list of cards has this one, as far as the server finds that."""
        asked = [xml.contains(name, [uid]) for name in cards.MEMBERS]
        try:
            return bool(self._dav.query(self._book().url, asked))
        except Cut:
            return True

    def _refusal(self, refused: Refused) -> Outcome:
        if refused.status in (404, 405, 410) or 300 <= refused.status < 400:
            with self._lock:
                self._found = None
            return TryAgain(f"The address book is not where it was: {refused}", AFTER_TROUBLE)
        if refused.status in _PASSING:
            return TryAgain(str(refused), AFTER_TROUBLE)
        return Rejected(str(refused))

    # --- what they share ----------------------------------------------------------------------------------

    def _book(self) -> Book:
        """The address book, looked up once an hour. Raises TryAgain, AuthLapsed."""
        now = self._opening.now()
        with self._lock:
            if self._found is None or not 0 <= now - self._found[0] < KNOWN:
                self._found = now, discover(self._dav, str(self._opening.options["address_book"]))
            return self._found[1]

    def _fetch(self, names: Sequence[str]) -> Mapping[str, Fetched | None]:
        if not names:
            return {}
        try:
            return self._dav.fetch(self._book().url, names)
        except Refused as refused:
            raise TryAgain(str(refused), AFTER_TROUBLE) from None

    def _by_uid(self, keys: Sequence[str]) -> dict[str, str]:
        """Names of the cards with the UIDs of these write keys."""
        uids = {cards.uid_of(key): key for key in keys}
        try:
            found = self._dav.query(self._book().url, [xml.contains("UID", uids)])
        except (Refused, Cut) as refused:
            raise TryAgain(str(refused), AFTER_TROUBLE) from None
        named = {cards.read_card(card.text).uid: card.name for card in found}
        return {key: named[uid] for uid, key in uids.items() if uid in named}


def _check(write: Write) -> None:
    """Raises NotOffered for what the planner would not have planned."""
    wanted = _FIELDS.get(write.kind)
    if wanted is None or not isinstance(write.fields, wanted):
        raise NotOffered(f"{CAPABILITIES.title} does not offer {write.kind}")
    if write.kind == "create_contact":
        if write.target is not None:
            raise NotOffered("a contact that is created has no target")
    elif not isinstance(write.target, Existing):
        raise NotOffered("a write points at a record that has no id yet; the caller resolves references")


_FIELDS: Mapping[str, type[Fields]] = {
    "create_contact": ContactFields,
    "update_contact": ContactFields,
    "merge_contacts": MergeFields,
    "delete_contact": ContactFields,
}
"""What is offered, with the type of its fields."""
