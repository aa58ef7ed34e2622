"""Salesforce's REST API: addresses, errors, paging and composite requests (apis A1); and its SOAP API, for
what REST has not.

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Salesforce said no to;
those that write raise `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn

import msgspec

from firstcontact.connectors.contract import Allowance, AuthLapsed, Opening, TryAgain
from firstcontact.connectors.salesforce import login, soap, soql
from firstcontact.connectors.salesforce.faults import (
    CLOSED,
    ENDED,
    QUOTA,
    QUOTA_SECONDS,
    SLOW,
    Fault,
    has,
    outcome,
    read_faults,
)
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost
from firstcontact.connectors.toolkit.tokens import Tokens

SECONDS = 180.0
"""An answer to a thousand records with an organisation's own triggers on them takes its time."""
SUBREQUESTS = 25
QUERIES = 5
"""At most this many of the requests in a composite one may be queries or collections."""
COLLECTION = 200

Row = Mapping[str, Any]
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Refused(Exception):
    """Salesforce said no to a whole request. Never leaves the connector."""

    def __init__(self, status: int, faults: tuple[Fault, ...]) -> None:
        said = "; ".join(f"{fault.code} {fault.message}" for fault in faults)
        super().__init__(f"Salesforce answered {status}: {said}")
        self.status = status
        self.faults = faults


class TooSlow(TryAgain):
    """Salesforce gave up on a query that takes it too long."""


