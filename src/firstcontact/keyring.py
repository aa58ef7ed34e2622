"""The key ring: keys that seal what the ledger keeps of logins, in a file outside the database.

Several keys by id: the current one seals, the others still open what they sealed. AES-256-GCM (NIST SP
800-38D) with a random nonce of 96 bits in front of the sealed text; what it is about is authenticated, too,
so that a row put in another's place does not open.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from firstcontact.boundaries import Boundary, crossing

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1


class KeyProblem(Exception):
    """What cannot be sealed or opened. `str(error)` is a sentence for a person, without keys."""


class Key(msgspec.Struct, frozen=True):
    """One key of the file. made: the day (UTC). key: base64."""

    made: str
    key: str

    def __repr__(self) -> str:
        """Without the key, wherever it may be shown."""
        return f"Key(made={self.made!r})"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    current: str
    keys: dict[str, Key]


class KeyRing:
    """The keys of one file."""

    def __init__(self, path: Path, current: str, keys: Mapping[str, Key]) -> None:
        """Raises KeyProblem for a key that is none."""
        self.path = path
        self.current = current
        self.made = {id: key.made for id, key in keys.items()}
        self._keys = {id: _raw(path, id, key) for id, key in keys.items()}
        if current not in self._keys:
            raise KeyProblem(f"{path}: its current key {current} is not in it.")

    def __contains__(self, id: object) -> bool:
        """Whether it has the key of this id."""
        return id in self._keys

    def seal(self, plain: bytes, about: str) -> tuple[str, bytes]:
        """The id of the key, and the sealed text. about: what opening it must name."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._keys[self.current]).encrypt(nonce, plain, about.encode())
        return self.current, nonce + sealed

    def open(self, id: str, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises KeyProblem where the key is not there, or it was not sealed so."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if id not in self._keys:
            raise missing_key(self.path, id)
        try:
            return AESGCM(self._keys[id]).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode()
            )
        except (InvalidTag, ValueError):
            sentence = f"What is kept of {about} was not sealed by the key {id} of {self.path}."
            raise KeyProblem(sentence) from None


def missing_key(path: Path, id: str) -> KeyProblem:
    """What to say where the ring at this path has not got a key."""
    return KeyProblem(
        f"{path}: the key {id}, which seals the logins of this installation, is not in it. Copy the key ring "
        "from the machine that has it, or log in again with `firstcontact connect`."
    )


def _raw(path: Path, id: str, key: Key) -> bytes:
    try:
        raw = b64decode(key.key, validate=True)
    except (NotBase64, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise KeyProblem(f"{path}: the key {id} is not {KEY_BYTES} bytes in base64.")
    return raw


def load(path: Path) -> KeyRing | None:
    """The ring of a file, None where there is no file. Raises KeyProblem, OSError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    file = _decoded(path, raw)
    return KeyRing(path, file.current, file.keys)


def _decoded(path: Path, raw: bytes) -> _File:
    try:
        file = msgspec.json.decode(raw, type=_File)
    except msgspec.DecodeError:  # its words could show a key
        sentence = f"{path}: this is to be the key ring, and is not; copy it from where it was."
        raise KeyProblem(sentence) from None
    if file.format != _FORMAT:
        raise KeyProblem(f"{path}: a newer program wrote this key ring (format {file.format}).")
    return file


def make(path: Path) -> KeyRing:
    """The ring of a file, made with one key where there is none. Raises KeyProblem, OSError."""
    found = load(path)
    if found is not None:
        return found
    id, key = _new_key()
    partial = _write_beside(path, _File(format=_FORMAT, current=id, keys={id: key}))
    try:
        with crossing(Boundary.LINK_KEY_RING):
            os.link(partial, path)  # fails where another process was first: then its key is the home's
    except FileExistsError:
        pass
    finally:
        _remove(partial)
    made = load(path)
    assert made is not None
    return made


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Nobody else changes the ring of this file meanwhile: who makes a new key and forgets the others must
    not forget one that another has just made, and sealed logins with. Raises KeyProblem where there is no
    ring, OSError."""
    import fcntl

    _file(path)
    target = path.resolve()
    with crossing(Boundary.OPEN_KEY_RING_LOCK):
        lock = open(target.with_name(f".{target.name}.lock"), "w")  # noqa: SIM115
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def add_key(path: Path) -> KeyRing:
    """A new key, current from here on; in a `turn`. Raises KeyProblem where there is no ring, OSError."""
    file = _file(path)
    id, key = _new_key()
    return _replace(path, _File(format=_FORMAT, current=id, keys={**file.keys, id: key}))


def forget_others(path: Path) -> KeyRing:
    """Only the current key stays; in a `turn`. Raises KeyProblem where there is no ring, OSError."""
    file = _file(path)
    return _replace(
        path, _File(format=_FORMAT, current=file.current, keys={file.current: file.keys[file.current]})
    )


def take_in(path: Path, raw: bytes) -> None:
    """A ring of a backup: it is the ring where there is none; else its keys come to those that are there.
    Raises KeyProblem, OSError."""
    theirs = _decoded(path, raw)
    mine = load(path)
    if mine is None:
        _replace(path, theirs)
    elif not set(theirs.keys) <= set(mine.made):
        file = _file(path)
        _replace(path, _File(format=_FORMAT, current=file.current, keys={**theirs.keys, **file.keys}))


def readable_by_others(path: Path) -> bool:
    """Whether somebody else on this machine may read the file."""
    return bool(path.stat().st_mode & 0o077)


def _file(path: Path) -> _File:
    if load(path) is None:
        raise KeyProblem(f"{path}: there is no key ring; `firstcontact connect` makes one.")
    return msgspec.json.decode(path.read_bytes(), type=_File)


def _new_key() -> tuple[str, Key]:
    made = datetime.now(UTC).date().isoformat()
    return secrets.token_hex(4), Key(made, b64encode(secrets.token_bytes(KEY_BYTES)).decode())


def _replace(path: Path, file: _File) -> KeyRing:
    """The whole file or none of it, through a symbolic link."""
    target = path.resolve()
    partial = _write_beside(target, file)
    try:
        with crossing(Boundary.REPLACE_KEY_RING):
            os.replace(partial, target)
    except OSError:
        _remove(partial)
        raise
    made = load(path)
    assert made is not None
    return made


def _write_beside(path: Path, file: _File) -> Path:
    with crossing(Boundary.MAKE_KEY_FOLDER):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with (
        crossing(Boundary.WRITE_KEY_RING),
        os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as into,
    ):
        into.write(msgspec.json.format(msgspec.json.encode(file)) + b"\n")
        into.flush()
        os.fsync(into.fileno())
    return partial


def _remove(partial: Path) -> None:
    with crossing(Boundary.REMOVE_KEY_RING_PART):
        partial.unlink(missing_ok=True)
