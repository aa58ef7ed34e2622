"""Where a person stands in a text: their addresses and numbers in any usual spelling, and their name.

For erasing (SPEC §10): what is found is replaced, so that ids and references that bear an address stay equal
wherever they stand, and a name leaves a word that says why it is not there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import phonenumbers

ERASED = "[erased]"
"""What stands for a person who was erased, or for their name."""

_SEPARATORS = r"[\s().\-/\u00a0\u2009\u202f\u2010\u2011\u2013]{0,3}"
_OPENING = r"(?:\((?=\+?\d+\)))?"
"""A bracket that closes within the number, as around an area code."""
_LEAST_NATIONAL = 7
"""Digits of a national number that is looked for without its country code: a shorter one would be found in
other numbers."""
_WITHOUT_SPACES = re.compile("[\u2e80-\ud7ff]")
"""Scripts that write words without anything between them."""


class Traces:
    """What is looked for of one person.

    `everywhere`: handles and whole names, which mean them wherever they stand. `nearby`: also single words of
    their names, for what is about them anyway.
    """

    def __init__(
        self,
        markers: Mapping[str, str],
        names: Iterable[tuple[str, str]] = (),
        common: Collection[tuple[str, str]] = (),
    ) -> None:
        """markers: by handle key what takes its place. names: first and last; one of them may be empty.
        common: those of them that others have, too: `everywhere` leaves these alone."""
        self.markers = dict(markers)
        self.names = tuple(sorted({(first.strip(), last.strip()) for first, last in names} - {("", "")}))
        self._handles = [(_spelled(key), marker) for key, marker in sorted(self.markers.items())]
        own = [name for name in self.names if name[0] and name[1] and name not in common]
        self._whole = [_whole(first, last) for first, last in own]
        self._words = [_word(word) for word in _words(self.names)]
        self._loose = _any(
            [*(_loosely(key) for key in self.markers), *(_whole_name(first, last) for first, last in own)]
        )

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth while to look closely; true too often, never false."""
        return self._loose.search(text) is not None

    def everywhere(self, text: str) -> str:
        """The text without handles and whole names."""
        if not text or not self.may_be_in(text):
            return text
        for pattern, marker in self._handles:
            text = pattern.sub(marker, text)
        for name in self._whole:
            text = name.sub(ERASED, text)
        return text

    def nearby(self, text: str) -> str:
        """The text without handles and any word of their names."""
        text = self.everywhere(text)
        for word in self._words:
            text = word.sub(ERASED, text)
        return text

    def out_of(self, value: Any, *, near: bool) -> Any:
        """Plain values (as of MessagePack or JSON) without them, keys included. near: what is about them; in
        it what is about another person (`about`, `subject`) loses no single words."""
        scrub = self.nearby if near else self.everywhere
        if isinstance(value, str):
            return scrub(value)
        if isinstance(value, list | tuple):
            return [self.out_of(each, near=near) for each in value]
        if isinstance(value, dict):
            near = near and not self._is_anothers(value)
            return {
                self.everywhere(key) if isinstance(key, str) else key: self.out_of(each, near=near)
                for key, each in value.items()
            }
        return value

    def _is_anothers(self, value: Mapping[Any, Any]) -> bool:
        about = value.get("about")
        return isinstance(about, str) and bool(about) and about not in self.markers


def _words(names: Iterable[tuple[str, str]]) -> list[str]:
    """The single words of names, the longest first; an initial means nobody."""
    words = {word for name in names for part in name for word in part.split()}
    return sorted((word for word in words if len(word.strip(".")) > 1), key=lambda word: (-len(word), word))


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)


def _spelled(key: str) -> re.Pattern[str]:
    if "@" in key:
        return re.compile(rf"(?<![\w.+%-]){_address(key)}(?![\w-]|\.\w)", re.IGNORECASE)
    numbers = "|".join(rf"(?:{each})" for each in _numbers(key))
    return re.compile(rf"(?<!\d){_OPENING}(?:{numbers})(?!\d)")


def _loosely(key: str) -> str:
    return _address(key) if "@" in key else "|".join(_numbers(key))


def _address(key: str) -> str:
    """With any tag, and as addresses stand in links and quoted-printable text."""
    local, _, host = key.rpartition("@")
    return rf"{re.escape(local)}(?:(?:\+|%2B|=2B)[\w.+=-]*)?(?:@|%40|=40){re.escape(host)}"


@lru_cache(maxsize=256)
def _numbers(key: str) -> tuple[str, ...]:
    """Patterns of a number and its regional variants (`interactions._phone`), international and national."""
    patterns: list[str] = []
    for number in _variants(key):
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            patterns.append(_digits(number))
            continue
        national = phonenumbers.national_significant_number(parsed)
        spelled = rf"(?:(?:\+|00|011){_SEPARATORS})?{parsed.country_code}{_SEPARATORS}(?:\(0\){_SEPARATORS})?"
        if len(national) >= _LEAST_NATIONAL:
            patterns.append(rf"(?:{spelled}|0{_SEPARATORS})?{_digits(national)}")
        else:
            patterns.append(spelled + _digits(national))
    return tuple(patterns)


def _variants(key: str) -> tuple[str, ...]:
    """One subscriber as old and new systems write them."""
    if re.fullmatch(r"\+55\d\d9[6-9]\d{7}", key):
        return key, key[:5] + key[6:]
    if re.fullmatch(r"\+52\d{10}", key):
        return key, f"+521{key[3:]}"
    if re.fullmatch(r"\+54\d{10}", key):
        return key, f"+549{key[3:]}"
    return (key,)


def _digits(text: str) -> str:
    return _SEPARATORS.join(char for char in text if char.isdigit())


def _whole(first: str, last: str) -> re.Pattern[str]:
    name = _whole_name(first, last)
    if _WITHOUT_SPACES.search(first + last):
        return re.compile(name, re.IGNORECASE)
    return re.compile(rf"(?<!\w)(?:{name})(?!\w)", re.IGNORECASE)


def _whole_name(first: str, last: str) -> str:
    one, two = (r"\s+".join(map(re.escape, part.split())) for part in (first, last))
    between = r"[\s._,;+-]{1,3}(?:\w{1,2}\.?\s+)?"
    apart = r"[\s._,;+-]{1,3}"
    if _WITHOUT_SPACES.search(first + last):
        between = apart = r"\s?"
    return rf"{one}{between}{two}|{two}{apart}{one}"


def _word(word: str) -> re.Pattern[str]:
    if _WITHOUT_SPACES.search(word):
        return re.compile(re.escape(word))
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
