"""`WatchedCrm`: a CRM connection whose every call is timed and told to a `Watch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TypeVar

from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Changes,
    Crm,
    Exists,
    Gone,
    Moved,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.operating.watch import Answer, Watch
from firstcontact.planning.write import Receipt, Write

T = TypeVar("T")

_ANSWERS: dict[type, Answer] = {
    TryAgain: "try_again",
    Unclear: "unclear",
    AuthLapsed: "auth_lapsed",
    Rejected: "rejected",
    Exists: "exists",
    MovedTo: "moved",
}


def answer_of(outcome: object) -> Answer:
    """The name of an outcome or error of the contract; `failed` for an error that is none of it."""
    named = _ANSWERS.get(type(outcome))
    if named is not None:
        return named
    return "failed" if isinstance(outcome, BaseException) else "ok"


class WatchedCrm:
    """The contract's `Crm`, told call by call. It changes nothing: what the CRM answers or raises goes on."""

    def __init__(self, crm: Crm, watch: Watch) -> None:
        self.connection = crm.connection
        self._crm = crm
        self._watch = watch

    def capabilities(self) -> Capabilities:
        """See `Crm`; no call, since it is constant."""
        return self._crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._told("users", 0, self._crm.users)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`."""
        return self._told("find", len(handles), lambda: self._crm.find(handles))

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`."""
        return self._told("read", len(ids), lambda: self._crm.read(ids))

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        asked = len(domains) + len(phones)
        return self._told("accounts", asked, lambda: self._crm.accounts(domains, phones))

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`."""
        return self._told("matters", len(contacts), lambda: self._crm.matters(contacts))

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `Crm`. Told as one call, with the most serious of its answers."""
        return self._told("apply", len(writes), lambda: self._crm.apply(writes), _worst)

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`."""
        return self._told("written", len(keys), lambda: self._crm.written(keys))

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._told("changed_since", 0, lambda: self._crm.changed_since(cursor))

    def size(self) -> int:
        """See `Crm`."""
        return self._told("size", 0, self._crm.size)

    def _told(
        self, method: str, items: int, ask: Callable[[], T], named: Callable[[T], Answer] = answer_of
    ) -> T:
        start = perf_counter()
        try:
            answer = ask()
        except BaseException as error:
            self._watch.call(self.connection, method, answer_of(error), perf_counter() - start, items)
            raise
        self._watch.call(self.connection, method, named(answer), perf_counter() - start, items)
        return answer


_WORST: tuple[Answer, ...] = ("unclear", "try_again", "rejected", "exists", "moved")


def _worst(outcomes: Sequence[Outcome]) -> Answer:
    """What a call of many writes is counted as."""
    answers = {answer_of(outcome) for outcome in outcomes}
    return next((answer for answer in _WORST if answer in answers), "ok")
