"""One broken address book, or more, for each clause: the suite must notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from msgspec.structs import replace

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import (
    Changes,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
)
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ActivityFields, ContactFields, Existing, Receipt, Write
from firstcontact.testing.conformance.making import NOON

NUMBERS = count()


class Broken:
    """An address book with one method of its own; everything else is the real one's."""

    def __init__(self, book: AddressBook, **methods: Callable[..., Any]) -> None:
        self._book = book
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods:
            return getattr(self._book, name)
        method = self._methods[name]
        return lambda *arguments: method(self._book, *arguments)


Find = Callable[[Mapping[str, Finding]], Mapping[str, Finding]]


def found(change: Find) -> dict[str, Callable[..., Any]]:
    return {"find": lambda book, handles: change(book.find(handles))}


def each_finding(change: Callable[[Finding], Finding]) -> dict[str, Callable[..., Any]]:
    return found(lambda findings: {key: change(finding) for key, finding in findings.items()})


def each_record(change: Callable[[Record], Record]) -> dict[str, Callable[..., Any]]:
    return each_finding(lambda one: replace(one, records=tuple(change(record) for record in one.records)))


def written_as(change: Callable[[Write], Write]) -> dict[str, Callable[..., Any]]:
    return {"apply": lambda book, writes: book.apply([change(write) for write in writes])}


def with_fields(change: Callable[[Any], Any], kind: str) -> dict[str, Callable[..., Any]]:
    return written_as(lambda w: replace(w, fields=change(w.fields)) if w.kind == kind else w)


def answered_as(change: Callable[[Outcome], Outcome]) -> dict[str, Callable[..., Any]]:
    return {"apply": lambda book, writes: [change(outcome) for outcome in book.apply(writes)]}


def changed_as(change: Callable[[Changes], Changes]) -> dict[str, Callable[..., Any]]:
    return {"changed_since": lambda book, cursor: change(book.changed_since(cursor))}


def renamed(write: Write, kind: str) -> Write:
    return replace(write, key=f"{write.key}{next(NUMBERS)}") if write.kind == kind else write


def hides(failure: type[Exception], answer: Any, method: str) -> dict[str, Callable[..., Any]]:
    def call(book: AddressBook, *arguments: Any) -> Any:
        try:
            return getattr(book, method)(*arguments)
        except failure:
            return answer(*arguments)

    return {method: call}


def finding_creates(book: AddressBook, handles: Sequence[Handle]) -> Mapping[str, Finding]:
    findings = book.find(handles)
    if any(finding.status == "absent" for finding in findings.values()):
        People(book).add("contact", {"last_name": "Made while looking"})
    return findings


def forgets_own(book: AddressBook, cursor: str) -> Changes:
    changes = book.changed_since(cursor)
    return replace(
        changes, records=tuple(one for one in changes.records if not one.created_by_us and one.title != "CFO")
    )


def skips_at_boundary(book: AddressBook, cursor: str) -> Changes:
    changes = book.changed_since(cursor)
    return replace(changes, cursor=str(int(changes.cursor) + 1)) if changes.more else changes


