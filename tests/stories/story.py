"""A story of all kinds of interactions, told step by step, and what it leaves behind.

A step delivers facts, lets a person do something, or lets the CRM fail; then all work that is due is done.
A step can be taken again: deliveries are the same bytes, and a person does nothing that is done already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, Engine, select

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Capabilities, Crm, Delivery, Reading
from firstcontact.connectors.kinds import capabilities
from firstcontact.flow.clock import MINUTE, VirtualClock
from firstcontact.flow.installation import Installation, Tally
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import (
    Attachment,
    Call,
    CallResult,
    Direction,
    Email,
    Fax,
    Interaction,
    Meeting,
    MeetingStatus,
    Participant,
    Reply,
    Role,
    Sms,
    Voicemail,
    decode,
    encode,
)
from firstcontact.ledger import reading
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import interactions, lanes, reservations, tombstones, writes
from firstcontact.operating.watch import Watch
from firstcontact.planning.plan import NEW
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import Ahead, open_engine
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.together import Together

START = 1_767_600_000_000_000
"""2026-01-05 08:00 UTC, a Monday."""

BOOK = SettingsBook.from_mapping(
    {
        "domains": ["firm.example"],
        "region": "US",
        "timezone": "America/New_York",
        "lines": ["+14155550199"],
        "users": [
            {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": ["+14155550100"]},
            {"id": "bo", "name": "Bo Lind", "emails": ["bo@firm.example"], "phones": ["+14155550101"]},
        ],
        "fallback_user": "bo",
    },
    {"time_entry": True},
)

ANA, LINE = "+14155550100", "+14155550199"
JO, MISSED, TEXTER, CALLER = "+14155550123", "+14155550124", "+14155550125", "+14155550126"
FAXER, LATER, BUSY = "+14155550127", "+14155550128", "+14155550129"
KIM, LEE, PAT, MEG = "kim@acme.example", "lee.moss@gmail.com", "pat@other.example", "meg@acme.example"


def at(day: int, hour: int, minute: int = 0) -> int:
    """Microseconds of a day of the story (0: Monday) at a time of day, UTC."""
    return START + ((day * 24 + hour - 8) * 60 + minute) * MINUTE


# --- facts ------------------------------------------------------------------------------------------


def person(role: Role, text: str, name: str = "", reply: Reply = "") -> Participant:
    """Somebody on an interaction, by address or number; what can't be read has no handle."""
    handle = read_handle(text, "US")
    return Participant(role=role, handles=(handle,) if handle else (), raw=text, name=name, reply=reply)


def call(
    id: str,
    when: int,
    other: str,
    *,
    direction: Direction = "inbound",
    result: CallResult = "answered",
    seconds: int = 0,
    name: str = "",
    recording: str = "",
) -> Call:
    """A call between somebody outside and Ana."""
    theirs, ours = person("from", other, name), person("to", ANA)
    if direction == "outbound":
        theirs, ours = person("to", other, name), person("from", ANA)
    return Call(
        id=id, source="story", source_id=id, conversation=id, at=when, participants=(theirs, ours),
        direction=direction, result=result, seconds=seconds, recording=recording,
    )  # fmt: skip


def text(id: str, when: int, other: str, body: str, direction: Direction = "inbound") -> Sms:
    """A text message between somebody outside and Ana, in their one conversation."""
    theirs, ours = person("from", other), person("to", ANA)
    if direction == "outbound":
        theirs, ours = person("to", other), person("from", ANA)
    return Sms(
        id=id, source="story", source_id=id, conversation=f"texts {other}", at=when,
        participants=(theirs, ours), direction=direction, body=body,
    )  # fmt: skip


