"""The engagement log for people: interactions with what was decided about each, its writes and their receipts
(SPEC §10)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Interaction, kind_of
from firstcontact.ledger import deciding, engagement, intake, reading, undoing
from firstcontact.ledger.engagement import Engagement, Wanted
from firstcontact.ledger.reading import WriteRow
from firstcontact.policy.decision import Decision


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """One outside person of an interaction; about: the handle, or what was received instead; reasons: those
    that decided."""

    about: str
    name: str
    verdict: str
    record: str
    reasons: tuple[str, ...]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One write: state as in the ledger; record and created: of the receipt; removed: `done`, `intended` or
    `left` where a person took it back, by whom and when."""

    key: str
    kind: str
    state: str
    record: str
    created: bool
    at: int
    problem: str
    removed: str = ""
    removed_by: str = ""
    removed_at: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. reasons: those that decided about the activity."""

    interaction: str
    kind: str
    at: int
    subject: str
    user: str
    settings_version: str
    activity: str
    reasons: tuple[str, ...]
    people: tuple[Met, ...]
    writes: tuple[Written, ...]


class Page(msgspec.Struct, frozen=True):
    """A page of the log, newest first; next: what to ask for behind it, "" for the end."""

    entries: tuple[Entry, ...]
    next: str


def page(installation: Installation, wanted: Wanted, most: int = 50, after: str = "") -> Page:
    """Interactions that are wanted, at most so many. after: `Page.next` of the page before. Pages hang
    together whatever comes in meanwhile. Raises FlowProblem for an `after` that is none."""
    with installation.ledger.read() as tx:
        found = engagement.search(tx, wanted, most + 1, _place(after))
        ids = [each.interaction for each in found[:most]]
        facts = intake.load(tx, ids)
        decided = deciding.last_with_known(tx, ids)
        written = {id: reading.writes_of(tx, id) for id in ids}
    entries = tuple(
        _entry(each, facts.get(each.interaction), decided[each.interaction][0], written[each.interaction])
        for each in found[:most]
        if each.interaction in decided
    )
    more = len(found) > most
    return Page(entries, f"{found[most - 1].at}:{found[most - 1].interaction}" if more else "")


def _place(after: str) -> tuple[int, str] | None:
    if not after:
        return None
    at, _, id = after.partition(":")
    if not id or not at.removeprefix("-").isdigit():
        raise FlowProblem(f"{after!r} is no place in the log; the page before ends with one")
    return int(at), id


def _entry(
    found: Engagement, fact: Interaction | None, decision: Decision, rows: Sequence[WriteRow]
) -> Entry:
    return Entry(
        interaction=found.interaction,
        kind=kind_of(fact) if fact is not None else "",
        at=found.at,
        subject=fact.subject if fact is not None else "",
        user=found.user,
        settings_version=found.settings_version,
        activity=decision.activity,
        reasons=_decisive(decision, ""),
        people=tuple(
            Met(
                about=each.about,
                name=" ".join(filter(None, (each.first_name, each.last_name))) or each.name,
                verdict=each.verdict,
                record=each.record,
                reasons=_decisive(decision, each.about),
            )
            for each in decision.people
        ),
        writes=tuple(_written(row) for row in rows),
    )


def _decisive(decision: Decision, about: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.name for r in decision.trace if r.decisive and r.about == about))


def _written(row: WriteRow) -> Written:
    return Written(
        key=row.write.key,
        kind=row.write.kind,
        state=row.state,
        record=row.record,
        created=row.created,
        at=row.at,
        problem=row.problem,
        removed=row.undone.state if row.undone is not None else "",
        removed_by=row.undone.by if row.undone is not None else "",
        removed_at=row.undone.at if row.undone is not None else 0,
    )


def keys_of(installation: Installation, who: str) -> tuple[str, ...]:
    """Handles of whoever is meant: by an address or number, by the id of a record, or by a name that was
    observed. Raises FlowProblem where nobody is known by it."""
    handle = read_handle(who, installation.book.team.region)
    if handle is not None:
        return (handle.key,)
    with installation.ledger.read() as tx:
        keys = tuple(sorted(undoing.handles_of(tx, installation.crm.connection, who)))
        words = who.split()
        if not keys and len(words) > 1:
            keys = engagement.keys_named(tx, " ".join(words[:-1]), words[-1])
        elif not keys:
            keys = engagement.keys_named(tx, "", who)
    if not keys:
        raise FlowProblem(f"nobody was met who is {who}: give an address, a number, a name or a record's id")
    return keys
