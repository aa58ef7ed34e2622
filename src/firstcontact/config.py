"""The only module that reads settings from files and the environment; everything it returns is frozen.

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

Whatever cannot be read is refused with the file, the key and the line. Secrets do not belong here.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.policy.schema import (
    BY_NAME,
    SCOPES,
    Layer,
    Place,
    Problem,
    Scope,
    SettingsProblem,
    unknown_key,
)
from firstcontact.policy.scopes import SUB_SCOPES, SettingsBook
from firstcontact.policy.settings import Effective
from firstcontact.toml_places import line_of, places

HOME_VARIABLE = "FIRSTCONTACT_HOME"
BUSY_VARIABLE = "FIRSTCONTACT_BUSY_SECONDS"
KEY_VARIABLE = "FIRSTCONTACT_KEY_FILE"
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By this name prometheus-client knows the folder in which several processes count; it reads it when it is
imported."""
FILE_NAME = "settings.toml"
ADDRESS_BOOK = "address_book"
"""The kind, and the connection's name, of the built-in address book."""
KEY_FILE = "keys/ring.json"
"""Where the key ring is in a home, if the environment does not name another place."""
STORE_PASSWORD_FILE = "store.password"
"""Where a password goes that was given with a database's address."""
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


class Change(msgspec.Struct, frozen=True):
    """What `set_key` did: the home as it is now, and the settings at that scope before and after."""

    home: Home
    old: Effective
    new: Effective


def home_folder(named: str = "", environment: Mapping[str, str] | None = None) -> Path:
    """The home folder: as named, else FIRSTCONTACT_HOME, else `.firstcontact` in the user's own folder."""
    variables = os.environ if environment is None else environment
    chosen = named or variables.get(HOME_VARIABLE, "")
    return Path(chosen).expanduser() if chosen else Path.home() / ".firstcontact"