def mail(
    id: str,
    when: int,
    sender: str,
    to: str,
    name: str = "",
    thread: str = "",
    body: str = "",
    to_name: str = "",
) -> Email:
    """A mail; whose mailbox it came from follows from who of ours is on it."""
    return Email(
        id=id, source="story", source_id=f"{id}@mail.example", conversation=thread or id, at=when,
        participants=(person("from", sender, name), person("to", to, to_name)),
        captured_from=("ana",), subject=f"About {thread or id}", body=body,
    )  # fmt: skip


def meeting(
    id: str, when: int, organiser: str, *attendees: Participant, revision: int = 1,
    status: MeetingStatus = "confirmed", starts: int = 0,
) -> Meeting:  # fmt: skip
    """A meeting of half an hour, organised by somebody, in Ana's calendar."""
    del when
    return Meeting(
        id=id, source="story", source_id=id, conversation=id, at=starts, revision=revision, status=status,
        participants=(person("organiser", organiser), *attendees), captured_from=("ana",),
        seconds=1800, subject="Plans",
    )  # fmt: skip


def files(folder: Path) -> tuple[Engine, Engine]:
    """The two databases of a folder."""
    return open_engine(folder / "crm.db"), open_engine(folder / "ledger.db")


# --- the world ----------------------------------------------------------------------------------------

Tick = Callable[[str], None]
"""Called at each boundary between the process and the world, with its name."""


def silent(_: str) -> None:
    """No boundary matters."""


class TickingLedger(Ledger):
    """A ledger that tells before and after every commit."""

    def __init__(self, engine: Engine, tick: Tick) -> None:
        super().__init__(engine)
        self._tick = tick

    def write(
        self, boundary: Boundary | None = None, *, ahead: Ahead | None = None
    ) -> AbstractContextManager[Connection]:
        """As ever, ticking before the transaction, before its commit and after it."""
        return self._ticking(boundary, ahead)

    @contextmanager
    def _ticking(self, boundary: Boundary | None, ahead: Ahead | None) -> Iterator[Connection]:
        self._tick("ledger: begin")
        with super().write(boundary, ahead=ahead) as tx:
            yield tx
            self._tick("ledger: before commit")
        self._tick("ledger: after commit")


class TickingCrm:
    """A CRM that tells before and after every call that goes out to it."""

    def __init__(self, crm: Crm, tick: Tick) -> None:
        self._crm = crm
        self._tick = tick

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._crm, name)
        if name in ("connection", "capabilities") or not callable(found):
            return found

        def asked(*arguments: Any) -> Any:
            self._tick(f"crm: before {name}")
            answer = found(*arguments)
            self._tick(f"crm: after {name}")
            return answer

        return asked


class Loud:
    """A `Watch` that lets fail what the product would set aside for a person: nothing here is unforeseen."""

    def failure(self, _: str, error: BaseException, **__: object) -> None:
        """Raises it."""
        raise error

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


BLIND = "blind"
"""A kind that is none: Lawmatics, if it could not be asked for a write."""


def played(kind: str) -> Capabilities:
    """What the address book is to offer as this kind."""
    if kind != BLIND:
        return capabilities(kind)
    return msgspec.structs.replace(capabilities("lawmatics"), kind=BLIND, finds_written=False)


