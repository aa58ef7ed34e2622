"""`ServedCrm`: the contract over HTTP, with the troubles of HTTP as the contract's errors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import httpx2
import msgspec

from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Changes,
    Gone,
    Moved,
    NotOffered,
    Outcome,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write
from firstcontact.testing.served import wire

AFTER_TROUBLE = 30.0
"""Seconds until a request that did not get through is worth repeating."""

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""No connection was had, so nothing of the request left."""
REFUSED = (429, 503)
"""The server says that it has not looked at the request."""
DECODERS = {name: msgspec.msgpack.Decoder(method.answered) for name, method in wire.METHODS.items()}


class _Lost(Exception):
    """The request may have arrived; what became of it was not heard."""


class ServedCrm:
    """A `contract.Crm` at an address. Threads may share it; after a fork it opens connections of its own.

    address: as `http://127.0.0.1:8000`. capabilities: what the CRM there offers, which a connector knows.
    seconds: how long one answer may take.
    """

    def __init__(
        self, address: str, token: str, connection: str, capabilities: Capabilities, *, seconds: float = 20.0
    ) -> None:
        self.connection = connection
        self._address = address
        self._token = token
        self._seconds = seconds
        self._capabilities = capabilities
        self._http: tuple[int, httpx2.Client] | None = None
        self._lock = Lock()

    def close(self) -> None:
        """Let the connections go."""
        with self._lock:
            if self._http is not None and self._http[0] == os.getpid():
                self._http[1].close()
            self._http = None

    # --- the contract ----------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        """What the CRM behind the address offers."""
        return self._capabilities

    def users(self) -> tuple[CrmUser, ...]:
        """All users of the CRM."""
        users: tuple[CrmUser, ...] = self._look("users")
        return users

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """What the CRM's search says of each handle."""
        found: dict[str, Finding] = self._look("find", tuple(handles))
        return found

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Contacts and leads by id."""
        found: wire.Read = self._look("read", tuple(ids))
        moved = {id: Moved(id, into) for id, into in found.moved.items()}
        return {**found.records, **moved, **{id: Gone(id) for id in found.gone}}

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """Accounts by domain and number."""
        accounts: tuple[Account, ...] = self._look("accounts", tuple(domains), tuple(phones))
        return accounts

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of contacts."""
        matters: tuple[Matter, ...] = self._look("matters", tuple(contacts))
        return matters

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out writes in one request. Where its answer is lost, each of them is unclear."""
        if not writes:
            return []
        try:
            answers: tuple[wire.Answer, ...] = self._ask("apply", tuple(writes))
        except _Lost as lost:
            return [Unclear(str(lost), write.key) for write in writes]
        return [wire.outcome(each) for each in answers]

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts by write key."""
        receipts: dict[str, Receipt] = self._look("written", tuple(keys))
        return receipts

    def changed_since(self, cursor: str) -> Changes:
        """The change feed."""
        changes: Changes = self._look("changed_since", cursor)
        return changes

    def size(self) -> int:
        """How many contacts there are."""
        size: int = self._look("size")
        return size

    # --- HTTP ------------------------------------------------------------------------------------

    def _look(self, method: str, *arguments: Any) -> Any:
        """Ask for something that changes nothing, so that an answer lost is a question to repeat."""
        try:
            return self._ask(method, *arguments)
        except _Lost as lost:
            raise TryAgain(str(lost), AFTER_TROUBLE) from lost

    def _ask(self, method: str, *arguments: Any) -> Any:
        """The answer to one request. Raises TryAgain, AuthLapsed, NotOffered, _Lost."""
        body = wire.encode(arguments)
        try:
            answer = self._client().post(f"/crm/{method}", content=body)
        except NOT_SENT as error:
            sentence = f"The CRM cannot be reached ({type(error).__name__})."
            raise TryAgain(sentence, AFTER_TROUBLE) from error
        except httpx2.HTTPError as error:
            raise _Lost(f"The CRM did not answer ({type(error).__name__}).") from error
        if answer.status_code == 200:
            try:
                return DECODERS[method].decode(answer.content)
            except msgspec.DecodeError as error:
                raise _Lost("The CRM's answer cannot be read.") from error
        raise _trouble(answer)

    def _client(self) -> httpx2.Client:
        with self._lock:
            if self._http is None or self._http[0] != os.getpid():
                self._http = (os.getpid(), self._opened())
            return self._http[1]

    def _opened(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self._address,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": wire.CONTENT_TYPE},
            timeout=httpx2.Timeout(self._seconds, connect=5.0),
            # Shorter than the server keeps a silent connection, so that none is used as it closes.
            limits=httpx2.Limits(max_connections=64, keepalive_expiry=10.0),
            trust_env=False,
        )


def _trouble(answer: httpx2.Response) -> Exception:
    """The error that a status stands for."""
    status = answer.status_code
    if status in REFUSED:
        return TryAgain(f"The CRM is busy ({status}).", _seconds(answer.headers.get("Retry-After", "")))
    if status == 401:
        return AuthLapsed("The CRM does not know our token any more.")
    if status >= 500:
        return _Lost(f"The CRM failed ({status}).")
    return NotOffered(answer.text or f"the CRM refused a request with {status}")


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else AFTER_TROUBLE
