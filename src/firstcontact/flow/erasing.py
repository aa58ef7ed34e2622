"""Erasing a person: from the ledger, from what is kept of deliveries, and, where it is asked, from the CRM.

First the keyed hashes are kept, so that nobody captures them again from then on. Then all lanes are leased,
so that nobody decides or writes meanwhile; and what is about them goes in one transaction, last of all, since
it is what tells who they are: a process that is killed before that is given the same command again, and goes
on (SPEC §10, docs/how-to/erase-a-person.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import msgspec
from sqlalchemy import Connection, Engine

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import AuthLapsed, Delivery
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.sifting import reachable_others
from firstcontact.flow.whom import Whom
from firstcontact.interactions.erased import anonymised
from firstcontact.interactions.model import Interaction
from firstcontact.interactions.traces import ERASED, Traces
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import asking, deciding, erasing, intake, writing
from firstcontact.ledger.of_person import Counts, OfPerson, counts, of_person
from firstcontact.ledger.sharding import ALL
from firstcontact.planning.write import Write
from firstcontact.store.statements import chunks
from firstcontact.store.wiping import wipe

_CHUNK = 200
"""Rows about others that are cleaned in one turn."""

Progress = Callable[[str, int], None]


def _silent(_: str, __: int) -> None:
    return None


class ToDo(msgspec.Struct, frozen=True, kw_only=True):
    """What erasing somebody would do. delete: contacts of ours that the CRM is asked to delete; by_hand:
    records that people made, or that this CRM deletes for nobody. common: names that others have, too, and
    so stay where there is nothing but the name."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    common: tuple[str, ...]
    held: Counts
    alone: int
    delete: tuple[str, ...]
    by_hand: tuple[str, ...]
    left: dict[str, tuple[str, ...]]
    asked: bool
    in_settings: bool


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What erasing came to. rows: how many were removed or changed; deliveries: whose bytes went; asked: what
    the CRM was asked, by kind, and what became of it; refused: its words. unknown: writes about them that
    were sent without an answer, of which nobody knows whether they arrived."""

    rows: int = 0
    deliveries: int = 0
    asked: dict[str, int] = {}
    waiting: int = 0
    refused: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    unknown: int = 0


def to_do(installation: Installation, who: Whom, *, in_crm: bool) -> ToDo:
    """What `erase` would do now. Nothing is changed."""
    offered = installation.crm.capabilities()
    with installation.ledger.read() as tx:
        person = of_person(tx, installation.crm.connection, who.keys, who.records)
        delete = _ours(who, person) if in_crm and offered.deletes_contact else ()
        return ToDo(
            keys=who.keys,
            names=tuple(sorted(" ".join(filter(None, name)) for name in person.names)),
            common=tuple(sorted(" ".join(name) for name in person.common)),
            held=counts(tx, person),
            alone=len(_alone(tx, installation, person)),
            delete=delete,
            by_hand=tuple(each.id for each in who.records if each.id not in delete),
            left=who.left,
            asked=who.asked,
            in_settings=_in_settings(installation, person),
        )


def _ours(who: Whom, person: OfPerson) -> tuple[str, ...]:
    """Contacts that we created; whether a person has edited one since is the CRM's to say."""
    made = (each for each in who.records if each.created_by_us or each.id in person.made)
    return tuple(each.id for each in made if each.type == "contact")


def _alone(tx: Connection, installation: Installation, person: OfPerson) -> frozenset[str]:
    """Interactions that nobody else of theirs is on."""
    team = installation.book.team
    alone: set[str] = set()
    for chunk in chunks(person.interactions):
        facts = intake.load(tx, chunk)
        alone.update(id for id, fact in facts.items() if not reachable_others(fact, team, person.keys))
    return frozenset(alone)


def traces_of(person: OfPerson) -> Traces:
    """What is looked for of the person, where nothing is replaced."""
    return Traces(dict.fromkeys(person.keys, ERASED), person.names, person.common)


def _in_settings(installation: Installation, person: OfPerson) -> bool:
    """Whether the settings in force name them, or an earlier version of them that is kept."""
    traces = traces_of(person)
    with installation.ledger.read() as tx:
        return any(traces.everywhere(text) != text for text in erasing.settings_texts(tx))


# --- doing it -----------------------------------------------------------------------------------------


