"""What is wrong with a file as a whole, in a sentence for the person who named it."""

from __future__ import annotations

from pathlib import Path


class FileProblem(Exception):
    """This file or folder cannot be read at all. `str(error)` names it and says what to do."""


def cannot_read(path: Path, error: OSError) -> FileProblem:
    """The sentence for a file that the system will not give us."""
    match error:
        case FileNotFoundError():
            return FileProblem(f"{path}: there is no such file or folder.")
        case PermissionError():
            return FileProblem(f"{path}: no permission to read it.")
        case IsADirectoryError() | NotADirectoryError():
            return FileProblem(f"{path}: this is {'a folder' if path.is_dir() else 'no folder'}.")
        case _:
            return FileProblem(f"{path}: cannot be read ({error.strerror or error}).")
