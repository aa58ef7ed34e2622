"""The change feed: records in the order of their `SystemModstamp`, five types in one request (apis A1).

A page of a type ends at its limit, within one stamp if need be; the next one goes on behind that record, so
that nothing is left out. Deleted and merged records are read from the recycle bin (`queryAll`).

A transaction may show its records minutes after the stamp they bear. So each reading goes back by `OVERLAP`
and leaves out what it has told already, which the cursor remembers (`seen`).

The first reading of a large organisation is a job of Bulk API 2.0: a few requests instead of thousands.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from firstcontact.connectors.contract import Changes, TryAgain
from firstcontact.connectors.salesforce import mapping, soql
from firstcontact.connectors.salesforce.client import Api, Refused, Row, TooSlow
from firstcontact.connectors.salesforce.cursors import Cursor, Job, Place, Told, read_cursor, write_cursor
from firstcontact.connectors.salesforce.look import Look
from firstcontact.connectors.salesforce.mapping import text
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import Account, Record

PAGE = 2_000
"""Records of a type in a page: as many as Salesforce sends at once."""
BULK_PAGE = 10_000
"""Records in a page of a job's results."""
ACCOUNTS = 400
OVERLAP = 120_000_000
"""Microseconds by which a record may show later than it is stamped."""
SEEN = 500
"""Records remembered; the overlap is cut to them where more were written in it."""
POLL = 5.0
"""Seconds until a job is asked again."""

_RECORDS = ("Contact", "Lead")
_POINTING = {
    "Opportunity": "AccountId",
    "OpportunityContactRole": "Opportunity.AccountId",
    "AccountTeamMember": "AccountId",
}
"""Types whose records change an account, and the account's id on them."""
_STREAMS = (*_RECORDS, "Account", *_POINTING)


