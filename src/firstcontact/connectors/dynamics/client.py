"""Dataverse's Web API: everything goes as `$batch`, many reads or change sets in one request (apis A5).

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Dataverse said no to as a
whole; `send` raises `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from firstcontact.connectors.contract import Allowance, AuthLapsed, Opening, TryAgain
from firstcontact.connectors.dynamics import batch
from firstcontact.connectors.dynamics.batch import Answers, Broken, Operation, Part, Result
from firstcontact.connectors.dynamics.faults import NO_USER, THROTTLED, Fault, outcome, read_fault, words
from firstcontact.connectors.dynamics.names import TITLE
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost, is_private, retry_after
from firstcontact.connectors.toolkit.oauth import ask_token
from firstcontact.connectors.toolkit.tokens import Renewal, Tokens

SECONDS = 180.0
"""A thousand operations with an organisation's own plug-ins on them take their time."""
WINDOW = 300.0
"""Seconds over which requests are counted."""
REQUESTS = 6_000
PAGE = 5_000
"""Rows in a page at most."""
ANNOTATED = 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"'
"""A preference: of which table the row is that a lookup names."""
_LEFT = "x-ms-ratelimit-burst-remaining-xrm-requests"

Row = Mapping[str, Any]


class Refused(Exception):
    """Dataverse said no to something as a whole. Never leaves the connector."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{words(fault)} [{fault.status}]")
        self.fault = fault


class Rows(msgspec.Struct, frozen=True):
    """What a query found. cut: there were more than were asked for."""

    rows: list[Row]
    cut: bool = False


def renewal(http: Http, tenant: str, resource: str, now: Callable[[], int]) -> Renewal:
    """How an access token is had: client credentials of an app registration of Microsoft Entra."""

    def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
        if not is_private(resource):
            raise AuthLapsed(
                f"The login of {TITLE} would be used unencrypted; its url is to begin with https://."
            )
        form = {
            "grant_type": "client_credentials",
            "client_id": kept.get("client_id", ""),
            "client_secret": kept.get("client_secret", ""),
            "scope": f"{resource}/.default",
        }
        return ask_token(http, f"/{tenant}/oauth2/v2.0/token", form, now, TITLE)

    return renew


class Api:
    """Requests to one organisation, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        options = opening.options
        self._pace = opening.pace
        self._now = opening.now
        self._allowance: Allowance | None = None
        self._skew: int | None = None
        version = str(options["api_version"]).removeprefix("v")
        self.url = str(options["url"]).rstrip("/")
        self.root = f"/api/data/v{version}/"
        door = Http(TITLE, str(options["login_url"]).rstrip("/"))
        renew = renewal(door, str(options["tenant"]), self.url, opening.now)
        self._http = Http(
            TITLE,
            self.url,
            auth=Tokens(opening.credentials, renew, opening.now),
            pace=opening.pace,
            headers={
                "Accept": "application/json",
                "OData-MaxVersion": "4.0",
                "OData-Version": "4.0",
                # Without it a proxy may answer from memory (apis A5).
                "If-None-Match": "null",
            },
            seconds=SECONDS,
            watch=self._watch,
        )

    # --- what answers tell beside their contents ----------------------------------------------------------

    def allowance(self) -> Allowance | None:
        """What the last answer said of the limit."""
        return self._allowance

    def skew(self) -> int | None:
        """By how many microseconds Dataverse's clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Dataverse's."""
        return self._now() + min(0, self._skew or 0)

    def _watch(self, answer: Answer) -> None:
        left = answer.headers.get(_LEFT, "").partition(".")[0]
        if left.isascii() and left.isdigit():
            self._allowance = Allowance(REQUESTS, int(left), WINDOW)
            self._pace.heed(self._allowance)
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told

    # --- reading ------------------------------------------------------------------------------------------

    def ask(self, operations: Sequence[Operation]) -> list[Result]:
        """The answer to each operation that changes nothing, a thousand in a request."""
        found: list[Result] = []
        for begin in range(0, len(operations), batch.OPERATIONS):
            portion = operations[begin : begin + batch.OPERATIONS]
            for answers in self._batch(portion, writes=False):
                if answers is None:
                    raise TryAgain(f"{TITLE} left out parts of its answer.", AFTER_TROUBLE)
                found.append(answers[0])
        for result in found:
            self._heed(result)
        return found

    def asked(self, operation: Operation) -> Result:
        """The answer to one, which must be one of success. Raises Refused."""
        (result,) = self.ask([operation])
        return self.good(result)

    def good(self, result: Result) -> Result:
        """The answer, which must be one of success. Raises Refused, TryAgain, AuthLapsed."""
        if result.ok:
            return result
        fault = read_fault(result.status, result.body)
        if fault.code in NO_USER:
            raise AuthLapsed(_NOBODY)
        found = outcome(fault, _after(result))
        if isinstance(found, TryAgain):
            raise found
        raise Refused(fault)

    def rows(self, paths: Sequence[str], *, page: int = PAGE, most: int = 0) -> list[Rows]:
        """The rows of each query, over all their pages, those of all queries in one request as far as may be.

        most: a query with more pages than this is cut; 0: none is.
        """
        found = [Rows([]) for _ in paths]
        waiting = dict(enumerate(paths))
        turn = 0
        while waiting:
            turn += 1
            headers = {"Prefer": f"{ANNOTATED},odata.maxpagesize={page}"}
            answers = self.ask([Operation(path=path, headers=headers) for path in waiting.values()])
            following: dict[int, str] = {}
            for place, result in zip(list(waiting), answers, strict=True):
                body = self.good(result).body
                found[place].rows.extend(read_rows(body))
                link = self.link(body.get("@odata.nextLink"))
                if link and most and turn >= most:
                    found[place] = Rows(found[place].rows, cut=True)
                elif link:
                    following[place] = link
            waiting = following
        return found

    def link(self, link: object) -> str:
        """An address that an answer names, as the path of an operation."""
        if not isinstance(link, str) or not link:
            return ""
        parts = urlsplit(link)
        path = parts.path.removeprefix(self.root) if parts.netloc or link.startswith("/") else parts.path
        return f"{path}?{parts.query}" if parts.query else path

    # --- writing ------------------------------------------------------------------------------------------

    def send(self, parts: Sequence[Part]) -> list[Answers | None]:
        """The answers to parts that change something, which fit into one request; None for a part of which
        nobody can tell. Raises Lost."""
        found = self._batch(parts, writes=True)
        for answers in found:
            for result in answers or ():
                self._heed(result)
        return found

    def call(self, method: str, path: str, **request: Any) -> Any:
        """One request by itself that changes something: tables' definitions are none of a batch. Its answer's
        body. Raises Refused, Lost."""
        answer, body = self._http.write_json(method, f"{self.root}{path}", **request)
        self._checked(answer, body)
        return body

    # --- both ---------------------------------------------------------------------------------------------

    def _batch(self, parts: Sequence[Part], *, writes: bool) -> list[Answers | None]:
        content_type, content = batch.encode(parts, self.root)
        send = self._http.write if writes else self._http.read
        headers = {"Content-Type": content_type, "Prefer": "odata.continue-on-error"}
        answer = send("POST", f"{self.root}$batch", content=content, headers=headers)
        try:
            if not answer.ok:
                self._checked(answer, answer.json())
            return batch.decode(answer.headers.get("Content-Type", ""), answer.content, parts)
        except (Broken, ValueError) as error:
            sentence = f"{TITLE} answered {answer.status} with something that is no answer to a batch."
            if writes and answer.ok:
                raise Lost(sentence) from error
            raise TryAgain(sentence, AFTER_TROUBLE) from error

    def _checked(self, answer: Answer, body: Any) -> None:
        if answer.ok:
            return
        headers = {"retry-after": str(retry_after(answer))}
        self.good(Result(status=answer.status, headers=headers, body=body))

    def _heed(self, result: Result) -> None:
        """A part of a batch may meet the limit by itself."""
        if result.status == 429 or read_fault(result.status, result.body).code in THROTTLED:
            self._pace.leave_alone(_after(result) or AFTER_TROUBLE)


_NOBODY = (
    f"{TITLE} has no application user for this login in its environment, or it is disabled; "
    "an administrator adds it in the Power Platform admin center."
)


def read_rows(body: Any) -> list[Row]:
    """The rows of an answer. Raises TryAgain where it is none to a query."""
    rows = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise TryAgain(f"{TITLE} answered a query with something else.", AFTER_TROUBLE)
    return rows


def after(result: Result) -> float:
    """Seconds that an answer says to wait; 0.0 where it says none."""
    return _after(result)


def _after(result: Result) -> float:
    text = result.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text)) if text else 0.0
    except ValueError:
        return 0.0
