"""The text of a settings file, read: what it says, or what is wrong with it, and in which line.

A home folder holds one `settings.toml`::

    [team]
    region = "US"
    domains = ["northwind.example"]

    [[team.users]]
    name = "Ana Ruiz"
    emails = ["ana@northwind.example"]

    [organisation]
    preset = "standard"
    lock = ["blocked"]

    [connection.clio]              # a CRM connection: what it is, and settings of its own
    kind = "clio"
    options = { region = "us" }
    read_only = true               # decide and show, write nothing
    users = { ana-ruiz = "3581" }  # users of the CRM, where no e-mail address ties them to ours

    [engine]                       # where workers on several machines meet
    temporal = "temporal.northwind.example:7233"

    [profile.sales]
    members = ["ana-ruiz"]
    engagement = "any"

    [user.ana-ruiz]
    "log.email" = false

    [store]                        # where the databases are, if not in files beside this one
    url = "postgresql://firstcontact@db.northwind.example/firstcontact"
    password_file = "store.password"

Touches no file; `config` does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from firstcontact.policy.schema import BY_NAME
from firstcontact.policy.scopes import SUB_SCOPES, SettingsBook
from firstcontact.policy.setting import Problem, SettingsProblem, unknown_key
from firstcontact.toml_places import line_of, places

FILE_NAME = "settings.toml"
"""In the home folder."""
ADDRESS_BOOK = "address_book"
"""The kind, and the connection's name, of the built-in address book."""
_TOP = ("team", "organisation", "engine", "store", *SUB_SCOPES)
_TOML_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


class Connection(msgspec.Struct, frozen=True):
    """A CRM connection as the file names it: its kind (`clio` …) and the options of its connector.

    read_only: everything is decided and shown, nothing is written. users: ids of the CRM's users by those of
    ours, for whom no e-mail address ties to one.
    """

    name: str
    kind: str
    options: Mapping[str, object] = {}
    read_only: bool = False
    users: Mapping[str, str] = {}


class Engine(msgspec.Struct, frozen=True):
    """Where workers on several machines meet: a Temporal server as HOST:PORT (empty: there is none), its
    namespace, and the task queue (empty: one of the installation's own).

    tls: empty for a connection that is not encrypted, `system` for one that the system's authorities vouch
    for, else the file of an authority; certificate and key: files of our own, where the server wants to know
    who we are. Files are seen from the home folder.
    """

    temporal: str = ""
    namespace: str = "default"
    queue: str = ""
    tls: str = ""
    certificate: str = ""
    key: str = ""


class StoreAt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an installation's databases are: files in `folder` (seen from the home; "": the home itself), or
    one PostgreSQL database at `url`, never with a password: `password_file` holds that, seen from the home,
    or PGPASSWORD, or the file that PGPASSFILE names (`~/.pgpass`)."""

    url: str = ""
    folder: str = ""
    password_file: str = ""


class Home(msgspec.Struct, frozen=True):
    """A home folder as it was read: the book, the connections, and the text that they came from."""

    folder: Path
    path: Path
    text: str
    book: SettingsBook
    connections: Mapping[str, Connection] = {}
    engine: Engine = Engine()
    store: StoreAt = StoreAt()

    @property
    def in_use(self) -> Connection | None:
        """The CRM connection that there is, None for the built-in address book, and where there are several,
        which cannot be opened."""
        named = [each for each in self.connections.values() if each.kind not in ("", ADDRESS_BOOK)]
        return named[0] if len(named) == 1 else None

    @property
    def ignored(self) -> tuple[Problem, ...]:
        """Values that a lock keeps out, with file and lines."""
        return self.place(self.book.ignored)

    def place(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The problems (warnings, say) with the file and line where each one stands."""
        return _placed(problems, self.path, self.text)


def decoded(raw: bytes, path: Path) -> str:
    """The bytes of a settings file as text. Raises SettingsProblem, with the line, where they are none."""
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(sentence="is not UTF-8 text from this line on", file=str(path), line=line)
        raise SettingsProblem([problem]) from None