def stops_at_refusal(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes: list[Outcome] = []
    for write in writes:
        if any(isinstance(one, Rejected) for one in outcomes):
            outcomes.append(TryAgain("stopped"))
        else:
            outcomes += book.apply([write])
    return outcomes


def one_by_one(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    return [outcome for write in writes for outcome in book.apply([write])]


def resurrects(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes = list(book.apply(writes))
    for index, (write, outcome) in enumerate(zip(writes, outcomes, strict=True)):
        if isinstance(outcome, Rejected) and write.kind == "update_contact":
            outcomes[index] = Receipt(write.key, "c-new", True)
            People(book).add("contact", {"last_name": "Again", "emails": ["jo@acme.example"]})
    return outcomes


def drops_other_fields(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes = book.apply(writes)
    for write in writes:
        if write.kind == "update_contact" and isinstance(write.target, Existing):
            People(book).edit("contact", write.target.id, {"first_name": ""})
    return outcomes


def second_activity(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    return book.apply(
        [
            replace(one, kind="log_activity", target=None) if one.kind == "update_activity" else one
            for one in writes
        ]
    )


def forgets_deletion(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    return [
        Receipt(one.key, "v", False) if one.kind == "delete_activity" else book.apply([one])[0]
        for one in writes
    ]


def only_says(kind: str) -> dict[str, Callable[..., Any]]:
    """Writes of a kind are answered as if they had been carried out."""

    def apply(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
        return [
            Receipt(one.key, one.target.id if isinstance(one.target, Existing) else "r", False)
            if one.kind == kind
            else book.apply([one])[0]
            for one in writes
        ]

    return {"apply": apply}


def deletes_anybody(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes = list(book.apply(writes))
    for place, write in enumerate(writes):
        if write.kind == "delete_contact" and isinstance(outcomes[place], Rejected):
            assert isinstance(write.target, Existing)
            People(book).delete("contact", write.target.id)
            outcomes[place] = Receipt(write.key, write.target.id, False)
    return outcomes


def minds_no_edits(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    offered = replace(book.capabilities(), marks_activities=False)
    return AddressBook(book.engine, capabilities=offered).apply(writes)


def latest_is_last(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes = book.apply(writes)
    for write in writes:
        if isinstance(write.fields, ActivityFields):
            for person in write.fields.people:
                if isinstance(person, Existing):
                    People(book).edit("contact", person.id, {"last_activity_at": write.fields.at})
    return outcomes


def edit_unmarks(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    outcomes = book.apply(writes)
    for write in writes:
        if write.kind == "update_contact" and isinstance(write.target, Existing):
            _unmark(book, write.target.id)
    return outcomes


def _unmark(book: AddressBook, id: str) -> None:
    with book.changing() as unit:
        slot = unit.slot(id)
        assert slot is not None
        unit.save_record(replace(slot.record, edited_by_person=False))
        unit.flush()


def writes_twice(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    for write in writes:
        if write.kind == "create_contact":
            book.apply([replace(write, key=f"{write.key[:-1]}x")])
    return book.apply(writes)


def mixes_threads(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    return [
        Receipt(one.key, "c-same", True) if one.interaction in ("thread 3", "thread 4") else outcome
        for one, outcome in zip(writes, book.apply(writes), strict=True)
    ]


def not_offered_late(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    return one_by_one(book, writes)


def chokes(book: AddressBook, writes: Sequence[Write]) -> Sequence[Outcome]:
    for write in writes:
        if isinstance(write.fields, ContactFields):
            write.fields.last_name.encode()
    return book.apply(writes)


def forgetful(book: AddressBook, ids: Sequence[str]) -> Mapping[str, Any]:
    return {id: one for id, one in book.read(ids).items() if isinstance(one, Record)}


def unmarked_names(record: Record) -> Record:
    return replace(record, first_name=record.first_name.encode("ascii", "replace").decode())


def only_first(text: tuple[str, ...]) -> tuple[str, ...]:
    return text[:1]


def first_field_only(finding: Finding, key: str) -> Finding:
    records = tuple(one for one in finding.records if any(h.key == key for h in one.handles[:1]))
    return replace(finding, records=records) if records else ABSENT


def without_extension(record: Record) -> Record:
    return replace(record, handles=tuple(replace(one, extension="") for one in record.handles))


def leads_as_contacts(record: Record) -> Record:
    return replace(record, type="contact")


def guesses(record: Record) -> Record:
    more = Handle("phone", "+14375551234", "+14375551234")
    return replace(record, handles=(*record.handles, more))


MUTANTS: dict[str, dict[str, Callable[..., Any]]] = {
    "CAPABILITIES-1": {"capabilities": lambda book: replace(book.capabilities(), title=str(next(NUMBERS)))},
    "USERS-1": {"users": lambda book: tuple(one for one in book.users() if one.active)},
    "FIND-1": {"find": finding_creates},
    "FIND-2": each_finding(lambda one: replace(one, records=one.records[:1])),
    "FIND-3": hides(TryAgain, lambda handles: {one.key: ABSENT for one in handles}, "find"),
    "FIND-4": found(lambda all: {key: one for key, one in all.items() if one.status == "found"}),
    "FIND-5": {"find": lambda book, handles: {
        one.key: book.find([replace(one, key=one.key.replace("-group", "").replace("0124", "0123"))])[
            one.key.replace("-group", "").replace("0124", "0123")
        ] for one in handles
    }},
    "FIND-6": each_finding(lambda one: replace(one, records=one.records[:25])),
    "FIND-7": found(lambda all: {key: ABSENT if key == "+14155550103" else one for key, one in all.items()}),
    "FIND-8": each_record(guesses),
    "FIND-9": each_record(without_extension),
    "FIND-10": each_record(unmarked_names),
    "FIND-11": each_record(lambda one: replace(one, handles=one.handles[:1])),
    "FIND-12": each_record(leads_as_contacts),
    "FIND-13": found(lambda all: {key: first_field_only(one, key) for key, one in all.items()}),
    "FIND-14": found(lambda all: {
        key: one if n < 500 else ABSENT for n, (key, one) in enumerate(reversed(all.items()))
    }),
    "READ-1": {"read": lambda book, ids: {
        id: replace(one, title="") if isinstance(one, Record) else one for id, one in book.read(ids).items()
    }},
    "READ-2": {"read": forgetful},
    "READ-3": {"read": forgetful},
    "ACCOUNTS-1": {"accounts": lambda book, hosts, phones: tuple(
        one for one in book.accounts(hosts, phones) if set(hosts) & set(one.domains[: one.primary_domains])
    )},
    "ACCOUNTS-2": {"accounts": lambda book, hosts, phones: tuple(
        replace(one, opportunities=tuple(each for each in one.opportunities if each.open))
        for one in book.accounts(hosts, phones)
    )},
    "ACCOUNTS-3": {"accounts": lambda book, hosts, phones: book.accounts(
        [host.removeprefix("not") for host in hosts], phones
    )},
    "ACCOUNTS-4": {"accounts": lambda book, hosts, _: book.accounts(hosts, [])},
    "MATTERS-1": {"matters": lambda book, ids: tuple(one for one in book.matters(ids) if one.open)},
    "APPLY-1": written_as(lambda w: renamed(w, "create_contact")),
    "APPLY-2": {"apply": stops_at_refusal},
    "APPLY-3": with_fields(lambda fields: replace(fields, title=""), "create_contact"),
    "APPLY-4": {"apply": drops_other_fields},
    "APPLY-5": with_fields(lambda fields: replace(fields, placeholder=True), "update_contact"),
    "APPLY-6": {"apply": resurrects},
    "APPLY-7": answered_as(lambda one: Rejected(str(one)) if isinstance(one, MovedTo) else one),
    "APPLY-8": with_fields(lambda fields: replace(fields, direction="outbound"), "log_activity"),
    "APPLY-9": {"apply": second_activity},
    "APPLY-10": {"apply": forgets_deletion},
    "APPLY-11": answered_as(lambda one: TryAgain("not now") if isinstance(one, Receipt) else one),
    "APPLY-12": {"apply": not_offered_late},
    "APPLY-13": answered_as(lambda one: replace(one, created=True) if isinstance(one, Receipt) else one),
    "APPLY-14": with_fields(lambda fields: replace(fields, seconds=fields.seconds // 60), "time_entry"),
    "APPLY-15": {"apply": latest_is_last},
    "APPLY-16": {"read": lambda book, ids: {id: forgetful(book, []).get(id) for id in ids}},
    "APPLY-17": {"apply": mixes_threads},
    "APPLY-18": with_fields(lambda fields: replace(fields, at=min(fields.at, NOON)), "log_activity"),
    "APPLY-19": {"apply": writes_twice},
    "APPLY-20": with_fields(lambda fields: replace(fields, domain=""), "create_account"),
    "APPLY-21": {"apply": chokes},
    "APPLY-22": written_as(lambda w: replace(w, changed=())),
    "APPLY-23": with_fields(lambda fields: replace(fields, department=""), "create_contact"),
    "APPLY-24": with_fields(lambda fields: replace(fields, without_phones=()), "update_contact"),
    "APPLY-25": only_says("merge_contacts"),
    "APPLY-26": {"apply": deletes_anybody},
    "APPLY-27": only_says("remove_role"),
    "APPLY-28": {"apply": minds_no_edits},
    "WRITTEN-1": {"written": lambda book, keys: dict(list(book.written(keys).items())[:1])},
    "WRITTEN-2": {"written": lambda _, keys: {key: Receipt(key, "c", True) for key in keys}},
    "CHANGES-1": {"changed_since": forgets_own},
    "CHANGES-2": {"changed_since": skips_at_boundary},
    "CHANGES-3": changed_as(lambda changes: replace(changes, gone=())),
    "CHANGES-4": changed_as(lambda changes: replace(changes, cursor=str(int(changes.cursor) + 1))),
    "CHANGES-5": {"apply": edit_unmarks},
    "CHANGES-6": changed_as(lambda changes: replace(changes, accounts=())),
    "SIZE-1": {"size": lambda book: len(People(book).list_contacts()) + 1},
}  # fmt: skip
"""By clause: methods in which the broken address book differs."""
