"""`firstcontact connect` and `disconnect`: log in to a CRM, or forget how."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    counted,
    json_option,
    load_home,
    note,
    print_json,
    say,
)

if TYPE_CHECKING:
    from firstcontact.connectors.contract import Asked, Credentials, CrmKind, Login
    from firstcontact.ledger.book import Ledger
    from firstcontact.settings_text import Connection, Home

WAIT_SECONDS = 300.0
"""For so long the browser may take to come back."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@click.command(epilog="Example: firstcontact connect clio --option region=us --read-only")
@click.argument("kind")
@click.option("--name", default="", help="Name of the connection; default: its kind.")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE", help="An option of the kind (repeat)."
)
@click.option(
    "--login", "login_name", default="", metavar="LOGIN", help="The way to log in, if not the usual."
)
@click.option("--value", "values", multiple=True, metavar="NAME=VALUE",
              help="Something that is asked for and is no secret (repeat).")  # fmt: skip
@click.option("--file", "files", multiple=True, metavar="NAME=PATH",
              help="Something that is asked for, from a file (repeat).")  # fmt: skip
@click.option("--stdin", "from_stdin", is_flag=True, help="What is asked for, as lines NAME=VALUE.")
@click.option("--read-only", is_flag=True, help="Decide and show, and never write.")
@click.option("--no-browser", is_flag=True, help="Only print the address to log in at.")
@click.option("--port", default=0, metavar="PORT", help="Of the address that the browser comes back to.")
@json_option
@click.pass_context
def connect(
    ctx: click.Context,
    kind: str,
    name: str,
    options: tuple[str, ...],
    login_name: str,
    values: tuple[str, ...],
    files: tuple[str, ...],
    from_stdin: bool,
    read_only: bool,
    no_browser: bool,
    port: int,
    as_json: bool,
) -> None:
    """Log in to a CRM of a KIND (salesforce, clio, tryton, carddav …) and work with it from here on.

    What a login asks for is asked here, secrets without showing them; from scripts it comes by --file, by
    --stdin, or from variables of the environment (FIRSTCONTACT_CLIENT_SECRET for client_secret). An answer
    that begins with @ names a file. Nothing is kept before the login has worked. The same command logs in
    again; what waited for that goes on.
    """
    from firstcontact.bootstrap import credentials_of, open_installation
    from firstcontact.config import set_connection

    home = load_home(ctx)
    connection, crm_kind = _chosen(home, kind, name, options, read_only)
    login = _login(crm_kind, login_name)
    given = {**_pairs(values, "--value"), **_from_files(files), **(_from_stdin() if from_stdin else {})}
    before = _kept(home, connection, login)
    asked = _asked(login, given, before, _redirect(login, port), _pairs(values, "--value")) if login else {}
    with _nothing_kept(connection):
        if login is not None and login.oauth is not None:
            asked = _by_browser(home, connection, crm_kind, login, asked, port, browser=not no_browser)
        trial = Trial({"login": login.name, **asked} if login is not None else {})
        users = _try(home, connection, trial)
    if login is not None:
        credentials_of(home, connection.name, _ledger(home)).keep(trial.read())
    after = set_connection(home.folder, connection)
    resumed = open_installation(after).installation.resume()
    if as_json:
        print_json(
            {
                "connection": connection.name,
                "kind": connection.kind,
                "login": login.name if login is not None else "",
                "read_only": connection.read_only,
                "users": users,
                "resumed": resumed,
            }
        )
        return
    title = crm_kind.capabilities.title
    there = f": {counted(users, 'user')} there" if users else ""  # some tell of none, or have none
    say(f"Connected to {title} as [connection.{connection.name}] in {after.path}{there}.")
    if connection.read_only:
        say(f"It is read-only: everything is decided and shown, nothing is written to {title}.")
    if resumed:
        say("It was paused; what waited goes on with `firstcontact run`.")
    say("Next: firstcontact doctor (is everything there?), firstcontact users (who is who?)")