def store_in(settings: bytes) -> StoreAt:
    """Where the text of a settings file says that the databases are. Raises SettingsProblem."""
    path = Path(FILE_NAME)
    try:
        parsed = tomllib.loads(decoded(settings, path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsProblem([_syntax_problem(error, path, "")]) from None
    store, problems = _store(parsed.get("store"))
    if problems:
        raise SettingsProblem(problems)
    return store


def read_home(
    folder: Path,
    path: Path,
    text: str,
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda parsed: parsed,
) -> Home:
    """What the text says. complete: puts in what it leaves to others. Raises SettingsProblem, with file, key
    and line of every problem."""
    try:
        parsed = complete(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsProblem([_syntax_problem(error, path, text)]) from None
    engine, wrong = _engine(parsed.get("engine"))
    store, wrong_store = _store(parsed.get("store"))
    problems = [*_outside_problems(parsed), *wrong, *wrong_store]
    ours: Collection[str] | None = None
    try:
        book = read_book(parsed)
        ours = [user.id for user in book.team.users]
    except SettingsProblem as found:
        problems = [*problems, *found.problems]
    connections, wrong = _connections(parsed.get("connection"), ours)
    problems = [*problems, *wrong]
    if problems:
        placed = _placed(tuple(problems), path, text)
        raise SettingsProblem(sorted(placed, key=lambda problem: problem.line))
    return Home(folder, path, text, book, connections, engine, store)


def _syntax_problem(error: tomllib.TOMLDecodeError, path: Path, text: str) -> Problem:
    words = str(error)
    found = _TOML_LINE.search(words)
    line = int(found.group(1)) if found is not None and found.group(1) else text.rstrip("\n").count("\n") + 1
    sentence = f"this is not TOML: {_TOML_LINE.sub('', words)[:1].lower()}{_TOML_LINE.sub('', words)[1:]}"
    return Problem(sentence=sentence, file=str(path), line=line)


def _outside_problems(parsed: Mapping[str, object]) -> list[Problem]:
    """What is wrong above the settings themselves: unknown tables, values where tables belong."""
    problems = []
    for name, value in parsed.items():
        if name not in _TOP:
            sentence = unknown_key(name, _TOP, "table")
            if name in BY_NAME or name in ("preset", "lock"):
                sentence = f"`{name}` belongs under `[organisation]`"
            problems.append(Problem(sentence=sentence, key=name, place=(name,)))
        elif not isinstance(value, Mapping):
            problems.append(Problem(sentence=f"`{name}` is a table, `[{name}]`", key=name, place=(name,)))
    organisation = parsed.get("organisation")
    for scope in SUB_SCOPES if isinstance(organisation, Mapping) else ():
        if scope in cast("Mapping[str, object]", organisation):
            sentence = f"`{scope}` is a table of its own: `[{scope}.NAME]`"
            problems.append(Problem(sentence=sentence, key=scope, place=("organisation", scope)))
    return problems


def read_book(parsed: Mapping[str, object]) -> SettingsBook:
    """The settings and the team of a parsed file. Raises SettingsProblem, with keys and places."""

    def table(name: str) -> Mapping[str, object]:
        value = parsed.get(name)
        return value if isinstance(value, Mapping) else {}

    own = {key: value for key, value in table("organisation").items() if key not in SUB_SCOPES}
    subs: dict[str, object] = {scope: table(scope) for scope in SUB_SCOPES}
    return SettingsBook.from_mapping(
        table("team"), {**own, **subs}, settings_place=("organisation",), sub_place=()
    )


def _connections(
    written: object, users: Collection[str] | None
) -> tuple[dict[str, Connection], list[Problem]]:
    connections: dict[str, Connection] = {}
    problems: list[Problem] = []
    for name, values in written.items() if isinstance(written, Mapping) else ():
        if not isinstance(values, Mapping):
            continue
        wrong = [
            Problem(sentence=sentence, key=key, place=("connection", name, *where))
            for key, where, sentence in _connection_problems(values, users)
        ]
        problems += wrong
        if not wrong:
            connections[name] = Connection(
                name,
                values.get("kind", ""),
                dict(values.get("options", {})),
                values.get("read_only", False),
                dict(values.get("users", {})),
            )
    return connections, problems


def _connection_problems(
    values: Mapping[str, object], users: Collection[str] | None
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Key, where it stands, and what is wrong with it. users: None where the team cannot be read either."""
    if not isinstance(values.get("kind", ""), str):
        yield "kind", ("kind",), 'the kind of CRM is a text, such as "clio"'
    if not isinstance(values.get("options", {}), Mapping):
        yield "options", ("options",), 'options are a table, such as `options = { region = "us" }`'
    if not isinstance(values.get("read_only", False), bool):
        yield "read_only", ("read_only",), "`read_only` is true or false"
    mapped = values.get("users", {})
    if not isinstance(mapped, Mapping):
        yield "users", ("users",), 'users are a table, such as `users = { ana-ruiz = "3581" }`'
        return
    for user, theirs in mapped.items():
        if users is not None and user not in users:
            yield user, ("users", user), unknown_key(user, users, "user")
        elif not isinstance(theirs, str) or not theirs:
            yield user, ("users", user), 'the id of a user of the CRM is a text, such as "3581"'


def _engine(written: object) -> tuple[Engine, list[Problem]]:
    values = written if isinstance(written, Mapping) else {}
    problems = []
    for key, value in values.items():
        sentence = ""
        if key not in Engine.__struct_fields__:
            sentence = unknown_key(key, Engine.__struct_fields__, "key")
        elif not isinstance(value, str):
            sentence = 'this is a text, such as "temporal.northwind.example:7233"'
        if sentence:
            problems.append(Problem(sentence=sentence, key=key, place=("engine", key)))
    return (Engine() if problems else Engine(**values)), problems


def _store(written: object) -> tuple[StoreAt, list[Problem]]:
    """The `[store]` table. A wrong value is never shown: a password may stand in it."""
    if not isinstance(written, Mapping):
        return StoreAt(), []
    problems: list[Problem] = []
    names = StoreAt.__struct_fields__
    for name, value in written.items():
        sentence = ""
        if name not in names:
            sentence = unknown_key(name, names, "key")
        elif not isinstance(value, str):
            sentence = f"`{name}` is a text"
        elif name == "url":
            sentence = url_problem(value)
        elif name == "password_file" and not written.get("url"):
            sentence = "`password_file` is for a PostgreSQL `url`"
        elif name == "folder" and written.get("url"):
            sentence = "name either a `folder` for files or a PostgreSQL `url`"
        if sentence:
            problems.append(Problem(sentence=sentence, key=name, place=("store", name)))
    return (StoreAt() if problems else StoreAt(**written)), problems


def url_problem(url: str) -> str:
    """What is wrong with a database's address, "" where nothing is. Never shows the address."""
    if not url:
        return ""
    if not url.startswith(("postgresql://", "postgres://")):
        return "`url` is the address of a PostgreSQL database: postgresql://USER@HOST/DATABASE"
    if without_password(url)[1]:
        return (
            "a password does not belong in the settings, which are kept in the ledger: put it into "
            "~/.pgpass, or into a file that `password_file` names"
        )
    return ""


def without_password(url: str) -> tuple[str, str]:
    """The address without its password, and that, wherever it stands in it."""
    from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    password = unquote(password) or next((value for name, value in asked if name == "password"), "")
    query = urlencode([pair for pair in asked if pair[0] != "password"], safe="/")
    if not password:
        return url, ""
    return urlunsplit((parts.scheme, f"{user}{at}{host}", parts.path, query, parts.fragment)), password


def _placed(problems: tuple[Problem, ...], path: Path, text: str) -> tuple[Problem, ...]:
    lines = places(text)
    return tuple(
        msgspec.structs.replace(
            problem,
            file=str(path),
            line=line_of(lines, problem.place),
            other_line=line_of(lines, problem.other),
        )
        for problem in problems
    )