def busy_seconds(environment: Mapping[str, str] | None = None) -> float | None:
    """How long to wait for a database that another program has locked: FIRSTCONTACT_BUSY_SECONDS, None where
    it says nothing that is a number of seconds."""
    variables = os.environ if environment is None else environment
    try:
        seconds = float(variables.get(BUSY_VARIABLE, ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None


def key_file(home: Path, environment: Mapping[str, str] | None = None) -> Path:
    """The file of the key ring: FIRSTCONTACT_KEY_FILE, else the one in the home."""
    variables = os.environ if environment is None else environment
    named = variables.get(KEY_VARIABLE, "")
    return Path(named).expanduser() if named else home / KEY_FILE


def variable(name: str, environment: Mapping[str, str] | None = None) -> str:
    """What an environment variable says that a person names on the command line, "" where there is none."""
    variables = os.environ if environment is None else environment
    return variables.get(name, "")


def metrics_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """Where this process is to count together with others; None: it counts alone."""
    variables = os.environ if environment is None else environment
    named = variables.get(METRICS_VARIABLE, "")
    return Path(named) if named else None


def share_metrics(folder: Path | None) -> None:
    """This process and those that it starts from here on count in the folder; None: each alone, from the next
    one on. To be called before anything is counted."""
    if folder is None:
        os.environ.pop(METRICS_VARIABLE, None)
    else:
        os.environ[METRICS_VARIABLE] = str(folder)


TITLES_FILE = "titles.toml"
"""In the home folder: the administrator's own rules for job titles, in place of those that are built in."""


def read_titles(file: Path) -> tuple[TitleRule, ...]:
    """The rules of a file. Raises BadRules, OSError."""
    from firstcontact.formats.title_rules import BadRules, read_rules

    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadRules(f"{file}: this is no text in UTF-8.") from None
    return read_rules(text, str(file))


def titles_of(home: Path) -> tuple[TitleRule, ...]:
    """The rules for job titles that hold in a home folder. Raises BadRules, OSError."""
    own = home / TITLES_FILE
    return read_titles(own) if own.exists() else BUILT_IN


def load(home: Path) -> Home:
    """The settings of a home folder. Raises SettingsProblem, with file, key and line of every problem."""
    path = home / FILE_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        sentence = f"there is no {FILE_NAME} in {home}; `firstcontact init` makes one"
        raise SettingsProblem([Problem(sentence=sentence, file=str(path))]) from None
    except OSError as error:
        sentence = f"cannot be read: {error.strerror}"
        raise SettingsProblem([Problem(sentence=sentence, file=str(path))]) from error
    return _home(home, path, _decoded(raw, path))


def load_other(path: Path, like: Home) -> Home:
    """Settings to try in a replay: a whole settings file, or one that says only what differs.

    Tables it does not have are as in `like`. Keys of its `[organisation]` are laid over those of `like`,
    unless it names a preset, which starts anew. Raises SettingsProblem.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        sentence = f"cannot be read: {error.strerror}"
        raise SettingsProblem([Problem(sentence=sentence, file=str(path))]) from error
    return read_other(_decoded(raw, path), path, like)


def read_other(text: str, path: Path, like: Home) -> Home:
    """As `load_other`, of a text that was read already; `path` is for what is wrong with it."""
    base = tomllib.loads(like.text)

    def over_base(parsed: dict[str, Any]) -> dict[str, Any]:
        merged = {**base, **parsed}
        organisation = parsed.get("organisation")
        if isinstance(organisation, dict) and "preset" not in organisation:
            merged["organisation"] = {**base.get("organisation", {}), **organisation}
        return merged

    return _home(like.folder, path, text, over_base)


def write_initial(
    home: Path,
    team: Mapping[str, object],
    preset: str = "standard",
    store: StoreAt | None = None,
    password: str = "",
) -> Home:
    """Makes the folder and its first `settings.toml`, and returns it as read back.

    What the settings name is there before they are: a folder for the databases, the file with the password of
    `store`. `team` is in the written form of `[team]`. Raises SettingsProblem where the values are wrong or a
    file is there already.
    """
    path = home / FILE_NAME
    text = _initial_text(team, preset)
    if store is not None and store != StoreAt():
        text = _with_store(text, store)
    made = _home(home, path, text)
    make_folder(home)
    with _only_one_editor(home):
        if path.exists():
            sentence = "is there already; change single keys with `firstcontact settings set`"
            raise SettingsProblem([Problem(sentence=sentence, file=str(path))])
        if made.store.folder:
            make_folder(home / made.store.folder)
        if password:
            keep_password(home, password)
        _write(path, text)
    return made


def make_folder(folder: Path) -> None:
    """Makes a folder that its owner alone can look into, where there is none."""
    with crossing(Boundary.MAKE_FOLDER):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def set_key(home: Path, scope: str, key: str, value: object) -> Change:
    """Sets one key at one scope (`organisation`, `connection:NAME`, `profile:NAME`, `user:ID`) in the file,
    keeping comments and order; None takes the key away. Validated as a whole before anything is written.

    Raises SettingsProblem: an unknown key or bad value, a key that a wider scope locks, an unknown user or
    profile.
    """
    with _only_one_editor(home):
        before = load(home)
        layer_place = _layer_place(before, scope)
        text = _edited(before, layer_place, key, value)
        after = _home(home, before.path, text)
        _refuse_locked(before, after, layer_place)
        _write(before.path, text)
    return Change(after, before.book.effective_at(scope), after.book.effective_at(scope))


def named_store(home: Path, named: str) -> tuple[StoreAt, str]:
    """What a person names as the place for the databases: `files` (in the home), a folder, or a PostgreSQL
    address; and the password that stood in the address, "" for none. Raises SettingsProblem."""
    if named == "files":
        return StoreAt(), ""
    if "://" not in named:
        folder = Path(named).expanduser().resolve()
        inside = folder.is_relative_to(home.resolve())
        return StoreAt(folder=str(folder.relative_to(home.resolve()) if inside else folder)), ""
    url, password = _without_password(named)
    problem = _url_problem(url)
    if problem:
        raise SettingsProblem([Problem(sentence=problem, key="url")])
    return StoreAt(url=url, password_file=STORE_PASSWORD_FILE if password else ""), password


def store_in(settings: bytes) -> StoreAt:
    """Where the text of a settings file says that the databases are. Raises SettingsProblem."""
    path = Path(FILE_NAME)
    try:
        parsed = tomllib.loads(_decoded(settings, path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsProblem([_syntax_problem(error, path, "")]) from None
    store, problems = _store(parsed.get("store"))
    if problems:
        raise SettingsProblem(problems)
    return store


def set_store(home: Path, store: StoreAt) -> Home:
    """Says in the settings file where the databases are from now on, as one step. Raises SettingsProblem."""
    with _only_one_editor(home):
        before = load(home)
        text = _with_store(before.text, store)
        after = _home(home, before.path, text)
        _write(before.path, text)
    return after


def set_connection(home: Path, connection: Connection) -> Home:
    """Says in the settings file what a CRM connection is from now on; its settings, comments and the rest
    stay as they stand there. Raises SettingsProblem, with the file unchanged."""
    with _only_one_editor(home):
        before = load(home)
        text = _with_connection(before.text, connection)
        after = _home(home, before.path, text) if text else before
        wanted = {**before.connections, connection.name: connection}
        if after.connections != wanted or after.book.version != before.book.version:
            named = f"connection.{connection.name}"
            sentence = (
                f"`[{named}]` cannot be changed here without disturbing the file; please edit it by hand"
            )
            raise SettingsProblem([Problem(sentence=sentence, key=named, file=str(before.path))])
        _write(before.path, text)
    return after


def replace_settings(home: Path, text: str, store: StoreAt) -> Home:
    """Writes a whole settings file, as a backup has it, with other databases. Raises SettingsProblem."""
    path = home / FILE_NAME
    text = _with_store(text, store)
    made = _home(home, path, text)
    make_folder(home)
    with _only_one_editor(home):
        _write(path, text)
    return made


def keep_password(home: Path, password: str) -> None:
    """Writes the file that `named_store` names, readable by its owner alone."""
    make_folder(home)
    _write(home / STORE_PASSWORD_FILE, password + "\n")


def password_of(home: Path, store: StoreAt) -> Callable[[], str] | None:
    """Reads the file with the password, each time anew; None where there is none. The function raises
    SettingsProblem where the file cannot be read."""
    if not store.password_file:
        return None
    path = home / store.password_file

    def read() -> str:
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            sentence = f"the database's password is to be in {path}, which cannot be read ({why})"
            raise SettingsProblem([Problem(sentence=sentence, key="password_file")]) from None

    return read


# --- reading ---------------------------------------------------------------------------------------


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(sentence="is not UTF-8 text from this line on", file=str(path), line=line)
        raise SettingsProblem([problem]) from None


def _home(
    folder: Path,
    path: Path,
    text: str,
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda parsed: parsed,
) -> Home:
    try:
        parsed = complete(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsProblem([_syntax_problem(error, path, text)]) from None
    engine, wrong = _engine(parsed.get("engine"))
    store, wrong_store = _store(parsed.get("store"))
    problems = [*_outside_problems(parsed), *wrong, *wrong_store]
    ours: Collection[str] | None = None
    try:
        book = _book(parsed)
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


def _book(parsed: Mapping[str, object]) -> SettingsBook:
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
            sentence = _url_problem(value)
        elif name == "password_file" and not written.get("url"):
            sentence = "`password_file` is for a PostgreSQL `url`"
        elif name == "folder" and written.get("url"):
            sentence = "name either a `folder` for files or a PostgreSQL `url`"
        if sentence:
            problems.append(Problem(sentence=sentence, key=name, place=("store", name)))
    return (StoreAt() if problems else StoreAt(**written)), problems


def _url_problem(url: str) -> str:
    """What is wrong with a database's address, "" where nothing is. Never shows the address."""
    if not url:
        return ""
    if not url.startswith(("postgresql://", "postgres://")):
        return "`url` is the address of a PostgreSQL database: postgresql://USER@HOST/DATABASE"
    if _without_password(url)[1]:
        return (
            "a password does not belong in the settings, which are kept in the ledger: put it into "
            "~/.pgpass, or into a file that `password_file` names"
        )
    return ""


def _without_password(url: str) -> tuple[str, str]:
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


def _with_store(text: str, store: StoreAt) -> str:
    """The settings with this `[store]`, everything else as it stands there."""
    import tomlkit

    document = tomlkit.parse(text)
    said = msgspec.to_builtins(store)
    if not said:
        document.pop("store", None)
    elif "store" in document:
        table = cast("dict[str, object]", document["store"])
        for name in (*table, *said):
            if name in said:
                table[name] = said[name]
            else:
                del table[name]
    else:
        made = tomlkit.table()
        for name, value in said.items():
            made[name] = value
        document["store"] = made
    return tomlkit.dumps(document)


def _with_connection(text: str, connection: Connection) -> str:
    """The settings with this `[connection.NAME]`, everything else as it stands there; "" where that is
    written in a way that cannot be edited."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.parse(text)
    try:
        _edit_connection(document, connection)
        return tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError, IndexError):
        return ""


def _edit_connection(document: Any, connection: Connection) -> None:
    import tomlkit

    if "connection" not in document:
        document["connection"] = tomlkit.table(is_super_table=True)
    group = document["connection"]
    if connection.name not in group:
        group[connection.name] = tomlkit.table()
    table = group[connection.name]
    if table.get("kind") != connection.kind:
        table["kind"] = connection.kind
    for key, wanted in (("options", connection.options), ("users", connection.users)):
        _set_table(table, key, wanted)
    if connection.read_only:
        table["read_only"] = True
    else:
        table.pop("read_only", None)


def _set_table(table: Any, key: str, wanted: Mapping[str, object]) -> None:
    """The small table under the key as it is wanted, key by key, so that comments stay."""
    import tomlkit

    if not wanted:
        if table.get(key):
            del table[key]
        return
    if key not in table:
        table[key] = tomlkit.inline_table()
    for name in [name for name in table[key] if name not in wanted]:
        del table[key][name]
    for name, value in wanted.items():
        if name not in table[key] or table[key][name] != value:
            table[key][name] = value


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


# --- editing ---------------------------------------------------------------------------------------


def _layer_place(home: Home, scope: str) -> Place:
    """Where a scope's table stands in the file. Raises SettingsProblem where there can be none."""
    kind, _, name = scope.partition(":")
    sentence = ""
    if kind not in SCOPES:
        sentence = unknown_key(kind, SCOPES, "scope")
    elif (kind == "organisation") == bool(name):
        sentence = "a scope is `organisation`, `connection:NAME`, `profile:NAME` or `user:ID`"
    elif kind == "profile" and name not in home.book.profiles:
        sentence = unknown_key(name, home.book.profiles, "profile")
    elif kind == "user" and name not in {user.id for user in home.book.team.users}:
        sentence = unknown_key(name, (user.id for user in home.book.team.users), "user")
    if sentence:
        raise SettingsProblem([Problem(sentence=sentence, key=scope, file=str(home.path))])
    return (kind, name) if name else (kind,)


def _layer(book: SettingsBook, place: Place) -> Layer:
    scope, name = cast("Scope", place[0]), str(place[1]) if len(place) > 1 else ""
    if scope == "organisation":
        return book.organisation
    layers = {"connection": book.connections, "profile": book.profiles, "user": book.users}[scope]
    return layers.get(name) or Layer(scope=scope, name=name)


def _edited(home: Home, layer_place: Place, key: str, value: object) -> str:
    """The text with the key set. Several ways of writing it are tried; the first that reads back as nothing
    but this one change is taken."""
    plain = _plain(value)
    wanted = _after(home.book, layer_place, key, plain)
    for way in (_in_place, _in_its_table, _as_dotted_key):
        text = _try_edit(way, home, layer_place, key, plain)
        if text is not None and _says(text, home, wanted):
            return text
    sentence = f"`{key}` cannot be set here without disturbing the file; please edit it by hand"
    raise SettingsProblem([Problem(sentence=sentence, key=key, file=str(home.path))])


def _try_edit(way: _Way, home: Home, layer_place: Place, key: str, value: object) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.parse(home.text)
    try:
        way(document, _layer(home.book, layer_place), layer_place, key, value)
        return tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError):
        return None


_Way = Callable[[Any, Layer, Place, str, object], None]


def _in_place(document: Any, layer: Layer, _: Place, key: str, value: object) -> None:
    """Where the key stands already, whichever way it is written there."""
    place = layer.places[_leaves(key)[0]]
    container = _walk(document, place[:-1])
    if value is None:
        del container[place[-1]]
    else:
        container[place[-1]] = value


def _in_its_table(document: Any, layer: Layer, layer_place: Place, key: str, value: object) -> None:
    """As a new key of its map's own table, where there is one: `[organisation.log]`."""
    _take_away(document, layer, key)
    if value is not None:
        root, _, rest = key.partition(".")
        _walk(document, (*layer_place, root))[rest] = value


def _as_dotted_key(document: Any, layer: Layer, layer_place: Place, key: str, value: object) -> None:
    """As a quoted dotted key of the scope's table: `"log.email" = false`."""
    import tomlkit

    shared = _take_away(document, layer, key)
    table = document
    for part in layer_place:
        if part not in table:
            table[part] = tomlkit.table(is_super_table=part != layer_place[-1])
        table = table[part]
    for leaf in shared:
        table[leaf] = _plain(layer.values[leaf])
    if value is not None:
        # A list for e-mail and meetings cannot stand beside keys for other kinds.
        others = any(leaf.startswith(f"{key}.") and leaf not in _leaves(key) for leaf in layer.values)
        for name in _leaves(key) if others else (key,):
            table[name] = value


def _take_away(document: Any, layer: Layer, key: str) -> tuple[str, ...]:
    """Removes the key, whichever way it is written; returns the other keys that went with it (one plain list
    of `required_fields` stands for two)."""
    leaves = _leaves(key)
    gone = dict.fromkeys(layer.places[leaf] for leaf in leaves if leaf in layer.places)
    for place in gone:
        del _walk(document, place[:-1])[place[-1]]
    return tuple(leaf for leaf in layer.values if layer.places[leaf] in gone and leaf not in leaves)


def _walk(document: Any, place: Place) -> Any:
    for part in place:
        document = document[part]
    return document


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _leaves(key: str) -> tuple[str, ...]:
    return ("required_fields.email", "required_fields.meeting") if key == "required_fields" else (key,)


def _after(book: SettingsBook, layer_place: Place, key: str, value: object) -> Mapping[str, object]:
    """What each scope says once the key is set, in the values' written types."""
    said = _said(book)
    label = ":".join(str(part) for part in layer_place)
    layer = dict(said.get(label, {}))
    for leaf in _leaves(key):
        layer.pop(leaf, None)
        if value is not None:
            layer[leaf] = value
    return {
        **{name: values for name, values in said.items() if name != label},
        **({label: layer} if layer else {}),
    }


def _said(book: SettingsBook) -> dict[str, dict[str, object]]:
    said: dict[str, dict[str, object]] = {}
    for layer in book.layers():
        values: dict[str, object] = {key: _plain(value) for key, value in layer.values.items()}
        if layer.preset:
            values["preset"] = layer.preset
        if "lock" in layer.places:
            values["lock"] = list(layer.lock)
        if values:
            said[layer.label] = values
    return said


def _says(text: str, home: Home, wanted: Mapping[str, object]) -> bool:
    """Whether the text reads as wanted. A text that the settings refuse says what the person asked for, so it
    is let through, to be refused with the sentence that is about it."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    try:
        book = _book(parsed)
    except SettingsProblem as found:
        return not any("is set twice" in problem.sentence for problem in found.problems)
    return book.team == home.book.team and _said(book) == wanted


def _refuse_locked(before: Home, after: Home, layer_place: Place) -> None:
    known = {(problem.key, problem.sentence) for problem in before.book.ignored}
    news = tuple(
        problem
        for problem in after.book.ignored
        if problem.place[: len(layer_place)] == layer_place and (problem.key, problem.sentence) not in known
    )
    if news:
        raise SettingsProblem(after.place(news))


# --- writing ---------------------------------------------------------------------------------------

_HEAD = """\
# The settings of this FirstContact. Every key is explained in docs/reference/settings.md;
# `firstcontact settings show` tells which value applies to whom, and where it comes from.
"""


def _initial_text(team: Mapping[str, object], preset: str) -> str:
    import tomlkit

    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line.removeprefix("# ")))
    document.add(tomlkit.nl())
    plain = tomlkit.table()
    users = tomlkit.aot()
    for name, value in team.items():
        if name == "users" and isinstance(value, list | tuple):
            for user in value:
                users.append(tomlkit.item({key: item for key, item in user.items() if item is not None}))
        elif value is not None:
            plain[name] = list(value) if isinstance(value, tuple) else value
    if users:
        plain["users"] = users
    document["team"] = plain
    organisation = tomlkit.table()
    organisation["preset"] = preset
    document["organisation"] = organisation
    return tomlkit.dumps(document)


@contextmanager
def _only_one_editor(home: Path) -> Iterator[None]:
    """Two people who save at once do so one after the other, each on what the other wrote."""
    import fcntl

    if not home.is_dir():
        yield
        return
    with crossing(Boundary.OPEN_SETTINGS_LOCK):
        lock = open(home / ".settings.lock", "w")  # noqa: SIM115
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """The file as a whole or not at all, with the permissions it had; through a symbolic link."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    with crossing(Boundary.BEGIN_SETTINGS):
        handle, temporary = tempfile.mkstemp(prefix=".settings-", dir=target.parent)
    try:
        with crossing(Boundary.WRITE_SETTINGS):
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
        with crossing(Boundary.REPLACE_SETTINGS):
            os.replace(temporary, target)
    except BaseException:
        with crossing(Boundary.REMOVE_SETTINGS_PART):
            Path(temporary).unlink(missing_ok=True)
        raise
