"""`Logs`: what happens, as lines of JSON (or for a person's eyes on a terminal), without anything personal.

Each line is written whole by one call, so that several processes can share a file; a file that was moved away
(logrotate) is opened anew. A log that can't be written stops nothing: the next line that can says how many
were lost.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol

import msgspec
import structlog

from firstcontact.boundaries import Boundary, crossing
from firstcontact.operating.redact import Redactor, Value, log_key
from firstcontact.operating.watch import Answer, LeaseEvent, Level, Stage, WriteEvent

Form = Literal["auto", "json", "text"]

LOW, ENOUGH = 0.1, 0.2
"""A quota with less than this share left is told once, until this much is left again."""

_LEVELS: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to log.

    file: None for standard error. form: `auto` is `text` on a terminal and else `json`. shows_values: what
    is personal is not hidden; for finding a fault, never for every day. home: where the key of ids is kept.
    """

    file: Path | None = None
    level: Level = "info"
    form: Form = "auto"
    shows_values: bool = False
    home: Path | None = None


class Logs:
    """A `Watch` that writes lines."""

    def __init__(self, settings: LogSettings) -> None:
        """Raises OSError where the file can't be opened for appending."""
        self._sink: _Sink = _File(settings.file) if settings.file else _Stream(sys.stderr)
        self._redactor = Redactor(log_key(settings.home), shows=settings.shows_values)
        self._low: set[str] = set()
        self._least = _LEVELS[settings.level]
        text = settings.form == "text" or (settings.form == "auto" and self._sink.terminal)
        self._log = structlog.wrap_logger(
            structlog.BytesLogger(self._sink),  # type: ignore[arg-type]
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                self._process,
                *((_Text(),) if text else (structlog.processors.JSONRenderer(_json),)),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(self._least),
        )
        if settings.shows_values:
            self.event("this log shows values, people's names and addresses among them", "warning")

    def _process(self, _: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The last thing before a line is written: nothing gets past it."""
        head: dict[str, Any] = {
            "at": line.pop("at"),
            "level": line.pop("level"),
            "event": self._redactor.event(str(line.pop("event"))),
            "pid": os.getpid(),
        }
        error = line.pop("raised", None)
        if self._sink.lost:
            line["lines_lost"] = self._sink.lost
        head.update(self._redactor.facts(line))
        if isinstance(error, BaseException):
            head.update(self._redactor.failure(error))
        return head

    def _say(self, level: str, event: str, **facts: Any) -> None:
        getattr(self._log, level)(event, **facts)

    # --- Watch ------------------------------------------------------------------------------------

    def stage(self, connection: str, stage: Stage, items: int, seconds: float, cpu: float) -> None:
        """See `Watch`. A batch with nothing in it is for debugging."""
        level = "info" if items else "debug"
        self._say(level, "batch", connection=connection, stage=stage, items=items, seconds=seconds, cpu=cpu)

    def call(self, connection: str, method: str, answer: Answer, seconds: float, items: int) -> None:
        """See `Watch`. A call that went well is for debugging."""
        level = "debug" if answer in ("ok", "exists", "moved") else "warning"
        facts = {"connection": connection, "method": method, "answer": answer, "items": items}
        self._say(level, "crm call", **facts, seconds=seconds)

    def write(self, connection: str, kind: str, event: WriteEvent, count: int = 1) -> None:
        """See `Watch`. What stops and needs a person is a warning."""
        level = "warning" if event in ("parked", "unclear") else "info"
        self._say(level, "writes", connection=connection, kind=kind, became=event, count=count)

    def retry(self, connection: str, kind: str, count: int = 1) -> None:
        """See `Watch`."""
        self._say("info", "to be tried again", connection=connection, kind=kind, count=count)

    def lease(self, connection: str, event: LeaseEvent, shards: int) -> None:
        """See `Watch`. The usual coming and going is for debugging."""
        level = "warning" if event in ("lost", "taken_over") else "debug"
        self._say(level, "lease", connection=connection, became=event, shards=shards)

    def quota(self, connection: str, left: int, limit: int) -> None:
        """See `Watch`. Told where little is left, once."""
        self._say("debug", "quota", connection=connection, left=left, limit=limit)
        if limit <= 0 or left > ENOUGH * limit:
            self._low.discard(connection)
        elif left < LOW * limit and connection not in self._low:
            self._low.add(connection)
            self._say("warning", "little of the quota is left", connection=connection, left=left, limit=limit)

    def event(self, name: str, level: Level = "info", **facts: Value) -> None:
        """See `Watch`."""
        # A fact may be called as this method's own arguments are, or as the logger's.
        self._say(
            level, name, **{k if k not in ("event", "level", "at") else f"{k}_": v for k, v in facts.items()}
        )

    def failure(self, name: str, error: BaseException, **facts: Value) -> None:
        """See `Watch`."""
        self._say("error", name, **facts, raised=error)

    # --- other people's messages ------------------------------------------------------------------

    def listen(self) -> None:
        """Take in what libraries log, and what a thread dies of, until `close`. A library's words may
        quote what it worked on: only who spoke, from where and how loudly is told."""
        import logging

        self._handler = _handler(self)
        logging.getLogger().addHandler(self._handler)
        self._hook, threading.excepthook = threading.excepthook, self._thread_died

    def _thread_died(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self.failure("a thread died", args.exc_value)

    def close(self) -> None:
        """Stop listening, and close the file."""
        import logging

        handler = self.__dict__.pop("_handler", None)
        if handler is not None:
            logging.getLogger().removeHandler(handler)
            threading.excepthook = self._hook
        self._sink.close()

    def __enter__(self) -> Logs:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def _handler(logs: Logs) -> Any:
    import logging

    class Listening(logging.Handler):
        """Tells `logs` of every warning of a library."""

        def emit(self, record: logging.LogRecord) -> None:
            level = "error" if record.levelno >= logging.ERROR else "warning"
            facts: dict[str, Any] = {"logger": record.name, "line": record.lineno}
            if logs._redactor.shows:
                facts["said"] = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                facts["raised"] = record.exc_info[1]
            logs._say(level, "a library says something", **facts)

    return Listening(logging.WARNING)


def _json(line: dict[str, Any], **_: Any) -> bytes:
    return msgspec.json.encode(line)


class _Text:
    """A line for a person: time, level, event, and the facts behind it."""

    def __call__(self, _: Any, __: str, line: MutableMapping[str, Any]) -> bytes:
        at, level, event, _pid = (line.pop(key) for key in ("at", "level", "event", "pid"))
        facts = " ".join(f"{key}={_plain(value)}" for key, value in line.items())
        return f"{at[:19]}Z {level:<7} {event}{'  ' if facts else ''}{facts}".encode("utf-8", "replace")


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


# --- where lines go ------------------------------------------------------------------------------


class _Sink(Protocol):
    """`lost`: lines that could not be written since the last one that was."""

    lost: int
    terminal: bool

    def write(self, line: bytes) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class _Stream:
    """Standard error, which is not ours to close."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.lost = 0
        self.terminal = stream.isatty()

    def write(self, line: bytes) -> None:
        try:
            self._stream.write(line.decode())
            self._stream.flush()
            self.lost = 0
        except (OSError, ValueError):  # ValueError: it was closed
            self.lost += 1

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _File:
    """A file to append to, opened anew when another is at its path."""

    terminal = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = self._open()
        self.lost = 0

    def _open(self) -> int:
        with crossing(Boundary.OPEN_LOG):
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, line: bytes) -> None:
        try:
            if self._fd < 0 or self._moved():
                old, self._fd = self._fd, self._open()
                if old >= 0:
                    os.close(old)
            with crossing(Boundary.LOG):
                written = os.write(self._fd, line)
            if written == len(line):
                self.lost = 0
            else:
                self.lost += 1  # a full disk took a part of it
        except OSError:
            self.lost += 1

    def _moved(self) -> bool:
        mine = os.fstat(self._fd)
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return True
        return (mine.st_ino, mine.st_dev) != (there.st_ino, there.st_dev)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
