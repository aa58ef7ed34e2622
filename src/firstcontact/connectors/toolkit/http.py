"""The HTTP client of a connector: one place where transport troubles get the contract's names.

What was not sent, or was refused before anything happened, is `TryAgain`. What was sent and got no readable
answer is `TryAgain` for a request that only reads, and `Lost` for one that writes: the connector says
`Unclear` of the writes that were in it.
"""

from __future__ import annotations

import json as json_module
import os
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx2

from firstcontact.connectors.contract import AuthLapsed, ConnectorError, Pace, TryAgain

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
AFTER_TROUBLE = 5.0
"""Seconds to wait after a trouble that says nothing of its length."""
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_BUSY = frozenset({429, 503})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""This machine, as hosts of addresses."""


class Lost(ConnectorError):
    """A request that writes was sent, and its answer did not come or cannot be read: it may have happened.
    Never leaves a connector: it becomes `Unclear` for each write concerned. answer: what came of it, where a
    protocol says in a failure's body that nothing happened (SOAP's faults)."""

    def __init__(self, sentence: str, answer: Answer | None = None) -> None:
        super().__init__(sentence)
        self.answer = answer


class NotLetIn(AuthLapsed):
    """401: the permission, or what stands in the request in its place, is not accepted. answer: what was
    said with it."""

    def __init__(self, sentence: str, answer: Answer) -> None:
        super().__init__(sentence)
        self.answer = answer


class Answer:
    """An answer that came: status, headers, bytes."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes, url: str) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.url = url

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json_module.loads(self.content)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300


class Auth(Protocol):
    """What puts a permission onto requests; see `toolkit.tokens`."""

    def headers(self) -> Mapping[str, str]:
        """Headers for the next request. Raises AuthLapsed, TryAgain."""

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The CRM answered 401 to a request with these headers: whether newer ones are there now, so that it
        is worth sending again. Raises AuthLapsed, TryAgain."""


class NoAuth:
    """Requests as they are."""

    def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """There is nothing newer."""
        del headers
        return False


class Http:
    """Requests to one CRM, safe to use from several threads and after a fork."""

    def __init__(
        self,
        title: str,
        base: str | Callable[[], str],
        *,
        auth: Auth | None = None,
        pace: Pace | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
        watch: Callable[[Answer], None] | None = None,
    ) -> None:
        """title: the CRM's name in sentences. base: what paths are seen from; a function where only the login
        tells it. watch: is shown every answer (limit headers)."""
        self._title = title
        self._base = base
        self._auth = auth or NoAuth()
        self._pace = pace
        self._headers = dict(headers or {})
        self._seconds = seconds
        self._watch = watch
        self._lock = threading.Lock()
        self._client: tuple[int, httpx2.Client] | None = None

    def close(self) -> None:
        """Let the connections go."""
        with self._lock:
            if self._client is not None and self._client[0] == os.getpid():
                self._client[1].close()
            self._client = None

    def read(self, method: str, path: str, **request: Any) -> Answer:
        """Send a request that changes nothing (`params`, `json`, `content`, `data`, `headers` as in httpx2).

        The answer may have any status but 401, 429, 503 and other 5xx. Raises TryAgain, AuthLapsed.
        """
        try:
            answer = self._send(method, path, request)
        except Lost as lost:
            raise TryAgain(str(lost), AFTER_TROUBLE) from lost
        if answer.status >= 500:
            raise TryAgain(f"{self._title} failed ({answer.status}).", retry_after(answer) or AFTER_TROUBLE)
        return answer

    def write(self, method: str, path: str, **request: Any) -> Answer:
        """Send a request that changes something. Raises TryAgain where nothing happened, AuthLapsed, Lost."""
        answer = self._send(method, path, request)
        if answer.status >= 500:
            raise Lost(f"{self._title} failed ({answer.status}) after it was told to write.", answer)
        return answer

    def read_json(self, method: str, path: str, **request: Any) -> tuple[Answer, Any]:
        """As `read`, with the body as JSON (None where there is none); what is no JSON is TryAgain."""
        answer = self.read(method, path, **request)
        try:
            return answer, answer.json() if answer.content else None
        except ValueError:
            sentence = f"{self._title} answered {answer.status} with something that is no JSON."
            raise TryAgain(sentence, AFTER_TROUBLE) from None

    def write_json(self, method: str, path: str, **request: Any) -> tuple[Answer, Any]:
        """As `write`, with the body as JSON (None where there is none); what is no JSON is Lost."""
        answer = self.write(method, path, **request)
        try:
            return answer, answer.json() if answer.content else None
        except ValueError:
            sentence = f"{self._title} answered {answer.status} with something that is no JSON."
            raise Lost(sentence) from None

    def _send(self, method: str, path: str, request: Mapping[str, Any]) -> Answer:
        given = dict(request.get("headers") or {})
        rest = {name: value for name, value in request.items() if name != "headers"}
        permission = dict(self._auth.headers())
        answer = self._once(method, path, {**self._headers, **given, **permission}, rest)
        if answer.status == 401 and self._auth.refused(permission):
            permission = dict(self._auth.headers())
            answer = self._once(method, path, {**self._headers, **given, **permission}, rest)
        if answer.status == 401:
            raise NotLetIn(f"{self._title} does not accept our login any more; connect again.", answer)
        if answer.status in _BUSY:
            wait = retry_after(answer) or AFTER_TROUBLE
            if self._pace is not None and answer.status == 429:
                self._pace.leave_alone(wait)
            raise TryAgain(f"{self._title} takes no more requests for now ({answer.status}).", wait)
        return answer

    def _once(self, method: str, path: str, headers: Mapping[str, str], rest: Mapping[str, Any]) -> Answer:
        url = self.url(path)
        if self._pace is not None:
            self._pace.take()
        try:
            answer = self._opened().request(method, url, headers=headers, **rest)
        except _NOT_SENT as error:
            name = type(error).__name__
            raise TryAgain(f"{self._title} cannot be reached ({name}).", AFTER_TROUBLE) from error
        except httpx2.HTTPError as error:
            raise Lost(f"{self._title} did not answer ({type(error).__name__}).") from error
        found = Answer(answer.status_code, answer.headers, answer.content, str(answer.url))
        if self._watch is not None:
            self._watch(found)
        return found

    def url(self, path: str) -> str:
        """Where a path is. Raises TryAgain for what is no address: a person wrote it, and can change it."""
        base = self._base() if callable(self._base) else self._base
        try:
            url = urljoin(base, path)
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
                return url
        except ValueError:
            pass
        sentence = f"The address of {self._title} is none that can be asked; it is written https://HOST."
        raise TryAgain(sentence, AFTER_TROUBLE)

    def _opened(self) -> httpx2.Client:
        with self._lock:
            if self._client is None or self._client[0] != os.getpid():
                self._client = (
                    os.getpid(),
                    httpx2.Client(
                        timeout=httpx2.Timeout(self._seconds, connect=CONNECT_SECONDS),
                        # Silent connections are closed by us first, so that none is used as it closes.
                        limits=httpx2.Limits(max_connections=32, keepalive_expiry=4.0),
                        follow_redirects=False,
                    ),
                )
            return self._client[1]


def is_private(address: str) -> bool:
    """Whether nobody on the way can read what is sent there: TLS, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.hostname or "") in LOOPBACK


def retry_after(answer: Answer) -> float:
    """Seconds of a `Retry-After` header (RFC 9110 §10.2.3), in either form; 0.0 where there is none."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, (at - date).total_seconds())
