"""`firstcontact accounts`: the domains that accounts are found by, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import counted, day, json_option, note, open_home, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firstcontact.bootstrap import Opened
    from firstcontact.flow.account_check import Found
    from firstcontact.flow.account_domains import Accounts
    from firstcontact.flow.domain_suggestions import Suggestion
    from firstcontact.identity.records import Account
    from firstcontact.ledger.domain_rulings import DomainRuling, Said


@click.group(epilog="Example: firstcontact accounts check")
def accounts() -> None:
    """The accounts' domains, by which a mail's account is found: add some, check them."""


class _OrShown(click.Group):
    """A group whose first word may also be what is to be shown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`show` where the first word is no command."""
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@accounts.group(
    cls=_OrShown, invoke_without_command=True, epilog="Example: firstcontact accounts domains show Acme"
)
@json_option
@click.pass_context
def domains(ctx: click.Context, as_json: bool) -> None:
    """The domains of an account (by its id, name or domain), and which of them are ours to manage.

    Alone: every domain that was added or refused here.
    """
    if ctx.invoked_subcommand is None:
        _show_all(ctx, as_json)


@domains.command(epilog="Example: firstcontact accounts domains show acme.example")
@click.argument("account", metavar="ACCOUNT|HOST")
@json_option
@click.pass_context
def show(ctx: click.Context, account: str, as_json: bool) -> None:
    """The domains of one account: the CRM's own, and those added or refused here."""
    from firstcontact.identity.domains import website_host

    _, opened = open_home(ctx)
    found = _meant(opened, account, one=False)
    host = website_host(account)
    if not found and host:
        rulings = [each for each in _rulings(opened) if each.host == host and each.state == "added"]
        found = tuple(_one(opened, id) for id in dict.fromkeys(each.account for each in rulings))
    told = [_told(opened, each) for each in found]
    if as_json:
        print_json(told)
    elif not told:
        raise click.UsageError(f"no account has the id, the name or the domain {account}.")
    for each in () if as_json else told:
        say(f"{each['name'] or 'without a name'} ({each['id']})")
        table(("domain", "rank", "says"), [(d["host"], d["rank"], d["says"]) for d in each["domains"]])


@domains.command(epilog="Example: firstcontact accounts domains add Acme acme-group.example")
@click.argument("account", metavar="ACCOUNT")
@click.argument("host", metavar="HOST")
@json_option
@click.pass_context
def add(ctx: click.Context, account: str, host: str, as_json: bool) -> None:
    """HOST is a secondary domain of ACCOUNT. Whoever waited for it is decided again."""
    _rule(ctx, account, host, "added", as_json)


@domains.command(epilog="Example: firstcontact accounts domains refuse Acme counsel.example")
@click.argument("account", metavar="ACCOUNT")
@click.argument("host", metavar="HOST")
@json_option
@click.pass_context
def refuse(ctx: click.Context, account: str, host: str, as_json: bool) -> None:
    """HOST is not ACCOUNT's, even if the CRM says so: never suggested again, never found by it."""
    _rule(ctx, account, host, "refused", as_json)


@domains.command(epilog="Example: firstcontact accounts domains remove Acme acme-group.example")
@click.argument("account", metavar="ACCOUNT")
@click.argument("host", metavar="HOST")
@json_option
@click.pass_context
def remove(ctx: click.Context, account: str, host: str, as_json: bool) -> None:
    """Take back what was added or refused here."""
    from firstcontact.flow.account_domains import take_back
    from firstcontact.identity.domains import website_host

    _, opened = open_home(ctx)
    installation = opened.installation
    id = _id_of(opened, account)
    connection = installation.crm.connection
    there = take_back(opened.ledger, connection, id, host, installation.clock.now())
    tally = installation.drain()
    if as_json:
        print_json({"account": id, "host": website_host(host), "removed": there, "decided": tally.decided})
    elif there:
        say(f"Taken back. {_again(tally)}")
    if not there:
        of_crm = "; the CRM's own are changed in the CRM, or refused here" if not as_json else ""
        note(f"Nothing was added or refused here for {host}{of_crm}.")
        ctx.exit(1)


