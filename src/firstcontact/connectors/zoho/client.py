"""Zoho CRM's REST API: addresses, errors, queries and records by the hundred (apis A4).

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Zoho said no to; those
that write raise `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import Allowance, Opening, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http
from firstcontact.connectors.zoho import coql
from firstcontact.connectors.zoho.faults import LIMITS, Refused, fault_of
from firstcontact.connectors.zoho.login import (
    Door,
    Permit,
    accounts_address,
    api_address,
    renewal,
)
from firstcontact.connectors.zoho.shapes import TITLE

RECORDS = 100
"""Records in a request that writes, and ids in one that reads."""
PAGE = 200
CREDITS_SECONDS = 900.0
"""Credits count a rolling day, and Zoho does not say when some come; a quarter of an hour later a hundredth
of them is there again."""
CREDITS = "X-API-CREDITS-REMAINING"

Row = Mapping[str, Any]


class Api:
    """Requests to one organisation, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        options = opening.options
        self._pace = opening.pace
        self._now = opening.now
        self._version = str(options["api_version"])
        self._allowance: Allowance | None = None
        self._skew: int | None = None
        self._said = threading.local()
        self._busy = 0.0
        self._busy_until = 0
        renew = renewal(Door(TITLE, accounts_address(options)), opening.now)
        tokens = Permit(opening.credentials, renew, opening.now, self._code)
        self._http = Http(
            TITLE,
            lambda: api_address(options, tokens.kept()),
            auth=tokens,
            pace=opening.pace,
            watch=self._watch,
        )

    # --- what answers tell beside their contents ----------------------------------------------------------

    def allowance(self) -> Allowance | None:
        """What the last answer said of the credits; Zoho tells once half of them are used."""
        return self._allowance

    def skew(self) -> int | None:
        """By how many microseconds Zoho's clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Zoho's."""
        return self._now() + min(0, self._skew or 0)

    def _watch(self, answer: Answer) -> None:
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told
        self._said.code = fault_of(_json(answer)).code if answer.status == 401 else ""
        self._wait_longer(answer.status)
        left = answer.headers.get(CREDITS, "")
        if left.isascii() and left.isdigit():
            before = self._allowance.limit if self._allowance else 0
            # Half of them are used by the first answer that tells.
            self._allowance = Allowance(max(before, 2 * int(left)), int(left), CREDITS_SECONDS)
            self._pace.heed(self._allowance)

    def _wait_longer(self, status: int) -> None:
        """429 says that too much is asked for at once, or for the day, and not which; so the wait grows."""
        now = self._now()
        if status == 429:
            if now >= self._busy_until:
                self._busy = min(max(AFTER_TROUBLE, 4 * self._busy), CREDITS_SECONDS)
                self._busy_until = now + int(self._busy * 1_000_000)
            self._pace.leave_alone((self._busy_until - now) / 1_000_000)
        elif status < 400:
            self._busy = 0.0

    def _code(self) -> str:
        return str(getattr(self._said, "code", ""))

    # --- requests -----------------------------------------------------------------------------------------

    def read(self, method: str, path: str, **request: Any) -> Any:
        """The body of the answer to a request that changes nothing; None where there is none (204, 304)."""
        answer, body = self._http.read_json(method, self._place(path), **request)
        return self._checked(answer, body)

    def write(self, method: str, path: str, **request: Any) -> Any:
        """The body of the answer to a request that changes something."""
        answer, body = self._http.write_json(method, self._place(path), **request)
        return self._checked(answer, body)

    def _place(self, path: str) -> str:
        return f"/crm/{self._version}/{path}"

    def _checked(self, answer: Answer, body: Any) -> Any:
        if answer.ok or answer.status == 304:
            return body
        if isinstance(body, Mapping) and isinstance(
            body.get("data") or body.get("fields") or body.get("merge"), list
        ):
            # Some of the records were refused, or all: each says it for itself.
            return body
        fault = fault_of(body)
        if fault.code in LIMITS:
            self._pace.leave_alone(CREDITS_SECONDS)
            raise TryAgain(f"{TITLE} takes no more requests for now ({fault.code}).", CREDITS_SECONDS)
        if not fault.code or answer.status == 431:
            # Nothing that Zoho itself says: something stands between us, and may be gone soon.
            raise TryAgain(f"{TITLE} answered {answer.status} without an error of its own.", AFTER_TROUBLE)
        raise Refused(answer.status, fault)

    # --- queries ------------------------------------------------------------------------------------------

    def query(self, statement: str) -> tuple[list[Row], bool]:
        """The records of a statement, and whether there are more of them than one answer holds."""
        body = self.read("POST", "coql", json={"select_query": statement})
        if body is None:
            return [], False
        return _rows(body, "data"), bool((body.get("info") or {}).get("more_records"))

    def everything(self, fields: Sequence[str], module: str, where: str = "") -> list[Row]:
        """All records for which a condition holds, over all its pages."""
        return [row for rows, _ in self.pages(fields, module, where) for row in rows]

    def pages(self, fields: Sequence[str], module: str, where: str = "") -> Iterator[tuple[list[Row], bool]]:
        """As `everything`, page by page, each with whether more follow."""
        last = ""
        while True:
            place = f"id > {coql.quoted(last)}" if last else ""
            rows, more = self.query(coql.select(fields, module, coql.both(where, place), "id"))
            yield rows, more
            if not rows or not more:
                return
            if str(rows[-1]["id"]) == last:
                raise TryAgain(f"{TITLE} gives the same page of {module} again.", AFTER_TROUBLE)
            last = str(rows[-1]["id"])

    def asked(
        self, fields: Sequence[str], module: str, conditions: Sequence[str], always: str = ""
    ) -> list[Row]:
        """All records for which any of the conditions holds, and `always`, in as few statements as they fit
        into."""
        found: dict[str, Row] = {}
        for portion in coql.portions(conditions):
            where = coql.both(coql.either(portion), always)
            found |= {str(row["id"]): row for row in self.everything(fields, module, where)}
        return list(found.values())

    def count(self, module: str, condition: str = "") -> int:
        """How many records there are; -1 where the answer does not tell."""
        rows, _ = self.query(coql.select(["COUNT(id)"], module, condition, limit=0))
        return counted(rows[0]) if rows else 0

    # --- records ------------------------------------------------------------------------------------------

    def records(self, module: str, ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
        """Those of these records that there are, as they are now."""
        found: list[Row] = []
        for begin in range(0, len(ids), RECORDS):
            portion = ids[begin : begin + RECORDS]
            asked = {"ids": ",".join(portion), "fields": ",".join(fields)}
            if module == "Leads":
                asked["converted"] = "both"
            body = self.read("GET", module, params=asked)
            found += [] if body is None else _rows(body, "data")
        return found

    def listed(
        self, path: str, name: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> list[Row]:
        """All entries of a list that comes page by page; `name` is theirs in the answer."""
        found: list[Row] = []
        number = 1
        while True:
            asked = {**params, "page": str(number), "per_page": str(PAGE)}
            body = self.read("GET", path, params=asked, headers=dict(headers or {}))
            if body is None:
                return found
            found += _rows(body, name)
            if not (body.get("info") or {}).get("more_records"):
                return found
            number += 1


def counted(row: Row) -> int:
    """The number that a row of an aggregate bears, under whatever name; -1 where there is none."""
    for name, value in row.items():
        if name.lower().startswith("count") and isinstance(value, int | str) and str(value).isdigit():
            return int(value)
    return -1


def _rows(body: Any, name: str) -> list[Row]:
    if not isinstance(body, Mapping) or not isinstance(body.get(name), list):
        raise TryAgain(f"{TITLE} answered with something else than was asked for.", AFTER_TROUBLE)
    rows: list[Row] = body[name]
    return rows


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
