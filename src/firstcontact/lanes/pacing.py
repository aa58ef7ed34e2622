"""Pacing: a CRM connection's limits, kept by all workers together.

The state is one row of the ledger (`ledger.connecting`): a bucket of requests that fills at the rate the CRM
declares, and the moment until which it asked to be left alone. A wait of a few seconds is slept; a longer one
is `TryAgain`, so that the lane is given back and its work comes up again by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import (
    Allowance,
    Capabilities,
    Changes,
    Crm,
    Gone,
    Limited,
    Moved,
    Outcome,
    TryAgain,
)
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.ledger import connecting, leasing
from firstcontact.ledger.book import Ledger
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.planning.write import Receipt, Write

T = TypeVar("T")

SLEEP = 5.0
"""Seconds that are slept rather than tried again later."""

_KEPT_SECONDS = 60.0
_TOKEN = 1000
_MINUTE = 60_000_000


class Pacing:
    """The contract's `Pace` of one connection: asked before each request."""

    def __init__(
        self,
        ledger: Ledger,
        connection: str,
        capabilities: Capabilities,
        watch: Watch = SILENT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The limits are those of the capabilities, and what `heed` is told."""
        self._ledger = ledger
        self._connection = connection
        self._title = capabilities.title
        self._watch = watch
        self._sleep = sleep
        self._most, self._flow = _bucket(capabilities)
        self._heeded: Allowance | None = None
        self._heeded_at = 0.0

    def take(self) -> None:
        """See `Pace`."""
        while True:
            wait = self._take() if self._flow else self._blocked()
            if not wait:
                return
            if wait > SLEEP:
                raise TryAgain(f"{self._title} takes no more requests for now.", wait)
            self._sleep(wait)

    def leave_alone(self, seconds: float) -> None:
        """See `Pace`."""
        with self._ledger.write(Boundary.LEAVE_ALONE) as tx:
            until = leasing.clock(tx) + int(seconds * 1_000_000)
            if until > connecting.state(tx, self._connection).blocked_until:
                connecting.change(tx, self._connection, blocked_until=until)

    def heed(self, allowance: Allowance) -> None:
        """See `Pace`. What the CRM says of its limit is so for all workers; with nothing left, it is left
        alone. Most answers say nothing that others must know at once, and are not kept."""
        self._watch.quota(self._connection, allowance.left, allowance.limit)
        if not self._matters(allowance):
            return
        self._heeded, self._heeded_at = allowance, time.monotonic()
        with self._ledger.write(Boundary.KEEP_ALLOWANCE) as tx:
            state = connecting.state(tx, self._connection)
            values = {"quota": allowance.limit, "quota_left": allowance.left}
            if allowance.left <= 0:
                until = leasing.clock(tx) + int(allowance.resets_in * 1_000_000)
                values["blocked_until"] = max(state.blocked_until, until)
            elif allowance.left * _TOKEN < state.tokens:
                values["tokens"] = allowance.left * _TOKEN
            connecting.change(tx, self._connection, **values)

    def _matters(self, allowance: Allowance) -> bool:
        """Whether an answer is kept: less is left than may be sent at once, or it is a hundredth of the limit
        or a minute since the last one that was."""
        before = self._heeded
        if before is None or allowance.limit != before.limit or allowance.left <= 0:
            return True
        if allowance.left == before.left:
            return False
        if allowance.left < self._most:
            return True
        changed = abs(before.left - allowance.left) * 100 >= allowance.limit
        return changed or time.monotonic() - self._heeded_at > _KEPT_SECONDS

    def _blocked(self) -> float:
        """Seconds to wait, where the CRM declares no rate: then nothing is counted, and nothing written."""
        with self._ledger.read() as tx:
            now = leasing.clock(tx)
            return self._left_alone(connecting.state(tx, self._connection), now)

    def _left_alone(self, state: connecting.ConnectionState, now: int) -> float:
        """Seconds for which the CRM asked to be left alone; a clock that was set back adds none."""
        if now < state.blocked_until <= now + _LONGEST:
            return (state.blocked_until - now) / 1_000_000
        return 0.0

    def _take(self) -> float:
        """Take one request from the bucket; seconds to wait where there is none."""
        with self._ledger.write(Boundary.TAKE_TOKEN) as tx:
            now = leasing.clock(tx)
            state = connecting.state(tx, self._connection)
            wait = self._left_alone(state, now)
            if wait:
                return wait
            tokens = self._filled(state, now)
            if tokens >= _TOKEN:
                connecting.change(tx, self._connection, tokens=tokens - _TOKEN, filled_at=now)
                return 0.0
            connecting.change(tx, self._connection, tokens=tokens, filled_at=now)
            return (_TOKEN - tokens) * _MINUTE / (self._flow * _TOKEN) / 1_000_000

    def _filled(self, state: connecting.ConnectionState, now: int) -> int:
        """Thousandths of requests in the bucket now; a clock that was set back adds none."""
        if not state.filled_at:
            return self._most * _TOKEN
        passed = max(0, now - state.filled_at)
        return min(self._most * _TOKEN, state.tokens + passed * self._flow * _TOKEN // _MINUTE)


class Paced:
    """The contract's `Crm`, asked no faster than it allows: for one that is given no `Pace`."""

    def __init__(
        self,
        crm: Crm,
        ledger: Ledger,
        *,
        limited: Limited | None = None,
        watch: Watch = SILENT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The limits are those of `crm.capabilities()`, and what `limited` says, where there is one."""
        self.connection = crm.connection
        self._crm = crm
        self._limited = limited
        self.pace = Pacing(ledger, crm.connection, crm.capabilities(), watch, sleep)

    def capabilities(self) -> Capabilities:
        """See `Crm`; no request."""
        return self._crm.capabilities()

    def users(self) -> tuple[CrmUser, ...]:
        """See `Crm`."""
        return self._paced(self._crm.users)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.find(handles))

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.read(ids))

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.accounts(domains, phones))

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.matters(contacts))

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.apply(writes))

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """See `Crm`."""
        return self._paced(lambda: self._crm.written(keys))

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`."""
        return self._paced(lambda: self._crm.changed_since(cursor))

    def size(self) -> int:
        """See `Crm`."""
        return self._paced(self._crm.size)

    def _paced(self, call: Callable[[], T]) -> T:
        self.pace.take()
        try:
            return call()
        except TryAgain as error:
            if error.after:
                self.pace.leave_alone(error.after)
            raise
        finally:
            allowance = self._limited.allowance() if self._limited is not None else None
            if allowance is not None:
                self.pace.heed(allowance)


def _bucket(offered: Capabilities) -> tuple[int, int]:
    """How many requests the bucket holds, and how many flow in over a minute: together they are the limit of
    a minute, or of a second, so that none has more. (0, 0) where there is no limit."""
    if offered.requests_per_second:
        return 1, max(1, offered.requests_per_second - 1) * 60
    rate = offered.requests_per_minute
    most = max(1, rate // 10)
    return most, max(1, rate - most) if rate else 0


_LONGEST = 25 * 3_600_000_000
"""No CRM asks to be left alone for longer than a day; a later moment is from a clock that was set back."""


def paced(crm: Crm, ledger: Ledger, connector: object, watch: Watch = SILENT) -> Crm:
    """The CRM with its limits kept, where it has any. connector: what `crm` stands around, if anything."""
    limited = connector if isinstance(connector, Limited) else None
    offered = crm.capabilities()
    if offered.requests_per_minute or offered.requests_per_second or limited is not None:
        return Paced(crm, ledger, limited=limited, watch=watch)
    return crm
