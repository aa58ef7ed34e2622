"""`Hostile`: any CRM with the bad days that real ones have, by seed or on demand.

It stands in front of a `contract.Crm` and is one itself. What it does is decided by the seed and the order
of the calls alone, and it keeps an account of it (`done`), so a failing story can be told again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Literal

import msgspec

from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Changes,
    Crm,
    Exists,
    Gone,
    Moved,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    CreatedBy,
    Existing,
    Receipt,
    Target,
    Write,
)
from firstcontact.testing.bystander import Bystander, Deed

FindFault = Literal["unknown", "try_again", "auth_lapsed"]
ApplyFault = Literal["lost_answer", "lost_request", "cut", "try_again", "rejected", "auth_lapsed"]

Fate = Literal["", "lost_request", "lost_answer"]

HOUR = 3_600_000_000
"""In microseconds: by so much a clock is off that was set to the wrong zone."""

_SILENCES = (
    "No answer came in time.",
    "The connection was cut in the answer.",
    "The CRM answered 500.",
)
_MARK = " page "


class Rates(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """How often each bad thing happens, as a share of the chances it has (0 never, 1 always).

    find_unknown: per handle. find_try_again: per `find`; read_try_again: per other look-up.
    apply_try_again, auth_lapsed, slow: per call. try_again: per write, before it is sent.
    lost_request: per write, which did not arrive; lost_answer: per write, after it was carried out; cut: per
        `apply`, of whose writes the first few are carried out. All three are answered Unclear.
    rejected: per write key, for one of its fields, until `lift_rules`.
    exists: per contact to be made whose handle is on a record already, as a duplicate rule sees it.
    adds, edits, deletes, merges: per `find` that is over, what the bystander does to somebody whom it is
        about; and per `apply` that begins, but for edits, which no CRM can tell us of in time.
    """

    find_unknown: float = 0.0
    find_try_again: float = 0.0
    read_try_again: float = 0.0
    apply_try_again: float = 0.0
    try_again: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    cut: float = 0.0
    rejected: float = 0.0
    exists: float = 0.0
    auth_lapsed: float = 0.0
    slow: float = 0.0
    adds: float = 0.0
    edits: float = 0.0
    deletes: float = 0.0
    merges: float = 0.0


class Mischief(msgspec.Struct, frozen=True):
    """One bad thing done: the number of the call it was in, its name, and the handle, id or write key."""

    call: int
    what: str
    subject: str = ""


class Hostile:
    """A CRM that fails as its `rates` say.

    search_lag: for how many seconds a contact made through here is not found, while `read` and `written`
    know it at once. clock: the time in microseconds; by default every `find` takes a second.
    lapse: how many calls fail once the permission has lapsed. after: seconds that every TryAgain names.
    page: most records in a page of the change feed, of which the next page begins with the last one again.
    clock_off: microseconds by which the CRM's clock is ahead. bystander: who meddles meanwhile.
    pause: called where the CRM is slow, by default not at all. region: in which numbers of writes are read.
    """

    def __init__(
        self,
        crm: Crm,
        seed: int = 0,
        rates: Rates | None = None,
        *,
        search_lag: float = 0,
        clock: Callable[[], int] | None = None,
        lapse: int = 1,
        after: float = 60.0,
        page: int = 0,
        clock_off: int = 0,
        bystander: Bystander | None = None,
        pause: Callable[[], None] = lambda: None,
        region: str = "US",
    ) -> None:
        self.crm = crm
        self.connection = crm.connection
        self.done: list[Mischief] = []
        self._calls = self._finds = self._lapsed = 0
        self._rates = rates or Rates()
        self._random = random.Random(seed)
        self._search_lag = int(search_lag * 1_000_000)
        self._clock = clock or (lambda: self._finds * 1_000_000)
        self._lapse = lapse
        self._after = after
        self._page = page
        self._clock_off = clock_off
        self._bystander = bystander
        self._pause = pause
        self._region = region
        self._made: dict[str, int] = {}
        self._refused: dict[str, bool] = {}
        self._pages: dict[str, list[Changes]] = {}
        self._next_find: list[FindFault] = []
        self._next_apply: list[ApplyFault] = []
        self._lock = RLock()

    # --- on demand -------------------------------------------------------------------------------

    def next_find(self, fault: FindFault) -> None:
        """Let the next `find` fail, for all of its handles. Several wait their turn."""
        self._next_find.append(fault)

    def next_apply(self, fault: ApplyFault) -> None:
        """Let the next `apply` fail, for all of its writes. Several wait their turn."""
        self._next_apply.append(fault)

    def lift_rules(self) -> None:
        """An admin removes the rules by which writes are refused: none is from here on."""
        self._rates = msgspec.structs.replace(self._rates, rejected=0.0)
        self._refused.clear()

    # --- the contract, with faults ---------------------------------------------------------------

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """What the CRM finds, without what its search does not know yet, and unknown as the rates say."""
        with self._lock:
            fault = self._next_find.pop(0) if self._next_find else None
            self._call(fault, self._rates.find_try_again)
            self._finds += 1
            now = self._clock()
            hidden = {id for id, made in self._made.items() if now - made <= self._search_lag}
            found = self.crm.find(handles)
            told = {key: self._finding(key, one, fault, hidden) for key, one in found.items()}
            self._meddle(("adds", "edits", "deletes", "merges"), handles)
            return told

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """What the CRM answers; some writes are never sent, of some the answer is lost."""
        with self._lock:
            fault = self._next_apply.pop(0) if self._next_apply else None
            self._call(fault if fault == "auth_lapsed" else None, self._rates.apply_try_again)
            self._meddle(("adds", "deletes", "merges"), self._concerned(writes))
            told = [self._refusal(write, fault) for write in writes]
            _hold_back(writes, told)
            fates = self._fates([index for index, refusal in enumerate(told) if refusal is None], fault)
            _lose_together(writes, fates)
            arrived = [index for index, fate in fates.items() if fate != "lost_request"]
            answers = self.crm.apply([writes[index] for index in arrived])
            for index, outcome in zip(arrived, answers, strict=True):
                self._remember(writes[index], outcome)
                told[index] = outcome
            for index, fate in fates.items():
                if fate:
                    self._note(fate, writes[index].key)
                    told[index] = Unclear(self._random.choice(_SILENCES), writes[index].key)
            return [outcome for outcome in told if outcome is not None]

    def capabilities(self) -> Capabilities:
        """The CRM's own."""
        return self.crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """The CRM's own."""
        self._look()
        return self.crm.users()

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """The CRM's own, without any lag."""
        self._look()
        return {
            id: self._off(one) if isinstance(one, Record) else one for id, one in self.crm.read(ids).items()
        }

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """The CRM's own."""
        self._look()
        return self.crm.accounts(domains, phones)

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """The CRM's own."""
        self._look()
        return self.crm.matters(contacts)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """The CRM's own, without any lag."""
        self._look()
        return self.crm.written(keys)

    def changed_since(self, cursor: str) -> Changes:
        """The CRM's own in smaller pages, each beginning with what the one before it ended with."""
        self._look()
        with self._lock:
            start, _, number = cursor.rpartition(_MARK) if _MARK in cursor else (cursor, "", "")
            if number and start in self._pages:
                return self._pages[start][int(number)]
            # A page that is not known any more is read again from its start.
            self._pages = {start: self._paged(start, self.crm.changed_since(start))}
            return self._pages[start][0]

    def size(self) -> int:
        """The CRM's own."""
        self._look()
        return self.crm.size()

    # --- the faults of a whole call ---------------------------------------------------------------

    def _look(self) -> None:
        with self._lock:
            self._call(None, self._rates.read_try_again)

    def _call(self, fault: str | None, try_again: float) -> None:
        """Before anything of a call happens."""
        self._calls += 1
        if self._chance(self._rates.slow):
            self._note("slow")
            self._pause()
        if not self._lapsed and (fault == "auth_lapsed" or self._chance(self._rates.auth_lapsed)):
            self._lapsed = self._lapse
        if self._lapsed:
            self._lapsed -= 1
            self._note("auth_lapsed")
            raise AuthLapsed("The connection's permission has lapsed.")
        if fault == "try_again" or self._chance(try_again):
            self._note("try_again")
            raise TryAgain("The CRM is busy.", self._after)

    # --- looking up -----------------------------------------------------------------------------------

    def _finding(self, key: str, found: Finding, fault: str | None, hidden: set[str]) -> Finding:
        if fault == "unknown" or self._chance(self._rates.find_unknown):
            self._note("find_unknown", key)
            return Finding("unknown", why="The search timed out.")
        records = tuple(self._off(record) for record in found.records if record.id not in hidden)
        if len(records) < len(found.records):
            self._note("search_lag", key)
            return msgspec.structs.replace(found, records=records) if records else ABSENT
        return msgspec.structs.replace(found, records=records) if self._clock_off else found

    def _off(self, record: Record) -> Record:
        """The record with the times of the CRM's own clock; 0 is no time."""
        if not self._clock_off:
            return record
        return msgspec.structs.replace(
            record,
            created_at=record.created_at and record.created_at + self._clock_off,
            last_activity_at=record.last_activity_at and record.last_activity_at + self._clock_off,
        )

    def _paged(self, start: str, changes: Changes) -> list[Changes]:
        size = self._page or len(changes.records) or 1
        records = [self._off(record) for record in changes.records]
        cuts = range(0, max(len(records), 1), size)
        pages = [
            Changes(tuple(records[max(cut - 1, 0) : cut + size]), (), f"{start}{_MARK}{number}", more=True)
            for number, cut in enumerate(cuts, 1)
        ]
        if len(pages) > 1:
            self._note("page_boundary", start)
        pages[-1] = msgspec.structs.replace(changes, records=pages[-1].records)
        return pages

    # --- writing ----------------------------------------------------------------------------------

    def _refusal(self, write: Write, fault: str | None) -> Outcome | None:
        """What is answered in place of sending the write; None to send it."""
        if fault == "try_again" or self._chance(self._rates.try_again):
            self._note("try_again", write.key)
            return TryAgain("The CRM is busy.", self._after)
        if self._is_refused(write, fault):
            self._note("rejected", write.key)
            name = next(name for name, value in msgspec.structs.asdict(write.fields).items() if value)
            return Rejected(f"A rule does not let this {name} in.", (name,))
        if write.kind == "create_contact" and self._chance(self._rates.exists):
            return self._duplicate(write)
        return None

    def _is_refused(self, write: Write, fault: str | None) -> bool:
        if fault == "rejected":
            return True
        if self._rates.rejected and write.key not in self._refused:
            self._refused[write.key] = self._chance(self._rates.rejected)
        return self._refused.get(write.key, False)

    def _duplicate(self, write: Write) -> Outcome | None:
        records = [r for one in self.crm.find(self._handles(write)).values() for r in one.records]
        if not records:
            return None
        self._note("exists", write.key)
        sentence = f"A {records[0].type} with this handle exists."
        return Exists(sentence, records[0].type, records[0].id)

    def _fates(self, sent: Sequence[int], fault: str | None) -> dict[int, Fate]:
        """What becomes of each write that is sent; a cut is in the answer to the first ones."""
        if sent and (fault == "cut" or self._chance(self._rates.cut)):
            self._note("cut")
            done = self._random.randrange(len(sent))
            return {i: "lost_answer" if n < done else "lost_request" for n, i in enumerate(sent)}
        return {index: self._fate(fault) for index in sent}

    def _fate(self, fault: str | None) -> Fate:
        if fault == "lost_request" or self._chance(self._rates.lost_request):
            return "lost_request"
        return "lost_answer" if fault == "lost_answer" or self._chance(self._rates.lost_answer) else ""

    def _remember(self, write: Write, outcome: Outcome) -> None:
        """What was made just now, which the search is to find later."""
        if isinstance(outcome, Receipt) and outcome.created and write.kind == "create_contact":
            self._made[outcome.id] = self._clock()

    # --- deciding by the seed ---------------------------------------------------------------------

    def _meddle(self, deeds: Sequence[Deed], handles: Sequence[Handle]) -> None:
        """The bystander comes between a look-up and what is done for it."""
        if self._bystander is None:
            return
        for deed in deeds:
            if self._chance(getattr(self._rates, deed)):
                id = self._bystander.acts(deed, self.crm, handles, self._random)
                if id:
                    self._note(deed, id)

    def _concerned(self, writes: Sequence[Write]) -> list[Handle]:
        """Handles of the contacts that the writes make or point at."""
        handles = [handle for write in writes for handle in self._handles(write)]
        targets = [target for write in writes for target in (write.target, *_people(write))]
        ids = [each.id for each in targets if isinstance(each, Existing) and each.record == "contact"]
        records = self.crm.read(ids).values() if ids and self._bystander else ()
        return handles + [h for one in records if isinstance(one, Record) for h in one.handles]

    def _handles(self, write: Write) -> list[Handle]:
        if not isinstance(write.fields, ContactFields):
            return []
        readings = [read_email_field(text) for text in write.fields.emails]
        readings += [read_phone_field(text, self._region) for text in write.fields.phones]
        return [handle for reading in readings for handle in reading.handles]

    def _chance(self, rate: float) -> bool:
        """A rate of 0 draws nothing, so that switching one fault on does not move the others."""
        return rate > 0 and self._random.random() < rate

    def _note(self, what: str, subject: str = "") -> None:
        self.done.append(Mischief(self._calls, what, subject))


