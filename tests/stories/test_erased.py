"""Somebody who was erased is nowhere any more: not in a table, nor in a file of the home; and does not come
back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, LargeBinary, Table, Text, select
from story import KIM, LINE, STORY, World, at, call, mail, meeting, person, take, text

from firstcontact.connectors.address_book import tables as book_tables
from firstcontact.connectors.address_book.forgetting import forget_gone
from firstcontact.connectors.contract import Changes, Delivery, Reading
from firstcontact.flow import erasing
from firstcontact.flow.clock import MINUTE
from firstcontact.flow.erasing import Done, erase, finish, to_do, unfinished
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.sifting import sifted_changes
from firstcontact.flow.whom import whom
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Email, Interaction, decode, encode
from firstcontact.interactions.traces import ERASED
from firstcontact.keyring import KeyProblem
from firstcontact.ledger import deciding, index, intake, reading
from firstcontact.ledger import erasing as rows_of
from firstcontact.ledger.erased import Erased
from firstcontact.ledger.tables import metadata
from firstcontact.policy.known import Ruling
from firstcontact.store.engine import open_engine
from firstcontact.store.statements import insert_new

XENIA, NUMBER, OTHER_MAIL = "xenia.quirke@acme.example", "+14155550177", "xq@private.example"
SPELLED = ("4155550177", "415-555-0177", "(415) 555-0177", "415.555.0177", "415 555 0177")
TRACE = re.compile("|".join(map(re.escape, (XENIA, OTHER_MAIL, "xenia", "quirke", *SPELLED))), re.IGNORECASE)
SIGNED = "See you. Xenia\n\n--\nXenia Quirke\nHead of Sales, Acme\nphone (415) 555-0177\nxq@private.example"


def group(id: str, when: int, *more: str) -> Email:
    """A mail of hers to Ana and to others."""
    one = mail(id, when, XENIA, "ana@firm.example", "Xenia Quirke", "plans", SIGNED)
    others = tuple(person("cc", each, "Kim Osei") for each in more)
    signs = msgspec.structs.replace(one.signs, forwarded=(XENIA,))
    return msgspec.structs.replace(
        one, participants=(*one.participants, *others), subject="Xenia's plans", signs=signs
    )


HERS: tuple[Interaction, ...] = (
    call("x-call", at(5, 9), NUMBER, seconds=61, name="QUIRKE XENIA", recording="https://rec.example/quirke"),
    text("x-text", at(5, 9, 1), NUMBER, "Xenia here"),
    text("x-text-2", at(5, 9, 2), NUMBER, "Hello Xenia", "outbound"),
    group("x-mail", at(5, 9, 3)),
    mail("x-mail-2", at(5, 9, 4), "ana@firm.example", XENIA, "Ana Ruiz", "plans", "Dear Xenia", "X. Quirke"),
    group("x-mail-3", at(5, 9, 5), KIM),
    meeting("x-meet", at(5, 10), KIM, person("attendee", "ana@firm.example", reply="accepted"),
            person("attendee", XENIA, "Quirke, Xenia", reply="accepted"), starts=at(6, 10)),
    call(f"x-{XENIA}", at(5, 10, 1), NUMBER, result="missed"),
)  # fmt: skip
QUOTED = mail(
    "kim-quotes",
    at(5, 11),
    KIM,
    "ana@firm.example",
    "Kim Osei",
    "kim",
    f"Ask Xenia Quirke: {XENIA}, 415-555-0177",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases: files in the home, or schemas of a server."""
    if request.param == "sqlite":
        engines = open_engine(tmp_path / "address_book.db"), open_engine(tmp_path / "ledger.db")
    else:
        where = request.getfixturevalue("postgres").database()
        engines = (
            open_engine(where, schema="firstcontact_address_book"),
            open_engine(where, schema="firstcontact_ledger"),
        )
    yield engines
    for engine in engines:
        engine.dispose()


def a_world(databases: tuple[Engine, Engine], home: Path, *, indexed: bool = True) -> World:
    """The whole story, and hers."""
    world = World(databases, "address_book", indexed=indexed)
    world.ledger.erased = Erased(home / "keys.json")
    world.installation.reader = _read
    world.seed()
    for step in STORY[:12]:
        take(world, step)
    world.clock.advance_to(at(5, 11))
    for fact in (*HERS, QUOTED):
        world.receive([fact])
        world.settle()
    _more(world)
    return world


def _read(delivery: Delivery) -> Reading:
    return Reading((decode(delivery.raw),))


def her_contact(world: World) -> dict[str, Any]:
    found = world.contact(XENIA) or world.contact(NUMBER)
    assert found is not None
    return found


