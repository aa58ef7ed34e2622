"""What is, compared with what a scenario expected; every difference is a sentence for a person.

Everything here works on plain values: `Outcome` is what a run left behind, `expect` the part of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.interactions.handles import read_email, read_email_field, read_handle, read_phone_field
from firstcontact.policy.values import INTEGRATION_USER
from firstcontact.testing.scenarios.shapes import microseconds

_TIMES = frozenset({"created_at", "last_activity_at", "opened_at"})
_SHOWN_AT_MOST = 5


class Decided(msgspec.Struct, frozen=True):
    """The last decision on one interaction.

    activity: its verdict. participants: handle key (or the raw text, where there is no handle) to verdict.
    reasons: names in the trace. because: what decided, as sentences, by participant; "" is the activity.
    """

    activity: str
    participants: Mapping[str, str] = {}
    reasons: tuple[str, ...] = ()
    because: Mapping[str, tuple[str, ...]] = {}


class Question(msgspec.Struct, frozen=True):
    """One open review: `about` is a handle key, a raw text, or empty for the interaction itself."""

    interaction: str
    about: str
    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """What a run left behind.

    decisions: by interaction id. crm: collection to its records, each a plain map (an activity has
    `interactions`, `contacts` and `leads` as lists of ids). region: in which numbers are read.
    """

    region: str
    decisions: Mapping[str, Decided]
    crm: Mapping[str, Sequence[Mapping[str, Any]]]
    questions: Sequence[Question] = ()


def differences(expect: Mapping[str, Any], outcome: Outcome) -> tuple[str, ...]:
    """Everything that is not as expected; empty where all of it holds."""
    return (
        *_decisions(expect.get("decisions") or {}, outcome),
        *_crm(expect.get("crm") or {}, outcome),
        *_review(expect.get("review"), outcome),
    )


# --- decisions -----------------------------------------------------------------------------------


def _decisions(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    for interaction, wanted in expected.items():
        decided = outcome.decisions.get(interaction)
        if decided is None:
            yield f"expected a decision on {interaction}; got none"
        elif wanted:
            yield from _decision(interaction, wanted, decided, outcome.region)


def _decision(interaction: str, wanted: Mapping[str, Any], decided: Decided, region: str) -> Iterator[str]:
    activity = wanted.get("activity")
    if activity is not None and activity != decided.activity:
        yield f"expected activity of {interaction}: {activity}; got {decided.activity}{_because(decided, '')}"
    for written, verdict in (wanted.get("participants") or {}).items():
        key = subject(written, region)
        got = decided.participants.get(key)
        if got is None:
            there = ", ".join(decided.participants) or "nobody"
            yield f"expected {written} of {interaction}: {verdict}; not among them: {there}"
        elif verdict is not None and got != verdict:
            yield f"expected {written} of {interaction}: {verdict}; got {got}{_because(decided, key)}"
    for reason in wanted.get("reasons") or ():
        if reason not in decided.reasons:
            given = ", ".join(decided.reasons) or "none"
            yield f"expected reason {reason} for {interaction}; reasons given: {given}"


def _because(decided: Decided, about: str) -> str:
    told = decided.because.get(about) or tuple(
        dict.fromkeys(sentence for sentences in decided.because.values() for sentence in sentences)
    )
    told = told or decided.reasons
    return " because " + " | ".join(told[:_SHOWN_AT_MOST]) if told else ""


# --- records -------------------------------------------------------------------------------------


def _crm(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    for collection, wanted in expected.items():
        records = outcome.crm.get(collection, ())
        if wanted is None:
            continue
        if isinstance(wanted, int):
            if len(records) != wanted:
                yield f"expected {wanted} {collection}; got {len(records)}{_listed(records)}"
            continue
        yield from _same_set(collection, wanted, records, outcome)


def _same_set(
    collection: str,
    wanted: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    outcome: Outcome,
) -> Iterator[str]:
    if len(records) != len(wanted):
        yield f"expected exactly {len(wanted)} {collection}; got {len(records)}{_listed(records)}"
    faults = [[list(_mismatches(entry, record, outcome)) for record in records] for entry in wanted]
    partner = _assignment([[not found for found in row] for row in faults])
    taken = set(partner.values())
    for position, entry in enumerate(wanted):
        if position in partner:
            continue
        free = [index for index in range(len(records)) if index not in taken] or list(range(len(records)))
        closest = min(free, key=lambda index: len(faults[position][index]), default=None)
        if closest is None:
            yield f"expected in {collection}: {_shown(entry)}; there is none"
        else:
            told = "; ".join(faults[position][closest]) or "it fulfils another entry already"
            yield f"expected in {collection}: {_shown(entry)}; the closest, {_name(records[closest])}: {told}"


def _assignment(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Entry to record, each record used once, as many entries as can be (augmenting paths)."""
    holder: dict[int, int] = {}

    def place(entry: int, seen: set[int]) -> bool:
        for record, fit in enumerate(fits[entry]):
            if not fit or record in seen:
                continue
            seen.add(record)
            if record not in holder or place(holder[record], seen):
                holder[record] = entry
                return True
        return False

    for entry in range(len(fits)):
        place(entry, set())
    return {entry: record for record, entry in holder.items()}