def erase(
    installation: Installation,
    who: Whom,
    *,
    in_crm: bool = True,
    patience: float = 120.0,
    progress: Progress = _silent,
) -> Done:
    """Erase the person. patience: seconds in which other workers have to come to the end of what they are at.

    Raises FlowProblem where they do not, KeyProblem, StoreProblem, LeaseLost; the same call goes on then.
    """
    ledger = installation.ledger
    ledger.erased.make_ring()
    with ledger.write(Boundary.REMEMBER_ERASED) as tx:
        markers = ledger.erased.remember(tx, who.keys, installation.clock.now())
        deciding.set_fact(tx, _UNFINISHED, "1")
    with _all_lanes(installation, patience) as leases:
        for lease in leases:
            installation.understand_due(lease)
        unknown = _withdraw(installation, who, leases)
        with ledger.read() as tx:
            person = of_person(tx, installation.crm.connection, who.keys, who.records)
        traces = Traces(markers, person.names, person.common)
        told = _Told(in_crm=in_crm)
        rows, tied = _loose_rows(installation, person, traces, leases, told, progress)
        deliveries = _bytes(installation, traces, leases, progress)
        cleaned = _person(installation, who, person, traces, leases, tied, told)
        _carry_out(installation, leases)
    done = Done(
        rows=rows + cleaned, deliveries=deliveries, unknown=unknown, records=tuple(sorted(person.records))
    )
    return _outcome(installation, done, told.writes)


Among = Callable[[Collection[str]], Collection[str]]
"""Those of these handle keys whose owners were erased."""

_UNFINISHED = "erasing"
"""The fact that says that an erasing has begun and its files are not wiped yet."""


def unfinished(installation: Installation) -> bool:
    """Whether an erasing was begun and did not come to its end (`finish`)."""
    with installation.ledger.read() as tx:
        return bool(deciding.fact(tx, _UNFINISHED))


def finish(installation: Installation, forget: Callable[[Among], object] | None, *beside: Engine) -> bool:
    """What comes after: the built-in address book keeps nothing of contacts that are deleted in it (forget),
    and the database files, of the ledger and these, are written anew. Whether the files bear nothing more:
    not those of PostgreSQL, nor where others kept reading. Raises StoreProblem, KeyProblem."""
    ledger = installation.ledger
    if forget is not None:
        with ledger.read() as tx:
            forget(partial(ledger.erased.markers, tx))
    wiped = [wipe(engine) for engine in (ledger.engine, *beside)]
    with ledger.write(Boundary.END_ERASING) as tx:
        deciding.set_fact(tx, _UNFINISHED, "")
    return all(wiped)


class _Told:
    """What the CRM is asked, as it is intended."""

    def __init__(self, *, in_crm: bool) -> None:
        self.in_crm = in_crm
        self.writes: list[Write] = []

    def intend(self, tx: Connection, installation: Installation, writes: Sequence[Write]) -> None:
        writing.intend(tx, installation.crm.connection, writes, installation.clock.now())
        self.writes.extend(writes)


@contextmanager
def _all_lanes(installation: Installation, patience: float) -> Iterator[list[Lease]]:
    """All lanes, as other workers give them back."""
    lanes = installation.lanes
    until = time.monotonic() + patience
    wait = 0.02
    with ExitStack() as held:
        leases: list[Lease] = []
        while missing := set(ALL).difference(*(lease.shards for lease in leases)):
            lease = held.enter_context(lanes.leased(only=missing))
            if lease is not None:
                leases.append(lease)
                continue
            if time.monotonic() > until:
                raise FlowProblem(
                    "Other workers are still at it. Nobody captures this person any more; give the same "
                    "command again, when there is less to do, to erase what is here."
                )
            time.sleep(wait)
            wait = min(2 * wait, 0.5)
            for each in leases:
                lanes.renew(each)
        yield leases


def _hold(tx: Connection, leases: Sequence[Lease]) -> None:
    for lease in leases:
        lease.hold(tx)


class _Renewing:
    """Keeps leases from running out while much is read."""

    def __init__(self, installation: Installation, leases: Sequence[Lease], progress: Progress) -> None:
        self._installation = installation
        self._leases = leases
        self._progress = progress
        self._last = time.monotonic()

    def __call__(self, what: str, number: int) -> None:
        self._progress(what, number)
        if time.monotonic() - self._last > self._installation.lanes.seconds / 4:
            self._last = time.monotonic()
            for lease in self._leases:
                self._installation.lanes.renew(lease)


def _withdraw(installation: Installation, who: Whom, leases: Sequence[Lease]) -> int:
    """Nothing more is written about them. What was sent without an answer is looked for once more; how much
    of it nobody knows the fate of."""
    connection = installation.crm.connection
    now = installation.clock.now()
    with installation.ledger.write(Boundary.WITHDRAW_UNSENT) as tx:
        _hold(tx, leases)
        person = of_person(tx, connection, who.keys, who.records)
        _, sent = asking.withdraw(tx, person, now)
    if not sent:
        return 0
    _carry_out(installation, leases)
    with installation.ledger.read() as tx:
        return sum(1 for state, _ in writing.records_of(tx, sent).values() if state in ("sent", "unclear"))