class World:
    """An installation on two databases, as a process finds it when it starts.

    engines: of the CRM and the ledger. kind: of CRM, by whose capabilities the address book plays it.
    """

    def __init__(
        self,
        engines: tuple[Engine, Engine],
        kind: str,
        now: int = START,
        *,
        tick: Tick = silent,
        book: SettingsBook = BOOK,
        batch: int = 500,
        takes_over: bool = True,
        indexed: bool = False,
    ) -> None:
        """takes_over: whoever was at it before is dead, though its process is this one. indexed: decisions
        are taken on an index of the CRM, which is asked for changes once a minute, and which makes contacts
        and their activities in one call."""
        self.clock = VirtualClock(now)
        self._engines = engines
        self._tick = tick
        self.address_book = (Together if indexed else AddressBook)(
            self._engines[0], capabilities=played(kind), clock=self.clock.now, connection=kind
        )
        self.people = People(self.address_book)
        self.hostile = Hostile(self.address_book)
        ledger = open_ledger(self._engines[1])
        if takes_over:
            with ledger.write() as tx:
                tx.execute(lanes.update().values(until=0))
        self.ledger = TickingLedger(ledger.engine, tick)
        self.installation = Installation(
            book=book,
            ledger=self.ledger,
            crm=self._crm(),
            clock=self.clock,
            batch=batch,
            watch=cast(Watch, Loud()),
            indexed=indexed,
            poll_every=MINUTE if indexed else 0,
        )

    def _crm(self) -> Crm:
        return cast(Crm, TickingCrm(self.hostile, self._tick))

    def behave(self, hostile: Hostile) -> None:
        """From here on the CRM behaves like this one, which stands in front of the same address book."""
        self.hostile = hostile
        self.installation.crm = self._crm()
        if self.installation.indexed:
            self.installation.know(self.installation.crm)

    def close(self) -> None:
        """Let the files go."""
        for engine in self._engines:
            engine.dispose()

    def seed(self) -> None:
        """What people have put into the CRM before the story."""
        offered = self.address_book.capabilities()
        crm: dict[str, Any] = {
            "contacts": [
                {"id": "p-fax", "first_name": "Fay", "last_name": "Xu", "phones": [FAXER]},
            ],
        }
        if offered.accounts:
            crm["accounts"] = [{"id": "a-acme", "name": "Acme", "website": "https://www.acme.example"}]
        if offered.matters:
            crm["matters"] = [{"id": "m-fax", "contact": "p-fax", "name": "Xu v. Xu", "open": True}]
        self.people.seed(crm, BOOK.team.users)

    def receive(self, facts: Sequence[Interaction]) -> Tally:
        """Deliver facts as bytes, each of the same bytes every time."""
        items = [(Delivery("story", fact.id, encode(fact)), str(n)) for n, fact in enumerate(facts)]
        return self.installation.receive(
            items, lambda delivery: Reading((decode(delivery.raw),)), cursor_name="story", live=True
        )

    def settle(self) -> Tally:
        """Do all work that is due, moving the clock on to each retry."""
        total = Tally()
        for _ in range(50):
            total += self.installation.drain()
            waiting = self.installation.due()
            if waiting is None:
                self.look_at_unclear()
                done = self.installation.drain()
                if done == Tally():
                    return total
                total += done
                continue
            self.clock.advance_to(waiting)
        raise AssertionError("there is always something due")

    def look_at_unclear(self) -> None:
        """A person looks in the CRM for each write that nobody knows the fate of, and says what it is."""
        with self.ledger.read() as tx:
            unclear = [row.write for row in reading.stuck(tx) if row.state == "unclear"]
        crm = self.people.dump()
        for write in unclear:
            fields = msgspec.structs.asdict(write.fields)
            if write.kind == "log_activity":
                ids = [
                    a["id"] for a in crm["activities"] if set(a["interactions"]) & set(fields["interactions"])
                ]
            elif write.kind == "create_contact":
                made = (*crm["leads"], *crm["contacts"])
                ids = [each["id"] for each in made if each.get("interaction") == write.interaction]
            else:
                rows = crm["time_entries"] if write.kind == "time_entry" else crm["documents"]
                ids = [row["id"] for row in rows if row["interaction"] == write.interaction]
            self.installation.answer_stuck(write.key, record=ids[0] if ids else "")

    def contact(self, handle: str) -> dict[str, Any] | None:
        """The contact that bears a handle, as plain values."""
        found = [c for c in self.people.list_contacts() if handle in (*c["emails"], *c["phones"])]
        return found[0] if found else None


# --- the story ------------------------------------------------------------------------------------------


class Step(msgspec.Struct, frozen=True):
    """At a time: facts are delivered, then somebody acts. faults: what the CRM fails at next."""

    at: int
    facts: tuple[Interaction, ...] = ()
    act: Callable[[World], None] | None = None
    faults: tuple[tuple[str, Any], ...] = ()