def _people(write: Write) -> tuple[Target, ...]:
    return write.fields.people if isinstance(write.fields, ActivityFields) else ()


def _hold_back(writes: Sequence[Write], told: list[Outcome | None]) -> None:
    """What points at a write of the same call that is not sent is not sent either
    (`Capabilities.applies_together`)."""
    for index, makers in _pointing(writes):
        if told[index] is None and any(told[maker] is not None for maker in makers):
            told[index] = TryAgain("What this points at has not been written.")


def _lose_together(writes: Sequence[Write], fates: dict[int, Fate]) -> None:
    """Nor does it arrive where that one did not."""
    for index, makers in _pointing(writes):
        if index in fates and any(fates.get(maker) == "lost_request" for maker in makers):
            fates[index] = "lost_request"


def _pointing(writes: Sequence[Write]) -> list[tuple[int, list[int]]]:
    """The place of each write that points at others of the same call, with theirs, in the order of waves."""
    places = {write.key: index for index, write in enumerate(writes)}
    found = []
    for index, write in enumerate(writes):
        targets = (*getattr(write.fields, "people", ()), getattr(write.fields, "account", None))
        keys = [one.write_key for one in targets if isinstance(one, CreatedBy)]
        if makers := [places[key] for key in keys if key in places]:
            found.append((index, makers))
    return sorted(found, key=lambda one: writes[one[0]].kind != "create_contact")
