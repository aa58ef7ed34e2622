"""The CRM as we know it: its address book from our own index, everything else asked (SPEC §2).

Decisions are taken on this; right before something is created, the CRM itself is asked. What the index says
is what the change feed has told, and what we have written since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.connectors.contract import Capabilities, Changes, Crm, Gone, Moved, Outcome
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new, without_handles
from firstcontact.flow.clock import MINUTE
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record, RecordType
from firstcontact.interactions.model import Handle
from firstcontact.ledger import deciding, index, news
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.index import IndexState
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    Existing,
    Receipt,
    Target,
    Write,
)

USERS_FOR = 10 * MINUTE
"""Who the CRM's users are is asked again after this long."""
SIZE_FOR = MINUTE
"""How many contacts the index holds is counted again after this long."""


class Indexed:
    """The contract's `Crm`, with `find`, `accounts` and `size` answered by the index once it is whole, and
    users remembered for a while. Until then a CRM that finds by phone reliably is asked, and of another one
    every look-up is unknown."""

    def __init__(self, ledger: Ledger, crm: Crm, now: Callable[[], int]) -> None:
        self.connection = crm.connection
        self._crm = crm
        self._ledger = ledger
        self._now = now
        self._users: tuple[int, tuple[CrmUser, ...]] | None = None
        self._size: tuple[int, int] | None = None

    def capabilities(self) -> Capabilities:
        """See `Crm`."""
        return self._crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`; as they were ten minutes ago at most."""
        known = self._users
        if known is None or not known[0] <= self._now() < known[0] + USERS_FOR:
            known = self._users = (self._now(), self._crm.users())
        return known[1]

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`."""
        with self._ledger.read() as tx:
            state = index.state(tx, self.connection)
            if state.complete_at is not None:
                return index.find(tx, self.connection, [handle.key for handle in handles])
        offered = self._crm.capabilities()
        if offered.phone_search == "direct":
            return self._crm.find(handles)
        why = f"the address book of {offered.title} is being read for the first time: {state.share} so far"
        return {handle.key: Finding("unknown", why=why) for handle in handles}

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`; of one that cannot be asked, as the index has them."""
        if self._crm.capabilities().looks_up:
            return self._crm.read(ids)
        with self._ledger.read() as tx:
            there = index.read(tx, self.connection, ids)
        return {id: there.get(id, Gone(id)) for id in ids}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        with self._ledger.read() as tx:
            if index.state(tx, self.connection).complete_at is not None:
                return index.find_accounts(tx, self.connection, domains, phones)
        return self._crm.accounts(domains, phones)

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`."""
        return self._crm.matters(contacts)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `Crm`."""
        return self._crm.apply(writes)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`."""
        return self._crm.written(keys)

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._crm.changed_since(cursor)

    def size(self) -> int:
        """See `Crm`; contacts and leads, as the index held them a minute ago at most."""
        known = self._size
        if known is None or not known[0] <= self._now() < known[0] + SIZE_FOR:
            with self._ledger.read() as tx:
                if index.state(tx, self.connection).complete_at is None:
                    return self._crm.size()
                known = self._size = (self._now(), index.size(tx, self.connection))
        return known[1]


# --- what enters the index ------------------------------------------------------------------------------


def take_changes(tx: Connection, connection: str, changes: Changes, region: str, now: int) -> frozenset[str]:
    """A page of the change feed enters the index. Returns the handle keys of those who are gone: whoever
    waits for them is decided again."""
    state = index.state(tx, connection)
    if not state.begun_at:
        state = msgspec.structs.replace(state, begun_at=now)
    if changes.restarted:
        state = msgspec.structs.replace(state, reading=state.reading + 1, read=0, total=-1)
    index.keep(tx, connection, changes.records, region, state.reading)
    index.keep_accounts(tx, connection, changes.accounts)
    gone = forget(tx, connection, changes.gone, now)
    told = len(changes.records) + len(changes.accounts) + len(changes.gone)
    state = msgspec.structs.replace(
        state,
        read=state.read + len(changes.records),
        total=changes.total if changes.total >= 0 else state.total,
        changed_at=now if told else state.changed_at,
    )
    if not changes.more:
        if state.swept < state.reading:
            gone |= _sweep(tx, connection, state, now)
        state = msgspec.structs.replace(
            state,
            read_at=now,
            swept=state.reading,
            complete_at=now if state.complete_at is None else state.complete_at,
        )
    index.set_state(tx, state)
    return gone


def _sweep(tx: Connection, connection: str, state: IndexState, now: int) -> frozenset[str]:
    """A reading of everything has ended: whatever was not in it is gone."""
    gone: frozenset[str] = frozenset()
    while lost := index.not_in(tx, connection, state.reading):
        gone |= forget(tx, connection, lost, now)
    return gone


def forget(tx: Connection, connection: str, ids: Collection[str], now: int) -> frozenset[str]:
    """These records are gone from the CRM. Returns the handle keys that they bore."""
    gone = deciding.bury_gone(tx, connection, ids, now)
    index.drop(tx, connection, ids)
    news.note(tx, {f"handle:{key}" for key in gone}, (), now)
    return gone


def bury(tx: Connection, connection: str, linked: Collection[tuple[str, str]], now: int) -> None:
    """Contacts that decisions on these interactions linked turned out to be deleted: nobody is made in their
    place, also where the change feed has never told of them."""
    for interaction, id in linked:
        for key in index.linked_by(tx, interaction, id):
            deciding.bury(tx, connection, key, "deleted", id, now)
    forget(tx, connection, {id for _, id in linked}, now)


def enter(
    tx: Connection,
    connection: str,
    region: str,
    done: Iterable[tuple[Write, Receipt]],
    seen: Iterable[Record],
    now: int,
    type: RecordType = "contact",
) -> None:
    """What we have written, and records that the CRM has just shown, enter the index at once; where no
    reading has begun, the reading will bring them. type: what the CRM makes of somebody new."""
    state = index.state(tx, connection)
    if not state.begun_at:
        return
    records = {record.id: record for record in seen}
    active: dict[str, int] = {}
    updates: list[tuple[str, Write, ContactFields]] = []
    accounts: list[Account] = []
    for write, receipt in done:
        fields = write.fields
        if write.kind == "create_contact" and isinstance(fields, ContactFields):
            if receipt.created:
                records[receipt.id] = created(receipt.id, fields, region, now, type)
        elif write.kind == "create_account" and isinstance(fields, AccountFields):
            if receipt.created:
                accounts.append(
                    Account(
                        id=receipt.id,
                        name=fields.name,
                        domains=(fields.domain,),
                        primary_domains=1,
                        owner=fields.owner,
                    )
                )
        elif isinstance(fields, ContactFields) and isinstance(write.target, Existing):
            updates.append((write.target.id, write, fields))
        elif write.kind == "log_activity" and isinstance(fields, ActivityFields):
            for id in (person.id for person in fields.people if isinstance(person, Existing)):
                active[id] = max(active.get(id, 0), fields.at)
    if updates:
        there = {**index.read(tx, connection, [id for id, *_ in updates]), **records}
        for id, write, fields in updates:
            if id in there:
                records[id] = there[id] = updated(there[id], fields, region, write.changed)
    index.keep(tx, connection, records.values(), region, state.reading)
    index.keep_accounts(tx, connection, accounts)
    if active:
        index.active(tx, connection, active)


def created(id: str, fields: ContactFields, region: str, now: int, type: RecordType = "contact") -> Record:
    """The contact or lead that we have just made, as the CRM will tell of it."""
    phones = (*fields.phones, *fields.mobiles)
    return Record(
        type=type,
        id=id,
        name=full_name(fields.first_name, fields.last_name) or fields.name,
        first_name=fields.first_name,
        last_name=fields.last_name,
        emails=fields.emails,
        phones=phones,
        mobiles=fields.mobiles,
        handles=read_fields(fields.emails, phones, region)[0],
        title=fields.title,
        department=fields.department,
        seniority=fields.seniority,
        persona=fields.persona,
        mailing=fields.mailing,
        company=fields.company,
        account=_id(fields.account),
        owner=fields.owner,
        created_at=now,
        placeholder=bool(fields.placeholder),
        created_by_us=True,
    )


_SET = ("title", "department", "seniority", "persona", "company", "mailing", "owner")


def updated(record: Record, fields: ContactFields, region: str, changed: Collection[str] = ()) -> Record:
    """The record with what we have just written onto it. changed: as in `Write.changed`."""
    where = record.country or region
    emails = with_new(record.emails, fields.emails, where)
    if fields.main_email:
        rest = without_handles(emails, (fields.main_email,), where)
        emails = (fields.main_email, *rest)
    emails = without_handles(emails, fields.without_emails, where)
    phones = with_new(record.phones, (*fields.phones, *fields.mobiles), where)
    mobiles = with_new(record.mobiles, fields.mobiles, where)
    phones = without_handles(phones, fields.without_phones, where)
    first_name = fields.first_name or ("" if "first_name" in changed else record.first_name)
    last_name = fields.last_name or ("" if "last_name" in changed else record.last_name)
    named = bool(fields.first_name or fields.last_name)
    plain = {name: getattr(fields, name) for name in _SET if getattr(fields, name) or name in changed}
    return msgspec.structs.replace(
        record,
        name=full_name(first_name, last_name) if named else (fields.name or record.name),
        first_name=first_name,
        last_name=last_name,
        emails=emails,
        phones=phones,
        mobiles=tuple(each for each in mobiles if each in phones),
        handles=read_fields(emails, phones, where)[0],
        account=_id(fields.account) or record.account,
        placeholder=record.placeholder and not named if fields.placeholder is None else fields.placeholder,
        **plain,
    )


def _id(target: Target | None) -> str:
    return target.id if isinstance(target, Existing) else ""
