"""Duplicates: looked for daily and on demand, shown before anything is done, merged as writes like any other
(SPEC §9).

What is to be merged is intended with its journal in one transaction; right before the write goes out both
records are looked at once more (`merging`). What may not be merged by itself is kept as a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import Capabilities, Crm
from firstcontact.flow import linker
from firstcontact.flow.linker import Likely
from firstcontact.flow.looking_for_duplicates import ask, everybody, look, read_records
from firstcontact.flow.outcomes import REFUSED_BY_CRM as REFUSED
from firstcontact.flow.problems import FlowProblem
from firstcontact.identity.duplicates import Likeness, alike, same_values
from firstcontact.identity.records import Record
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import deciding, duplicates, writing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.duplicates import PairRow
from firstcontact.planning.merges import Merge, Suggestion, may_disappear, merge_key, merge_write
from firstcontact.planning.unmerge import undo_writes
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective
from firstcontact.store.statements import chunks

SEARCH, MODEL = "", "model"
"""Who found a pair: the daily search, or a statistical model."""

BY_RULE = "rule"
"""Whose word a merge is that the rule alone says."""


EXAMPLES = 1000
"""Pairs of each sort that are shown at most; all are counted."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a search would do, or did. merges: to be merged by itself; asked: the same, where `autonomy.merge`
    says that a person decides; suggestions: for a person to look at; of each at most EXAMPLES. counts: how
    many there are of each. handles: how many several records bear; many: those that too many bear. cannot:
    why this CRM merges nothing, empty where it does."""

    merges: tuple[Merge, ...] = ()
    asked: tuple[Merge, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    handles: int = 0
    many: tuple[tuple[str, int], ...] = ()
    cannot: str = ""

    def __add__(self, other: Outlook) -> Outlook:
        """Both together, with as many examples as are shown."""
        return Outlook(
            merges=(*self.merges, *other.merges)[:EXAMPLES],
            asked=(*self.asked, *other.asked)[:EXAMPLES],
            suggestions=(*self.suggestions, *other.suggestions)[:EXAMPLES],
            counts=(
                self.counts[0] + other.counts[0],
                self.counts[1] + other.counts[1],
                self.counts[2] + other.counts[2],
            ),
            handles=self.handles + other.handles,
            many=(*self.many, *other.many)[:EXAMPLES],
            cannot=self.cannot or other.cannot,
        )


class Dedupe:
    """Duplicates of one CRM connection."""

    def __init__(self, ledger: Ledger, crm: Crm, book: SettingsBook) -> None:
        self._ledger = ledger
        self._crm = crm
        self._book = book

    # --- looking -----------------------------------------------------------------------------------

    def preview(self) -> Outlook:
        """What `run` would do now. Writes nothing. Raises TryAgain, AuthLapsed, StoreProblem."""
        found = Outlook(cannot=self.cannot())
        for outlook in self._pages():
            found += outlook
        return found

    def run(self, now: int, lease: Lease | None = None) -> Outlook:
        """Look for duplicates, intend the merges, keep what is to be asked or suggested.

        Raises TryAgain, AuthLapsed, StoreProblem, LeaseLost.
        """
        found = Outlook(cannot=self.cannot())
        for outlook in self._pages():
            if lease is not None:
                lease.at_work()
            self._keep(outlook, now, lease)
            found += outlook
        self._note(now, lease)
        return found

    def _note(self, now: int, lease: Lease | None = None) -> None:
        """Everything has been looked through; what was not found again is no suggestion any more."""
        with self._ledger.write(Boundary.NOTE_DEDUPED) as tx:
            if lease is not None:
                lease.hold(tx)
            duplicates.forget_older(tx, self._crm.connection, SEARCH, now)
            deciding.set_fact(tx, self._fact, str(now))

    def suggest_likely(self, now: int) -> int:
        """Let a statistical model look for pairs that share no handle, or whose names are far from equal, and
        keep them as suggestions; how many there are. Nothing of it is merged by itself.

        Raises FlowProblem where the extra is not installed, TryAgain, AuthLapsed.
        """
        found = linker.likely(everybody(self._ledger, self._crm))
        rows = [row for some in chunks(found) for row in self._likely(some, now)]
        with self._ledger.write(Boundary.KEEP_LIKELY) as tx:
            duplicates.keep(tx, rows)
            duplicates.forget_older(tx, self._crm.connection, MODEL, now)
        return len(rows)

    def _likely(self, found: Sequence[Likely], now: int) -> list[PairRow]:
        """Rows of pairs of which nothing is known yet, and whose names are not two people's."""
        connection = self._crm.connection
        ids = sorted({id for pair in found for id in (pair.one, pair.other)})
        records = read_records(self._ledger, self._crm, ids)
        with self._ledger.read() as tx:
            known = {
                frozenset((row.loser, row.survivor)): row for row in duplicates.pairs_of(tx, connection, ids)
            }
        rows = []
        for pair in found:
            row = known.get(frozenset((pair.one, pair.other)))
            if pair.one not in records or pair.other not in records or (row and row.by != MODEL):
                continue
            one, other = records[pair.one], records[pair.other]
            likeness = alike(one, other)
            if likeness.duplicates or {"names_differ", "given_names_differ"} & set(likeness.against):
                continue
            by_model = msgspec.structs.replace(
                likeness, evidence=(*likeness.evidence, "alike_by_model", *same_values(one, other))
            )
            goes, stays = _which_goes(Suggestion(one, other, by_model, "model"))
            made = _row(connection, goes, stays, by_model, "suggested", MODEL, now, "model")
            if row is None or row.state == "suggested":
                rows.append(made)
        return rows

    def cannot(self) -> str:
        """Why nothing can be merged here, as a sentence; empty where it can."""
        return why_not_here(self._crm.capabilities())

    def _pages(self) -> Iterator[Outlook]:
        offered = self._crm.capabilities()
        asks = self._settings.autonomy["merge"] == "ask"
        marked = offered.marks_ours
        for page in look(self._ledger, self._crm, lambda record: marked and may_disappear(record)):
            merges = page.sorted.merges
            suggestions = page.sorted.suggestions
            if not marked:
                suggestions = tuple(
                    msgspec.structs.replace(each, why="unmarked") if each.why == "people" else each
                    for each in suggestions
                )
            if not offered.merges_contacts:
                unmerged = (Suggestion(m.loser, m.survivor, m.likeness, "cannot") for m in merges)
                suggestions, merges = (*suggestions, *unmerged), ()
            merges = self._new(merges)
            yield Outlook(
                merges=() if asks else merges,
                asked=merges if asks else (),
                suggestions=suggestions,
                counts=(0 if asks else len(merges), len(merges) if asks else 0, len(suggestions)),
                handles=page.handles,
                many=page.many,
            )

    def _new(self, merges: Sequence[Merge]) -> tuple[Merge, ...]:
        """Those that are neither under way, nor done (who is there again, a person has restored), nor refused
        by the CRM."""
        keys = {merge_key(self._crm.connection, m.loser.id, m.survivor.id): m for m in merges}
        with self._ledger.read() as tx:
            rows = duplicates.pairs(tx, keys)
        return tuple(
            merge
            for key, merge in keys.items()
            if key not in rows
            or (rows[key].state in ("suggested", "asked") and not rows[key].why.startswith(REFUSED))
        )

    def _keep(self, outlook: Outlook, now: int, lease: Lease | None) -> None:
        if not any(outlook.counts):
            return
        connection = self._crm.connection
        with self._ledger.write(Boundary.INTEND_MERGES) as tx:
            if lease is not None:
                lease.hold(tx)
            asked = [self._row(m, "asked", now) for m in outlook.asked]
            duplicates.keep(tx, [*asked, *self._suggested(tx, outlook.suggestions, now)])
            for merge in outlook.merges:
                intend(tx, connection, merge, BY_RULE, now)

    def _row(self, merge: Merge, state: str, now: int) -> PairRow:
        return _row(self._crm.connection, merge.loser, merge.survivor, merge.likeness, state, SEARCH, now)

    def _suggested(self, tx: Connection, suggestions: Sequence[Suggestion], now: int) -> list[PairRow]:
        """Rows of suggestions, but for what the ledger knows better."""
        rows = {}
        for each in suggestions:
            loser, survivor = _which_goes(each)
            row = _row(
                self._crm.connection, loser, survivor, each.likeness, "suggested", SEARCH, now, each.why
            )
            rows[row.write_key] = row
        there = duplicates.pairs(tx, rows)
        kept = []
        for key, row in rows.items():
            known = there.get(key)
            if known is None:
                kept.append(row)
            elif known.state == "suggested":
                why = known.why if known.why.startswith(REFUSED) else row.why
                kept.append(msgspec.structs.replace(row, why=why))
        return kept

    # --- what a person says ---------------------------------------------------------------------------

    def merge(self, loser: str, survivor: str, by: str, now: int) -> Merge:
        """A person says that two records are one. The one that may disappear goes, whichever was named
        first.

        Raises FlowProblem where neither may, where one is not there, or where the CRM merges nothing.
        """
        if self.cannot():
            raise FlowProblem(self.cannot())
        one, other = self._both(loser, survivor)
        goes, stays = (one, other) if self._may_go(one) else (other, one)
        if not self._may_go(goes):
            raise FlowProblem(
                f"{one.id} and {other.id} were both made or edited by people, whose records are never "
                "removed: merge them in the CRM; what you do there is followed"
            )
        merge = Merge(goes, stays, alike(goes, stays))
        with self._ledger.write(Boundary.MERGE_BY_HAND) as tx:
            under_way = duplicates.into(tx, self._crm.connection, [goes.id, stays.id], ("intended",))
            if under_way:
                raise FlowProblem(f"{', '.join(sorted(under_way))} is being merged already")
            intend(tx, self._crm.connection, merge, by, now)
        return merge

    def refuse(self, one: str, other: str, by: str, now: int) -> None:
        """A person says that two records are two people: they are never merged, nor suggested again."""
        connection = self._crm.connection
        with self._ledger.write(Boundary.REFUSE_MERGE) as tx:
            known = [
                row
                for row in duplicates.pairs_of(tx, connection, [one])
                if {row.loser, row.survivor} == {one, other}
            ]
            if any(row.state in ("intended", "done") for row in known):
                raise FlowProblem(
                    f"{one} and {other} are merged, or about to be; `firstcontact duplicates undo` "
                    "takes that back"
                )
            rows = [msgspec.structs.replace(row, state="refused", by=by, at=now) for row in known]
            if not rows:
                key = merge_key(connection, one, other)
                rows = [PairRow(write_key=key, connection=connection, survivor=other, loser=one,
                                state="refused", by=by, at=now)]  # fmt: skip
            duplicates.keep(tx, rows)

    def undo(self, loser: str, by: str, now: int) -> PairRow:
        """A person takes the merge of a record back: it is made anew, and what is ours goes back to it.

        Raises FlowProblem where no such merge is done, or its journal is gone.
        """
        connection = self._crm.connection
        with self._ledger.read() as tx:
            done = [
                row
                for row in duplicates.pairs_of(tx, connection, [loser])
                if row.loser == loser and row.state == "done"
            ]
            journal = duplicates.journal(tx, done[-1].write_key) if done else None
        if not done or journal is None:
            raise FlowProblem(f"no merge of {loser} can be taken back; `firstcontact duplicates` lists them")
        row = done[-1]
        survivor = ask(self._crm, [row.survivor]).get(row.survivor)
        if survivor is None:
            raise FlowProblem(f"{row.survivor}, into which {loser} was merged, is not there any more")
        writes = undo_writes(connection, row.write_key, journal, survivor, self._crm.capabilities())
        undone = msgspec.structs.replace(row, state="undone", by=by, at=now)
        with self._ledger.write(Boundary.UNDO_MERGE) as tx:
            duplicates.keep(tx, [undone])
            writing.intend(tx, connection, writes, now)
        return undone

    def _may_go(self, record: Record) -> bool:
        return self._crm.capabilities().marks_ours and may_disappear(record)

    def _both(self, one: str, other: str) -> tuple[Record, Record]:
        if one == other:
            raise FlowProblem(f"{one} can't be merged into itself")
        read = ask(self._crm, [one, other])
        for id in (one, other):
            if id not in read or read[id].type != "contact":
                raise FlowProblem(f"there is no contact {id}")
        return read[one], read[other]

    # --- once a day -----------------------------------------------------------------------------------

    def due(self, now: int) -> bool:
        """Whether the day's search is due: it is on, and since the last one its time of day has come. On the
        first look it is noted that there was none, so that the first search is at its time."""
        settings = self._settings
        if not settings.dedupe or not self._crm.capabilities().change_feed:
            return False
        with self._ledger.read() as tx:
            last = deciding.fact(tx, self._fact)
        if not last:
            self._note(now)
            return False
        return int(last) < time_of_day_before(now, settings.dedupe_at, self._book.team.timezone)

    @property
    def _settings(self) -> Effective:
        return self._book.effective("", self._crm.connection)

    @property
    def _fact(self) -> str:
        return f"deduped_at:{self._crm.connection}"


