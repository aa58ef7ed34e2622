"""A scenario played against a CRM in memory, or against a vendor's simulator through its connector: once as
written and once with every delivery doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import BadRecord, NotThere, People
from firstcontact.connectors.contract import Crm
from firstcontact.connectors.kinds import offered
from firstcontact.explain.sentences import explain
from firstcontact.flow import undo
from firstcontact.flow.clock import VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem, NothingAsked
from firstcontact.interactions.model import Attachment, Fax, Interaction
from firstcontact.ledger import duplicates
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.duplicates import PairRow
from firstcontact.ledger.history import open_ledger
from firstcontact.policy.contact_roles import ROLE, role_subject
from firstcontact.policy.decision import Decision
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.scenarios.matching import (
    Decided,
    Outcome,
    Question,
    differences,
    subject,
)
from firstcontact.testing.scenarios.schema import NotAScenario, Problem, Scenario, Step
from firstcontact.testing.scenarios.shapes import microseconds, seconds
from firstcontact.testing.simulators.base import NoSimulator, simulators

BUILT_IN = "address_book"
"""The kind of CRM that is itself, with or without simulators."""

if TYPE_CHECKING:
    from firstcontact.testing.scenarios.simulated import SimulatedPeople

_SECOND = 1_000_000
_BEFORE_ANYTHING = 1_767_225_600 * _SECOND
"""2026-01-01: where the clock stands in a scenario in which nothing has a time."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one scenario."""

    file: str
    scenario: str
    differences: tuple[str, ...]
    decisions: Mapping[str, Decided]

    @property
    def passed(self) -> bool:
        """Whether all of it holds."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """The object that `check --json` prints."""
        return {
            "file": self.file,
            "scenario": self.scenario,
            "passed": self.passed,
            "differences": list(self.differences),
            "decisions": {
                interaction: {
                    "activity": decided.activity,
                    "participants": dict(decided.participants),
                    "reasons": list(decided.reasons),
                }
                for interaction, decided in self.decisions.items()
            },
        }


def run(scenario: Scenario, bench: Bench | None = None, *, simulator: bool = False) -> Report:
    """Play the scenario both ways and compare. Raises NotAScenario where the CRM cannot hold its records.

    bench: databases to play in; who runs many scenarios hands in one for all of them. simulator: through the
    vendor's connector against its simulator over HTTP; where there is none, the scenario does not hold.
    """
    bench = bench or Bench()
    simulator = simulator and scenario.crm["kind"] != BUILT_IN
    if simulator and scenario.crm["kind"] not in simulators():
        why = str(NoSimulator(scenario.crm["kind"]))
        return Report(file=scenario.file, scenario=scenario.name, differences=(why,), decisions={})
    with _stage(scenario, bench, simulator) as stage:
        once = Play(scenario, stage, copies=1)
    told = list(once.differences())
    with _stage(scenario, bench, simulator) as stage:
        twice = Play(scenario, stage, copies=2)
    doubled = [*twice.differences(), *_otherwise(once.outcome, twice.outcome)]
    told += [f"delivered twice: {line}" for line in doubled if line not in told]
    return Report(
        file=scenario.file,
        scenario=scenario.name,
        differences=tuple(told),
        decisions=once.outcome.decisions,
    )


@dataclass(frozen=True)
class Stage:
    """What a scenario is played on: a clock, a CRM, the people in it, and an empty ledger. indexed: decisions
    are taken on an index of the CRM's address book."""

    clock: VirtualClock
    crm: Crm
    people: People | SimulatedPeople
    ledger: Ledger
    indexed: bool = False


@contextmanager
def _stage(scenario: Scenario, bench: Bench, simulator: bool) -> Iterator[Stage]:
    clock = VirtualClock(_start(scenario))
    crm_engine, ledger_engine = bench.fresh()
    ledger = open_ledger(ledger_engine)
    if simulator:
        from firstcontact.testing.scenarios.simulated import simulated  # needs the extra `testing`

        options, login = scenario.crm.get("options") or {}, scenario.crm.get("login") or ""
        with simulated(scenario.crm["kind"], clock.now, scenario.region, options, login) as there:
            yield Stage(clock, there.crm, there.people, ledger, there.crm.capabilities().change_feed)
        return
    crm = AddressBook(
        crm_engine,
        capabilities=offered(scenario.crm["kind"], scenario.crm.get("options") or {}),
        clock=clock.now,
        region=scenario.region,
    )
    yield Stage(clock, crm, People(crm), ledger)