@click.command(epilog="Example: firstcontact disconnect clio")
@click.argument("name")
@json_option
@click.pass_context
def disconnect(ctx: click.Context, name: str, as_json: bool) -> None:
    """Forget what the connection NAME logs in with. What was decided and written stays in the ledger."""
    from firstcontact.bootstrap import credentials_of

    home = load_home(ctx)
    forgotten = credentials_of(home, name, _ledger(home)).forget()
    if not forgotten and name not in home.connections:
        known = ", ".join(home.connections) or "none"
        raise click.UsageError(f"there is no connection {name}; there are: {known}")
    if as_json:
        print_json({"connection": name, "forgotten": forgotten})
        return
    said = "is forgotten" if forgotten else "was not kept"
    say(f"What {name} logs in with {said}. Take our access away in the CRM, too, if it is to end for good.")
    if name in home.connections:
        say(
            f"[connection.{name}] is still in {home.path}: nothing is sent until `firstcontact connect` logs "
            "in again. Without that table FirstContact works with its own address book."
        )


# --- which connection ------------------------------------------------------------------------------


def _chosen(
    home: Home, kind: str, name: str, options: tuple[str, ...], read_only: bool
) -> tuple[Connection, CrmKind]:
    """The connection as it is to be. Raises click.UsageError, SettingsProblem, FlowProblem."""
    import msgspec

    from firstcontact.bootstrap import the_connection
    from firstcontact.connectors import kinds
    from firstcontact.settings_text import Connection

    try:
        crm_kind = kinds.kind(kind)
    except (kinds.UnknownKind, kinds.NotConnected) as error:
        raise click.UsageError(str(error)) from None
    there = the_connection(home)
    name = name or (there.name if there is not None and there.kind == kind else kind)
    if not _NAME.fullmatch(name):
        raise click.UsageError(f"--name {name}: small letters, digits, - and _, a letter first")
    if there is not None and there.name != name:
        raise click.UsageError(
            f"{home.path} has [connection.{there.name}] already, and this version works with one at a time; "
            "take that table away first, or use another home (--home)"
        )
    before = home.connections.get(name)
    if before is not None and before.kind not in ("", kind):
        raise click.UsageError(f"[connection.{name}] in {home.path} is of the kind {before.kind}")
    connection = before or Connection(name, kind)
    said = {**connection.options, **_read_options(crm_kind, options)}
    for key, option in crm_kind.options.items():
        if option.required and not said.get(key) and sys.stdin.isatty():
            choices = f" ({', '.join(option.choices)})" if option.choices else ""
            said[key] = _typed(option.default, click.prompt(f"{option.meaning}{choices}"))
    connection = msgspec.structs.replace(
        connection, kind=kind, options=said, read_only=connection.read_only or read_only
    )
    _check_options(home, connection)
    return connection, crm_kind


def _check_options(home: Home, connection: Connection) -> None:
    """Raises click.UsageError: nothing stands in the file yet that a line could be named of."""
    from firstcontact.bootstrap import options_of
    from firstcontact.policy.setting import SettingsProblem

    try:
        options_of(home, connection)
    except SettingsProblem as problems:
        said = "; ".join(each.sentence for each in problems.problems)
        raise click.UsageError(f"--option: {said}") from None


def _read_options(kind: CrmKind, written: tuple[str, ...]) -> dict[str, str | int | bool]:
    """`key=value` in the type that the option has."""
    given = _pairs(written, "--option")
    return {
        key: _typed(kind.options[key].default if key in kind.options else "", value)
        for key, value in given.items()
    }


def _typed(default: object, text: str) -> str | int | bool:
    if isinstance(default, bool) and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in ("true", "yes")
    if isinstance(default, int) and not isinstance(default, bool) and text.lstrip("-").isdecimal():
        return int(text)
    return text


