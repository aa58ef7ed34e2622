"""A scenario file, read and checked before anything runs.

`load` answers with scenarios in which every key is known, every value has its type and every id that is
pointed at exists, or raises `NotAScenario` with everything that is wrong, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from firstcontact.connectors.kinds import UnknownKind, capabilities
from firstcontact.formats.generic import read_record
from firstcontact.formats.generic_fields import BadRecord
from firstcontact.interactions.model import Interaction, kind_of
from firstcontact.policy.scopes import SettingsBook, SettingsProblem
from firstcontact.testing.scenarios.references import faults_of_references
from firstcontact.testing.scenarios.shapes import (
    Fault,
    Shape,
    anything,
    duration,
    either,
    filled,
    flag,
    listing,
    mapping_of,
    moment,
    one_of,
    record,
    text,
    whole,
)
from firstcontact.testing.scenarios.yaml_text import Place, YamlError, YamlText, read_yaml

DEFAULT_REGION = "US"

# --- what a file may hold ------------------------------------------------------------------------

_texts = listing(filled)
_handles = record({"email": filled, "phone": filled})
_contact_reference = either(filled, _handles, called="an id, {email: …} or {phone: …}")

_USER = record(
    {
        "id": filled, "name": text, "emails": _texts, "phones": _texts, "extension": text,
        "crm_user": text, "timezone": text, "profile": text, "reviewer": flag,
    },
    required=("id",),
)  # fmt: skip
_TEAM = record(
    {
        "region": text, "domains": _texts, "users": listing(_USER), "lines": _texts,
        "timezone": text, "fallback_user": text, "mail_hosts": _texts,
    }
)  # fmt: skip

_PERSON_FIELDS: dict[str, Shape] = {
    "name": text, "first_name": text, "last_name": text, "emails": _texts, "phones": _texts, "title": text,
    "owner": text, "country": text, "created_at": moment, "last_activity_at": moment, "active": flag,
}  # fmt: skip
_CONTACT_FIELDS: dict[str, Shape] = {
    "id": filled, **_PERSON_FIELDS, "account": text, "company": text, "placeholder": flag,
    "created_by_us": flag, "department": text, "seniority": text, "persona": text, "mobiles": _texts,
}  # fmt: skip
_LEAD_FIELDS: dict[str, Shape] = {"id": filled, **_PERSON_FIELDS, "company": text, "converted_to": text}
_ACCOUNT_FIELDS: dict[str, Shape] = {
    "id": filled, "name": text, "website": text, "domains": _texts, "phones": _texts, "owner": text,
    "team": _texts, "last_activity_at": moment,
}  # fmt: skip
_OPPORTUNITY_FIELDS: dict[str, Shape] = {
    "id": filled, "account": filled, "name": text, "open": flag, "owner": text, "last_activity_at": moment,
}  # fmt: skip
_ROLE_FIELDS: dict[str, Shape] = {"opportunity": filled, "contact": _contact_reference, "role": text}
_MATTER_FIELDS: dict[str, Shape] = {
    "id": filled, "contact": filled, "name": text, "open": flag, "opened_at": moment,
}  # fmt: skip
_RECORDS: dict[str, Shape] = {
    "contacts": record(_CONTACT_FIELDS, required=("id",)),
    "leads": record(_LEAD_FIELDS, required=("id",)),
    "accounts": record(_ACCOUNT_FIELDS, required=("id",)),
    "opportunities": record(_OPPORTUNITY_FIELDS, required=("id", "account")),
    "contact_roles": record(_ROLE_FIELDS, required=("opportunity", "contact")),
    "matters": record(_MATTER_FIELDS, required=("id",)),
}
_CRM = record(
    {
        "kind": filled,
        "options": mapping_of(anything),
        "login": text,
        "users": listing(
            record({"id": filled, "active": flag, "name": text, "email": text}, required=("id",))
        ),
        **{name: listing(shape) for name, shape in _RECORDS.items()},
    },
    required=("kind",),
)

_NEW_CONTACT = record({"first_name": text, "last_name": text, "type": text})
_SINGULAR = {
    "contact": "contacts", "lead": "leads", "account": "accounts", "opportunity": "opportunities",
    "contact_role": "contact_roles", "matter": "matters",
}  # fmt: skip
_NAMED = tuple((kind, plural) for kind, plural in _SINGULAR.items() if kind != "contact_role")
"""Kinds of records that have an id, with their collections."""
_EDITABLE = {
    "contact": _CONTACT_FIELDS, "lead": _LEAD_FIELDS, "account": _ACCOUNT_FIELDS,
    "opportunity": _OPPORTUNITY_FIELDS, "matter": _MATTER_FIELDS,
}  # fmt: skip
_DELETABLE: dict[str, Shape] = {
    "contact": _contact_reference, "lead": filled, "contact_role": _RECORDS["contact_roles"],
    "account": filled, "opportunity": filled, "matter": filled,
    "activity": either(filled, record({"interaction": filled}), called="an interaction's id"),
}  # fmt: skip


def _nothing_or_empty(value: Any, place: Place) -> Iterable[Fault]:
    if value is not None:
        yield from record({})(value, place)


def _edits(value: Any, place: Place) -> Iterable[Fault]:
    kind = next((kind for kind in _EDITABLE if isinstance(value, dict) and kind in value), "contact")
    target = _contact_reference if kind == "contact" else filled
    fields = {key: shape for key, shape in _EDITABLE[kind].items() if key not in ("id", kind)}
    yield from record({kind: target, **fields}, required=(kind,))(value, place)


_STEPS: dict[str, Shape] = {
    "interaction": anything,
    "ruling": record(
        {
            "interaction": filled, "about": filled, "choose": _contact_reference, "create": _NEW_CONTACT,
            "ignore": flag, "by": text,
        },
        required=("interaction", "about"),
    ),
    "log_by_hand": record(
        {
            "interaction": filled, "user": filled, "contact": _contact_reference, "create": _NEW_CONTACT,
            "learn": flag,
        },
        required=("interaction", "user"),
    ),
    "person": record(
        {
            "edits": _edits,
            "deletes": record(_DELETABLE),
            "adds": record({kind: _RECORDS[plural] for kind, plural in _SINGULAR.items()}),
        }
    ),
    "remove": record({"contact": filled, "activity": filled, "interaction": filled}),
    "settings": anything,
    "fault": record(
        {"find": one_of("unknown", "try_again"), "apply": one_of("lost_answer", "try_again")}
    ),
    "dedupe": _nothing_or_empty,
    "wait": duration,
}  # fmt: skip

_ACCOUNT_REFERENCE = either(
    text, record({"name": filled, "domain": filled}), called="an id, {name: …} or {domain: …}"
)
_EXPECTED: dict[str, dict[str, Shape]] = {
    "contacts": {**_CONTACT_FIELDS, "account": _ACCOUNT_REFERENCE},
    "leads": _LEAD_FIELDS,
    "accounts": _ACCOUNT_FIELDS,
    "activities": {
        "interaction": filled, "kind": filled, "contact": _contact_reference, "lead": filled,
        "account": _ACCOUNT_REFERENCE, "opportunity": filled, "matter": filled, "user": text,
        "direction": text, "seconds": whole, "subject": text, "body": text,
    },
    "contact_roles": _ROLE_FIELDS,
    "time_entries": {
        "interaction": filled, "user": text, "seconds": whole, "billable": flag, "matter": filled,
    },
    "documents": {"interaction": filled, "name": text},
}  # fmt: skip
EXPECTED_FIELDS: Mapping[str, frozenset[str]] = {
    collection: frozenset(fields) for collection, fields in _EXPECTED.items()
}
"""What an expectation may say of a record, by collection."""


def _nullable(shape: Shape) -> Shape:
    def check(value: Any, place: Place) -> Iterable[Fault]:
        return () if value is None else shape(value, place)

    return check


def _expected(fields: Mapping[str, Shape]) -> Shape:
    partial = record({key: _nullable(shape) for key, shape in fields.items()})
    return either(whole, listing(partial), called="a number or a list")


_REASON = record({"interaction": filled, "about": text, "reason": filled})
_EXPECT = record(
    {
        "decisions": mapping_of(
            record(
                {
                    "activity": one_of("log", "log_unlinked", "ask", "skip"),
                    "participants": mapping_of(one_of("link", "link_lead", "create", "ask", "leave")),
                    "reasons": _texts,
                }
            )
        ),
        "crm": record({name: _expected(fields) for name, fields in _EXPECTED.items()}),
        "review": either(whole, listing(_REASON), called="a number or a list"),
    }
)


def _step(value: Any, place: Place) -> Iterable[Fault]:
    if not isinstance(value, dict) or len(value) != 1:
        yield Fault(place, f"must be one step, a map with one of the keys {', '.join(_STEPS)}")
        return
    yield from record(_STEPS)(value, place)


_PARTS: dict[str, Shape] = {
    "scenario": filled,
    "from": text,
    "team": _TEAM,
    "crm": _CRM,
    "settings": anything,
    "steps": listing(_step),
    "expect": _EXPECT,
}

# --- what comes out -------------------------------------------------------------------------------


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a file: file, line (0: not known), scenario, dotted field, and a sentence."""

    file: str
    line: int
    scenario: str
    field: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        scenario = f' scenario "{self.scenario}":' if self.scenario else ""
        field = f" {self.field}" if self.field else ""
        return f"{place}:{scenario}{field} {self.sentence}"


