"""The only module that reads settings from files and the environment; everything it returns is frozen.

What may stand in the file is in `settings_text`, how it is changed in `settings_edits`. Whatever cannot be
read is refused with the file, the key and the line. Secrets do not belong here.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.policy.setting import Problem, SettingsProblem
from firstcontact.policy.settings import Effective
from firstcontact.settings_edits import (
    edited,
    initial_text,
    layer_place_of,
    refuse_locked,
    with_connection,
    with_store,
)
from firstcontact.settings_text import (
    FILE_NAME,
    Connection,
    Home,
    StoreAt,
    decoded,
    read_home,
    url_problem,
    without_password,
)

HOME_VARIABLE = "FIRSTCONTACT_HOME"
BUSY_VARIABLE = "FIRSTCONTACT_BUSY_SECONDS"
KEY_VARIABLE = "FIRSTCONTACT_KEY_FILE"
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By this name prometheus-client knows the folder in which several processes count; it reads it when it is
imported."""
KEY_FILE = "keys/ring.json"
"""Where the key ring is in a home, if the environment does not name another place."""
STORE_PASSWORD_FILE = "store.password"
"""Where a password goes that was given with a database's address."""


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
    return read_home(home, path, decoded(raw, path))


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
    return read_other(decoded(raw, path), path, like)


def read_other(text: str, path: Path, like: Home) -> Home:
    """As `load_other`, of a text that was read already; `path` is for what is wrong with it."""
    base = tomllib.loads(like.text)

    def over_base(parsed: dict[str, Any]) -> dict[str, Any]:
        merged = {**base, **parsed}
        organisation = parsed.get("organisation")
        if isinstance(organisation, dict) and "preset" not in organisation:
            merged["organisation"] = {**base.get("organisation", {}), **organisation}
        return merged

    return read_home(like.folder, path, text, over_base)


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
    text = initial_text(team, preset)
    if store is not None and store != StoreAt():
        text = with_store(text, store)
    made = read_home(home, path, text)
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
        layer_place = layer_place_of(before, scope)
        text = edited(before, layer_place, key, value)
        try:
            after = read_home(home, before.path, text)
        except SettingsProblem as refused:  # in a text that is not in the file, nor will be
            raise SettingsProblem([_nowhere(problem) for problem in refused.problems]) from None
        refuse_locked(before, after, layer_place)
        _write(before.path, text)
    return Change(after, before.book.effective_at(scope), after.book.effective_at(scope))


def _nowhere(problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, line=0, other_line=0)


def named_store(home: Path, named: str) -> tuple[StoreAt, str]:
    """What a person names as the place for the databases: `files` (in the home), a folder, or a PostgreSQL
    address; and the password that stood in the address, "" for none. Raises SettingsProblem."""
    if named == "files":
        return StoreAt(), ""
    if "://" not in named:
        folder = Path(named).expanduser().resolve()
        inside = folder.is_relative_to(home.resolve())
        return StoreAt(folder=str(folder.relative_to(home.resolve()) if inside else folder)), ""
    url, password = without_password(named)
    problem = url_problem(url)
    if problem:
        raise SettingsProblem([Problem(sentence=problem, key="url")])
    return StoreAt(url=url, password_file=STORE_PASSWORD_FILE if password else ""), password


def set_store(home: Path, store: StoreAt) -> Home:
    """Says in the settings file where the databases are from now on, as one step. Raises SettingsProblem."""
    with _only_one_editor(home):
        before = load(home)
        text = with_store(before.text, store)
        after = read_home(home, before.path, text)
        _write(before.path, text)
    return after


def set_connection(home: Path, connection: Connection) -> Home:
    """Says in the settings file what a CRM connection is from now on; its settings, comments and the rest
    stay as they stand there. Raises SettingsProblem, with the file unchanged."""
    with _only_one_editor(home):
        before = load(home)
        text = with_connection(before.text, connection)
        after = read_home(home, before.path, text) if text else before
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
    text = with_store(text, store)
    made = read_home(home, path, text)
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


# --- writing ---------------------------------------------------------------------------------------


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
                file.write(text if text.endswith("\n") else text + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
        with crossing(Boundary.REPLACE_SETTINGS):
            os.replace(temporary, target)
    except BaseException:
        with crossing(Boundary.REMOVE_SETTINGS_PART):
            Path(temporary).unlink(missing_ok=True)
        raise
