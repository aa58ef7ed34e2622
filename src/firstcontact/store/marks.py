"""What a version table may say beside the version: that the database is not to be written to now.

The version is a revision's number, `0003`. A word after it closes the database to every program, also to
one that was at work when it was written (`engine.guard`), and to versions that do not know the word.
"""

from __future__ import annotations

from typing import Literal

from firstcontact.store.problems import StoreProblem, Trouble

Mark = Literal["", "moving", "moved", "filling"]
"""`moving`: its rows are being copied to another database. `moved`: they were, and that one is in use.
`filling`: rows are being copied into it, and are not all there yet."""

_TROUBLE: dict[str, Trouble] = {"moving": "moving", "moved": "moved", "filling": "unfinished"}


def parts(found: str) -> tuple[str, str]:
    """The version and the mark of what a version table says."""
    version, _, mark = found.partition(" ")
    return version, mark


def marked(version: str, mark: Mark) -> str:
    """What the version table is to say."""
    return f"{version} {mark}".rstrip()


def refusal(found: str, wanted: str, name: str, where: str) -> StoreProblem | None:
    """Why a program that wants this version of the history `name` cannot use the database; None: it can."""
    if found == wanted:
        return None
    version, mark = parts(found)
    if mark:
        return StoreProblem(_TROUBLE.get(mark, "newer"), where, f"{name} {found}")
    if version > wanted:
        return StoreProblem("newer", where, f"{name} {version}, this program knows {wanted}")
    return StoreProblem("older", where, f"{name} {version or 'none'}, this program needs {wanted}")
