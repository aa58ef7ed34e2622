"""The change feed: change tracking, four tables in one request; or windows of `modifiedon` (apis A5).

With change tracking Dataverse names what changed and what was deleted. Where a table does not track its
changes, rows are read in the order in which they were modified, going back by `OVERLAP` each time since a
transaction may show later than its stamp; nobody tells deletions then, so that now and then everything is
read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from firstcontact.connectors.contract import Changes, Gone, Moved, TryAgain
from firstcontact.connectors.dynamics import mapping, odata
from firstcontact.connectors.dynamics.batch import Operation, Result
from firstcontact.connectors.dynamics.client import ANNOTATED, Api, Row, read_rows
from firstcontact.connectors.dynamics.cursors import Cursor, Link, Place, Told, read_cursor, write_cursor
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.faults import EXPIRED, read_fault
from firstcontact.connectors.dynamics.look import Look
from firstcontact.connectors.dynamics.mapping import text
from firstcontact.connectors.dynamics.names import SETS, TITLE, id_of
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Environment
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE
from firstcontact.connectors.toolkit.times import iso_seconds, micros
from firstcontact.identity.records import Account, Record

PAGE = 2_000
"""Contacts and leads in a page."""
ACCOUNTS = 300
"""Accounts, and opportunities, in a page: much belongs to each."""
RENEWED = 86_400_000_000
"""Microseconds after which a link is replaced though nothing changed: it is good for seven days."""
OVERLAP = 120_000_000
"""Microseconds by which a row may show later than it is stamped."""
SEEN = 500
"""Rows remembered; the overlap is cut to them where more were written in it."""
HOUR = 3_600_000_000

_RECORDS = ("contact", "lead")
_STREAMS = (*_RECORDS, "account", "opportunity")
_OPPORTUNITY = ("opportunityid", "_parentaccountid_value", "modifiedon")


class _Expired(Exception):
    """Dataverse no longer knows what changed since."""


class Feed:
    """Reads changes. Every method may raise TryAgain and AuthLapsed."""

    def __init__(
        self,
        api: Api,
        environments: Environments,
        look: Look,
        now: Callable[[], int],
        *,
        tracked: bool,
        sweep_hours: int,
    ) -> None:
        """tracked: whether change tracking is used, where tables have it. sweep_hours: after how many hours
        everything is read anew without it; 0: never."""
        self._api = api
        self._environments = environments
        self._look = look
        self._now = now
        self._tracked = tracked
        self._sweep = sweep_hours * HOUR

    def changes(self, cursor: str) -> Changes:
        """As `Crm.changed_since`."""
        at = read_cursor(cursor)
        environment = self._environments.now()
        streams = self._streams(environment)
        if self._tracked and all(environment.table(one).tracked for one in (*_RECORDS, "account")):
            try:
                return self._linked(at, environment, streams)
            except _Expired:
                return self._linked(Cursor(), environment, streams, restarted=True)
        return self._windowed(at, environment, streams)

    def _streams(self, environment: Environment) -> list[str]:
        """The tables that are there; opportunities are asked for where accounts are."""
        found = [one for one in _STREAMS[:3] if environment.table(one).columns]
        return [*found, "opportunity"] if "account" in found else found

    # --- change tracking ------------------------------------------------------------------------------------

    def _linked(
        self, at: Cursor, environment: Environment, streams: Sequence[str], *, restarted: bool = False
    ) -> Changes:
        # A cursor of the other way, or of none, begins anew; whoever had one is told.
        restarted = restarted or bool(at.places)
        links = {one: at.links.get(one) or Link() for one in streams}
        # While pages of some tables are left, the others wait for them.
        pending = [one for one, link in links.items() if not link.following]
        pending = pending or [one for one, link in links.items() if link.path]
        operations = [self._operation(one, links[one], environment) for one in pending]
        answers = dict(zip(pending, self._api.ask(operations), strict=True))
        rows: dict[str, list[Row]] = {}
        following = dict(links)
        changed = False
        for table, answer in answers.items():
            if table == "opportunity" and answer.status in (400, 403, 404):
                # It has none, is hidden, or does not track its changes: it is not followed.
                following[table] = Link(following=True)
                continue
            body = self._body(answer)
            rows[table] = read_rows(body)
            following[table] = self._next(links[table], body, changed=bool(rows[table]))
            changed = changed or bool(rows[table])
        more = any(not link.following for link in following.values())
        done = more or changed or any(not link.following for link in links.values())
        done = done or following != links
        page = self._page(rows, environment)
        return Changes(
            records=page[0],
            gone=page[2],
            cursor=write_cursor(Cursor(links=following) if done else at),
            more=more,
            accounts=page[1],
            restarted=restarted,
        )

    def _operation(self, table: str, link: Link, environment: Environment) -> Operation:
        prefer = f"odata.maxpagesize={_page_of(table)},{ANNOTATED}"
        if link.path:
            # What is asked stands in the link; a page of a first reading goes on being tracked.
            tracking = "" if link.following else "odata.track-changes,"
            return Operation(path=link.path, headers={"Prefer": tracking + prefer})
        path = odata.select(SETS[table], self._columns(table, environment))
        return Operation(path=path, headers={"Prefer": f"odata.track-changes,{prefer}"})

    def _body(self, answer: Result) -> Mapping[str, object]:
        if not answer.ok:
            fault = read_fault(answer.status, answer.body)
            if fault.code in EXPIRED or answer.status == 410:
                raise _Expired
        body: Mapping[str, object] = self._api.good(answer).body
        return body

    def _next(self, link: Link, body: Mapping[str, object], *, changed: bool) -> Link:
        """Where a table is read on from. Where nothing changed the old link stays, for as long as it is good,
        so that the cursor holds still."""
        further = self._api.link(body.get("@odata.nextLink"))
        if further:
            return Link(further, at=self._now())
        given = self._api.link(body.get("@odata.deltaLink"))
        if not given:
            raise TryAgain(f"{TITLE} does not tell how its changes go on.", AFTER_TROUBLE)
        if link.following and link.path and not changed and self._now() - link.at < RENEWED:
            return link
        return Link(given, following=True, at=self._now())

    # --- windows ------------------------------------------------------------------------------------------

    def _windowed(self, at: Cursor, environment: Environment, streams: Sequence[str]) -> Changes:
        restarted = bool(at.links)
        if restarted or not at.full_at:
            at = Cursor(full_at=self._now(), reading=True)
        elif self._sweep and not at.reading and self._now() >= at.full_at + self._sweep:
            at, restarted = Cursor(full_at=self._now(), reading=True), True
        since = {one: self._since(one, at) for one in streams}
        paths = [self._window(one, since[one], environment) for one in streams]
        headers = {"Prefer": ANNOTATED}
        answers = self._api.ask([Operation(path=path, headers=headers) for path in paths])
        rows: dict[str, list[Row]] = {}
        full: set[str] = set()
        for table, answer in zip(streams, answers, strict=True):
            hidden = table == "opportunity" and answer.status in (400, 403, 404)
            rows[table] = [] if hidden else read_rows(self._api.good(answer).body)
            if not hidden and (answer.body.get("@odata.nextLink") or len(rows[table]) >= _page_of(table)):
                full.add(table)
        new = {
            table: [row for row in found if at.seen.get(_id(table, row)) != _told(row)]
            for table, found in rows.items()
        }
        more = bool(full)
        places = {one: _place(at.places.get(one), one, rows[one], cut=one in full) for one in streams}
        cut = more or any(place.cut for place in at.places.values())
        still = not cut and not any(new.values()) and not at.reading
        following = Cursor(
            places=places, seen=_remembered(at.seen, new), full_at=at.full_at, reading=at.reading and more
        )
        records, accounts, gone = self._page(new, environment)
        return Changes(
            records=records,
            gone=gone,
            cursor=write_cursor(at if still else following),
            more=more,
            accounts=accounts,
            restarted=restarted,
        )

    def _since(self, table: str, at: Cursor) -> Place:
        """Where a table is read from: where its page was cut; else a little before its place, as far back as
        is remembered."""
        place = at.places.get(table) or Place()
        if place.cut or not place.at:
            return place
        remembered = min(one.at for one in at.seen.values()) if len(at.seen) >= SEEN else 0
        return Place(max(place.at - OVERLAP, remembered, 0))

    def _window(self, table: str, since: Place, environment: Environment) -> str:
        stamp = iso_seconds(since.at)
        where = f"modifiedon ge {stamp}" if since.at else ""
        if since.at and since.id:
            where = f"modifiedon gt {stamp} or (modifiedon eq {stamp} and {id_of(table)} gt {since.id})"
        columns = self._columns(table, environment)
        path = odata.select(SETS[table], columns, where, order=f"modifiedon,{id_of(table)}")
        return f"{path}&$top={_page_of(table)}"

    # --- both ---------------------------------------------------------------------------------------------

    def _columns(self, table: str, environment: Environment) -> tuple[str, ...]:
        if table in _RECORDS:
            return mapping.record_columns(environment.table(table))
        return mapping.account_columns(environment.table(table)) if table == "account" else _OPPORTUNITY

    def _page(
        self, rows: Mapping[str, Sequence[Row]], environment: Environment
    ) -> tuple[tuple[Record, ...], tuple[Account, ...], tuple[str, ...]]:
        """Records as they are, accounts that changed or whose opportunities did, and what is gone."""
        records: list[Record] = []
        gone: list[str] = []
        for table in _RECORDS:
            given = rows.get(table, ())
            gone += [id for row in given if _is_deleted(row) and (id := _id(table, row))]
            live = [row for row in given if not _is_deleted(row)]
            for one in self._look.records(live, environment.table(table), environment):
                if isinstance(one, Gone | Moved):
                    gone.append(one.id)
                else:
                    records.append(one)
        changed = rows.get("account", ())
        lost = [_id("account", row) for row in changed if _is_deleted(row)]
        pointed = [_id("account", row) for row in changed if not _is_deleted(row)]
        pointed += [guid(text(row, "_parentaccountid_value")) for row in rows.get("opportunity", ())]
        wanted = sorted({id for id in pointed if id} - set(lost))
        accounts = self._look.accounts_by_id(wanted)
        there = {one.id for one in accounts}
        # Deactivated, merged, or deleted since.
        lost += [id for id in wanted if id not in there]
        return tuple(records), accounts, tuple(dict.fromkeys((*gone, *lost)))


def _is_deleted(row: Row) -> bool:
    return "reason" in row or str(row.get("@odata.context") or "").endswith("$deletedEntity")


def _id(table: str, row: Row) -> str:
    return guid(text(row, "id" if _is_deleted(row) else id_of(table)))


def _page_of(table: str) -> int:
    return PAGE if table in _RECORDS else ACCOUNTS


def _place(before: Place | None, table: str, rows: Sequence[Row], *, cut: bool) -> Place:
    """Where the next page of a table goes on from."""
    old = before or Place()
    if not rows:
        return Place(old.at, old.id)
    last = Place(micros(text(rows[-1], "modifiedon")), _id(table, rows[-1]), cut)
    return last if last.cut or (last.at, last.id) > (old.at, old.id) else Place(old.at, old.id)


def _told(row: Row) -> Told:
    return Told(micros(text(row, "modifiedon")), text(row, "@odata.etag"))


def _remembered(seen: Mapping[str, Told], new: Mapping[str, Iterable[Row]]) -> dict[str, Told]:
    """The rows told last, within the overlap of the latest of them."""
    told = dict(seen)
    for table, rows in new.items():
        told |= {_id(table, row): _told(row) for row in rows}
    latest = max((one.at for one in told.values()), default=0)
    kept = sorted((one.at, id) for id, one in told.items() if one.at >= latest - OVERLAP)[-SEEN:]
    return {id: told[id] for _, id in kept}
