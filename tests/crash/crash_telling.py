"""The story of tests/stories and more steps, so that between them they come past every boundary of the flow,
the lanes, the ledger and the built-in address book; and a world in which a person does what people have to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import msgspec
import story
from sqlalchemy import Engine
from story import BUSY, JO, KIM, STORY, TEXTER, Step, World, at, call, mail, text

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book.people import NotThere
from firstcontact.connectors.contract import (
    Allowance,
    AuthLapsed,
    Crm,
    Delivery,
    Moved,
    Reading,
    TryAgain,
)
from firstcontact.flow import account_domains, importing, undo
from firstcontact.flow.created import creations
from firstcontact.flow.domain_suggestions import suggest
from firstcontact.flow.engine_job import forget_settings, place_of
from firstcontact.flow.installation import Tally
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.story import interaction_story, person_story
from firstcontact.flow.undo import Chosen
from firstcontact.identity.records import ABSENT
from firstcontact.interactions.model import decode, encode
from firstcontact.lanes.leases import FALLS
from firstcontact.lanes.owners import new_owner
from firstcontact.lanes.pacing import Paced, Pacing
from firstcontact.ledger import duplicates, leasing, reading, stuck
from firstcontact.ledger.engagement import FOREVER
from firstcontact.ledger.leasing import LaneRow
from firstcontact.ledger.sharding import ALL
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.policy.scopes import SettingsBook

TAKEN, ACCEPTED, ASKED_LATER, LAPSED = "+14155550130", "+14155550131", "+14155550132", "+14155550133"
REFUSED, LAGGING, PACED, FALLEN = "+14155550134", "+14155550135", "+14155550136", "+14155550137"
LEAVING = "+14155550144"
POISON, POISON_TOO, HELD_1, HELD_2 = "+14155550138", "+14155550139", "+14155550140", "+14155550141"
NEW_FIRM, VERY_LATE = "una@newfirm.example", "+14155550142"
SIGNED = "Thank you for the draft.\n\n-- \nKim Osei\nHead Clerk\nAcme\nTel. +1 415 555 0146\n"
NAMELESS, REMOVED = "+14155550143", "+14155550145"
DOUBLE, TWIN = "dee@double.example", "dee@twin.example"

ELSEWHERE = frozenset(
    {
        Boundary.CLAIM, Boundary.LOOK_AT_HEALTH, Boundary.PREPARE_TARGET, Boundary.COPY_TABLE,
        Boundary.MARK_DATABASE, Boundary.TAKE_PICTURE, Boundary.CLEAR_TO_RESTORE, Boundary.RESTORE_TABLE,
        Boundary.OPEN_RESTORED, Boundary.FILL_COPY, Boundary.NOTE_BACKUP,
        Boundary.MAKE_FOLDER, Boundary.OPEN_SETTINGS_LOCK, Boundary.BEGIN_SETTINGS, Boundary.WRITE_SETTINGS,
        Boundary.REPLACE_SETTINGS, Boundary.REMOVE_SETTINGS_PART, Boundary.WRITE_PRIVATE, Boundary.LINK_ID,
        Boundary.REMOVE_ID_PART, Boundary.SET_ASIDE, Boundary.PUT_BACK, Boundary.OPEN_ARCHIVE,
        Boundary.WRITE_ARCHIVE, Boundary.REPLACE_ARCHIVE, Boundary.REMOVE_ARCHIVE_PART, Boundary.WRITE_EXPORT,
        Boundary.REPLACE_EXPORT, Boundary.REMOVE_EXPORT_PART, Boundary.EXPORT_TO_DEVICE,
        Boundary.OPEN_IMPORT_LOCK, Boundary.COPY_FOR_TRIAL, Boundary.WRITE_LOG_KEY, Boundary.LINK_LOG_KEY,
        Boundary.REMOVE_LOG_KEY_PART, Boundary.OPEN_LOG, Boundary.LOG, Boundary.MAKE_METRICS_FOLDER,
        Boundary.REMOVE_METRICS_FOLDER,
        Boundary.REMEMBER_ERASED, Boundary.WITHDRAW_UNSENT, Boundary.ERASE_LOOSE, Boundary.ERASE_BYTES,
        Boundary.ERASE_PERSON, Boundary.FORGET_GONE, Boundary.WIPE, Boundary.END_ERASING,
        Boundary.FIND_TO_ERASE, Boundary.REMOVE_OLD_FACTS,
        Boundary.KEEP_CREDENTIALS, Boundary.FORGET_CREDENTIALS, Boundary.LEASE_RENEWAL, Boundary.KEEP_RENEWED,
        Boundary.END_RENEWAL, Boundary.SEAL_ANEW, Boundary.SET_READ_ONLY, Boundary.HOLD_BACK,
        Boundary.ASK_FOR_LOGIN, Boundary.EXAMINE, Boundary.PREPARE, Boundary.ASK_USERS_TO_SHOW,
        Boundary.READ_EVERYBODY, Boundary.KEEP_LIKELY,
        Boundary.TRY_LOGIN, Boundary.WRITE_KEY_RING, Boundary.LINK_KEY_RING, Boundary.REPLACE_KEY_RING,
        Boundary.REMOVE_KEY_RING_PART, Boundary.MAKE_KEY_FOLDER, Boundary.OPEN_KEY_RING_LOCK,
        Boundary.OPEN_SCRATCH,
    }
)  # fmt: skip
"""What only commands cross, transactions of whole databases and file writes: test_commands kills those."""


class Troubled:
    """A CRM that fails where a step says so. `troubles`: called with a method's name and its arguments."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self.troubles: Callable[..., None] = lambda *_: None
        self.hidden: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._crm, name)
        if name in ("connection", "capabilities") or not callable(found):
            return found

        def asked(*arguments: Any) -> Any:
            self.troubles(name, *arguments)
            answer = found(*arguments)
            if name == "find":  # a search that lags behind
                return {key: ABSENT if key in self.hidden else one for key, one in answer.items()}
            return answer

        return asked