def _rule_on_lee(world: World) -> None:
    for review in world.installation.open_reviews():
        if review.about == LEE:
            world.installation.rule(
                review.interaction, LEE, create={"first_name": "Lee", "last_name": "Moss"}, by="ana"
            )
            return


def _add_pat(world: World) -> None:
    if world.contact(PAT) is None:
        world.people.add("contact", {"id": "p-pat", "first_name": "Pat", "last_name": "Oh", "emails": [PAT]})


def _delete_jo(world: World) -> None:
    found = world.contact(JO)
    if found is not None:
        world.people.delete("contact", found["id"])


def _log_missed(world: World) -> None:
    world.installation.log_by_hand(
        "call-missed", "ana", create={"first_name": "Mia", "last_name": "Sol", "type": "Client"}
    )


def _edit_kim(world: World) -> None:
    found = world.contact(KIM)
    if found is not None and not found["title"]:
        world.people.edit("contact", found["id"], {"title": "Chief"})


def _meeting(when: int, **more: Any) -> Meeting:
    return meeting(
        "meet-1", when, KIM, person("attendee", "ana@firm.example", reply="accepted"),
        person("attendee", MEG, "Meg Pole", reply="accepted"), **more,
    )  # fmt: skip


STORY: tuple[Step, ...] = (
    Step(at(0, 9), (call("call-jo", at(0, 9), JO, seconds=130, name="DIAZ JO"),)),
    Step(
        at(0, 9, 20),
        (call("call-jo", at(0, 9), JO, seconds=130, name="DIAZ JO", recording="https://rec.example/1"),),
    ),
    Step(
        at(0, 10),
        (
            call("call-missed", at(0, 10), MISSED, result="missed"),
            call("call-withheld", at(0, 10, 1), "anonymous", result="answered", seconds=5),
            call("call-jo-2", at(0, 10, 2), JO, direction="outbound", seconds=61),
        ),
    ),
    Step(at(0, 11), (text("text-1", at(0, 11), TEXTER, "Hello"),)),
    Step(
        at(0, 12),
        (
            text("text-3", at(0, 12), TEXTER, "Tuesday, then?"),
            text("text-4", at(0, 12, 1), TEXTER, "Fine", "outbound"),
        ),
    ),
    Step(at(0, 12, 30), (text("text-2", at(0, 11, 30), TEXTER, "Who is this?", "outbound"),)),
    Step(
        at(0, 13),
        (
            Voicemail(
                id="voice-1",
                source="story",
                source_id="voice-1",
                conversation="voice-1",
                at=at(0, 13),
                participants=(person("from", CALLER, "VALE ROY"), person("to", LINE)),
                direction="inbound",
                seconds=22,
                recording="https://rec.example/2",
            ),
            Fax(
                id="fax-1",
                source="story",
                source_id="fax-1",
                conversation="fax-1",
                at=at(0, 13, 5),
                participants=(person("from", FAXER), person("to", LINE)),
                direction="inbound",
                pages=2,
                attachments=(Attachment("letter.pdf", "application/pdf", 10, "https://fax.example/1"),),
            ),
        ),
    ),
    Step(
        at(1, 9),
        (
            mail("mail-kim-1", at(1, 9), KIM, "ana@firm.example", "Kim Osei", "kim", "Can you help?"),
            mail("mail-lee-1", at(1, 9, 1), LEE, "ana@firm.example", "Lee Moss", "lee", "Hi"),
            mail("mail-pat-1", at(1, 9, 2), PAT, "ana@firm.example", "Pat", "pat", "Newsletter?"),
        ),
    ),
    Step(
        at(1, 10),
        (
            mail("mail-kim-2", at(1, 10), "ana@firm.example", KIM, "Ana Ruiz", "kim", "Yes", "Kim Osei"),
            mail("mail-lee-2", at(1, 10, 1), "ana@firm.example", LEE, "Ana Ruiz", "lee", "Hello"),
        ),
    ),
    Step(at(1, 11), act=_rule_on_lee),
    Step(at(1, 12), act=_edit_kim),
    Step(at(2, 9), (_meeting(at(2, 9), starts=at(4, 9)),)),
    Step(at(2, 10), (_meeting(at(2, 10), starts=at(4, 15), revision=2),)),
    Step(at(2, 11), (_meeting(at(2, 11), starts=at(4, 9), revision=3),)),
    Step(at(2, 12), (_meeting(at(2, 12), starts=at(4, 15), revision=4),)),
    Step(at(2, 13), (_meeting(at(2, 13), starts=at(4, 15), revision=5, status="cancelled"),)),
    Step(at(3, 9), act=_add_pat),
    Step(at(3, 10), act=_delete_jo),
    Step(at(3, 11), (call("call-jo-3", at(3, 11), JO, seconds=10),)),
    Step(at(3, 12), act=_log_missed),
    Step(
        at(3, 13),
        (call("call-later", at(3, 13), LATER, seconds=31, name="HART UMA"),),
        faults=(("find", "unknown"),),
    ),
    Step(
        at(3, 14),
        (call("call-busy", at(3, 14), BUSY, seconds=32, name="WELL IVO"),),
        faults=(("apply", "try_again"), ("apply", "lost_answer"), ("find", "try_again")),
    ),
    Step(at(3, 15), (text("text-5", at(3, 15), TEXTER, "Another day"),)),
)