class NotAScenario(Exception):
    """A file is no valid scenario file; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Step(msgspec.Struct, frozen=True):
    """One thing that happens: its kind, the value as written; for an interaction the fact, for changed
    settings the book as it is from then on."""

    kind: str
    value: Any
    interaction: Interaction | None = None
    book: SettingsBook | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario, complete: the file's defaults are merged in, every interaction has been read."""

    file: str
    name: str
    origin: str
    team: Mapping[str, Any]
    crm: Mapping[str, Any]
    settings: Mapping[str, Any]
    book: SettingsBook
    steps: tuple[Step, ...]
    expect: Mapping[str, Any]

    @property
    def region(self) -> str:
        """ISO country in which numbers without a country code are read."""
        return str(self.team.get("region") or DEFAULT_REGION)

    def crm_records(self) -> dict[str, Any]:
        """What the CRM holds at the start: the records of `crm` without what is not given."""
        return {
            name: [{key: one for key, one in entry.items() if one is not None} for entry in entries]
            for name, entries in self.crm.items()
            if isinstance(entries, list)
        }


def files_in(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The scenario files named, those of a folder in order of their names.

    Raises NotAScenario for a path that is not there, or a folder without any such file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(
                one for one in path.rglob("*") if one.suffix in (".yaml", ".yml") and one.is_file()
            )
            if not inside:
                raise _refused(str(path), 0, "holds no scenario file (*.yaml)")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        else:
            raise _refused(str(path), 0, "is not there")
    return tuple(found)


def load(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a file, in order. Raises NotAScenario, OSError."""
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _refused(str(path), 0, f"is not UTF-8 text (byte {error.start})") from None
    return parse(content, str(path))


def parse(content: str, file: str) -> tuple[Scenario, ...]:
    """The scenarios of a file's text. Raises NotAScenario."""
    try:
        document = read_yaml(content)
    except YamlError as error:
        raise _refused(
            file, error.line, f"is {error}" if str(error).startswith("not") else str(error)
        ) from None
    _name_records(document.value)
    top = record({"defaults": _defaults, "scenarios": _scenario_list}, required=("scenarios",))
    faults = list(top(document.value, ()))
    if faults:
        raise NotAScenario(tuple(_problem(fault, document, file) for fault in faults))
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    defaults = document.value.get("defaults") or {}
    for position, written in enumerate(document.value["scenarios"]):
        reading = _Reading(file, document, position, {**defaults, **written})
        scenario = reading.scenario()
        problems += reading.problems
        if scenario is not None:
            scenarios.append(scenario)
    if problems:
        raise NotAScenario(tuple(dict.fromkeys(problems)))
    return tuple(scenarios)


def _name_records(document: Any) -> None:
    """Give an id to every record without one: whoever never points at it need not make one up."""
    top = document if isinstance(document, dict) else {}
    written = top.get("scenarios")
    for part in (top.get("defaults"), *(written if isinstance(written, list) else ())):
        part = part if isinstance(part, dict) else {}
        crm, steps = part.get("crm"), part.get("steps")
        held = crm if isinstance(crm, dict) else {}
        for kind, collection in _NAMED:
            entries = held.get(collection)
            for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
                if isinstance(entry, dict):
                    entry.setdefault("id", f"{kind}-{number}")
        for number, step in enumerate(steps if isinstance(steps, list) else (), 1):
            person = step.get("person") if isinstance(step, dict) else None
            adds = person.get("adds") if isinstance(person, dict) else None
            for kind, _ in _NAMED:
                entry = adds.get(kind) if isinstance(adds, dict) else None
                if isinstance(entry, dict):
                    entry.setdefault("id", f"{kind}-of-step-{number}")


def _defaults(value: Any, place: Place) -> Iterable[Fault]:
    if value is not None:
        yield from record({key: shape for key, shape in _PARTS.items() if key != "scenario"})(value, place)


def _scenario_list(value: Any, place: Place) -> Iterable[Fault]:
    if not isinstance(value, list) or not value:
        yield Fault(place, "must be a list of scenarios")
        return
    named: dict[str, int] = {}
    for position, entry in enumerate(value):
        yield from record(_PARTS, required=("scenario",))(entry, (*place, position))
        name = entry.get("scenario") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in named:
            yield Fault(
                (*place, position, "scenario"),
                f"is the name of scenario {named[name] + 1} too; names are unique in a file",
            )
        elif isinstance(name, str):
            named[name] = position


class _Reading:
    """One scenario being read: what needs more than a look at one value."""

    def __init__(self, file: str, document: YamlText, position: int, merged: Mapping[str, Any]) -> None:
        self.file = file
        self.document = document
        self.position = position
        self.merged = merged
        self.problems: list[Problem] = []

    def scenario(self) -> Scenario | None:
        """The scenario, or None where `problems` says why not."""
        for key in ("team", "crm", "steps"):
            if not self.merged.get(key) and not (key == "steps" and self.merged.get(key) == []):
                self._report((key,), "is missing, here and in the defaults")
        if not self.merged.get("expect"):
            self._report(("expect",), "is missing: a scenario that expects nothing cannot fail")
        settings = self.merged.get("settings") or {}
        if not isinstance(settings, dict):
            self._report(("settings",), "must be a map")
        if self.problems:
            return None
        try:
            capabilities(self.merged["crm"]["kind"])
        except UnknownKind as error:
            self._report(("crm", "kind"), str(error))
        book = self._book(settings)
        steps = tuple(self._steps(book))
        self.problems += [
            self._located(fault.place, fault.sentence) for fault in faults_of_references(self.merged)
        ]
        if self.problems or book is None:
            return None
        return Scenario(
            file=self.file,
            name=self.merged["scenario"],
            origin=self.merged.get("from") or "",
            team=self.merged["team"],
            crm=self.merged["crm"],
            settings=settings,
            book=book,
            steps=steps,
            expect=self.merged["expect"],
        )

    def _book(self, settings: Mapping[str, Any]) -> SettingsBook | None:
        try:
            return SettingsBook.from_mapping(self.merged["team"], settings)
        except SettingsProblem as error:
            for problem in error.problems:
                self._report(problem.place, problem.sentence)
            return None

    def _changed(self, book: SettingsBook, value: Mapping[str, Any], place: Place) -> SettingsBook:
        try:
            return book.with_settings(value, settings_place=place)
        except SettingsProblem as error:
            for problem in error.problems:
                self._report(problem.place, problem.sentence)
            return book

    def _steps(self, book: SettingsBook | None) -> Iterator[Step]:
        kinds: dict[str, str] = {}
        region = str(self.merged["team"].get("region") or DEFAULT_REGION)
        for number, entry in enumerate(self.merged["steps"]):
            ((kind, value),) = entry.items()
            place: Place = ("steps", number, kind)
            if kind == "interaction":
                fact = self._interaction(value, region, place)
                if fact is None:
                    continue
                if kinds.setdefault(fact.id, kind_of(fact)) != kind_of(fact):
                    self._report((*place, "id"), f"`{fact.id}` was a {kinds[fact.id]} before")
                yield Step(kind, value, fact)
                continue
            if kind == "settings":
                if not isinstance(value, dict):
                    self._report(place, "must be a map")
                elif book is not None:
                    book = self._changed(book, value, place)
                    yield Step(kind, value, book=book)
                continue
            self._report_choice(kind, value, place)
            yield Step(kind, value)

    def _interaction(self, value: Any, region: str, place: Place) -> Interaction | None:
        if not isinstance(value, dict):
            self._report(place, "must be a map")
            return None
        try:
            # An empty value is one that was not given.
            given = {
                key: self._as_written(one, (*place, key)) if key in _NUMBERED else one
                for key, one in value.items()
                if one is not None
            }
            return read_record(given, region=region, source="scenario")
        except BadRecord as error:
            sentence = str(error).removeprefix(f"{error.field}: ")
            self._report((*place, *_place_in_record(error.field)), sentence)
            return None

    def _as_written(self, value: Any, place: Place) -> Any:
        """A phone number that YAML took for a number of its own, as the file has it."""
        if isinstance(value, list):
            return [self._as_written(one, (*place, number)) for number, one in enumerate(value)]
        return self.document.numbers.get((*self._top(place), *place), value)

    def _report_choice(self, kind: str, value: Any, place: Place) -> None:
        """Steps that say one of several things must say exactly one."""
        ways = {
            "ruling": ("choose", "create", "ignore"),
            "log_by_hand": ("contact", "create"),
            "fault": ("find", "apply"),
            "person": ("edits", "deletes", "adds"),
            "remove": ("contact", "activity", "interaction"),
        }.get(kind)
        if ways is not None and sum(value.get(way) is not None for way in ways) != 1:
            self._report(place, f"must have exactly one of {', '.join(ways)}")

    def _report(self, place: Place, sentence: str) -> None:
        self.problems.append(self._located(place, sentence))

    def _top(self, place: Place) -> Place:
        """The part of the file in which the place was written: the scenario, or the defaults."""
        written = self.document.value["scenarios"][self.position]
        return ("scenarios", self.position) if place and place[0] in written else ("defaults",)

    def _located(self, place: Place, sentence: str) -> Problem:
        own: Place = ("scenarios", self.position)
        top = self._top(place)
        line = (
            self.document.line((*top, *place))
            if (*top, *place[:1]) in self.document.lines
            else self.document.line(own)
        )
        return Problem(self.file, line, str(self.merged.get("scenario", "")), _dotted(place), sentence)


def _problem(fault: Fault, document: YamlText, file: str) -> Problem:
    place, scenario = fault.place, ""
    if len(place) >= 2 and place[0] == "scenarios" and isinstance(place[1], int):
        entry = document.value["scenarios"][place[1]]
        name = entry.get("scenario") if isinstance(entry, dict) else None
        scenario = name if isinstance(name, str) else f"number {place[1] + 1}"
        place = place[2:]
    return Problem(file, document.line(fault.place), scenario, _dotted(place), fault.sentence)


def _place_in_record(field: str) -> Place:
    """`attendees[0].reply` as a place, so that it is counted as everything else here."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"[.\[\]]+", field) if part)


_NUMBERED = frozenset({"from", "to", "line"})
"""Keys of an interaction that hold phone numbers."""


def _dotted(place: Place) -> str:
    """`steps[2].interaction.at`."""
    written = ""
    for part in place:
        written += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if written else part
    return written


def _refused(file: str, line: int, sentence: str) -> NotAScenario:
    return NotAScenario((Problem(file, line, "", "", sentence),))