class Told(World):
    """A process at this story: it takes over what a killed one held, because that is gone."""

    def __init__(self, engines: tuple[Engine, Engine], kind: str, now: int) -> None:
        super().__init__(engines, kind, now, book=BOOK, takes_over=False)
        self.troubled = Troubled(self.hostile)
        self.installation.crm = self._crm()
        self.installation.reader = self._read
        self.poisoned = False

    def _crm(self) -> Crm:
        return cast(Crm, getattr(self, "troubled", self.hostile))

    def _read(self, delivery: Delivery) -> Reading:
        if self.poisoned and delivery.place == "poison":
            raise RuntimeError("nobody foresaw this")
        return Reading((decode(delivery.raw),))

    def settle(self) -> Tally:
        """As ever; a person lets go on what waits for one: a pause, what the CRM refused, what failed."""
        total = Tally()
        while True:
            try:
                total += super().settle()
            except AuthLapsed:
                self.installation.resume()
                continue
            with self.ledger.read() as tx:
                refused = [each.key for each in stuck.stuck(tx) if each.cause == "refused"]
                faults = [each.key for each in stuck.stuck(tx) if each.cause == "fault"]
            for key in refused:
                self.installation.answer_stuck(key)
            if faults:
                self.installation.try_stuck_again(faults)
            if not refused and not faults:
                return total

    def look_at_unclear(self) -> None:
        """As ever, but for more kinds: also what a worker was at when it died may be set aside as unclear."""
        with self.ledger.read() as tx:
            unclear = [row.write for row in reading.stuck(tx) if row.state == "unclear"]
        crm = self.people.dump() if unclear else {}
        for write in unclear:
            about = write.subject.removeprefix("domain:")
            there = {
                "create_contact": [
                    c["id"]
                    for c in crm["contacts"]
                    if about in (*c["emails"], *c["phones"]) and c["created_by_us"]
                ],
                "create_account": [
                    a["id"] for a in crm["accounts"] if about in str(a["website"]) and a["created_by_us"]
                ],
                "log_activity": [
                    a["id"]
                    for a in crm["activities"]
                    if set(a["interactions"]) & set(getattr(write.fields, "interactions", ()))
                ],
                "time_entry": [t["id"] for t in crm["time_entries"] if t["interaction"] == write.interaction],
                "document": [d["id"] for d in crm["documents"] if d["interaction"] == write.interaction],
            }
            ids = there.get(write.kind, [])
            self.installation.answer_stuck(write.key, record=ids[0] if ids else "")

    @contextmanager
    def trouble(self, troubles: Callable[..., None]) -> Iterator[None]:
        """While it lasts the CRM has these troubles, and what fails is set aside."""
        self.troubled.troubles = troubles
        loud, self.installation.watch = self.installation.watch, cast(Watch, SILENT)
        yield
        self.installation.watch = loud
        self.troubled.troubles = lambda *_: None

    def merge(self, handle: str, into: str) -> None:
        """A person merges whoever has the handle into a contact of the same name, made for it: what was
        logged before is called as what is logged after."""
        found = self.contact(handle)
        if found is not None and found["id"] != into:
            with suppress(Exception):  # it is there already
                same = {name: found[name] or "Ito" for name in ("first_name", "last_name")}
                self.people.add("contact", {"id": into, **same})
            self.people.merge(found["id"], into)