def take(world: World, step: Step, *, act: bool = True) -> Tally:
    """Take a step and do the work that is due."""
    world.clock.advance_to(step.at)
    for method, fault in step.faults:
        (world.hostile.next_find if method == "find" else world.hostile.next_apply)(fault)
    if step.facts:
        world.receive(step.facts)
    if step.act is not None and act:
        step.act(world)
    return world.settle()


def deliver_again(world: World, steps: Sequence[Step]) -> Tally:
    """Everything that these steps delivered, once more, and the work that is due."""
    facts = [fact for step in steps for fact in step.facts]
    return world.receive(facts) + world.settle()


# --- what it leaves behind ------------------------------------------------------------------------------


def left_behind(world: World) -> dict[str, Any]:
    """What the CRM and the ledger hold, without what depends on how it came about."""
    crm = world.people.dump()
    for contact in crm["contacts"]:
        del contact["created_at"]
    for activity in crm["activities"]:
        activity["interactions"] = sorted(activity["interactions"])
    with world.ledger.read() as tx:
        made = {row.key: row.record for row in tx.execute(select(writes.c.key, writes.c.record))}
        reserved = {row.subject: row.record for row in tx.execute(select(reservations))}
        buried = sorted(tuple(row) for row in tx.execute(select(tombstones.c.key, tombstones.c.why)))
        stuck = sorted((row.write.interaction, row.write.kind) for row in reading.stuck(tx))
        ids = sorted(tx.scalars(select(interactions.c.id)))
    decided: dict[str, Any] = {}
    for id in ids:
        decision = world.installation.decision(id)
        assert decision is not None, f"{id} was never decided"
        people = []
        for each in decision.people:
            # Who is decided twice was created the first time, and is linked the second.
            verdict = "link" if each.verdict == "create" else each.verdict
            record = reserved.get(each.about, "") if each.verdict == "create" else each.record
            people.append((each.about, verdict, made.get(record.removeprefix(NEW), record)))
        decided[id] = (decision.activity, people)
    reviews = sorted((r.interaction, r.about, r.reason) for r in world.installation.open_reviews())
    return {
        "crm": {name: sorted(rows, key=str) for name, rows in crm.items()},
        "decisions": decided,
        "reservations": reserved,
        "tombstones": buried,
        "reviews": reviews,
        "stuck": stuck,
    }
