"""Erasing a person from the ledger: every row of every table, but for a keyed hash (`erased`, SPEC §10).

A table has a way to tell which of its rows are about the person; these are gone, or lose every word of their
names. All other rows lose their handles and whole names. What a decision was made from (`known`) goes, so
that it says that it cannot be replayed. A table that this module does not know fails a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, LargeBinary, Table, Text, and_, delete, select, update

from firstcontact.interactions.erased import anonymised
from firstcontact.interactions.model import decode, encode
from firstcontact.interactions.traces import ERASED, Traces
from firstcontact.ledger.of_person import OfPerson
from firstcontact.ledger.tables import metadata
from firstcontact.planning.write import ActivityFields, ContactFields, DocumentFields, Write
from firstcontact.policy.decision import Decision, PersonVerdict
from firstcontact.store.statements import Values, chunks, insert_new

Ties = Literal["", "near", "gone"]
"""How a row is tied to the person: not at all; it is about them; it is nothing without them."""

KEPT: Mapping[str, str] = {
    "erased": "the keyed hashes",
    "credentials": "what connections log in with, sealed",
    "contexts": "our own users and what the CRM can do",
    "settings_versions": "the settings as their owner wrote them",
    "index_accounts": "companies, as the CRM has them",
    "index_account_keys": "domains and numbers of companies",
    "account_hosts": "domains of companies",
    "domain_rulings": "domains of companies",
    "indexes": "numbers",
    "outlines": "names of rules",
    "under_way": "keys of writes",
}
"""Tables that hold nothing of a person of theirs, with what they hold."""

_LEFT_ALONE = {"deliveries": frozenset({"digest", "raw"}), "rejections": frozenset({"digest"})}
"""Columns of bytes that are no MessagePack; raw deliveries are read by whoever knows how (`flow.erasing`)."""

Row = Any
"""A row by the names of its columns."""


class Who:
    """The person as rows are compared with."""

    def __init__(self, person: OfPerson, traces: Traces) -> None:
        self.traces = traces
        self.handles = Traces(traces.markers)
        self.keys = frozenset(traces.markers)
        self.records = person.records
        self.interactions = frozenset(person.interactions)

    def about(self, row: Row, *columns: str) -> bool:
        """Whether one of the columns is a handle or a record of theirs."""
        return any(row[name] in self.keys or row[name] in self.records for name in columns)

    def on(self, row: Row, column: str = "interaction") -> bool:
        """Whether the row is of an interaction that they took part in."""
        return row[column] in self.interactions


def _gone(*columns: str) -> Callable[[Who, Row], Ties]:
    return lambda who, row: "gone" if who.about(row, *columns) else ""


def _near(*columns: str) -> Callable[[Who, Row], Ties]:
    return lambda who, row: "near" if who.about(row, *columns) else ""


def _on(column: str = "interaction") -> Callable[[Who, Row], Ties]:
    return lambda who, row: "near" if who.on(row, column) else ""


def _topic(who: Who, row: Row) -> Ties:
    return "gone" if str(row["topic"]).partition(":")[2] in who.keys else ""


def _write(who: Who, row: Row) -> Ties:
    about = str(row["subject"]).split(":")[0].split(">")
    mine = who.on(row) or who.about(row, "subject", "record") or not who.records.isdisjoint(about)
    return "near" if mine else ""


def _activity(who: Who, row: Row) -> Ties:
    if who.on(row, "subject"):
        return "near"
    of = msgspec.msgpack.decode(row["fields"], type=ActivityFields).interactions
    return "near" if not who.interactions.isdisjoint(of) else ""


_TIES: Mapping[str, Callable[[Who, Row], Ties]] = {
    "participants": _gone("key"),
    "names": _gone("key"),
    "observed": _gone("key"),
    "bearers": _gone("key", "record"),
    "index_records": _gone("id"),
    "enriched": _gone("record"),
    "roles_seen": _gone("contact"),
    "roles_intended": _gone("contact"),
    "rulings": _gone("about"),
    "tombstones": _gone("key"),
    "reservations": _gone("subject"),
    "waiting": _topic,
    "interactions": _on("id"),
    "decisions": _on(),
    "verdicts": _near("about"),
    "reviews": _near("about"),
    "writes": _write,
    "activities": _activity,
    "day_messages": _on(),
    "merges": _near("survivor", "loser"),
}
"""The tables with rows about one person. Of the others every row is looked through for traces."""

THROUGH = frozenset(
    {
        "deliveries", "rejections", "news", "cursors", "facts", "lanes", "connections", "by_hand", "undone",
        "engagements",
    }
)  # fmt: skip
"""Those others: texts that may name somebody."""


class Found(msgspec.Struct, frozen=True):
    """Rows in which something is to be done, by table and primary key: those about the person, and others."""

    tied: tuple[tuple[str, tuple[Any, ...]], ...]
    loose: tuple[tuple[str, tuple[Any, ...]], ...]


def tables() -> tuple[Table, ...]:
    """The tables that are looked through."""
    return tuple(table for name, table in sorted(metadata.tables.items()) if name not in KEPT)


def find(tx: Connection, who: Who, page: Callable[[str, int], None]) -> Found:
    """Every row in which something is to be done. Reads everything once, a row at a time; `page` is told now
    and then: in which table, and how many rows more."""
    tied: list[tuple[str, tuple[Any, ...]]] = []
    loose: list[tuple[str, tuple[Any, ...]]] = []
    for table in tables():
        for number, row in enumerate(_stream(tx, table), 1):
            if number % 1000 == 0:
                page(table.name, 1000)
            ties = _ties(table, who, row)
            if ties:
                tied.append((table.name, _key(table, row)))
            elif _traces_in(_looked_for(table, who), row):
                loose.append((table.name, _key(table, row)))
    return Found(tuple(tied), tuple(loose))


def _stream(tx: Connection, table: Table) -> Iterator[Row]:
    columns = [each for each in table.columns if each.name != "raw"]
    with tx.execute(select(*columns).execution_options(yield_per=500)) as rows:
        for row in rows:
            yield row._mapping


def _ties(table: Table, who: Who, row: Row) -> Ties:
    ties = _TIES.get(table.name)
    return ties(who, row) if ties is not None else ""


def _looked_for(table: Table, who: Who) -> Traces:
    """Other records of the address book may have the same name, and keep it."""
    return who.handles if table.name == "index_records" else who.traces


def _traces_in(traces: Traces, row: Row) -> bool:
    for value in row.values():
        if isinstance(value, str) and value and traces.may_be_in(value):
            return True
        if isinstance(value, bytes) and traces.may_be_in(value.decode("utf-8", "replace")):
            return True
    return False


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def clean(tx: Connection, who: Who, rows: Iterable[tuple[str, tuple[Any, ...]]]) -> int:
    """Take the person out of these rows, as they are now; how many changed."""
    changed = 0
    for name, key in rows:
        table = metadata.tables[name]
        old = row(tx, name, key)
        if old is None:
            continue
        at = and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
        ties = _ties(table, who, old)
        if ties == "gone":
            tx.execute(delete(table).where(at))
            changed += 1
            continue
        new = _cleaned(table, who, old, near=ties == "near")
        if new != old:
            _put(tx, table, at, old, new)
            changed += 1
    return changed


def _put(tx: Connection, table: Table, at: Any, row: Values, new: Values) -> None:
    """The row as it is from here on; under another key where that bore the person."""
    if _key(table, new) == _key(table, row):
        changes = {name: value for name, value in new.items() if value != row[name]}
        tx.execute(update(table).where(at).values(**changes))
        return
    tx.execute(delete(table).where(at))
    insert_new(tx, table, [new])


def _cleaned(table: Table, who: Who, row: Values, *, near: bool) -> Values:
    if table.name == "index_records":
        plain = msgspec.msgpack.decode(row["data"])
        data = msgspec.msgpack.encode(who.handles.out_of(plain, near=False))
        return {**row, "unreadable": who.handles.everywhere(row["unreadable"]), "data": data}
    new = dict(row)
    left_alone = _LEFT_ALONE.get(table.name, frozenset())
    for column in table.columns:
        name = column.name
        value = row.get(name)
        if name in left_alone or value is None:
            continue
        if isinstance(column.type, Text):
            plain = near and (table.name, name) in _TEXTS
            new[name] = who.traces.nearby(value) if plain else who.traces.everywhere(value)
        elif isinstance(column.type, LargeBinary):
            known = _BLOBS.get((table.name, name), _plain)
            new[name] = known(who, value, near)
    special = _ROWS.get(table.name)
    if special is not None and near:
        special(new)
    return new


_TEXTS = frozenset({("writes", "problem"), ("interactions", "problem")})
"""Texts in which single words of a name are looked for; the others are ids, names of rules, and the like."""


def _plain(who: Who, value: bytes, near: bool) -> bytes:
    """MessagePack of whatever type."""
    if not near and not who.traces.may_be_in(value.decode("utf-8", "replace")):
        return value
    return msgspec.msgpack.encode(who.traces.out_of(msgspec.msgpack.decode(value), near=near))


def _interaction(who: Who, value: bytes, near: bool) -> bytes:
    if not near and not who.traces.may_be_in(value.decode("utf-8", "replace")):
        return value
    return encode(anonymised(decode(value), who.traces))


def _decision(who: Who, value: bytes, near: bool) -> bytes:
    if near:
        decision = msgspec.msgpack.decode(value, type=Decision)
        people = tuple(_bare(each) if each.about in who.keys else each for each in decision.people)
        trace = tuple(
            msgspec.structs.replace(reason, values=_values(who, reason.values))
            if reason.about in who.keys
            else reason
            for reason in decision.trace
        )
        value = msgspec.msgpack.encode(msgspec.structs.replace(decision, people=people, trace=trace))
    return _plain(who, value, near)


def _values(who: Who, values: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What a reason rests on, as far as it is a record's id, a setting, or a number; not their domain."""
    hosts = {key.rpartition("@")[2] for key in who.keys if "@" in key}
    return tuple((name, text if _tells_nothing(who, text, hosts) else ERASED) for name, text in values)