def _once(method: str, error: Exception) -> Callable[..., None]:
    left = [error]

    def trouble(name: str, *_: object) -> None:
        if name == method and left:
            raise left.pop()

    return trouble


def _take(world: Told) -> None:
    world.installation.take([call("call-taken", at(3, 16), TAKEN, seconds=9)])


def _accept(world: Told) -> None:
    fact = call("call-accepted", at(3, 17), ACCEPTED, seconds=9)
    world.installation.accept([Delivery("story", "a", encode(fact))])


def _ask_later(world: Told) -> None:
    with world.trouble(_once("users", TryAgain("busy", 1.0))):
        world.installation.drain()


def _lapse(world: Told) -> None:
    with world.trouble(_once("apply", AuthLapsed("revoked"))), suppress(AuthLapsed):
        world.installation.drain()


def _be_looked_for_in_vain(world: Told) -> None:
    world.troubled.hidden = frozenset({LAGGING})
    world.settle()
    world.troubled.hidden = frozenset()


def _add_lagging(world: Told) -> None:
    if world.contact(LAGGING) is None:
        world.people.add(
            "contact", {"id": "p-lag", "first_name": "Lag", "last_name": "Ny", "phones": [LAGGING]}
        )


def _merge_texter(world: Told) -> None:
    world.merge(TEXTER, "p-texter")


def _add_leaving(world: Told) -> None:
    with suppress(Exception):  # it is there already, or was
        world.people.add("contact", {"id": "p-leaving", "phones": [LEAVING]})


def _delete_between(world: Told) -> None:
    """A person deletes the contact between the decision to log on it and the write, which is refused; then
    more is told of the call, so that it is decided once more, whatever was done before."""
    world.installation.decide_due()
    with suppress(NotThere):
        world.people.delete("contact", "p-leaving")
    world.installation.carry_out_due()
    recording = "https://rec.example/leaving"
    world.installation.take([call("call-leaving", at(4, 8, 20), LEAVING, seconds=6, recording=recording)])


def _merge_between(world: Told) -> None:
    world.installation.decide_due()
    world.merge(BUSY, "p-busy")


def _pace(world: Told) -> None:
    class Limits:
        def allowance(self) -> Allowance:
            return Allowance(100, 50, 60.0)

    plain = world.installation.crm
    world.installation.crm = Paced(plain, world.ledger, limited=Limits())
    offered = msgspec.structs.replace(plain.capabilities(), requests_per_minute=600)
    Pacing(world.ledger, plain.connection, offered).take()
    with world.trouble(_once("users", TryAgain("busy", 0.01))):
        world.settle()
    world.installation.crm = plain