# --- what the login asks for -----------------------------------------------------------------------


def _login(kind: CrmKind, named: str) -> Login | None:
    """The chosen way to log in, None for a kind that needs none. Raises click.UsageError."""
    if not kind.logins and not named:
        return None
    for login in kind.logins:
        if named in ("", login.name):
            return login
    ways = "; ".join(f"{each.name}: {each.meaning}" for each in kind.logins) or "none is needed"
    raise click.UsageError(f"--login {named}: there is no such way to log in; {ways}")


def _asked(
    login: Login,
    given: Mapping[str, str],
    before: Mapping[str, str],
    redirect: str,
    shown: Mapping[str, str],
) -> dict[str, str]:
    """A value for everything that the login asks for. Raises click.UsageError."""
    from firstcontact.config import variable

    names = [each.name for each in login.asks]
    for name in given:
        if name not in names:
            raise click.UsageError(f"{name}: the login {login.name} asks for {', '.join(names) or 'nothing'}")
    for each in login.asks:
        if each.secret and each.name in shown:
            raise click.UsageError(
                f"--value {each.name}: everybody on this machine can see a command line; give it by --file, "
                f"--stdin or {_variable(each)}"
            )
    found: dict[str, str] = {}
    missing: list[Asked] = []
    for each in login.asks:
        value = given.get(each.name) or variable(_variable(each))
        if value or (before.get(each.name) and not sys.stdin.isatty()):
            found[each.name] = value or before[each.name]
        else:
            missing.append(each)
    if missing and sys.stdin.isatty():
        if redirect:
            note(f"The application is to be registered with the redirect address {redirect}")
        for each in missing:
            found[each.name] = _prompt(each, before.get(each.name, ""))
        missing = []
    lacking = [each for each in missing if each.required]
    if lacking:
        names = [f"{each.name} ({each.meaning}; {_variable(each)})" for each in lacking]
        raise click.UsageError(
            f"the login {login.name} needs {'; '.join(names)}: by --file, --stdin or variable"
        )
    return {name: value for name, value in found.items() if value}


def _prompt(asked: Asked, before: str) -> str:
    """Asks a person; Enter takes what was kept. An answer `@FILE` is read from there."""
    words = asked.meaning + (" [Enter: as before]" if before else "")
    default = before if before or not asked.required else None
    answer: str = click.prompt(words, default=default, hide_input=asked.secret, show_default=False)
    return _content(Path(answer[1:]).expanduser()) if answer.startswith("@") else answer


def _variable(asked: Asked) -> str:
    return f"FIRSTCONTACT_{asked.name.upper()}"


def _pairs(written: tuple[str, ...], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option} {name}: write {option} NAME=VALUE")
        found[name.strip()] = value
    return found


def _from_files(written: tuple[str, ...]) -> dict[str, str]:
    return {name: _content(Path(path).expanduser()) for name, path in _pairs(written, "--file").items()}


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.UsageError(f"{path}: this is not text") from None


def _from_stdin() -> dict[str, str]:
    lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if "=" not in line:  # the line itself may be a secret
            raise click.UsageError(f"--stdin: line {number} is not NAME=VALUE")
    return _pairs(tuple(lines), "--stdin")


# --- logging in --------------------------------------------------------------------------------------


