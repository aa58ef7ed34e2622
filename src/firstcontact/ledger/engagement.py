"""The engagement log's index: every decided interaction, found by when, whose, by which settings and what was
decided, so that a page of it costs the same in a ledger of millions (SPEC §10).

What a decision came to without whom it is about, its `outline`, is one of some hundreds of sets of words.
Each is kept once and has a number, so one index finds every kind, verdict and reason, newest first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select, text, union_all

from firstcontact.interactions.model import Interaction, kind_of
from firstcontact.ledger.tables import decisions, names, participants, writes
from firstcontact.ledger.tables_of_people import engagements, outlines
from firstcontact.policy.decision import Decision
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values

FOREVER = 1 << 62
"""Later than any time."""


class Engagement(msgspec.Struct, frozen=True):
    """One decided interaction as the log lists it; at: when it took place; words: of its outline."""

    interaction: str
    at: int
    user: str
    settings_version: str
    words: frozenset[str]

    def of(self, prefix: str) -> tuple[str, ...]:
        """What the words of this prefix say: `of("rule")`."""
        found = (word.partition(":")[2] for word in self.words if word.startswith(f"{prefix}:"))
        return tuple(sorted(found))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; what is empty is not asked about.

    keys: handles of a person; None: of anybody. rule: a reason's name, with or without the part behind its
    colon. earlier: also where only an earlier decision had that reason, or was by those settings. user: id of
    ours. kind, activity, verdict: of the interaction, of its activity, of somebody on it. state: of one of
    its writes. since, until: when the interaction was, in microseconds.
    """

    keys: tuple[str, ...] | None = None
    rule: str = ""
    earlier: bool = False
    user: str = ""
    settings_version: str = ""
    kind: str = ""
    activity: str = ""
    verdict: str = ""
    state: str = ""
    since: int = 0
    until: int = FOREVER


# --- kept with each decision --------------------------------------------------------------------------

_OUTLINES = Statement(select(outlines.c.id, outlines.c.words).where(outlines.c.words.in_(values("words"))))
_BEFORE = Statement(
    select(engagements.c.interaction, outlines.c.words)
    .join(outlines, outlines.c.id == engagements.c.outline)
    .where(engagements.c.interaction.in_(values("ids")))
)


def outline(decision: Decision, kind: str, before: Collection[str] = ()) -> str:
    """What a decision came to. before: words of the interaction's outline until now, whose reasons stay as
    those of an earlier decision."""
    said = {f"kind:{kind}", f"activity:{decision.activity}"}
    said.update(f"verdict:{person.verdict}" for person in decision.people)
    now = {reason.name for reason in decision.trace}
    said.update(f"rule:{name}" for name in now)
    earlier = {word.partition(":")[2] for word in before if word.startswith(("rule:", "was:"))}
    said.update(f"was:{name}" for name in earlier - now)
    return " ".join(sorted(said))


def keep(tx: Connection, decided: Sequence[tuple[Decision, Interaction]]) -> None:
    """These interactions are found by their new decisions from here on."""
    before = {id: words.split() for id, words in _BEFORE.rows(tx, ids=[fact.id for _, fact in decided])}
    words = {fact.id: outline(said, kind_of(fact), before.get(fact.id, ())) for said, fact in decided}
    ids = _numbers(tx, set(words.values()))
    rows: list[Values] = [
        {
            "interaction": fact.id,
            "at": fact.at,
            "user": decision.user,
            "settings_version": decision.settings_version,
            "outline": ids[words[fact.id]],
        }
        for decision, fact in decided
    ]
    upsert(tx, engagements, rows)


def _numbers(tx: Connection, words: set[str]) -> dict[str, int]:
    found = {said: id for id, said in _OUTLINES.rows(tx, words=sorted(words))}
    missing = sorted(words - found.keys())
    if missing:
        insert_new(tx, outlines, [{"words": said} for said in missing])
        found.update((said, id) for id, said in _OUTLINES.rows(tx, words=missing))
    return found


# --- whom is meant ----------------------------------------------------------------------------------------


def keys_named(tx: Connection, first: str, last: str) -> tuple[str, ...]:
    """Handles that a name was observed for, in whatever case it is asked; first: "" for any. At most a
    thousand."""
    query = select(names.c.key).where(names.c.last.in_(_cases(last)))
    if first:
        query = query.where(names.c.first.in_(_cases(first)))
    return tuple(sorted(set(tx.scalars(query.limit(1000))))) if last else ()


def _cases(name: str) -> list[str]:
    return sorted({name, name.lower(), name.upper(), name.title(), name.capitalize()})


# --- searched by people ---------------------------------------------------------------------------------