def _mismatches(entry: Mapping[str, Any], record: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    for field, wanted in entry.items():
        got = _value(field, record)
        if not _fulfils(field, wanted, got, outcome):
            yield f"{field} is {_shown(got)}, not {_shown(wanted)}"


def _value(field: str, record: Mapping[str, Any]) -> Any:
    """A record's field; those of an activity that may hold several are lists."""
    plural = {"contact": "contacts", "lead": "leads", "interaction": "interactions"}.get(field)
    if plural is not None and plural in record:
        return list(record[plural])
    return record.get(field)


def _fulfils(field: str, wanted: Any, got: Any, outcome: Outcome) -> bool:
    if wanted is None:
        return not got
    if field in ("emails", "phones"):
        return handle_keys(wanted, field, outcome.region) == handle_keys(got or (), field, outcome.region)
    if isinstance(wanted, Mapping):
        ids = _named_ids(field, wanted, outcome)
        return bool(ids.intersection(got if isinstance(got, list) else [got]))
    if isinstance(got, list) and not isinstance(wanted, list):
        return wanted in got
    if isinstance(wanted, list):
        return sorted(map(str, wanted)) == sorted(map(str, got or ()))
    if isinstance(wanted, bool):
        return bool(got) is wanted
    if field in _TIMES:
        return got is not None and _moment(got) == _moment(wanted)
    if field == "user" and wanted == INTEGRATION_USER and not got:
        return True  # what nobody else is named on is the connection's own
    if isinstance(wanted, str):
        return wanted == ("" if got is None else got)
    return bool(wanted == got)


def _named_ids(field: str, reference: Mapping[str, Any], outcome: Outcome) -> set[Any]:
    """Ids of the records that a reference by handle, name or domain names."""
    if field == "account":
        return {
            account.get("id")
            for account in outcome.crm.get("accounts", ())
            if reference.get("name", account.get("name")) == account.get("name")
            and ("domain" not in reference or reference["domain"] in (account.get("domains") or ()))
        }
    return set(contacts_bearing(reference, outcome.crm.get("contacts", ()), outcome.region))


def contacts_bearing(
    reference: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]], region: str
) -> tuple[str, ...]:
    """Ids of the contacts that bear the handle of `{email: …}` or `{phone: …}`."""
    field = "emails" if "email" in reference else "phones"
    keys = handle_keys([reference.get("email") or reference.get("phone")], field, region)
    return tuple(
        str(contact["id"])
        for contact in contacts
        if keys & handle_keys(contact.get(field) or (), field, region)
    )


def handle_keys(values: Sequence[Any], field: str, region: str) -> frozenset[str]:
    """What is compared of e-mail or phone fields; a text that holds no handle stands for itself."""
    keys: set[str] = set()
    for value in values:
        if field == "emails":
            handle = read_email(str(value))
            found = (handle,) if handle is not None else read_email_field(str(value)).handles
        else:
            found = read_phone_field(str(value), region).handles
        keys |= {one.key for one in found} or {str(value)}
    return frozenset(keys)


def subject(written: str, region: str) -> str:
    """The name under which a decision speaks of a participant: the handle's key, else the raw text."""
    handle = read_handle(written, region)
    return handle.key if handle is not None else written


def _moment(value: Any) -> int:
    return value if isinstance(value, int) else microseconds(value)


# --- questions -----------------------------------------------------------------------------------


def _review(expected: Any, outcome: Outcome) -> Iterator[str]:
    questions = outcome.questions
    if expected is None:
        return
    if isinstance(expected, int):
        if len(questions) != expected:
            yield f"expected {expected} open questions; got {len(questions)}{_asked(questions)}"
        return
    if len(questions) != len(expected):
        yield f"expected exactly {len(expected)} open questions; got {len(questions)}{_asked(questions)}"
    fits = [[_asks(entry, question, outcome.region) for question in questions] for entry in expected]
    partner = _assignment(fits)
    for position, entry in enumerate(expected):
        if position not in partner:
            yield f"expected the question {_shown(entry)}; open are{_asked(questions) or ' none'}"


def _asks(entry: Mapping[str, Any], question: Question, region: str) -> bool:
    about = entry.get("about")
    return (
        entry.get("interaction") in (None, question.interaction)
        and (about is None or subject(about, region) == question.about)
        and entry.get("reason") in (None, question.reason)
    )


def _asked(questions: Sequence[Question]) -> str:
    if not questions:
        return ""
    return ": " + ", ".join(
        f"{question.interaction} about {question.about or 'itself'} ({question.reason})"
        for question in questions[:_SHOWN_AT_MOST]
    )


# --- words ---------------------------------------------------------------------------------------


def _listed(records: Sequence[Mapping[str, Any]]) -> str:
    if not records:
        return ""
    shown = ", ".join(_name(record) for record in records[:_SHOWN_AT_MOST])
    more = f" and {len(records) - _SHOWN_AT_MOST} more" if len(records) > _SHOWN_AT_MOST else ""
    return f" ({shown}{more})"


_NAMING = (
    "id", "name", "interactions", "interaction", "kind", "contacts", "opportunity", "contact", "emails",
    "phones",
)  # fmt: skip


def _name(record: Mapping[str, Any]) -> str:
    return _shown({field: record[field] for field in _NAMING if record.get(field)})


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "empty"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_shown(one) for one in value) + "]"
        case _:
            return str(value)