class Feed:
    """Reads changes. Every method may raise TryAgain and AuthLapsed."""

    def __init__(
        self, api: Api, organisation: Organisation, look: Look, now: Callable[[], int], bulk_from: int
    ) -> None:
        """bulk_from: with at least so many contacts and leads, the first reading is in bulk."""
        self._api = api
        self._organisation = organisation
        self._look = look
        self._now = now
        self._bulk_from = bulk_from

    def changes(self, cursor: str) -> Changes:
        """As `Crm.changed_since`."""
        at = read_cursor(cursor)
        self._organisation.contacts()
        if not cursor and self._large():
            return self._begin_bulk()
        if at.jobs:
            return self._bulk_page(at)
        return self._page(at)

    # --- following ----------------------------------------------------------------------------------------

    def _page(self, at: Cursor) -> Changes:
        streams = [type for type in _STREAMS if self._organisation.shape(type).fields]
        since = {type: self._since(type, at) for type in streams}
        statements = [self._statement(type, since[type]) for type in streams]
        answers = dict(zip(streams, self._api.queries(statements, deleted=True), strict=True))
        more = any(len(rows) >= _limit(type) for type, rows in answers.items())
        new = {
            type: [row for row in rows if at.seen.get(text(row, "Id")) != _told(row)]
            for type, rows in answers.items()
        }
        records, gone = self._records(new)
        accounts, lost = self._accounts(new)
        places = {type: _place(at.places.get(type), rows, _limit(type)) for type, rows in answers.items()}
        following = Cursor(places={**at.places, **places}, seen=_remembered(at.seen, new))
        cut = more or any(place.cut for place in at.places.values())
        still = not cut and not any(new.values())
        return Changes(
            records=tuple(records),
            gone=(*gone, *lost),
            cursor=write_cursor(at if still else following),
            more=more,
            accounts=accounts,
        )

    def _since(self, type: str, at: Cursor) -> Place:
        """Where a type is read from: where its page was cut; else a little before its place, as far back as
        is remembered."""
        place = at.places.get(type) or Place()
        if place.cut or not place.at:
            return place
        remembered = min(one.at for one in at.seen.values()) if len(at.seen) >= SEEN else 0
        return Place(max(place.at - OVERLAP, remembered, 0))

    def _statement(self, type: str, since: Place) -> str:
        shape = self._organisation.shape(type)
        common = ("Id", "SystemModstamp", "IsDeleted")
        if type in _RECORDS:
            fields = tuple(dict.fromkeys((*mapping.record_fields(shape), *common, "MasterRecordId")))
        elif type == "Account":
            fields = tuple(dict.fromkeys((*mapping.account_fields(shape), *common)))
        else:
            fields = (*common, _POINTING[type])
        where = soql.after(since.at, since.id) if since.at else ""
        return soql.select(fields, type, where, order="SystemModstamp, Id", limit=_limit(type))

    def _records(self, rows: Mapping[str, Sequence[Row]]) -> tuple[list[Record], list[str]]:
        records: list[Record] = []
        gone: list[str] = []
        for type in _RECORDS:
            shape = self._organisation.shape(type)
            for row in rows.get(type, ()):
                found = self._look.as_it_is(row, shape)
                if isinstance(found, Record):
                    records.append(found)
                else:
                    gone.append(found.id)
        return records, gone

    def _accounts(self, rows: Mapping[str, Sequence[Row]]) -> tuple[tuple[Account, ...], list[str]]:
        """Accounts that changed, or whose opportunities, roles or team did, and those that are gone."""
        changed = rows.get("Account", ())
        gone = [text(row, "Id") for row in changed if mapping.flag(row, "IsDeleted")]
        present = {text(row, "Id"): row for row in changed if not mapping.flag(row, "IsDeleted")}
        pointed = {
            id
            for type, path in _POINTING.items()
            for row in rows.get(type, ())
            if (id := text(row, path)) and id not in present and id not in gone
        }
        present |= {text(row, "Id"): row for row in self._accounts_by_id(sorted(pointed))}
        return self._look.complete_accounts(present), gone

    def _accounts_by_id(self, ids: Sequence[str]) -> list[Row]:
        fields = mapping.account_fields(self._organisation.shape("Account"))
        statements = [
            soql.select(fields, "Account", soql.among("Id", portion))
            for portion in soql.parts(ids, 10, soql.URL_LIMIT - 1_000)
        ]
        return [row for rows in self._api.queries(statements) for row in rows]

    # --- the first reading in bulk ------------------------------------------------------------------------

    def _large(self) -> bool:
        try:
            held = sum(self._api.count(type) for type in _RECORDS if self._has(type))
        except TooSlow:
            return True
        return held >= self._bulk_from

    def _has(self, type: str) -> bool:
        return bool(self._organisation.shape(type).fields)

    def _begin_bulk(self) -> Changes:
        """Contacts and leads in bulk; accounts follow page by page, since much belongs to each."""
        begun = self._api.earliest_now() - OVERLAP
        cursor = Cursor(jobs=[Job(type) for type in _RECORDS if self._has(type)], begun=begun)
        return self._bulk_page(cursor)

    def _bulk_page(self, at: Cursor) -> Changes:
        job = at.jobs[0]
        if not job.id:
            started = msgspec.structs.replace(job, id=self._start(job.type))
            return _between(at, [started, *at.jobs[1:]])
        try:
            self._await(job)
            answer = self._api.text(f"jobs/query/{job.id}/results", params=_results(job))
        except Refused as refused:
            if refused.status != 404:
                raise TryAgain(f"{refused}", AFTER_TROUBLE) from refused
            # Salesforce keeps a job for a week.
            return _between(at, [Job(job.type), *at.jobs[1:]])
        shape = self._organisation.shape(job.type)
        rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8")))
        records, gone = self._records({shape.name: list(rows)})
        locator = answer.headers.get("Sforce-Locator", "")
        if locator and locator != "null":
            jobs = [msgspec.structs.replace(job, locator=locator), *at.jobs[1:]]
        else:
            jobs = at.jobs[1:]
        following = Cursor(jobs=jobs, begun=at.begun, places=at.places)
        if not jobs:
            # What changed while the jobs ran is told again from their beginning on.
            following.places = {type: Place(at.begun) for type in _RECORDS if self._has(type)}
        return Changes(tuple(records), tuple(gone), write_cursor(following), True)

    def _start(self, type: str) -> str:
        statement = soql.select(mapping.record_fields(self._organisation.shape(type)), type)
        try:
            body = self._api.write("POST", "jobs/query", json={"operation": "query", "query": statement})
            return str(body["id"])
        except Lost as lost:
            # A job that nobody reads does no harm.
            raise TryAgain(str(lost), AFTER_TROUBLE) from lost
        except Refused as refused:
            raise TryAgain(
                f"Salesforce does not take the job of the first reading: {refused}", 60.0
            ) from refused

    def _await(self, job: Job) -> None:
        state = str(self._api.read("GET", f"jobs/query/{job.id}").get("state"))
        if state in ("UploadComplete", "InProgress"):
            raise TryAgain(f"Salesforce is still collecting its {job.type} records.", POLL)
        if state != "JobComplete":
            raise TryAgain(f"Salesforce ended the reading of its {job.type} records ({state}).", 60.0)


def _results(job: Job) -> dict[str, str]:
    given = {"maxRecords": str(BULK_PAGE)}
    return {**given, "locator": job.locator} if job.locator else given


def _between(at: Cursor, jobs: list[Job]) -> Changes:
    """Nothing yet, and a cursor from which it goes on."""
    return Changes((), (), write_cursor(msgspec.structs.replace(at, jobs=jobs)), True)


def _limit(type: str) -> int:
    return PAGE if type in _RECORDS else ACCOUNTS


def _place(before: Place | None, rows: Sequence[Row], limit: int) -> Place:
    """Where the next page of a type goes on from."""
    old = before or Place()
    if not rows:
        return Place(old.at, old.id)
    last = Place(micros(text(rows[-1], "SystemModstamp")), text(rows[-1], "Id"), len(rows) >= limit)
    return last if last.cut or (last.at, last.id) > (old.at, old.id) else Place(old.at, old.id)


def _told(row: Row) -> Told:
    plain = json.dumps(row, sort_keys=True, default=str)
    return Told(
        micros(text(row, "SystemModstamp")), sha256(plain.encode("utf-8", "replace")).hexdigest()[:10]
    )


def _remembered(seen: Mapping[str, Told], new: Mapping[str, Iterable[Row]]) -> dict[str, Told]:
    """The records told last, within the overlap of the latest of them."""
    told = dict(seen)
    for rows in new.values():
        told |= {text(row, "Id"): _told(row) for row in rows}
    latest = max((one.at for one in told.values()), default=0)
    kept = sorted((one.at, id) for id, one in told.items() if one.at >= latest - OVERLAP)[-SEEN:]
    return {id: told[id] for _, id in kept}
