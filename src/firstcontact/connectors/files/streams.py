"""Bytes of a file, plain or gzip, in blocks: bounded memory, and an end that says why it is the end."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType
from typing import Literal

from firstcontact.connectors.files.problems import FileProblem, cannot_read

BLOCK = 1 << 20

End = Literal["", "whole", "truncated", "damaged", "bomb", "unreadable"]
"""Why a stream gave no more: read to its end; a gzip that is cut off; one whose data is wrong; one that
expands beyond all reason; the system failed to give more. Empty: there is more."""

_BOMB_FLOOR = 256 << 20
"""Up to this size any expansion is harmless, since it is read in blocks and never kept."""
_BOMB_RATIO = 200
"""Mail compresses 3 to 20 times, the most repetitive archives 100; gzip reaches 1,030 only for nothing."""


class Blocks:
    """The uncompressed bytes of one file from `start` on. `position` is the offset after the last block.

    Raises FileProblem on opening. A failure while reading ends the stream; `end` says which.
    """

    def __init__(
        self, path: Path, start: int = 0, *, bomb_floor: int = _BOMB_FLOOR, bomb_ratio: int = _BOMB_RATIO
    ) -> None:
        self.end: End = ""
        self.position = 0
        self._bomb_floor, self._bomb_ratio = bomb_floor, bomb_ratio
        self._waiting = b""
        self._read = 0
        try:
            if path.exists() and not path.is_file():
                raise FileProblem(f"{path}: this is {'a folder' if path.is_dir() else 'no ordinary file'}.")
            self._file = path.open("rb")
            magic = self._file.read(2)
            self._file.seek(0)
        except OSError as error:
            raise cannot_read(path, error) from None
        self._inflate = zlib.decompressobj(wbits=31) if magic == b"\x1f\x8b" else None
        self._skip(start)

    def __enter__(self) -> Blocks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _skip(self, start: int) -> None:
        if self._inflate is None:
            self.position = min(start, self._file.seek(0, 2))
            self._file.seek(self.position)
            return
        while self.position < start and not self.end:
            self.next(min(BLOCK, start - self.position))

    def next(self, most: int = BLOCK) -> bytes:
        """The next bytes, at most `most`; empty only when `end` says that it is the end."""
        while not self.end:
            block = self._block(most)
            if block:
                self.position += len(block)
                return block
        return b""

    def _block(self, most: int) -> bytes:
        try:
            if self._inflate is None:
                block = self._file.read(most)
                self.end = "" if block else "whole"
                return block
            return self._inflated(most)
        except OSError:
            self.end = "unreadable"
        except zlib.error:
            self.end = "damaged"
        return b""

    def _inflated(self, most: int) -> bytes:
        inflate = self._inflate
        assert inflate is not None
        data = self._waiting
        if not data:
            data = self._file.read(BLOCK // 16)
            self._read += len(data)
            if not data:
                self.end = "whole" if inflate.eof else "truncated"
                return b""
        if inflate.eof:  # gzip files may be several, one behind the other; zeros between are padding
            data = data.lstrip(b"\0")
            if not data:
                self._waiting = b""
                return b""
            inflate = self._inflate = zlib.decompressobj(wbits=31)
        block = inflate.decompress(data, most)
        self._waiting = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        produced = self.position + len(block)
        if produced > self._bomb_floor and produced > self._bomb_ratio * self._read:
            self.end = "bomb"
            return b""
        return block


def total_bytes(path: Path) -> int:
    """Uncompressed size, for progress; of a gzip file what its trailer says (modulo 4 GiB, last member
    only), and 0 where that cannot be. Raises FileProblem."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return size
            if size < 18:
                return 0
            file.seek(-4, 2)
            stated = int.from_bytes(file.read(4), "little")
    except OSError as error:
        raise cannot_read(path, error) from None
    return stated if stated * 2 >= size else 0