def _fall(world: Told) -> None:
    """Workers have died at these lanes again and again."""
    machine, _, started, name = new_owner().split(" ")
    dead = f"{machine} {2**22 + 1} {started} {name}"
    with world.ledger.write() as tx:
        until = leasing.clock(tx) + 30_000_000
        fallen = [LaneRow(shard, dead, until, falls=FALLS) for shard in ALL]
        leasing.take(tx, world.installation.crm.connection, fallen)


def _poison(world: Told) -> None:
    """A delivery, an interaction and a write that the program fails at, until it is mended."""

    def troubles(name: str, *arguments: Any) -> None:
        if name == "find" and any(handle.key == POISON for handle in arguments[0]):
            raise RuntimeError("nobody foresaw this")
        if name == "apply" and any(write.subject == POISON_TOO for write in arguments[0]):
            raise RuntimeError("nobody foresaw this")

    fact = call("call-bad-delivery", at(4, 15), TAKEN, seconds=8)
    with world.trouble(troubles):
        world.poisoned = True
        world.installation.accept([Delivery("story", "poison", encode(fact))])
        world.installation.drain()
        world.poisoned = False


def _import(world: Told) -> None:
    """An import is beyond the brake, until a person says go on."""
    facts = [
        call("call-held-1", at(4, 16), HELD_1, seconds=7),
        call("call-held-2", at(4, 16), HELD_2, seconds=7),
    ]
    world.installation.change_settings(_FEW)
    world.installation.take(facts, live=False)
    importing.decide_held(world.installation, lambda _, __: None)
    importing.release(world.installation)
    world.installation.change_settings(BOOK)


def _add_twice(world: Told) -> None:
    """A person makes whom we have made, and somebody else twice."""
    for id, email in (("d-1", DOUBLE), ("d-3", TWIN), ("d-4", TWIN)):
        with suppress(Exception):  # it is there already
            fields = {"id": id, "first_name": "Dee", "last_name": "Moll", "emails": [email]}
            world.people.add("contact", fields)


def _dedupe(world: Told) -> None:
    """Ours goes into the person's; a person takes that back, says that others are two, and that somebody else
    of ours is one of these."""
    world.installation.dedupe()
    world.settle()
    now = world.clock.now()
    found = world.installation.duplicates
    found.refuse("d-3", "d-4", "ana", now)
    with world.ledger.read() as tx:
        done = duplicates.standing(tx, world.address_book.connection, ("done",))
    for row in done:
        if row.survivor == "d-1":  # it is not taken back yet, and the CRM can merge
            found.undo(row.loser, "ana", now)
    paced = world.contact(PACED)
    if paced is not None and paced["created_by_us"] and paced["id"] != "d-4":
        with suppress(FlowProblem):  # the CRM can't, or it is under way already
            found.merge(paced["id"], "d-4", "ana", now)


def _desk(world: Told) -> None:
    """What people and engines ask of an installation beside its work."""
    installation = world.installation
    installation.keep_settings("# as they are")
    installation.release_brake("ana")
    place_of(installation)
    forget_settings(world.ledger, "none")
    importing.snapshot(installation)
    interaction_story(installation, "call-jo")
    person_story(installation, (JO,), 5)
    with installation.lanes.leased() as lease:
        if lease is not None:
            installation.lanes.renew(lease)


def _remove(world: Told) -> None:
    """A person takes back a contact with its call, and a name that a placeholder took; what is on the way
    waits. Said again, it is done already."""
    for chosen in (Chosen(contact=REMOVED), Chosen(interaction="call-named")):
        with suppress(FlowProblem):
            undo.preview(world.installation, chosen)
            undo.remove(world.installation, chosen, "ana")
    list(creations(world.installation, 0, FOREVER, ask=True))