class Trial:
    """The contract's `Credentials` of a login that is tried, in memory until it has worked."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def read(self) -> Mapping[str, str]:
        """What there is so far."""
        return dict(self._values)

    def renew(
        self, stale: Mapping[str, str], ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """As `Credentials`, for this one process."""
        if dict(stale) == self._values:
            self._values = {**self._values, **ask(dict(self._values))}
        return dict(self._values)


@contextmanager
def _nothing_kept(connection: Connection) -> Iterator[None]:
    """A login that does not work: what to look at. Raises FlowProblem."""
    from firstcontact.connectors.contract import AuthLapsed, TryAgain
    from firstcontact.flow.problems import FlowProblem

    said = ", ".join(f"{name}={value}" for name, value in connection.options.items()) or "as usual"
    try:
        yield
    except AuthLapsed as error:
        remedy = f"Nothing was changed. Look at what was given, and at the options ({said})."
        raise FlowProblem(f"{error} {remedy}") from None
    except TryAgain as error:
        remedy = f"Nothing was changed. Look at the options ({said}) and the network, or try again later."
        raise FlowProblem(f"{error} {remedy}") from None


def _redirect(login: Login | None, port: int) -> str:
    from firstcontact.connectors.toolkit.oauth import redirect_address

    return redirect_address(port) if login is not None and login.oauth is not None else ""


def _by_browser(
    home: Home,
    connection: Connection,
    kind: CrmKind,
    login: Login,
    asked: Mapping[str, str],
    port: int,
    *,
    browser: bool,
) -> dict[str, str]:
    """The login's values with what the vendor gave. Raises AuthLapsed, TryAgain, click.UsageError."""
    from firstcontact.bootstrap import options_of
    from firstcontact.connectors.toolkit import oauth
    from firstcontact.connectors.toolkit.http import Http
    from firstcontact.flow.clock import SystemClock

    assert login.oauth is not None
    options, title = options_of(home, connection), kind.capabilities.title
    try:
        listening = oauth.loopback(port or oauth.PORT)
        with listening as back:
            request = oauth.begin(login.oauth, options, asked.get("client_id", ""), back.redirect)
            note(f"Log in to {title} here, if your browser does not open it by itself:\n{request.address}")
            if browser:
                _open(request.address)
            code = back.code(request, WAIT_SECONDS, title)
    except TimeoutError:
        raise click.UsageError(f"nobody logged in to {title}; nothing was changed") from None
    except OSError as error:
        raise click.UsageError(
            f"the redirect address {oauth.redirect_address(port)} cannot be listened at ({error.strerror}); "
            "name another --port and register it with the application"
        ) from None
    http = Http(title, "")
    try:
        now = SystemClock().now
        return {**asked, **oauth.finish(http, login.oauth, options, request, code, asked, now, title)}
    finally:
        http.close()


def _open(address: str) -> None:
    import webbrowser

    try:
        webbrowser.open(address)
    except webbrowser.Error:
        return  # the address was printed


def _try(home: Home, connection: Connection, login: Credentials) -> int:
    """How many users the CRM has, which it tells only to whom it lets in. Raises AuthLapsed, TryAgain."""
    from firstcontact.bootstrap import open_crm
    from firstcontact.boundaries import Boundary, crossing
    from firstcontact.connectors.contract import Examined
    from firstcontact.flow.clock import SystemClock

    crm = open_crm(home, connection, _ledger(home), SystemClock(), login=login)
    with crossing(Boundary.TRY_LOGIN):
        users = crm.users()
        if not crm.capabilities().owners and isinstance(crm, Examined):
            crm.examine()  # its only user is the login's own, which it tells without asking anybody
    return sum(1 for user in users if user.active)


def _ledger(home: Home) -> Ledger:
    """Raises StoreProblem."""
    from firstcontact.bootstrap import sides
    from firstcontact.homes import claim
    from firstcontact.ledger.history import open_ledger

    ledger = open_ledger(sides(home.folder, home.store)[0].engine)
    claim(home.folder, ledger.engine, shared=bool(home.store.url))
    return ledger


def _kept(home: Home, connection: Connection, login: Login | None) -> Mapping[str, str]:
    """What was given for this login before, {} where that cannot be read."""
    from firstcontact.bootstrap import credentials_of
    from firstcontact.connectors.contract import AuthLapsed, TryAgain

    if login is None:
        return {}
    try:
        kept = credentials_of(home, connection.name, _ledger(home)).read()
    except (AuthLapsed, TryAgain):
        return {}
    return kept if kept.get("login") == login.name else {}
