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
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ContactFields, Receipt, Write

FindFault = Literal["unknown", "try_again", "auth_lapsed"]
ApplyFault = Literal["lost_answer", "try_again", "auth_lapsed"]


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How often each bad thing happens, as a share of the chances it has (0 never, 1 always).

    find_unknown: per handle. find_try_again, auth_lapsed, slow: per call.
    try_again: per write, before it is sent. lost_answer: per write, after it was carried out.
    exists: per contact to be made whose handle is on a record already, as a duplicate rule sees it.
    """

    find_unknown: float = 0.0
    find_try_again: float = 0.0
    try_again: float = 0.0
    lost_answer: float = 0.0
    exists: float = 0.0
    auth_lapsed: float = 0.0
    slow: float = 0.0


class Mischief(msgspec.Struct, frozen=True):
    """One bad thing done: the number of the call it was in, its name, and the handle, id or write key."""

    call: int
    what: str
    subject: str = ""


class Hostile:
    """A CRM that fails as its `rates` say.

    search_lag: for how many of the following `find` calls a contact made through here is not found, while
    `read` and `written` know it at once. after: seconds that every TryAgain names. pause: called where
    the CRM is slow, by default not at all. region: in which numbers of writes are read.
    """

    def __init__(
        self,
        crm: Crm,
        seed: int = 0,
        rates: Rates | None = None,
        *,
        search_lag: int = 0,
        after: float = 60.0,
        pause: Callable[[], None] = lambda: None,
        region: str = "US",
    ) -> None:
        self.crm = crm
        self.connection = crm.connection
        self.done: list[Mischief] = []
        self._rates = rates or Rates()
        self._random = random.Random(seed)
        self._search_lag = search_lag
        self._after = after
        self._pause = pause
        self._region = region
        self._lagging: dict[str, int] = {}
        self._next_find: list[FindFault] = []
        self._next_apply: list[ApplyFault] = []
        self._calls = 0
        self._lock = RLock()

    # --- on demand -------------------------------------------------------------------------------

    def next_find(self, fault: FindFault) -> None:
        """Let the next `find` fail, for all of its handles. Several wait their turn."""
        self._next_find.append(fault)

    def next_apply(self, fault: ApplyFault) -> None:
        """Let the next `apply` fail, for all of its writes. Several wait their turn."""
        self._next_apply.append(fault)

    # --- the contract, with faults ---------------------------------------------------------------

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """What the CRM finds, without what its search does not know yet, and unknown as the rates say."""
        with self._lock:
            self._call()
            fault = self._next_find.pop(0) if self._next_find else None
            self._interrupt(fault, self._rates.find_try_again)
            self._lagging = {id: calls - 1 for id, calls in self._lagging.items()}
            hidden = {id for id, calls in self._lagging.items() if calls >= 0}
            found = self.crm.find(handles)
            return {key: self._finding(key, one, fault, hidden) for key, one in found.items()}

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """What the CRM answers; some writes are never sent, of some the answer is lost."""
        with self._lock:
            self._call()
            fault = self._next_apply.pop(0) if self._next_apply else None
            self._interrupt(fault if fault == "auth_lapsed" else None, 0.0)
            refused = {index: self._refusal(write, fault) for index, write in enumerate(writes)}
            sent = [index for index, refusal in refused.items() if refusal is None]
            answers = dict(zip(sent, self.crm.apply([writes[index] for index in sent]), strict=True))
            return [
                refusal if refusal is not None else self._answer(writes[index], answers[index], fault)
                for index, refusal in refused.items()
            ]

    def capabilities(self) -> Capabilities:
        """The CRM's own."""
        return self.crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """The CRM's own; AuthLapsed by the rates, as every other look-up here."""
        self._look()
        return self.crm.users()

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """The CRM's own, without any lag."""
        self._look()
        return self.crm.read(ids)

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
        """The CRM's own."""
        self._look()
        return self.crm.changed_since(cursor)

    def size(self) -> int:
        """The CRM's own."""
        self._look()
        return self.crm.size()

    # --- deciding by the seed ---------------------------------------------------------------------

    def _call(self) -> None:
        self._calls += 1
        if self._chance(self._rates.slow):
            self._note("slow")
            self._pause()

    def _look(self) -> None:
        with self._lock:
            self._call()
            self._interrupt(None, 0.0)

    def _interrupt(self, fault: str | None, try_again: float) -> None:
        """The faults of a whole call, before anything of it happens."""
        if fault == "auth_lapsed" or self._chance(self._rates.auth_lapsed):
            self._note("auth_lapsed")
            raise AuthLapsed("The connection's permission has lapsed.")
        if fault == "try_again" or self._chance(try_again):
            self._note("try_again")
            raise TryAgain("The CRM is busy.", self._after)

    def _finding(self, key: str, found: Finding, fault: str | None, hidden: set[str]) -> Finding:
        if fault == "unknown" or self._chance(self._rates.find_unknown):
            self._note("find_unknown", key)
            return Finding("unknown", why="The search timed out.")
        records = tuple(record for record in found.records if record.id not in hidden)
        if len(records) == len(found.records):
            return found
        self._note("search_lag", key)
        return msgspec.structs.replace(found, records=records) if records else ABSENT

    def _refusal(self, write: Write, fault: str | None) -> Outcome | None:
        """What is answered in place of sending the write; None to send it."""
        if fault == "try_again" or self._chance(self._rates.try_again):
            self._note("try_again", write.key)
            return TryAgain("The CRM is busy.", self._after)
        if write.kind == "create_contact" and self._chance(self._rates.exists):
            return self._duplicate(write)
        return None

    def _duplicate(self, write: Write) -> Outcome | None:
        assert isinstance(write.fields, ContactFields)
        readings = [read_email_field(text) for text in write.fields.emails]
        readings += [read_phone_field(text, self._region) for text in write.fields.phones]
        handles = [handle for reading in readings for handle in reading.handles]
        records = [record for one in self.crm.find(handles).values() for record in one.records]
        if not records:
            return None
        self._note("exists", write.key)
        sentence = f"A {records[0].type} with this handle exists."
        return Exists(sentence, records[0].type, records[0].id)

    def _answer(self, write: Write, outcome: Outcome, fault: str | None) -> Outcome:
        if not isinstance(outcome, Receipt):
            return outcome
        if outcome.created and write.kind == "create_contact" and self._search_lag:
            self._lagging[outcome.id] = self._search_lag
        if fault == "lost_answer" or self._chance(self._rates.lost_answer):
            self._note("lost_answer", write.key)
            return Unclear("The CRM did not answer in time.", write.key)
        return outcome

    def _chance(self, rate: float) -> bool:
        """A rate of 0 draws nothing, so that switching one fault on does not move the others."""
        return rate > 0 and self._random.random() < rate

    def _note(self, what: str, subject: str = "") -> None:
        self.done.append(Mischief(self._calls, what, subject))
