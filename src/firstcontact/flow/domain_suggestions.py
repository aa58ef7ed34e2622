"""Which domains are probably an account's, learnt from traffic (SPEC §2 "Accounts").

Two kinds of evidence for a host that no account has: people there are contacts of an account, and mails and
meetings of people there are also with people of the account, on them or in their thread. Free-mail, hosting
and disposable domains are never suggested, nor our own, nor what an admin has refused.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.flow.account_domains import Ruled, unfit
from firstcontact.identity.domains import host_of, registrable
from firstcontact.identity.records import Record
from firstcontact.identity.team import Team
from firstcontact.ledger import domain_rulings, index
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.domains_met import Met, Place, in_threads, met

Pair = tuple[str, str]
"""A host and the id of an account."""

LEAST = 3
"""Mails, meetings and people together, below which nothing is suggested."""

REMEMBERED = 100_000
"""Accounts of records, and people of a suggestion, that are held in memory at most."""


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A host that is probably an account's.

    together: mails and meetings of people at the host that are also with contacts of the account at other
    domains, on them or in their thread. of: mails and meetings of people at the host in all. people: how
    many at the host are contacts of the account themselves. examples: addresses of some of those on them.
    """

    host: str
    account: str
    together: int
    of: int
    people: int
    examples: tuple[str, ...] = ()


def suggest(
    ledger: Ledger,
    crm: Crm,
    team: Team,
    *,
    subdomains: bool,
    since: int = 0,
    least: int = LEAST,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Suggestion, ...]:
    """Suggestions, those with the most evidence first; of several accounts a host may be of, that with the
    most.

    crm: as decisions know it (`Installation.known`). subdomains: a host under an account's registrable
    domain is the account's already (`account_subdomains`). progress: is told how many mails and meetings
    were gone through. Raises TryAgain, AuthLapsed, StoreProblem.
    """
    learnt = _Learnt(ledger, crm, team, subdomains)
    place: Place | None = (since, "")
    while place is not None:
        with ledger.read() as tx:
            page, place = met(tx, crm.connection, place)
        learnt.take(page)
        progress(len(page))
    return learnt.suggestions(least)


class _Learnt:
    """What the pages so far have taught."""

    def __init__(self, ledger: Ledger, crm: Crm, team: Team, subdomains: bool) -> None:
        self._ledger = ledger
        self._crm = crm
        self._team = team
        self._subdomains = subdomains
        with ledger.read() as tx:
            rulings = domain_rulings.every(tx, crm.connection)
            self._indexed = index.state(tx, crm.connection).complete_at is not None
        self._ruled = Ruled(rulings)
        self._refused = {(each.host, each.account) for each in rulings if each.state == "refused"}
        self._open: dict[str, bool] = {}
        """Whether an account may be suggested for the host: it could name one, and names none."""
        self._accounts: OrderedDict[str, str] = OrderedDict()
        self._of: Counter[str] = Counter()
        self._together: Counter[Pair] = Counter()
        self._people: dict[Pair, set[str]] = {}
        self._examples: dict[Pair, dict[str, None]] = {}

    def take(self, page: Collection[Met]) -> None:
        """Learn from some mails and meetings."""
        self._look_at({host for each in page for key in each.people if (host := host_of(key))})
        telling = [each for each in page if any(self._open.get(host_of(key)) for key in each.people)]
        if not telling:
            return
        with self._ledger.read() as tx:
            threads = in_threads(tx, {each.conversation for each in telling if each.conversation})
        of_telling = (each.people for each in telling)
        self._read({id for people in (*of_telling, *threads.values()) for id in people.values() if id})
        for each in telling:
            self._learn(each.people, {**threads.get(each.conversation, {}), **each.people})

    def _learn(self, people: Mapping[str, str], around: Mapping[str, str]) -> None:
        """people: on the mail itself; around: they, and whoever was linked in its thread."""
        hosts: dict[str, list[str]] = {}
        for key in people:
            if self._open.get(host_of(key)):
                hosts.setdefault(host_of(key), []).append(key)
        for host, keys in hosts.items():
            self._of[host] += 1
            with_them = {self._account(id) for key, id in around.items() if host_of(key) != host} - {""}
            for account in with_them:
                self._together[host, account] += 1
                self._show((host, account), keys)
            for key in keys:
                own = self._account(people[key])
                if own:
                    there = self._people.setdefault((host, own), set())
                    if len(there) < REMEMBERED:
                        there.add(key)
                    self._show((host, own), [key])

    def _show(self, pair: Pair, keys: Iterable[str]) -> None:
        shown = self._examples.setdefault(pair, {})
        for key in keys:
            if len(shown) < 3:
                shown[key] = None

    def _account(self, record: str) -> str:
        return self._accounts.get(record, "")

    def _look_at(self, hosts: Collection[str]) -> None:
        """Find out of hosts that were not met before whether an account has them."""
        new = sorted(host for host in hosts if host not in self._open)
        fit = [host for host in new if not unfit(host, self._team)]
        self._open.update((host, host in fit) for host in new)
        if not fit:
            return
        with crossing(Boundary.ASK_ACCOUNTS_TO_SUGGEST):
            there = self._crm.accounts(self._ruled.asked(fit), ())
        taken = {domain for account in self._ruled.over(there) for domain in account.domains}
        bases = {registrable(domain) for domain in taken} if self._subdomains else set()
        for host in fit:
            self._open[host] = host not in taken and registrable(host) not in bases

    def _read(self, ids: Collection[str]) -> None:
        """Find out whose contacts these records are; of the last REMEMBERED it is remembered."""
        for id in ids:
            if id in self._accounts:
                self._accounts.move_to_end(id)
        new = sorted(id for id in ids if id not in self._accounts)
        if not new:
            return
        if self._indexed:
            with self._ledger.read() as tx:
                found: Mapping[str, object] = index.read(tx, self._crm.connection, new)
        else:
            with crossing(Boundary.READ_TO_SUGGEST):
                found = self._crm.read(new)
        for id in new:
            record = found.get(id)
            self._accounts[id] = record.account if isinstance(record, Record) else ""
        while len(self._accounts) > max(REMEMBERED, len(ids)):
            self._accounts.popitem(last=False)

    def suggestions(self, least: int) -> tuple[Suggestion, ...]:
        """What it comes to."""
        best: dict[str, tuple[tuple[int, int, str], Suggestion]] = {}
        for pair in self._together.keys() | self._people.keys():
            host, account = pair
            people, together = len(self._people.get(pair, ())), self._together[pair]
            if people + together < least or pair in self._refused:
                continue
            rank = (people, together, account)
            if host not in best or best[host][0] < rank:
                best[host] = (
                    rank,
                    Suggestion(
                        host=host,
                        account=account,
                        together=together,
                        of=self._of[host],
                        people=people,
                        examples=tuple(self._examples.get(pair, ())),
                    ),
                )
        ranked = sorted(best.values(), key=lambda each: (*each[0][:2], each[1].host), reverse=True)
        return tuple(suggestion for _, suggestion in ranked)
