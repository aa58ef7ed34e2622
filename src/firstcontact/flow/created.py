"""The report of what FirstContact created: counts, each contact, and what has become of it (SPEC §10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Gone, Moved
from firstcontact.flow.installation import Installation
from firstcontact.ledger import created as ledger
from firstcontact.ledger.created import Creation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 200


class CreatedReport(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of contacts that we made, the most first; by day, the newest day first. by_rule: by the reason
    that decided. since: how many were edited, deleted, merged or removed since, as far as we know."""

    contacts: int
    by_rule: Mapping[str, int]
    by_user: Mapping[str, int]
    by_account: Mapping[str, int]
    by_day: Mapping[str, int]
    since: Mapping[str, int]


def creations(installation: Installation, since: int, until: int, *, ask: bool = False) -> Iterator[Creation]:
    """Contacts that we made in a span of time, oldest first. ask: the CRM, too, what they are now. Raises
    TryAgain, AuthLapsed where it is asked."""
    after = (0, "")
    while True:
        with installation.ledger.read() as tx:
            page, after = ledger.created(tx, installation.crm.connection, since, until, after, PAGE)
        if not page:
            return
        yield from _as_now(installation, page) if ask else page


def _as_now(installation: Installation, page: Sequence[Creation]) -> Iterator[Creation]:
    with crossing(Boundary.READ_TO_REPORT):
        there = installation.crm.read([each.record for each in page])
    for each in page:
        record = there.get(each.record)
        now = each.since
        if isinstance(record, Moved):
            now = now or "merged"
        elif isinstance(record, Gone):
            now = now if now in ("merged", "removed") else "deleted"
        elif record is not None:
            now = "edited" if record.edited_by_person else ""
        yield msgspec.structs.replace(each, since=now)


def summary(found: Iterable[Creation], timezone: str) -> CreatedReport:
    """Counts over them. timezone: the days are of."""
    zone = ZoneInfo(timezone)
    rules, users, accounts, days, since = (Counter[str]() for _ in range(5))
    count = 0
    for each in found:
        count += 1
        rules.update(each.reasons or ("unknown",))
        users[each.user] += 1
        accounts[each.account] += 1
        days[(_EPOCH + timedelta(microseconds=each.at)).astimezone(zone).date().isoformat()] += 1
        if each.since:
            since[each.since] += 1
    return CreatedReport(
        contacts=count,
        by_rule=dict(rules.most_common()),
        by_user=dict(users.most_common()),
        by_account=dict(accounts.most_common()),
        by_day=dict(sorted(days.items(), reverse=True)),
        since=dict(since.most_common()),
    )


def names_of_accounts(installation: Installation, ids: Iterable[str]) -> dict[str, str]:
    """Names of accounts by id, as far as our index has them."""
    with installation.ledger.read() as tx:
        return ledger.account_names(tx, installation.crm.connection, list(ids))