def _more(world: World) -> None:
    """What this story does not come by: each row as its own module writes it."""
    of = world.address_book.connection
    record = her_contact(world)["id"]
    t = metadata.tables
    rows: dict[str, dict[str, Any]] = {
        "roles_seen": {"connection": of, "opportunity": XENIA, "contact": record},
        "roles_intended": {"connection": of, "opportunity": XENIA, "write_key": "w-role", "contact": record},
        "observed": {"key": XENIA, "field": "phone", "value": NUMBER, "source": "signature",
                     "interaction": "x-mail", "at": 1},
        "enriched": {"connection": of, "record": record, "field": "phone", "write_key": "w-1",
                     "value": NUMBER, "mode": "if_empty", "source": "signature", "interaction": "x-mail"},
        "merges": {"write_key": "w-2", "connection": of, "survivor": record, "loser": "x-loser",
                   "state": "done", "by": "", "at": 1, "evidence": f"same_email:{XENIA}",
                   "journal": msgspec.msgpack.encode({"loser": {"name": "Xenia Quirke", "emails": [XENIA]}})},
        "undone": {"write_key": "w-3", "by_write": "", "state": "left", "why": "Xenia Quirke was edited",
                   "by": "ana", "at": 1},
        "rejections": {"digest": b"d" * 20, "place": f"{XENIA}.mbox: 3", "reason": "no_date",
                       "detail": "From: Xenia Quirke", "at": 1},
        "cursors": {"name": f"file:/mail/{XENIA}.mbox:1:1:ana", "cursor": "3", "at": 1},
        "facts": {"name": f"asked about {XENIA}", "value": NUMBER},
        "news": {"at": 1, "topics": msgspec.msgpack.encode([f"handle:{NUMBER}", f"name:{XENIA}"])},
        "waiting": {"topic": f"handle:{NUMBER}", "interaction": "x-call"},
        "tombstones": {"connection": of, "key": OTHER_MAIL, "why": "deleted", "record": "x-loser", "at": 1},
        "reviews": {"interaction": "x-mail", "about": XENIA, "reason": "free_mail", "reasons": "free_mail",
                    "candidates": record, "state": "open", "opened_at": 1, "settled_at": None},
        "connections": {"connection": "other", "paused_at": 1, "why": f"{XENIA} was refused", "tokens": 0,
                        "filled_at": 0, "blocked_until": 0, "quota": -1, "quota_left": -1},
        "lanes": {"connection": "other", "shard": 1, "owner": "", "until": 0, "falls": 0,
                  "in_hand": f"decide x-{XENIA}"},
        "by_hand": {"interaction": f"x-{XENIA}", "user": "ana", "at": 1},
        "engagements": {"interaction": f"x-{XENIA}", "at": 1, "user": "ana", "settings_version": "",
                        "outline": 1},
        "deliveries": {"digest": b"e" * 20, "source": "story", "place": f"/mail/{XENIA}.mbox",
                       "captured_from": "ana", "due_at": None,
                       "problem": f"RuntimeError: {XENIA}", "raw": b"Received: from x (Xenia Quirke)"},
    }  # fmt: skip
    with world.ledger.write() as tx:
        for name, row in rows.items():
            insert_new(tx, t[name], [{**_blank(t[name]), **row}])
        said = Ruling(about=XENIA, settles=("free_mail",), first_name="Xenia", last_name="Quirke", by="ana")
        deciding.remember_ruling(tx, said, "")
        tx.execute(
            t["writes"].update().where(t["writes"].c.interaction == "x-mail").values(problem="no Xenia")
        )


def _blank(table: Table) -> dict[str, Any]:
    """Values for the columns that must have one."""
    needed = [each for each in table.columns if not each.nullable and each.name != "id"]
    return {each.name: "" if isinstance(each.type, Text) else 0 for each in needed}


def traces_in(engine: Engine, tables: Any) -> set[str]:
    """The tables in which something of her stands: in a text, in the bytes of a value, in what they hold."""
    found: set[str] = set()
    with engine.connect() as connection:
        for table in tables.values():
            for row in connection.execute(select(table)):
                for column, value in zip(table.columns, row, strict=True):
                    shown = str(value)
                    if isinstance(column.type, LargeBinary) and value is not None:
                        shown = value.decode("utf-8", "replace") + _decoded(value)
                    if TRACE.search(shown):
                        found.add(table.name)
    return found


