"""`StoreProblem`: what is wrong with a database, as a sentence for the person who must act."""

from __future__ import annotations

from typing import Literal

Trouble = Literal[
    "locked",
    "full",
    "not_a_database",
    "no_permission",
    "damaged",
    "unreachable",
    "newer",
    "older",
    "foreign",
    "another",
    "moving",
    "moved",
    "unfinished",
    "no_address",
    "no_driver",
    "no_answer",
    "no_database",
    "no_entry",
    "differs",
    "same",
    "no_backup",
    "newer_backup",
]

_SQLITE: dict[str, Trouble] = {
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_FULL": "full",
    "SQLITE_NOTADB": "not_a_database",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_PERM": "no_permission",
    "SQLITE_AUTH": "no_permission",
    "SQLITE_READONLY": "no_permission",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_IOERR": "damaged",
}
"""SQLite result codes (https://www.sqlite.org/rescode.html); extended codes begin with one of these."""

_POSTGRES: dict[str, Trouble] = {
    "55P03": "locked",
    "40P01": "locked",
    "53100": "full",
    "42501": "no_permission",
    "25006": "no_permission",
    "28000": "no_entry",
    "28P01": "no_entry",
    "3D000": "no_database",
    "53200": "unreachable",
    "53300": "unreachable",
    "XX001": "damaged",
    "XX002": "damaged",
}
"""SQLSTATEs (PostgreSQL manual, appendix A)."""

_REFUSED: tuple[tuple[str, Trouble], ...] = (
    ("password", "no_entry"),
    ("pg_hba.conf", "no_entry"),
    ("authentication", "no_entry"),
    ('role "', "no_entry"),
    ('database "', "no_database"),
    ("permission denied", "no_permission"),
    ("refused", "no_answer"),
    ("timeout", "no_answer"),
    ("timed out", "no_answer"),
    ("no such file", "no_answer"),
    ("resolve", "no_answer"),
    ("name or service", "no_answer"),
    ("unreachable", "no_answer"),
    ("no route", "no_answer"),
)
"""Words of a connection that did not come about: libpq gives no SQLSTATE for it, only the server's or the
system's sentence. One in another language is `unreachable`, with its words."""

_SENTENCE: dict[str, str] = {
    "locked": "The database {where} is locked by another program; stop that program, or try again.",
    "full": "The disk that holds the database {where} is full; free some space, then try again.",
    "not_a_database": "{where} is not a FirstContact database; name another file, or restore a backup.",
    "no_permission": "There is no permission to read and write the database {where} ({detail}); give this "
    "user access.",
    "damaged": "The database {where} cannot be read ({detail}); check the disk, or restore a backup.",
    "unreachable": "The database {where} cannot be opened ({detail}); check the path or address.",
    "newer": "The database {where} was made by a newer FirstContact ({detail}); upgrade the program or "
    "restore a backup.",
    "older": "The database {where} was made by an older FirstContact ({detail}); migrate it first.",
    "foreign": "The database {where} holds tables of another program ({detail}); name another database.",
    "another": "The database {where} belongs to another installation of FirstContact ({detail}); name a "
    "database of its own under `[store]`. To let a second machine join an installation, copy the first one's "
    "home folder to it, the file `installation` too.",
    "moving": "The database {where} is being moved to another one ({detail}), so nothing may be written to "
    "it: wait for `firstcontact move`, or where that was interrupted, start it again.",
    "moved": "The database {where} was moved to another one ({detail}): start this again; on another "
    "machine, take over the `[store]` of the settings.toml that was moved.",
    "unfinished": "The database {where} is only half filled ({detail}): let the `firstcontact move` or "
    "`restore` that fills it end, or start the same command again.",
    "differs": "What was copied to {where} is not what was read ({detail}), so it is not used; check that "
    "disk or server, empty it, then try again.",
    "same": "{where} is where this installation is already; nothing was moved.",
    "no_backup": "{where} is not a whole backup of FirstContact ({detail}); take another one.",
    "newer_backup": "The backup {where} was made by a newer FirstContact ({detail}); upgrade the program.",
    "no_address": "{where} names no database ({detail}); write the path of a file, or "
    "postgresql://USER@HOST/DATABASE.",
    "no_driver": "PostgreSQL at {where} needs psycopg, which is not installed; install "
    "firstcontact[postgres].",
    "no_answer": "No PostgreSQL answers at {where} ({detail}); check host and port, and that it runs.",
    "no_database": "PostgreSQL answers, but there is no such database: {where} ({detail}); create it with "
    "`createdb`, or name another one.",
    "no_entry": "PostgreSQL lets nobody in with this user and password at {where} ({detail}); put the right "
    "password into ~/.pgpass or into the file that `password_file` names.",
}


class StoreProblem(Exception):
    """A database that cannot be used as it is. `str(problem)` says what to do about it.

    trouble: which case it is. passing: it may go by itself, so the same request can be tried again.
    """

    def __init__(self, trouble: Trouble, where: str, detail: str = "") -> None:
        super().__init__(_SENTENCE[trouble].format(where=where, detail=detail or "no details"))
        self.trouble = trouble
        self.passing = trouble in ("locked", "full", "unreachable", "no_answer")


def problem_of(error: BaseException | None, where: str) -> StoreProblem | None:
    """The database driver's own error as a `StoreProblem`; None for one in our SQL or data."""
    trouble = _trouble(error)
    return None if trouble is None else StoreProblem(trouble, where, _first_line(str(error)))


def _trouble(original: BaseException | None) -> Trouble | None:
    name = getattr(original, "sqlite_errorname", None)
    if name is not None:
        return next((trouble for code, trouble in _SQLITE.items() if name.startswith(code)), None)
    if not hasattr(original, "sqlstate"):
        return None
    state: str | None = getattr(original, "sqlstate", None)
    if state is None:  # psycopg reports a lost or refused connection without a state
        refused = type(original).__name__ in ("OperationalError", "ConnectionTimeout")
        return _refused(str(original)) if refused else None
    if state.startswith(("08", "57P")):
        return "unreachable"
    return _POSTGRES.get(state)


def _refused(words: str) -> Trouble:
    said = words.casefold()
    return next((trouble for word, trouble in _REFUSED if word in said), "unreachable")


def _first_line(text: str) -> str:
    """The first line of the driver's words, without the address and its own sentence around the server's."""
    line = text.strip().split("\n", 1)[0]
    return line.rpartition("FATAL: ")[2].strip()