class Play:
    """One run of a scenario: an installation of its own, the steps in order, and what they leave behind.

    copies: how often in a row each interaction is delivered.
    """

    def __init__(self, scenario: Scenario, stage: Stage, *, copies: int) -> None:
        self.scenario = scenario
        self.copies = copies
        self.troubles: list[str] = []
        self.clock = stage.clock
        self.people = stage.people
        self._seed()
        self.hostile = Hostile(stage.crm, region=scenario.region)
        self.installation = Installation(
            book=self._book(scenario.book),
            ledger=stage.ledger,
            crm=self.hostile,
            clock=self.clock,
            indexed=stage.indexed,
        )
        self.looking = self.hostile
        if stage.indexed:  # a look-up that fails is one that a decision is taken on
            self.looking = Hostile(self.installation.known, region=scenario.region)
            self.installation.know(self.hostile, self.looking)
        self.installation.drain()  # what the CRM holds at the start is known before anything happens
        for number, step in enumerate(scenario.steps, 1):
            try:
                _DO[step.kind](self, step)
                self.installation.drain()
            except (FlowProblem, NotThere, BadRecord) as error:
                self.troubles.append(f"step {number} ({step.kind}): {error}")
        self.outcome = self._outcome()

    def differences(self) -> tuple[str, ...]:
        """Everything that is not as the scenario expects, steps that could not be taken first."""
        return (*self.troubles, *differences(self.scenario.expect, self.outcome))

    # --- steps -------------------------------------------------------------------------------------

    def interaction(self, step: Step) -> None:
        """The fact arrives, as often as `copies` says."""
        fact = step.interaction
        assert fact is not None
        if isinstance(fact, Fax) and "attachments" not in step.value:
            fact = msgspec.structs.replace(fact, attachments=(_PAGES,))
        if not isinstance(self.people, People):
            fact = _with_files(fact)
        self.clock.advance_to(fact.at)
        for _ in range(self.copies):
            self.installation.take([fact])
            self.installation.drain()

    def ruling(self, step: Step) -> None:
        """A person answers a question. An answer about somebody on the interaction of whom nothing is asked
        settles nothing, so that a scenario can say that no answer lifts a prohibition."""
        value = step.value
        about = self._about(value["about"], value["interaction"])
        try:
            self.installation.rule(
                value["interaction"],
                about,
                choose=self._contact(value.get("choose")),
                create=_named(value.get("create")),
                ignore=bool(value.get("ignore")),
                by=value.get("by") or "",
            )
        except NothingAsked:
            decision = self.installation.decision(value["interaction"])
            if decision is None or about not in {person.about for person in decision.people}:
                raise

    def log_by_hand(self, step: Step) -> None:
        """A user logs an interaction."""
        value = step.value
        self.installation.log_by_hand(
            value["interaction"],
            value["user"],
            contact=self._contact(value.get("contact")),
            create=_named(value.get("create")),
            learn=bool(value.get("learn")),
        )

    def person(self, step: Step) -> None:
        """Somebody works in the CRM itself."""
        edits = step.value.get("edits")
        if edits:
            kind = next(kind for kind in _EDITED if kind in edits)
            fields = {name: value for name, value in edits.items() if name != kind}
            self.people.edit(kind, edits[kind], fields)
        for kind, reference in (step.value.get("deletes") or {}).items():
            for one in self._activities(reference) if kind == "activity" else (reference,):
                self.people.delete(kind, one)
        for kind, fields in (step.value.get("adds") or {}).items():
            self.people.add(kind, fields)

    def remove(self, step: Step) -> None:
        """Somebody takes back what FirstContact wrote."""
        undo.remove(self.installation, undo.Chosen(**step.value), "somebody")

    def settings(self, step: Step) -> None:
        """Settings change from here on."""
        assert step.book is not None
        self.installation.change_settings(self._book(step.book))

    def fault(self, step: Step) -> None:
        """The next look-up or the next write fails."""
        if step.value.get("find"):
            self.looking.next_find(step.value["find"])
        if step.value.get("apply"):
            self.hostile.next_apply(step.value["apply"])

    def dedupe(self, step: Step) -> None:
        """Duplicates are looked for now; who was alike by way of another, once that one has gone."""
        del step
        while self.installation.dedupe().counts[0]:
            self.installation.drain()

    def wait(self, step: Step) -> None:
        """The clock moves on, and stops wherever something is due meanwhile."""
        until = self.clock.now() + seconds(step.value) * _SECOND
        while (due := self.installation.due()) is not None and self.clock.now() < due <= until:
            self.clock.advance_to(due)
            self.installation.drain()
        self.clock.advance_to(until)

    # --- around them -------------------------------------------------------------------------------

    def _seed(self) -> None:
        try:
            self.people.seed(self.scenario.crm_records(), self.scenario.book.team.users)
        except (BadRecord, NotThere) as error:
            problem = Problem(self.scenario.file, 0, self.scenario.name, "crm", str(error))
            raise NotAScenario((problem,)) from None

    def _book(self, book: SettingsBook) -> SettingsBook:
        """The settings, with what the CRM calls our users."""
        if isinstance(self.people, People):
            return book
        ids = self.people.ids
        return book.with_crm_users({user.id: ids[user.id] for user in book.team.users if user.id in ids})

    def _about(self, written: str, interaction: str) -> str:
        """The subject of a question; one about a role is written `role:OPPORTUNITY:ADDRESS`, one about the
        interaction itself, or its matter, with the interaction's id."""
        if written == interaction:
            of_matter = f"matter:{interaction}"
            asked = {(each.interaction, each.about) for each in self.installation.open_reviews()}
            return of_matter if (interaction, of_matter) in asked else ""
        if not written.startswith(ROLE):
            return subject(written, self.scenario.region)
        opportunity, _, who = written.removeprefix(ROLE).partition(":")
        return role_subject(self.people.resolve(opportunity), subject(who, self.scenario.region))

    def _contact(self, reference: Any) -> str:
        return self.people.resolve(reference) if reference else ""

    def _activities(self, reference: Any) -> tuple[str, ...]:
        """What the CRM calls the activity of an interaction. Raises NotThere."""
        of = reference["interaction"] if isinstance(reference, Mapping) else reference
        held = self.people.dump()["activities"]
        found = tuple(str(one["id"]) for one in held if of in (one.get("interactions") or ()))
        if not found:
            raise NotThere("activity", f"of {of}")
        return found

    def _outcome(self) -> Outcome:
        ids = dict.fromkeys(step.interaction.id for step in self.scenario.steps if step.interaction)
        decisions = {id: self.installation.decision(id) for id in ids}
        return Outcome(
            region=self.scenario.region,
            decisions={id: decided(one) for id, one in decisions.items() if one is not None},
            crm=self.people.dump(),
            questions=(
                *(
                    Question(one.interaction, one.about, one.reason)
                    for one in self.installation.open_reviews()
                ),
                *(Question("", pair.loser, "review_required") for pair in self._merges_asked()),
            ),
        )

    def _merges_asked(self) -> tuple[PairRow, ...]:
        """Merges that wait for a person's word (`autonomy.merge`)."""
        with self.installation.ledger.read() as tx:
            return duplicates.standing(tx, self.installation.crm.connection, ("asked",))