@domains.command(epilog="Example: firstcontact accounts domains suggest --since 2026-01-01")
@click.option("--since", default="", metavar="DATE", help="Learn from mails and meetings from this day on.")
@click.option(
    "--least", default=3, show_default=True, type=click.IntRange(1), help="At least so much evidence."
)
@json_option
@click.pass_context
def suggest(ctx: click.Context, since: str, least: int, as_json: bool) -> None:
    """Domains that are probably an account's, learnt from who writes together with whom."""
    from firstcontact.flow.domain_suggestions import suggest as learn

    home, opened = open_home(ctx)
    _offered(opened)
    installation = opened.installation
    connection = installation.crm.connection
    seen = [0]

    def progress(more: int) -> None:
        before, seen[0] = seen[0], seen[0] + more
        if before // 100_000 != seen[0] // 100_000:
            note(f"{seen[0]:,} mails and meetings gone through")

    found = learn(
        opened.ledger,
        installation.known,
        home.book.team,
        subdomains=home.book.effective("", connection).account_subdomains,
        since=day(since, home, 0),
        least=least,
        progress=progress,
    )
    names = _names(opened, {each.account for each in found})
    if as_json:
        print_json([{"name": names.get(each.account, ""), **_plain(each)} for each in found])
        return
    for suggestion in found:
        for line in _lines(suggestion, names.get(suggestion.account) or suggestion.account):
            say(line)
    if not found:
        say("Nothing to suggest: whoever writes with an account's people has a domain that is known.")


@accounts.command(epilog="Example: firstcontact accounts check --all")
@click.option("--all", "everything", is_flag=True, help="Also what was read otherwise than it is written.")
@json_option
@click.pass_context
def check(ctx: click.Context, everything: bool, as_json: bool) -> None:
    """What is wrong with the accounts' domains: unreadable websites, hosts of nobody, two accounts on one."""
    from firstcontact.flow.account_check import SERIOUS, check_accounts
    from firstcontact.flow.account_domains import Ruled, every_account

    home, opened = open_home(ctx)
    pages = _pages(opened)
    found = list(check_accounts(lambda: every_account(pages), Ruled(_rulings(opened)), home.book.team))
    shown = [each for each in found if everything or each.about in SERIOUS]
    if as_json:
        print_json([_plain(each) for each in shown])
        return
    for each in shown:
        say(_sentence(each))
        rows = [
            (rank.name or rank.account, rank.account, rank.host, "primary" if rank.primary else "secondary",
             rank.contacts)
            for rank in each.ranked
        ]  # fmt: skip
        table(("account", "id", "domain", "rank", "contacts"), rows)
    quiet = len(found) - len(shown)
    if not shown:
        say("Every domain of an account can be read and is one account's.")
    if quiet:
        say(f"{counted(quiet, 'smaller thing')}, such as websites that were written otherwise: --all.")


# --- what they share -------------------------------------------------------------------------------------


def _offered(opened: Opened) -> None:
    """Raises FlowProblem for a CRM without accounts."""
    from firstcontact.flow.problems import FlowProblem

    offered = opened.installation.crm.capabilities()
    if not offered.accounts:
        raise FlowProblem(f"{offered.title} has no accounts, so there is nothing that a domain could find.")


def _pages(opened: Opened) -> Accounts:
    """All accounts of the CRM, page by page. Raises FlowProblem where they are not known."""
    from firstcontact.flow.problems import FlowProblem
    from firstcontact.ledger import index

    _offered(opened)
    if opened.own is not None:
        return opened.own.every_account
    connection = opened.installation.crm.connection
    if opened.installation.index_state().complete_at is None:
        raise FlowProblem("The address book was never read: `firstcontact index sync` reads it.")

    def page(after: str) -> tuple[Account, ...]:
        with opened.ledger.read() as tx:
            return index.every_account(tx, connection, after)

    return page


def _rulings(opened: Opened) -> tuple[DomainRuling, ...]:
    from firstcontact.ledger import domain_rulings

    with opened.ledger.read() as tx:
        return domain_rulings.every(tx, opened.installation.crm.connection)


def _meant(opened: Opened, named: str, *, one: bool) -> tuple[Account, ...]:
    """The accounts that somebody names. one: exactly one. Raises click.UsageError, FlowProblem."""
    from firstcontact.flow.account_domains import meant

    found = meant(named, _pages(opened))
    if one and not found:
        raise click.UsageError(f"no account has the id, the name or the domain {named}.")
    if one and len(found) > 1:
        several = ", ".join(f"{each.name} ({each.id})" for each in found)
        raise click.UsageError(f"{named} is several accounts: {several}. Name one by its id.")
    return found


def _one(opened: Opened, named: str) -> Account:
    return _meant(opened, named, one=True)[0]


