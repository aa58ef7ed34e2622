"""What may stand in a log line: known facts about the program, never anything about a person.

Two nets, one behind the other. A fact is kept only under a known key, and there only in the shape that the
key says: a number, a word of the program, or an id. Ids are replaced by a keyed hash, since they can contain
an address, a number or something guessable; equal ids have equal hashes in all lines of one home. What is
kept is still searched for addresses, phone numbers and secrets, so that a mistake in the program is no leak.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from firstcontact.boundaries import Boundary, crossing

Value = str | int | float | bool

HIDDEN = "[hidden]"
KEY_FILE = "log.key"
_KEY_BYTES = 32

NUMBERS = frozenset(
    {
        "adopted", "after", "age", "asked", "attempts", "batches", "brought_forward", "changed",
        "count", "cpu", "created", "creates", "decided", "deliveries", "due", "falls", "held",
        "interactions", "items", "known", "known_deliveries", "lanes", "later", "left", "limit",
        "line", "lines_lost", "parked", "pid", "port", "processes", "rejected", "retries",
        "seconds", "shards", "status", "threads", "workers", "written",
    }
)  # fmt: skip
"""Keys whose values are counts, seconds, numbers of lines or ports."""

WORDS = frozenset(
    {
        "answer", "became", "connection", "database", "error", "kind", "level", "logger", "method", "module",
        "queue", "reason", "stage", "state", "trouble", "version",
    }
)  # fmt: skip
"""Keys whose values are words of the program or names that the operator chose in the settings."""

_NAMES = frozenset({"connection", "error", "logger", "module", "queue"})
"""Those of them that name a class, a module, or what the operator gave a name."""

IDS = frozenset({"about", "conversation", "delivery", "interaction", "owner", "record", "subject", "write"})
"""Keys whose values are replaced by a keyed hash."""

_EVENT = re.compile(r"[a-z][a-z_ ,:'-]{0,79}")
_WORD = re.compile(r"[a-z_][a-z0-9_.-]{0,79}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,119}")
_KEY = re.compile(r"[a-z_]{1,30}")

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_SECRET = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@]+@"  # user and password of an address
    r"|\b(?:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"  # RFC 9110 §11.6.2
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"  # RFC 7519: a JWT starts with {"
    r"|\b(?P<name>[\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|cookie|signature))"
    r"[\"']?\s*[=:]\s*[\"']?(?!(?:bearer|basic)\s)[^\s\"'&,;]+"
    r"|\b(?:code|sig)=[^\s\"'&,;]+"
    r"|\b(?=[A-Za-z_-]*\d)(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}\b",  # long and mixed: a key of some vendor
    re.IGNORECASE,
)
_PHONE = re.compile(
    # E.164: at most 15 digits, before them perhaps 00 or, in brackets behind them, a 0
    r"(?<![\w.])(?:\+|00|\()?\d(?:[\s().\u00a0\u2009\u202f/‐‑–-]{0,3}\d){6,17}(?!\w)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d(?::\d\d){0,2}(?:\.\d+)?)?")


def scrub(text: str) -> str:
    """The text with secrets, e-mail addresses and phone numbers in any usual writing replaced by a word."""
    text = _SECRET.sub(_secret, text)
    text = _EMAIL.sub("[address]", text)
    return _PHONE.sub(_number, text)


def _secret(found: re.Match[str]) -> str:
    if found["scheme"]:
        return f"{found['scheme']}[secret]@"
    return f"{found['name']}=[secret]" if found["name"] else "[secret]"


def _number(found: re.Match[str]) -> str:
    return found[0] if _DATE.fullmatch(found[0]) else "[number]"


class Redactor:
    """Decides fact by fact what a line may say. `shows`: a person asked for values, so only secrets go."""

    def __init__(self, key: bytes, *, shows: bool = False) -> None:
        """key: of the hashes of ids; see `log_key`."""
        self._key = key
        self.shows = shows

    def id(self, value: object) -> str:
        """A keyed hash of an id: short, and of no use to whoever has not got the key."""
        text = str(value).encode("utf-8", "surrogatepass")
        return "~" + hashlib.blake2s(text, key=self._key, digest_size=6).hexdigest()

    def event(self, name: str) -> str:
        """The name of an event, which is a text of the program; hidden where it does not look like one."""
        if self.shows:
            return _secrets_out(name)
        return name if _EVENT.fullmatch(name) else HIDDEN

    def facts(self, facts: Mapping[str, Value]) -> dict[str, Value]:
        """The facts that may stand in a line; `hidden` names the keys of the others."""
        kept: dict[str, Value] = {}
        hidden: list[str] = []
        for key, value in facts.items():
            allowed = _shown(key, value) if self.shows else self._allowed(key, value)
            if allowed is None:
                hidden.append(key if _KEY.fullmatch(key) else HIDDEN)
            else:
                kept[key] = allowed
        if hidden:
            kept["hidden"] = " ".join(sorted(hidden))
        return kept

    def _allowed(self, key: str, value: Value) -> Value | None:
        if key in NUMBERS:
            return round(value, 6) if isinstance(value, int | float) else None
        if key in IDS:
            return self.id(value)
        if isinstance(value, str) and key in WORDS:
            shape = _NAME if key in _NAMES else _WORD
            return scrub(value) if shape.fullmatch(value) else None
        return None

    def failure(self, error: BaseException) -> dict[str, object]:
        """What may be said of an error: its class, codes of the system and of databases, and where it came
        through, module by module. No values and no message, which can quote a person; a hash of the message
        tells equal ones apart from others."""
        causes = list(_chain(error))
        said: dict[str, object] = {
            "error": _name(error),
            "message": _secrets_out(str(error)) if self.shows else self.id(str(error)),
            "trace": _frames(error.__traceback__),
        }
        for each in causes:
            said.update(_codes(each))
        if causes[1:]:
            said["causes"] = [
                {"error": _name(each), "trace": _frames(each.__traceback__)} for each in causes[1:]
            ]
        return said


def _shown(key: str, value: Value) -> Value:
    return _secrets_out(value) if isinstance(value, str) and key not in IDS else value


def _secrets_out(text: str) -> str:
    return _SECRET.sub(_secret, text)


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, as a traceback would tell them."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen and len(seen) < 5:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


_MOST_FRAMES = 30


def _frames(trace: TracebackType | None) -> list[str]:
    """`module:function:line` from the outermost call in; long ones without their middle."""
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    if len(frames) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        frames = [*frames[:half], f"({len(frames) - _MOST_FRAMES} more)", *frames[-half:]]
    return frames


def _codes(error: BaseException) -> dict[str, object]:
    """Codes that say what kind of trouble it was: of the system, of both databases, of our own store."""
    codes: dict[str, object] = {}
    for attribute, key in (
        ("errno", "errno"),
        ("sqlite_errorname", "sqlite"),
        ("sqlstate", "sqlstate"),
        ("trouble", "trouble"),
    ):
        value = getattr(error, attribute, None)
        if isinstance(value, int) or (isinstance(value, str) and _NAME.fullmatch(f"_{value}")):
            codes[key] = value
    return codes


def log_key(folder: Path | None) -> bytes:
    """The key of a home's hashes, kept there and made at the first use; where that can't be, one that holds
    for this process only, so that ids can't be told across processes."""
    if folder is None:
        return os.urandom(_KEY_BYTES)
    try:
        return _kept_key(folder / KEY_FILE)
    except OSError:
        return os.urandom(_KEY_BYTES)


def _kept_key(path: Path) -> bytes:
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with (
            crossing(Boundary.WRITE_LOG_KEY),
            os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            file.write(os.urandom(_KEY_BYTES))
        try:
            with crossing(Boundary.LINK_LOG_KEY):
                os.link(fresh, path)  # whole, or another process was first: then its key is the home's
        except FileExistsError:
            pass
        finally:
            with crossing(Boundary.REMOVE_LOG_KEY_PART):
                fresh.unlink()
    key = path.read_bytes()
    return key if len(key) >= _KEY_BYTES else hashlib.blake2s(key).digest()