def search(
    tx: Connection, wanted: Wanted, most: int = 50, after: tuple[int, str] | None = None
) -> tuple[Engagement, ...]:
    """Interactions that are wanted, the newest first, at most so many behind `after` (time and id)."""
    numbers = _outlines_of(tx, wanted)
    if numbers is not None and not numbers:
        return ()
    bounds = _Bounds(wanted, most, after)
    rows = tx.execute(_asked(bounds, numbers)).all()
    words = _words(tx, {row.outline for row in rows})
    return tuple(
        Engagement(row.interaction, row.at, row.user, row.settings_version, words[row.outline])
        for row in rows
    )


def every(tx: Connection, wanted: Wanted, page: int = 500) -> Iterator[tuple[Engagement, ...]]:
    """All that are wanted, page by page, the newest first."""
    after: tuple[int, str] | None = None
    while found := search(tx, wanted, page, after):
        yield found
        after = found[-1].at, found[-1].interaction


class _Bounds(msgspec.Struct):
    wanted: Wanted
    most: int
    after: tuple[int, str] | None


FEW = 200
"""Outlines of which each is looked at by itself; what has more is so common that it is soon met by time."""


def _asked(bounds: _Bounds, numbers: Collection[int] | None) -> Select[Any]:
    wanted = bounds.wanted
    one = select(engagements)
    if wanted.keys is not None:
        theirs = select(participants.c.interaction).where(participants.c.key.in_(wanted.keys or ("",)))
        one = one.where(engagements.c.interaction.in_(theirs))
    if numbers is None:
        return _bounded(one, bounds)
    # Not the bare column where its index is not the one to go by.
    among = (engagements.c.outline + 0).in_(sorted(numbers))
    if wanted.keys is not None or wanted.user or wanted.settings_version or len(numbers) > FEW:
        return _bounded(one.where(among), bounds)
    ranges = [_bounded(one.where(engagements.c.outline == number), bounds) for number in sorted(numbers)]
    together = union_all(*(select(each.subquery()) for each in ranges)).subquery()
    newest = (together.c.at.desc(), together.c.interaction.desc())
    return select(together).order_by(*newest).limit(bounds.most)


_STOPS = {
    **dict.fromkeys(("parked", "unclear", "held"), "state IN ('parked', 'unclear', 'held')"),
    **dict.fromkeys(("intended", "sent"), "due_at IS NOT NULL"),
    "waiting": "state = 'waiting'",
    "dropped": "state = 'dropped'",
}


def _bounded(query: Select[Any], bounds: _Bounds) -> Select[Any]:
    wanted = bounds.wanted
    at, id = engagements.c.at, engagements.c.interaction
    query = query.where(at >= wanted.since, at < wanted.until)
    if bounds.after is not None:
        last, last_id = bounds.after
        query = query.where(at <= last, (at < last) | (id < last_id))
    if wanted.user:
        query = query.where(engagements.c.user == wanted.user)
    if wanted.settings_version and wanted.earlier:
        by_it = decisions.c.settings_version == wanted.settings_version
        query = query.where(id.in_(select(decisions.c.interaction).where(by_it)))
    elif wanted.settings_version:
        query = query.where(engagements.c.settings_version == wanted.settings_version)
    if wanted.state in _STOPS:
        # Its index in its own words: what is stopped, due or dropped is little, whatever the ledger holds.
        stopped = select(writes.c.interaction).where(text(_STOPS[wanted.state]))
        query = query.where(id.in_(stopped.where(writes.c.state == wanted.state)))
    elif wanted.state:
        in_state = writes.c.interaction == id, writes.c.state == wanted.state
        query = query.where(select(writes.c.key).where(*in_state).exists())
    return query.order_by(at.desc(), id.desc()).limit(bounds.most)


def _outlines_of(tx: Connection, wanted: Wanted) -> frozenset[int] | None:
    """Numbers of the outlines that have all the words wanted; None where no word is."""
    needed = {f"{name}:{getattr(wanted, name)}" for name in ("kind", "activity", "verdict")}
    needed = {word for word in needed if not word.endswith(":")}
    if not needed and not wanted.rule:
        return None
    found = set()
    for id, words in tx.execute(select(outlines.c.id, outlines.c.words)):
        said = set(words.split())
        if needed <= said and (not wanted.rule or _has_rule(said, wanted)):
            found.add(int(id))
    return frozenset(found)


def _has_rule(said: Collection[str], wanted: Wanted) -> bool:
    prefixes = ("rule:", "was:") if wanted.earlier else ("rule:",)
    return any(word.startswith(prefixes) and is_rule(word.partition(":")[2], wanted.rule) for word in said)


def is_rule(name: str, wanted: str) -> bool:
    """Whether a reason is the one that is named, with or without the part behind its colon."""
    return name == wanted or name.partition(":")[0] == wanted


def _words(tx: Connection, ids: Collection[int]) -> Mapping[int, frozenset[str]]:
    rows = _BY_NUMBER.rows(tx, ids=sorted(ids))
    return {id: frozenset(words.split()) for id, words in rows}


_BY_NUMBER = Statement(select(outlines.c.id, outlines.c.words).where(outlines.c.id.in_(values("ids"))))