def _id_of(opened: Opened, named: str) -> str:
    """The id of the account that is meant, also of one that is gone, on which something was ruled."""
    if any(each.account == named for each in _rulings(opened)):
        return named
    return _one(opened, named).id


def _names(opened: Opened, ids: set[str]) -> dict[str, str]:
    from firstcontact.flow.account_domains import every_account

    if not ids:
        return {}
    return {each.id: each.name for each in every_account(_pages(opened)) if each.id in ids}


def _rule(ctx: click.Context, account: str, host: str, state: Said, as_json: bool) -> None:
    from firstcontact.flow.account_domains import rule_domain

    home, opened = open_home(ctx)
    installation = opened.installation
    chosen = _one(opened, account)
    ruling = rule_domain(
        opened.ledger,
        installation.crm.connection,
        chosen,
        host,
        state,
        home.book.team,
        "cli",
        installation.clock.now(),
    )
    tally = installation.drain()
    if as_json:
        print_json({**_plain(ruling), "name": chosen.name, "decided": tally.decided})
        return
    name = chosen.name or chosen.id
    said = f"{ruling.host} is {name}'s" if state == "added" else f"{ruling.host} is not {name}'s"
    say(f"{said} from here on. {_again(tally)}")


def _again(tally: Any) -> str:
    if not tally.decided:
        return "Nothing waited for it."
    return (
        f"{counted(tally.decided, 'interaction')} decided again: "
        f"{counted(tally.created, 'contact')} created, {counted(tally.written, 'write')} done."
    )


def _show_all(ctx: click.Context, as_json: bool) -> None:
    _, opened = open_home(ctx)
    rulings = _rulings(opened)
    names = _names(opened, {each.account for each in rulings})
    if as_json:
        print_json([{"name": names.get(each.account, ""), **_plain(each)} for each in rulings])
        return
    rows = [(names.get(each.account, ""), each.account, each.host, each.state) for each in rulings]
    table(("account", "id", "domain", "here"), rows)
    if not rows:
        say("No domain was added or refused here: accounts have the domains that the CRM says.")


def _told(opened: Opened, account: Account) -> dict[str, Any]:
    """An account with each of its domains: its rank, and who says so."""
    from firstcontact.flow.account_domains import Ruled

    rulings = {each.host: each for each in _rulings(opened) if each.account == account.id}
    (now,) = Ruled(tuple(rulings.values())).over([account])

    def told() -> Iterator[dict[str, str]]:
        for place, host in enumerate(now.domains):
            rank = "primary" if place < now.primary_domains else "secondary"
            yield {"host": host, "rank": rank, "says": "the CRM" if host in account.domains else "added here"}
        for host in now.not_theirs:
            yield {"host": host, "rank": "none", "says": "refused here"}

    return {"id": account.id, "name": account.name, "website": account.website, "domains": list(told())}


def _lines(one: Suggestion, name: str) -> Iterator[str]:
    evidence = []
    if one.people:
        are = "is a contact" if one.people == 1 else "are contacts"
        evidence.append(f"{counted(one.people, 'person', 'people')} there {are} of it")
    if one.together:
        mails = "mail or meeting" if one.of == 1 else "mails and meetings"
        evidence.append(f"{one.together:,} of {one.of:,} {mails} from there are with its people")
    yield f"{one.host} is probably {name}'s: {', and '.join(evidence)}."
    yield f"    {', '.join(one.examples)}"
    yield f"    firstcontact accounts domains add {one.account} {one.host}"


def _sentence(one: Found) -> str:
    whose = f"{one.name or 'without a name'} ({one.account})"
    several = ", then ".join(dict.fromkeys(rank.name or rank.account for rank in one.ranked))
    asked = "Nothing ranks the first two: a person is asked." if one.equal else "They rank so:"
    sentences: dict[str, Callable[[], str]] = {
        "unreadable": lambda: f"{whose}: the website “{one.website}” cannot be read: {one.why}.",
        "unfit": lambda: f"{whose}: {one.host} names no account: {one.why}.",
        "normalised": lambda: f"{whose}: the website “{one.website}” is read as {one.host}.",
        "no_domain": lambda: f"{whose} has no website, so that no mail finds it.",
        "lost": lambda: f"{one.account} is not there any more: {one.host}: {one.why}.",
        "shared": lambda: f"{one.host} is the domain of several accounts: {several}. {asked}",
        "subdomains": lambda: f"Several accounts have hosts under {one.host}; another host there is of all:",
    }
    return sentences[one.about]()


def _plain(value: Any) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