def _rule_domains(world: Told) -> None:
    """An admin says which domains are an account's, where the CRM has accounts, and asks for suggestions."""
    crm, now = world.address_book, world.clock.now()
    if not crm.capabilities().accounts:
        return
    (acme,) = account_domains.meant("a-acme", crm.every_account)
    for host, state in (("acme-group.example", "added"), ("acme-old.example", "refused")):
        account_domains.rule_domain(
            world.ledger, crm.connection, acme, host, cast(Any, state), BOOK.team, "ana", now
        )
    account_domains.take_back(world.ledger, crm.connection, acme.id, "acme-old.example", now)
    suggest(world.ledger, world.installation.known, BOOK.team, subdomains=True)


DEALER = "dee@acme.example"


def _open_deal(world: Told) -> None:
    """The account has an opportunity from here on, where the CRM knows contact roles."""
    if world.address_book.capabilities().contact_roles:
        with suppress(Exception):  # it is there already
            world.people.add(
                "opportunity", {"id": "o-deal", "account": "a-acme", "name": "Deal", "open": True}
            )


def _take_role_away(world: Told) -> None:
    """A person takes away the role that we made; it is not made again."""
    found = world.contact(DEALER)
    if found is not None and world.address_book.capabilities().contact_roles:
        with suppress(NotThere):
            world.people.delete("contact_role", {"opportunity": "o-deal", "contact": found["id"]})


