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
    "28000": "no_permission",
    "28P01": "no_permission",
    "3D000": "unreachable",
    "53300": "unreachable",
    "XX001": "damaged",
    "XX002": "damaged",
}
"""SQLSTATEs (PostgreSQL manual, appendix A)."""

_SENTENCE: dict[str, str] = {
    "locked": "The database {where} is locked by another program; stop that program, or try again.",
    "full": "The disk that holds the database {where} is full; free some space, then try again.",
    "not_a_database": "{where} is not a FirstContact database; name another file, or restore a backup.",
    "no_permission": "There is no permission to read and write the database {where}; give this user access.",
    "damaged": "The database {where} cannot be read ({detail}); check the disk, or restore a backup.",
    "unreachable": "The database {where} cannot be opened ({detail}); check the path or address.",
    "newer": "The database {where} was made by a newer FirstContact ({detail}); upgrade the program or "
    "restore a backup.",
    "older": "The database {where} was made by an older FirstContact ({detail}); migrate it first.",
    "foreign": "The database {where} holds tables of another program ({detail}); name another database.",
}


class StoreProblem(Exception):
    """A database that cannot be used as it is. `str(problem)` says what to do about it.

    trouble: which case it is. passing: it may go by itself, so the same request can be tried again.
    """

    def __init__(self, trouble: Trouble, where: str, detail: str = "") -> None:
        super().__init__(_SENTENCE[trouble].format(where=where, detail=detail or "no details"))
        self.trouble = trouble
        self.passing = trouble in ("locked", "full", "unreachable")


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
        return "unreachable" if refused else None
    if state.startswith(("08", "57P")):
        return "unreachable"
    return _POSTGRES.get(state)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]
