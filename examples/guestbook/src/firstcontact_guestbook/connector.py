"""`Guestbook`: one Guestbook behind the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Changes,
    Credentials,
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
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ActivityFields, ContactFields, CreatedBy, Existing, Receipt, Write
from firstcontact_guestbook.capabilities import CAPABILITIES
from firstcontact_guestbook.mapping import Guest, changed_guest, new_guest, new_note, record_of, searches

T = TypeVar("T")
AT_ONCE = 50
"""Searches, ids or keys in one request."""


class About(msgspec.Struct):
    """What Guestbook says of itself and of the key."""

    guests: int
    login: str
    may_write: bool


class Found(msgspec.Struct):
    """The ids that one search found; cut: there are more."""

    ids: list[str]
    cut: bool


class Page(msgspec.Struct):
    """A page of what changed."""

    guests: list[Guest]
    gone: list[str]
    next: int
    more: bool


class Made(msgspec.Struct):
    """A note that was made."""

    id: str


class Key:
    """The `toolkit.http.Auth` of a connection: its key on every request."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._credentials.read().get('key', '')}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return headers != self.headers()  # somebody has connected again meanwhile


class Guestbook:
    """A `contract.Crm`, where each method's promise is written; a record's id is the guest's."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._region = opening.region
        self._now = opening.now
        address = str(opening.options["address"])
        self._http = Http("Guestbook", address, auth=Key(opening.credentials), pace=opening.pace)

    # --- looking ------------------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def users(self) -> tuple[CrmUser, ...]:
        login = self._about().login
        return (CrmUser(login, login),)

    def size(self) -> int:
        return self._about().guests

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        asked = {handle.key: searches(handle) for handle in handles}
        found = self._search(dict.fromkeys(search for each in asked.values() for search in each))
        records = self._records(dict.fromkeys(id for one in found.values() for id in one.ids))
        return {key: _finding(key, [found[one] for one in each], records) for key, each in asked.items()}

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        records = self._records(ids)
        return {id: records.get(id, Gone(id)) for id in ids}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        del domains, phones  # Guestbook knows no accounts
        return ()

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        del contacts
        return ()

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        receipts = {}
        for part in _parts(keys):
            ids = self._ask(dict[str, str], "POST", "/keys", json={"keys": part})
            receipts.update({key: Receipt(key, id, True) for key, id in ids.items()})
        return receipts

    def changed_since(self, cursor: str) -> Changes:
        page = self._ask(Page, "GET", "/changes", params={"after": cursor or "0"})
        records = tuple(record_of(guest, self._region) for guest in page.guests)
        return Changes(records, tuple(page.gone), str(page.next), page.more)

    def examine(self) -> Sequence[Diagnosis]:
        about = "permission to write"
        if self._about().may_write:
            return (Diagnosis(state="ok", about=about, sentence="The key may write."),)
        remedy = "Make a key that may write, in Guestbook under Settings, and connect again."
        return (Diagnosis(state="error", about=about, sentence="The key may only read.", remedy=remedy),)

    # --- writing ------------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        for write in writes:
            _check(write)
        outcomes: list[Outcome] = []
        for write in writes:
            try:
                outcomes.append(self._carry_out(write))
            except Rejected as rejected:
                outcomes.append(rejected)
            except Lost as lost:
                outcomes.append(Unclear(str(lost), write.key))
            except (TryAgain, AuthLapsed) as trouble:
                if not outcomes:
                    raise
                # What was carried out is told; the rest is for later, and the next call says why.
                later = TryAgain(str(trouble), getattr(trouble, "after", 0.0))
                return [*outcomes, *[later] * (len(writes) - len(outcomes))]
        return outcomes

    def _carry_out(self, write: Write) -> Receipt:
        fields = write.fields
        if isinstance(write.target, Existing) and isinstance(fields, ContactFields):
            return self._update(write, write.target.id, fields)
        if isinstance(write.target, Existing):
            self._tell(None, "DELETE", f"/notes/{write.target.id}")
            return Receipt(write.key, write.target.id, False, self._now())
        if isinstance(fields, ContactFields):
            made = self._tell(Guest, "POST", "/guests", json=new_guest(write.key, fields)).id
        else:
            assert isinstance(fields, ActivityFields)
            made = self._tell(Made, "POST", "/notes", json=new_note(write.key, fields)).id
        return Receipt(write.key, made, True, self._now())

    def _update(self, write: Write, id: str, fields: ContactFields) -> Receipt:
        guest = self._guests([id]).get(id)
        if guest is None:
            raise Rejected(f"There is no guest {id}.", ("target",))
        change = changed_guest(guest, fields, self._region)
        if change:
            self._tell(Guest, "PATCH", f"/guests/{id}", json={"version": guest.version, **change})
        return Receipt(write.key, id, False, self._now())

    # --- what they share ----------------------------------------------------------------------------------

    def _about(self) -> About:
        return self._ask(About, "GET", "/")

    def _search(self, texts: Iterable[str]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for part in _parts(texts):
            answers = self._ask(list[Found], "POST", "/search", json={"for": part})
            found.update(zip(part, answers, strict=True))
        return found

    def _guests(self, ids: Iterable[str]) -> dict[str, Guest]:
        found: dict[str, Guest] = {}
        for part in _parts(ids):
            guests = self._ask(list[Guest], "GET", "/guests", params={"ids": ",".join(part)})
            found.update({guest.id: guest for guest in guests})
        return found

    def _records(self, ids: Iterable[str]) -> dict[str, Record]:
        return {id: record_of(guest, self._region) for id, guest in self._guests(ids).items()}

    def _ask(self, type: type[T], method: str, path: str, **request: Any) -> T:
        """The answer to a request that only reads. Raises TryAgain, AuthLapsed."""
        answer, body = self._http.read_json(method, path, **request)
        if answer.ok:
            try:
                return msgspec.convert(body, type)
            except msgspec.ValidationError:
                pass
        raise TryAgain(f"Guestbook gave an answer that is not understood ({answer.status}).", AFTER_TROUBLE)

    def _tell(self, type: type[T] | None, method: str, path: str, **request: Any) -> T:
        """The answer to a request that writes. Raises TryAgain, AuthLapsed, Rejected, Lost."""
        answer, body = self._http.write_json(method, path, **request)
        if answer.status == 409:
            raise TryAgain("Somebody changed the guest at the same time.", 1.0)
        if not answer.ok:
            raise Rejected(_refusal(answer, body))
        try:
            return msgspec.convert(body, type)
        except msgspec.ValidationError:
            raise Lost(f"Guestbook gave an answer that is not understood ({answer.status}).") from None


def _finding(key: str, found: Sequence[Found], records: Mapping[str, Record]) -> Finding:
    """What the searches for one handle come to. Who does not bear it after all is left out."""
    if any(one.cut for one in found):
        return Finding("unknown", why="more guests than Guestbook lists in one answer")
    ids = dict.fromkeys(id for one in found for id in one.ids)
    bearers = tuple(
        records[id] for id in ids if id in records and key in {handle.key for handle in records[id].handles}
    )
    return Finding("found", bearers) if bearers else ABSENT


def _check(write: Write) -> None:
    """Raises NotOffered for what the capabilities say is not offered."""
    if write.kind not in ("create_contact", "update_contact", "log_activity", "delete_activity"):
        raise NotOffered(f"Guestbook does not offer {write.kind}")
    people = write.fields.people if isinstance(write.fields, ActivityFields) else ()
    if any(isinstance(each, CreatedBy) for each in (write.target, *people)):
        raise NotOffered("a write points at a record that has no id yet")


def _refusal(answer: Answer, body: Any) -> str:
    """Guestbook's own words, for a person."""
    words = body.get("error") if isinstance(body, dict) else None
    return f"Guestbook refuses it: {words or answer.status}."


def _parts(items: Iterable[str]) -> Iterable[list[str]]:
    """The items, so many as go into one request."""
    rest = list(items)
    while rest:
        yield rest[:AT_ONCE]
        rest = rest[AT_ONCE:]