def _tells_nothing(who: Who, text: str, hosts: Collection[str]) -> bool:
    if text in who.records:
        return True
    plain = _OF_THE_PROGRAM.fullmatch(text) is not None and who.traces.nearby(text) == text
    return plain and not any(host in text for host in hosts)


_OF_THE_PROGRAM = re.compile(r"[a-z_][a-z_.:]*|\d{1,4}")


def _bare(person: PersonVerdict) -> PersonVerdict:
    return PersonVerdict(about=person.about, verdict=person.verdict, record=person.record)


def _known(who: Who, value: bytes, near: bool) -> bytes | None:
    found = near or who.traces.may_be_in(value.decode("utf-8", "replace"))
    return None if found else value


def _written(who: Who, value: bytes, near: bool) -> bytes:
    if near:
        write = msgspec.msgpack.decode(value, type=Write)
        fields = write.fields
        mine = write.subject in who.keys or getattr(write.target, "id", "") in who.records
        if isinstance(fields, ContactFields) and mine:
            fields = ContactFields(interaction=fields.interaction)
        elif isinstance(fields, ActivityFields):
            fields = without_text(who.traces, fields)
        elif isinstance(fields, DocumentFields):
            fields = msgspec.structs.replace(fields, name="", uri="")
        value = msgspec.msgpack.encode(msgspec.structs.replace(write, fields=fields))
    return _plain(who, value, near)