def _carry_out(installation: Installation, leases: Sequence[Lease]) -> None:
    """What the CRM is asked; where it cannot be asked now, it is asked when it can be."""
    try:
        for lease in leases:
            installation.carry_out_due(lease)
    except AuthLapsed:
        return


def _loose_rows(
    installation: Installation,
    person: OfPerson,
    traces: Traces,
    leases: Sequence[Lease],
    told: _Told,
    progress: Progress,
) -> tuple[int, Sequence[tuple[str, tuple[object, ...]]]]:
    """Rows about others lose their handles and whole names; how many, and the rows about them."""
    who = erasing.Who(person, traces)
    with installation.ledger.read() as tx:
        found = erasing.find(tx, who, _Renewing(installation, leases, progress))
    cleaned = 0
    for chunk in chunks(found.loose, _CHUNK):
        with installation.ledger.write(Boundary.ERASE_LOOSE) as tx:
            _hold(tx, leases)
            if told.in_crm and installation.crm.capabilities().updates_activity:
                subjects = [str(key[1]) for table, key in chunk if table == "activities"]
                told.intend(tx, installation, asking.of_others(tx, person.connection, subjects, traces))
            cleaned += erasing.clean(tx, who, chunk)
    return cleaned, found.tied


def _bytes(installation: Installation, traces: Traces, leases: Sequence[Lease], progress: Progress) -> int:
    """Raw deliveries that they are in are not kept any more; how many there were."""
    page = _Renewing(installation, leases, progress)
    removed = after = 0
    while True:
        with installation.ledger.read() as tx:
            rows = erasing.raw_deliveries(tx, after, _CHUNK)
        if not rows:
            return removed
        after = rows[-1].id
        page("deliveries", len(rows))
        places = {
            row.id: traces.everywhere(row.place)
            for row in rows
            if in_delivery(installation, traces, Delivery(row.source, row.place, row.raw, row.captured_from))
        }
        if places:
            with installation.ledger.write(Boundary.ERASE_BYTES) as tx:
                _hold(tx, leases)
                intake.without_bytes(tx, places)
            removed += len(places)


def in_delivery(installation: Installation, traces: Traces, delivery: Delivery) -> bool:
    """Whether they are in it: in what it says as it is read, or in the bytes as they are."""
    text = delivery.raw.decode("utf-8", "replace")
    if traces.everywhere(text) != text:
        return True
    if installation.reader is None:
        return False
    try:
        facts: Sequence[Interaction] = installation.reader(delivery).interactions
    except Exception as error:  # what can't be read was looked through as it is
        installation.watch.failure("a delivery cannot be read", error)
        return False
    return any(anonymised(fact, traces) != fact for fact in facts)


def _person(
    installation: Installation,
    who: Whom,
    person: OfPerson,
    traces: Traces,
    leases: Sequence[Lease],
    tied: Sequence[tuple[str, tuple[object, ...]]],
    told: _Told,
) -> int:
    """Everything about them at once, with what the CRM is asked to take away."""
    offered = installation.crm.capabilities()
    with installation.ledger.write(Boundary.ERASE_PERSON) as tx:
        _hold(tx, leases)
        asked: list[Write] = []
        if told.in_crm:
            alone = _alone(tx, installation, person)
            asked = asking.asked_of_crm(tx, person, _ours(who, person), alone, traces, offered)
        asking.give_up(tx, erasing.unanswered(tx, person))
        cleaned = erasing.clean(tx, erasing.Who(person, traces), tied)
        told.intend(tx, installation, asked)
    return cleaned


def _outcome(installation: Installation, done: Done, asked: Collection[Write]) -> Done:
    """With what became of what the CRM was asked."""
    kinds: dict[str, int] = {}
    for write in asked:
        kinds[write.kind] = kinds.get(write.kind, 0) + 1
    with installation.ledger.read() as tx:
        states: Mapping[str, tuple[str, str]] = erasing.states(tx, [write.key for write in asked])
    refused = tuple(sorted({problem for state, problem in states.values() if state == "parked"}))
    waiting = sum(1 for state, _ in states.values() if state not in ("done", "parked", "dropped"))
    return msgspec.structs.replace(done, asked=kinds, waiting=waiting, refused=refused)
