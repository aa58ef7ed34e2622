"""On which line each key of a TOML text stands: what `tomllib` knows and does not tell.

Only for texts that `tomllib` has accepted; the scan trusts them (TOML 1.0). Dotted keys, inline tables,
arrays, arrays of tables and strings over several lines are followed; a place is the path of keys and list
positions that leads to the value in the parsed mapping.
"""

from __future__ import annotations

import re
import tomllib

from firstcontact.policy.setting import Place

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def places(text: str) -> dict[Place, int]:
    """The line (from 1) of every table, key and list item in `text`."""
    return _Scan(text).run()


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest thing around it that is there; 0 where nothing is."""
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return 0


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0
        self.lines: dict[Place, int] = {}
        self.lists: dict[Place, int] = {}

    def run(self) -> dict[Place, int]:
        table: Place = ()
        self._skip_blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip_blank()
        return self.lines

    def _header(self) -> Place:
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        line = self._line()
        *parents, last = self._key()
        self.at += 2 if many else 1
        table: Place = ()
        for part in parents:
            table = self._newest((*table, part))
            self.lines.setdefault(table, line)
        table = (*table, last)
        self.lines.setdefault(table, line)
        if not many:
            table = self._newest(table)
            self.lines.setdefault(table, line)
            return table
        index = self.lists.get(table, -1) + 1
        self.lists[table] = index
        self.lines[(*table, index)] = line
        return (*table, index)

    def _newest(self, table: Place) -> Place:
        """The table itself, or the newest item where it is a list of tables."""
        return (*table, self.lists[table]) if table in self.lists else table

    def _pair(self, table: Place) -> None:
        line = self._line()
        place = table
        for part in self._key():
            place = (*place, part)
            self.lines.setdefault(place, line)
        self.at += 1  # the equals sign
        self._value(place)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip_blank()
            if self.text[self.at] in "\"'":
                parts.append(str(tomllib.loads(f"x={self._string()}")["x"]))
            else:
                found = _BARE_KEY.match(self.text, self.at)
                assert found is not None, "tomllib has accepted this text"
                parts.append(found.group())
                self.at = found.end()
            self._skip_blank()
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, place: Place) -> None:
        self._skip_blank()
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(place)
        elif first == "{":
            self._inline_table(place)
        else:
            found = _SCALAR.match(self.text, self.at)
            assert found is not None
            self.at = found.end()

    def _array(self, place: Place) -> None:
        index = 0
        self.at += 1
        self._skip_blank()
        while self.text[self.at] != "]":
            here = (*place, index)
            self.lines[here] = self._line()
            self._value(here)
            index += 1
            self._skip_comma()
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        self._skip_blank()
        while self.text[self.at] != "}":
            self._pair(place)
            self._skip_comma()
        self.at += 1

    def _skip_comma(self) -> None:
        self._skip_blank()
        if self.text[self.at] == ",":
            self.at += 1
            self._skip_blank()

    def _string(self) -> str:
        for form in _STRINGS:
            found = form.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return found.group()
        raise AssertionError("tomllib has accepted this text")

    def _skip_blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _line(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line