def without_text(traces: Traces, fields: ActivityFields) -> ActivityFields:
    """An activity's fields without its text, and without the person in its subject."""
    subject = traces.nearby(fields.subject)
    return msgspec.structs.replace(fields, subject=subject, body="", transcript="", recording="")


def _logged(who: Who, value: bytes, near: bool) -> bytes:
    if near:
        fields = msgspec.msgpack.decode(value, type=ActivityFields)
        value = msgspec.msgpack.encode(without_text(who.traces, fields))
    return _plain(who, value, near)


_BLOBS: Mapping[tuple[str, str], Callable[[Who, bytes, bool], bytes | None]] = {
    ("interactions", "data"): _interaction,
    ("decisions", "data"): _decision,
    ("decisions", "known"): _known,
    ("writes", "data"): _written,
    ("activities", "fields"): _logged,
    ("merges", "journal"): lambda who, value, near: None if near else _plain(who, value, near),
}


def _settled(row: Values) -> None:
    row["state"] = "settled"


def _no_text(row: Values) -> None:
    row["text_since"] = None


_ROWS: Mapping[str, Callable[[Values], None]] = {"reviews": _settled, "interactions": _no_text}


def row(tx: Connection, name: str, key: Sequence[Any]) -> dict[str, Any] | None:
    """A row by its table and primary key, without the bytes of a delivery; None where it is gone."""
    table = metadata.tables[name]
    at = and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
    found = tx.execute(select(*(each for each in table.columns if each.name != "raw")).where(at)).first()
    return dict(found._mapping) if found is not None else None


def unanswered(tx: Connection, person: OfPerson) -> tuple[str, ...]:
    """Keys of writes on their interactions that were sent and never answered."""
    table = metadata.tables["writes"]
    found: list[str] = []
    for chunk in chunks(person.interactions):
        open_ = table.c.interaction.in_(chunk), table.c.state.in_(("sent", "unclear"))
        found += tx.scalars(select(table.c.key).where(*open_))
    return tuple(found)


def states(tx: Connection, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """State and problem of writes by key."""
    table = metadata.tables["writes"]
    found: dict[str, tuple[str, str]] = {}
    for chunk in chunks(keys):
        query = select(table.c.key, table.c.state, table.c.problem).where(table.c.key.in_(chunk))
        found.update((key, (state, problem)) for key, state, problem in tx.execute(query))
    return found


def settings_texts(tx: Connection) -> Iterator[str]:
    """The settings of every version that is kept."""
    yield from tx.scalars(select(metadata.tables["settings_versions"].c.text))


def raw_deliveries(tx: Connection, after: int, most: int) -> Sequence[Any]:
    """Deliveries whose bytes are still kept, by id, behind `after`: at most so many."""
    table = metadata.tables["deliveries"]
    query = select(table).where(table.c.id > after, table.c.raw.is_not(None)).order_by(table.c.id).limit(most)
    return tx.execute(query).all()