_EDITED = ("contact", "lead", "account", "opportunity", "matter")
_DO: dict[str, Callable[[Play, Step], None]] = {
    "interaction": Play.interaction,
    "ruling": Play.ruling,
    "log_by_hand": Play.log_by_hand,
    "person": Play.person,
    "remove": Play.remove,
    "settings": Play.settings,
    "fault": Play.fault,
    "dedupe": Play.dedupe,
    "wait": Play.wait,
}


def decided(decision: Decision) -> Decided:
    """A decision as expectations speak of it."""
    return Decided(
        activity=decision.activity,
        participants={person.about: person.verdict for person in decision.people},
        reasons=tuple(dict.fromkeys(reason.name for reason in decision.trace)),
        because={part.about: part.because for part in explain(decision) if part.because},
    )


def _otherwise(once: Outcome, twice: Outcome) -> Iterable[str]:
    """What a second delivery changed that no expectation speaks of."""
    for interaction, decided in once.decisions.items():
        again = twice.decisions.get(interaction)
        if again is None or (again.activity, again.participants) != (decided.activity, decided.participants):
            got = f"{again.activity} {dict(again.participants)}" if again else "none"
            yield (
                f"the decision on {interaction} was {decided.activity} {dict(decided.participants)}; "
                f"now it is {got}"
            )
    for collection, records in once.crm.items():
        if len(records) != len(twice.crm[collection]):
            yield f"there were {len(records)} {collection}; now there are {len(twice.crm[collection])}"
    if len(once.questions) != len(twice.questions):
        yield f"there were {len(once.questions)} open questions; now there are {len(twice.questions)}"


def _with_files(fact: Interaction) -> Interaction:
    """The fact with files that anybody can read in place of addresses that are only made up: a connector
    brings their bytes to the CRM."""
    files = tuple(msgspec.structs.replace(file, uri=_FILE) for file in fact.attachments)
    return msgspec.structs.replace(fact, attachments=files) if files else fact


_PAGES = Attachment("fax.pdf", "application/pdf")
"""A fax is a file: one whose scenario names none has this."""

_FILE = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"


def _named(create: Mapping[str, Any] | None) -> dict[str, str] | None:
    if create is None:
        return None
    return {key: value for key, value in create.items() if value is not None}


def _start(scenario: Scenario) -> int:
    """Where the clock stands before the first step: the first interaction's time, else the latest date."""
    for step in scenario.steps:
        if step.interaction is not None:
            return step.interaction.at
    dates = [
        microseconds(entry[field])
        for collection in ("contacts", "leads")
        for entry in scenario.crm.get(collection) or ()
        for field in ("created_at", "last_activity_at")
        if entry.get(field)
    ]
    return max(dates, default=_BEFORE_ANYTHING)