class Part(msgspec.Struct, frozen=True):
    """One request of a composite one: `url` as in `Api.url`; `name` is what others refer to it by."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    url: str
    name: str
    body: Any = None
    headers: Mapping[str, str] | None = None

    def plain(self) -> dict[str, Any]:
        """As it is sent."""
        sent: dict[str, Any] = {"method": self.method, "url": self.url, "referenceId": self.name}
        if self.headers:
            sent["httpHeaders"] = dict(self.headers)
        return sent if self.body is None else {**sent, "body": self.body}


class Api:
    """Requests to one organisation, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        options = opening.options
        self._pace = opening.pace
        self._now = opening.now
        self._allowance: Allowance | None = None
        self._skew: int | None = None
        self._version = str(options["api_version"]).removeprefix("v")
        address = str(options["login_url"]).rstrip("/")
        door = Http(login.TITLE, address)
        renew = login.renewal(door, address, str(options["audience"]), opening.now)
        self._tokens = Tokens(opening.credentials, renew, opening.now)
        self._http = Http(
            login.TITLE,
            lambda: self._tokens.kept()["instance_url"],
            auth=self._tokens,
            pace=opening.pace,
            seconds=SECONDS,
            watch=self._watch,
        )

    # --- what answers tell beside their contents ----------------------------------------------------------

    def allowance(self) -> Allowance | None:
        """What the last answer said of the daily quota."""
        return self._allowance

    def skew(self) -> int | None:
        """By how many microseconds Salesforce's clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Salesforce's."""
        return self._now() + min(0, self._skew or 0)

    def user(self) -> str:
        """The id of the user that we are logged in as."""
        return login.user_of(self._tokens.kept())

    def _watch(self, answer: Answer) -> None:
        found = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if found:
            self._used(int(found[1]), int(found[2]))
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told

    def _used(self, used: int, limit: int) -> None:
        self._allowance = Allowance(limit, max(0, limit - used), QUOTA_SECONDS)
        self._pace.heed(self._allowance)

    # --- single requests ---------------------------------------------------------------------------------

    def url(self, path: str) -> str:
        """The address of a resource (`sobjects/Contact`) as seen from the instance."""
        return f"/services/data/v{self._version}/{path}"

    def read(self, method: str, path: str, **request: Any) -> Any:
        """The body of the answer to a request that changes nothing."""
        answer, body = self._http.read_json(method, self._place(path), **request)
        return self._checked(answer, body)

    def write(self, method: str, path: str, **request: Any) -> Any:
        """The body of the answer to a request that changes something."""
        answer, body = self._http.write_json(method, self._place(path), **request)
        return self._checked(answer, body)

    def text(self, path: str, **request: Any) -> Answer:
        """An answer that is no JSON."""
        answer = self._http.read("GET", self._place(path), **request)
        if not answer.ok:
            try:
                body = answer.json()
            except ValueError:
                body = None
            self._checked(answer, body)
        return answer

    def _place(self, path: str) -> str:
        return path if path.startswith("/") else self.url(path)

    def _checked(self, answer: Answer, body: Any) -> Any:
        if not answer.ok:
            self._refuse(answer.status, read_faults(body))
        return body

    def _refuse(self, status: int, faults: tuple[Fault, ...]) -> NoReturn:
        if has(faults, QUOTA):
            limit = self._allowance.limit if self._allowance else 0
            self._pace.heed(Allowance(limit, 0, QUOTA_SECONDS))
        if has(faults, CLOSED):
            raise AuthLapsed(f"Salesforce has closed its API to us ({faults[0].code}: {faults[0].message}).")
        if has(faults, SLOW):
            raise TooSlow("Salesforce takes too long for a query.", AFTER_TROUBLE)
        found = outcome(faults)
        if isinstance(found, TryAgain) and faults:
            raise found
        if status == 431 or not faults:
            # Nothing that Salesforce itself says: something stands between us, and may be gone soon.
            sentence = f"Salesforce answered {status} without an error of its own."
            raise TryAgain(sentence, AFTER_TROUBLE)
        raise Refused(status, faults)

    # --- SOAP --------------------------------------------------------------------------------------------

    def merge(self, merges: Sequence[soap.Merge]) -> tuple[soap.Result, ...]:
        """What became of each of up to 200 merges of contacts."""
        session = self._tokens.kept()["access_token"]
        first = self._call_merge(merges, session)
        if first.fault is not None and first.fault.code in ENDED:
            # A session ends with a fault here, not with a 401.
            self._tokens.refused({"Authorization": f"Bearer {session}"})
            first = self._call_merge(merges, self._tokens.kept()["access_token"])
        if first.fault is None:
            return first.results
        if first.fault.code in ENDED:
            raise AuthLapsed("Salesforce does not accept our login any more; connect again.")
        return self._refuse(500, (first.fault,))

    def _call_merge(self, merges: Sequence[soap.Merge], session: str) -> soap.Reply:
        content = soap.merge_call(merges, session)
        path = f"/services/Soap/u/{self._version}"
        try:
            answer = self._http.write("POST", path, content=content, headers=soap.HEADERS)
        except Lost as lost:
            # A fault is a failure by its status; it says that nothing has happened.
            if lost.answer is None:
                raise
            answer = lost.answer
        try:
            reply = soap.read_reply(answer.content)
        except soap.Malformed as malformed:
            raise Lost(f"Salesforce answered {answer.status} to a merge, and {malformed}.") from None
        if reply.limit:
            self._used(reply.used, reply.limit)
        if reply.fault is None and len(reply.results) != len(merges):
            raise Lost("Salesforce left out results of its answer.")
        return reply

    # --- queries -----------------------------------------------------------------------------------------

    def query(self, statement: str, *, deleted: bool = False) -> list[Row]:
        """All records of a statement, over all its pages. deleted: those in the recycle bin too."""
        return self._rest(self.read("GET", self.statement(statement, deleted=deleted)))

    def queries(self, statements: Sequence[str], *, deleted: bool = False) -> list[list[Row]]:
        """The records of each statement, five of them in one request."""
        found: list[list[Row]] = []
        for begin in range(0, len(statements), QUERIES):
            portion = statements[begin : begin + QUERIES]
            if len(portion) == 1:
                found.append(self.query(portion[0], deleted=deleted))
                continue
            asked = [
                Part("GET", self.statement(one, deleted=deleted), f"q{number}")
                for number, one in enumerate(portion)
            ]
            for status, body in self.look(asked):
                if status >= 400:
                    raise self._part_refused(status, body)
                found.append(self._rest(body))
        return found

    def count(self, type: str, where: str = "") -> int:
        """How many records there are."""
        return int(self.read("GET", self.statement(soql.select(["COUNT()"], type, where)))["totalSize"])

    def search(self, statement: str) -> list[Row]:
        """What a SOSL search finds; Salesforce offers none in a composite request."""
        body = self.read("GET", self.url(f"search?q={soql.encoded(statement)}"))
        if not isinstance(body, Mapping) or not isinstance(body.get("searchRecords"), list):
            raise TryAgain("Salesforce answered a search with something else.", AFTER_TROUBLE)
        rows: list[Row] = body["searchRecords"]
        return rows

    def statement(self, statement: str, *, deleted: bool = False) -> str:
        """The address of a query."""
        return self.url(f"{'queryAll' if deleted else 'query'}?q={soql.encoded(statement)}")

    def _rest(self, body: Any) -> list[Row]:
        """The records of a page and of those behind it: a short page is not the last one, `done` says so."""
        rows: list[Row] = []
        while True:
            if not isinstance(body, Mapping) or not isinstance(body.get("records"), list):
                raise TryAgain("Salesforce answered a query with something else.", AFTER_TROUBLE)
            rows += body["records"]
            further = body.get("nextRecordsUrl")
            if body.get("done", True) or not further:
                return rows
            body = self.read("GET", _own_path(str(further)))

    def _part_refused(self, status: int, body: Any) -> Exception:
        faults = read_faults(body)
        if has(faults, SLOW):
            return TooSlow("Salesforce takes too long for a query.", AFTER_TROUBLE)
        found = outcome(faults)
        return found if isinstance(found, TryAgain) and faults else Refused(status, faults)

    # --- composite requests ------------------------------------------------------------------------------

    def look(self, parts: Sequence[Part]) -> list[tuple[int, Any]]:
        """Status and body of each of up to 25 requests that change nothing, sent as one."""
        sent = {"allOrNone": False, "compositeRequest": [part.plain() for part in parts]}
        body = self.read("POST", "composite", json=sent)
        return _answers(body, parts, TryAgain("Salesforce left out parts of its answer.", AFTER_TROUBLE))

    def act(self, parts: Sequence[Part]) -> list[tuple[int, Any]]:
        """Status and body of each of up to 25 requests that change something, sent as one; each may fail."""
        sent = {"allOrNone": False, "compositeRequest": [part.plain() for part in parts]}
        body = self.write("POST", "composite", json=sent)
        return _answers(body, parts, Lost("Salesforce left out parts of its answer."))

    def graphs(self, graphs: Mapping[str, Sequence[Part]]) -> dict[str, dict[str, tuple[int, Any]]]:
        """Each of up to 75 graphs as a whole or not at all: the answers of those that happened, by the names
        of their requests. Graphs that are missing did not happen."""
        sent = {
            "graphs": [
                {"graphId": id, "compositeRequest": [part.plain() for part in parts]}
                for id, parts in graphs.items()
            ]
        }
        body = self.write("POST", "composite/graph", json=sent)
        try:
            return {
                str(graph["graphId"]): {
                    str(one["referenceId"]): (int(one["httpStatusCode"]), one.get("body"))
                    for one in graph["graphResponse"]["compositeResponse"]
                }
                for graph in body["graphs"]
                if graph["isSuccessful"]
            }
        except (KeyError, TypeError, ValueError):
            raise Lost("Salesforce answered graphs with something else.") from None


def _answers(body: Any, parts: Sequence[Part], missing: Exception) -> list[tuple[int, Any]]:
    """The answers in the order of the requests, whatever order they come in."""
    try:
        given = {
            str(one["referenceId"]): (int(one["httpStatusCode"]), one.get("body"))
            for one in body["compositeResponse"]
        }
        return [given[part.name] for part in parts]
    except (KeyError, TypeError, ValueError):
        raise missing from None


def _own_path(url: str) -> str:
    """Where the next page is: at Salesforce's own data, not at another server (`//host/…`), which would be
    sent our token."""
    if not url.startswith("/services/data/"):
        raise TryAgain("Salesforce answered a query with something else.", AFTER_TROUBLE)
    return url