_TEAM: dict[str, Any] = {
    "domains": ["firm.example"],
    "region": "US",
    "timezone": "America/New_York",
    "lines": ["+14155550199"],
    "users": [
        {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": ["+14155550100"]},
        {"id": "bo", "name": "Bo Lind", "emails": ["bo@firm.example"], "phones": ["+14155550101"]},
    ],
    "fallback_user": "bo",
}
_SETTINGS: dict[str, Any] = {
    "time_entry": True,
    "account_match": "create_account",
    "contact_roles": True,
    "contact_roles_first": True,
}
BOOK = SettingsBook.from_mapping(_TEAM, _SETTINGS)
_FEW = SettingsBook.from_mapping(_TEAM, {**_SETTINGS, "brakes": {"creates_per_hour": 1}})


def _act(act: Callable[[Told], None]) -> Callable[[World], None]:
    return cast(Callable[[World], None], act)


MORE: tuple[Step, ...] = (
    Step(at(3, 16), act=_act(_take)),
    Step(at(3, 17), act=_act(_accept)),
    Step(at(3, 18), (call("call-asked-later", at(3, 18), ASKED_LATER, seconds=6),), act=_act(_ask_later)),
    Step(at(3, 19), (call("call-lapsed", at(3, 19), LAPSED, seconds=6),), act=_act(_lapse)),
    Step(at(3, 20), (call("call-refused", at(3, 20), REFUSED, seconds=6),), faults=(("apply", "rejected"),)),
    Step(at(3, 21), act=_act(_merge_texter)),
    Step(at(3, 22), (text("text-6", at(3, 22), TEXTER, "Hello again"),)),
    Step(at(4, 8), (call("call-busy-2", at(4, 8), BUSY, seconds=6),), act=_act(_merge_between)),
    Step(at(4, 8, 10), act=_act(_add_leaving)),
    Step(at(4, 8, 20), (call("call-leaving", at(4, 8, 20), LEAVING, seconds=6),), act=_act(_delete_between)),
    Step(at(4, 9), act=_act(_add_lagging)),
    Step(at(4, 10), (call("call-lag", at(4, 10), LAGGING, seconds=6),), act=_act(_be_looked_for_in_vain)),
    Step(at(4, 11), (call("call-paced", at(4, 11), PACED, seconds=6),), act=_act(_pace)),
    Step(at(4, 12), (call("call-fallen", at(4, 12), FALLEN, seconds=6),), act=_act(_fall)),
    Step(
        at(4, 15),
        (
            call("call-poison", at(4, 15), POISON, seconds=6),
            call("call-poison-too", at(4, 15, 1), POISON_TOO, seconds=6),
        ),
        act=_act(_poison),
    ),
    Step(at(4, 16), act=_act(_import)),
    Step(
        at(4, 17),
        (
            mail("mail-una-1", at(4, 17), NEW_FIRM, "ana@firm.example", "Una Moe", "una", "Hello"),
            mail("mail-una-2", at(4, 17, 5), "ana@firm.example", NEW_FIRM, "Ana Ruiz", "una", "Yes"),
        ),
    ),
    Step(
        at(4, 17, 30),
        (mail("mail-signed", at(4, 17, 30), KIM, "ana@firm.example", "Kim Osei", body=SIGNED),),
    ),
    Step(at(4, 18), (call("call-nameless", at(4, 18), NAMELESS, seconds=6),)),
    Step(at(4, 19), (call("call-named", at(4, 19), NAMELESS, seconds=6, name="GREY ANN"),)),
    Step(at(4, 19, 10), (call("call-removed", at(4, 19, 10), REMOVED, seconds=6, name="LUND EVA"),)),
    Step(at(4, 19, 20), act=_act(_remove)),
    Step(at(4, 19, 30), (call("call-removed-2", at(4, 19, 30), REMOVED, seconds=6, name="LUND EVA"),)),
    Step(
        at(4, 19, 20),
        (
            mail("mail-dee-1", at(4, 19, 20), DOUBLE, "ana@firm.example", "Dee Moll", "dee", "Hello"),
            mail("mail-dee-2", at(4, 19, 25), "ana@firm.example", DOUBLE, "Ana Ruiz", "dee", "Yes"),
        ),
    ),
    Step(at(4, 19, 30), act=_act(_add_twice)),
    Step(at(4, 19, 40), act=_act(_dedupe)),
    Step(at(4, 20), act=_act(_desk)),
    Step(at(4, 20, 10), act=_act(_rule_domains)),
    Step(at(4, 20, 20), act=_act(_open_deal)),
    Step(
        at(4, 20, 30),
        (
            mail("mail-deal-1", at(4, 20, 30), DEALER, "ana@firm.example", "Dee Low", "deal", "Hello"),
            mail("mail-deal-2", at(4, 20, 31), "ana@firm.example", DEALER, "Ana Ruiz", "deal", "Yes"),
        ),
    ),
    Step(at(4, 20, 40), act=_act(_take_role_away)),
    Step(
        at(4, 20, 50),
        (mail("mail-deal-3", at(4, 20, 50), DEALER, "ana@firm.example", "Dee Low", "deal", "Well"),),
    ),
    Step(at(800, 9), (call("call-very-late", at(800, 9), VERY_LATE, seconds=6),)),
)

STEPS = (*STORY, *MORE)


def take(world: Told, number: int) -> None:
    """Take a step of the whole story; -1, in which a process only starts, is before the first."""
    if number < 0:
        return
    step = STEPS[number]
    world.clock.advance_to(step.at)
    for method, fault in step.faults:
        (world.hostile.next_find if method == "find" else world.hostile.next_apply)(fault)
    if step.facts:
        world.receive(step.facts)
    if step.act is not None:
        step.act(world)
    world.settle()


def deliver_again(world: Told, steps: Sequence[Step]) -> Tally:
    """Everything that these steps delivered, once more, and the work that is due."""
    return story.deliver_again(world, steps)


def left_behind(world: Told) -> dict[str, Any]:
    """What the CRM and the ledger hold; a record that was merged is what it was merged into."""
    left = story.left_behind(world)
    records = {record for _, people in left["decisions"].values() for _, _, record in people if record}
    there = world.address_book.read(sorted(records))
    into = {id: one.into for id, one in there.items() if isinstance(one, Moved)}
    for id, (activity, people) in left["decisions"].items():
        left["decisions"][id] = activity, [(about, says, into.get(r, r)) for about, says, r in people]
    left["reservations"] = {subject: into.get(r, r) for subject, r in left["reservations"].items()}
    return cast(dict[str, Any], msgspec.to_builtins(left))