def why_not_here(offered: Capabilities) -> str:
    """Why a CRM of these capabilities merges nothing by itself, as a sentence; empty where it does."""
    if not offered.merges_contacts:
        return f"{offered.title} can't merge contacts by its API: they are listed, for merging them there."
    if not offered.marks_ours:
        return (
            f"{offered.title} does not tell who made or edited a contact, so none may disappear by itself: "
            "they are listed, for merging them there."
        )
    return ""


def intend(tx: Connection, connection: str, merge: Merge, by: str, now: int) -> None:
    """The pair, its journal and the write that merges it. by: a user's id, or `BY_RULE`."""
    write = merge_write(connection, merge.loser.id, merge.survivor.id)
    row = _row(connection, merge.loser, merge.survivor, merge.likeness, "intended", by, now)
    duplicates.forget_pair(tx, connection, merge.loser.id, merge.survivor.id)
    duplicates.keep(tx, [row])
    duplicates.write_journal(
        tx, write.key, duplicates.journal_of(tx, connection, merge.loser, merge.survivor)
    )
    writing.intend(tx, connection, [write], now)


def time_of_day_before(now: int, time_of_day: str, zone: str) -> int:
    """The last moment up to now at which it was this time of day in the zone; microseconds."""
    hour, minute = (int(part) for part in time_of_day.split(":"))
    there = datetime.fromtimestamp(now / 1_000_000, tz=UTC).astimezone(ZoneInfo(zone))
    moment = datetime.combine(there.date(), time(hour, minute), tzinfo=there.tzinfo)
    if moment > there:
        moment = datetime.combine(there.date() - timedelta(days=1), time(hour, minute), tzinfo=there.tzinfo)
    return int(moment.timestamp() * 1_000_000)


def _row(
    connection: str,
    loser: Record,
    survivor: Record,
    likeness: Likeness,
    state: str,
    by: str,
    now: int,
    why: str = "",
) -> PairRow:
    return PairRow(
        write_key=merge_key(connection, loser.id, survivor.id),
        connection=connection,
        survivor=survivor.id,
        loser=loser.id,
        state=state,
        by=by,
        at=now,
        evidence=" ".join((*likeness.evidence, *likeness.against)),
        why=why,
    )


def _which_goes(suggestion: Suggestion) -> tuple[Record, Record]:
    """Which of two would go if a person said that they are one: ours, else the younger."""
    one, other = suggestion.one, suggestion.other
    if may_disappear(one) != may_disappear(other):
        return (one, other) if may_disappear(one) else (other, one)
    return (other, one) if (one.created_at, one.id) <= (other.created_at, other.id) else (one, other)