def _decoded(value: bytes) -> str:
    try:
        return str(msgspec.msgpack.decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def in_files(home: Path) -> set[str]:
    """The files of the home with something of her in their bytes."""
    return {
        path.name
        for path in home.rglob("*")
        if path.is_file() and TRACE.search(path.read_bytes().decode("latin-1"))
    }


def erased(world: World, *what: str) -> Done:
    """As the command does it."""
    done = erase(world.installation, whom(world.installation, *(what or NAMED)))
    assert unfinished(world.installation)
    book = world.address_book
    files = book.engine.dialect.name == "sqlite"
    assert finish(world.installation, partial(forget_gone, book), book.engine) == files
    assert not unfinished(world.installation)
    return done


NAMED = (XENIA, NUMBER, OTHER_MAIL)
EVERYWHERE = set(metadata.tables) - set(rows_of.KEPT)


def test_nothing_is_left_of_her(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """After a long story every table knows her; once she is erased, none does, nor does any file of the home,
    and the CRM has neither the contact that we made nor her name in what was logged of others."""
    world = a_world(databases, tmp_path)
    assert EVERYWHERE - traces_in(databases[1], metadata.tables) == set()
    files = databases[0].dialect.name == "sqlite"
    assert not files or in_files(tmp_path) >= {"ledger.db"}

    done = erased(world)

    assert traces_in(databases[1], metadata.tables) == set()
    assert traces_in(databases[0], book_tables.metadata.tables) == set()
    assert in_files(tmp_path) == set()
    assert done.asked["delete_contact"] == 2
    assert (done.waiting, done.refused, done.unknown) == (0, (), 0)
    with world.ledger.read() as tx:
        shared = intake.load(tx, ["x-mail-3"])["x-mail-3"]
    assert [each.raw for each in shared.participants] == [ERASED, "ana@firm.example", KIM]
    world.settle()
    assert traces_in(databases[1], metadata.tables) == set()


@pytest.mark.parametrize("table", sorted(EVERYWHERE))
def test_the_proof_sees_each_table(tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one table is left out, the proof finds her there."""
    engines = open_engine(tmp_path / "address_book.db"), open_engine(tmp_path / "ledger.db")
    world = a_world(engines, tmp_path)
    there = rows_of.tables()
    monkeypatch.setattr(rows_of, "tables", lambda: tuple(each for each in there if each.name != table))
    if table == "deliveries":
        monkeypatch.setattr(erasing, "_bytes", lambda *_: 0)
    erased(world)
    assert table in traces_in(engines[1], metadata.tables)
    world.close()


def test_every_table_has_its_say() -> None:
    """Each table of the ledger is known to the erasing: as one that holds nothing of anybody, with rows about
    one person, or with texts that may name somebody."""
    known = (set(rows_of.KEPT), set(rows_of._TIES), set(rows_of.THROUGH))
    assert set().union(*known) == set(metadata.tables)
    assert sum(map(len, known)) == len(metadata.tables)


def test_she_is_not_captured_again(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """What comes later leaves nothing of her: of an interaction with others on it the others, of one with
    nobody else a row that says why; the index takes no record of hers, and everything delivered again changes
    nothing."""
    world = a_world(databases, tmp_path)
    erased(world)
    before = world.people.dump()["contacts"]
    late = group("x-late", at(6, 9), KIM)
    world.receive(
        [late, mail("x-alone", at(6, 9, 1), XENIA, "ana@firm.example", "Xenia Quirke", "new", SIGNED)]
    )
    world.installation.accept(
        [Delivery("story", f"{NUMBER}.json", encode(call("x-again", at(6, 9, 2), NUMBER)))]
    )
    world.installation.take([text("x-taken", at(6, 9, 3), NUMBER, "Xenia again")])
    world.receive([*HERS, QUOTED])
    world.settle()
    assert traces_in(databases[1], metadata.tables) == set()
    assert world.people.dump()["contacts"] == before
    with world.ledger.read() as tx:
        kept = intake.load(tx, ["x-late", "x-alone", "x-again", "x-taken"])
        said = [each for each in reading.rejected(tx) if each.reason == "erased_person"]
        bare = Record(type="contact", id="x-back", name="Xenia Quirke", emails=(XENIA,),
                      handles=late.participants[0].handles)  # fmt: skip
        page = sifted_changes(tx, world.ledger.erased, Changes((bare,), (), "9", more=False))
    assert set(kept) == {"x-late"}
    assert [each.raw for each in kept["x-late"].participants] == [ERASED, "ana@firm.example", KIM]
    assert kept["x-late"].body == ""
    assert len(said) == 3
    assert page.records == ()
    decision = world.installation.decision("x-late")
    assert decision is not None
    assert ("suppressed", (("why", "erased"),)) in [(each.name, each.values) for each in decision.trace]


def test_what_a_person_made_is_told(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """A record that a person made is not deleted: it is named, and the index forgets it all the same."""
    world = World(databases, "address_book", indexed=True)
    world.ledger.erased = Erased(tmp_path / "keys.json")
    world.seed()
    world.people.add("contact", {"id": "p-x", "first_name": "Xenia", "last_name": "Quirke",
                                 "emails": [XENIA, OTHER_MAIL], "phones": [LINE]})  # fmt: skip
    world.receive([mail("x-1", at(5, 9), OTHER_MAIL, "ana@firm.example", "Xenia Quirke")])
    world.settle()
    who = whom(world.installation, "p-x")
    assert who.keys == tuple(sorted((XENIA, OTHER_MAIL)))
    plan = to_do(world.installation, who, in_crm=True)
    assert (plan.delete, plan.by_hand, plan.held.interactions, plan.alone) == ((), ("p-x",), 1, 1)
    erased(world, "p-x")
    assert traces_in(databases[1], metadata.tables) == set()
    assert world.contact(XENIA) is not None
    world.people.edit("contact", "p-x", {"title": "Chief"})
    world.clock.wait(10 * MINUTE)
    world.settle()
    assert traces_in(databases[1], metadata.tables) == set()
    with world.ledger.read() as tx:
        assert index.read(tx, world.address_book.connection, ["p-x"]) == {}


def test_ours_and_those_of_several_are_refused(world: World) -> None:
    """One of ours, what is no handle, and a handle that two contacts bear are refused with a sentence."""
    for id in ("p-1", "p-2"):
        world.people.add("contact", {"id": id, "first_name": id, "emails": [XENIA]})
    for what, words in (("ana@firm.example", "one of ours"), ("nobody", "no address"), (XENIA, "p-1")):
        with pytest.raises(FlowProblem, match=words):
            whom(world.installation, what)


def test_without_the_ring_nothing_comes_in(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """A machine that has not got the key of the hashes takes nothing in: it could capture her again."""
    world = a_world(databases, tmp_path)
    erased(world)
    world.ledger.erased = Erased(tmp_path / "elsewhere.json")
    with pytest.raises(KeyProblem, match=r"no such key ring.*lost-key"):
        world.receive([group("x-late", at(6, 9))])


def test_one_that_is_killed_goes_on(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """Killed in front of any of its transactions, the same command erases her when it is given again."""
    world = a_world(databases, tmp_path)
    who = whom(world.installation, *NAMED)
    steps = 0
    while True:
        count = 0

        def tick(what: str, until: int = steps) -> None:
            nonlocal count
            if what == "ledger: before commit":
                count += 1
                if count > until:
                    raise KeyboardInterrupt

        world.ledger._tick = tick
        try:
            erase(world.installation, who)
        except KeyboardInterrupt:
            steps += 1
            world.ledger._tick = lambda _: None
            with world.ledger.write() as tx:  # as the lanes of a process that is gone
                tx.execute(metadata.tables["lanes"].update().values(owner="", until=0))
            continue
        break
    world.ledger._tick = lambda _: None
    erased(world)
    assert steps > 6
    assert traces_in(databases[1], metadata.tables) == set()
    assert traces_in(databases[0], book_tables.metadata.tables) == set()


def test_with_another_worker_at_it(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """While another worker has lanes it is waited for; one that does not come to its end is told of, and
    nothing is captured any more."""
    world = a_world(databases, tmp_path)
    who = whom(world.installation, *NAMED)
    with world.installation.lanes.leased(3), pytest.raises(FlowProblem, match="still at it"):
        erase(world.installation, who, patience=0.1)
    with world.ledger.read() as tx:
        assert set(world.ledger.erased.markers(tx, [XENIA, KIM])) == {XENIA}
    erased(world)
    assert traces_in(databases[1], metadata.tables) == set()


def test_namesakes_keep_their_name(databases: tuple[Engine, Engine], tmp_path: Path) -> None:
    """Somebody else of the same name keeps it, wherever they are; it is said that the name is common."""
    world = World(databases, "address_book", indexed=True)
    world.ledger.erased = Erased(tmp_path / "keys.json")
    world.seed()
    other = mail("m-other", at(5, 9), "xenia@other.example", "ana@firm.example", "Xenia Quirke", body="Hi")
    world.receive([other, mail("m-hers", at(5, 9, 1), XENIA, "ana@firm.example", "Xenia Quirke", body="Ho")])
    world.settle()
    who = whom(world.installation, XENIA)
    assert to_do(world.installation, who, in_crm=True).common == ("Xenia Quirke",)
    done = erased(world, XENIA)
    assert set(done.asked) <= {"delete_contact", "delete_activity"}
    with world.ledger.read() as tx:
        assert intake.load(tx, ["m-other"])["m-other"] == other
        assert "Quirke" not in str(intake.load(tx, ["m-hers"]))
