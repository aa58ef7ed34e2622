"""Address fields (RFC 5322 §3.4) as (display name, address) pairs, as tolerant as mail programs are.

Structure is read before RFC 2047 words are decoded, since a decoded name may hold commas.
"""

from __future__ import annotations

import re

from firstcontact.formats.mail_text import decode_words

_SIMPLE = re.compile(
    r'\s*+(?:"([^"\\]*)"\s*+|([^"\\<>(),;:@]*))<([^<>\s"(),;:\\@]+@[^<>\s"(),;:\\@]+)>\s*(?:,|$)'
    r'|\s*+([^<>\s"(),;:\\@]+@[^<>\s"(),;:\\@]+)\s*(?:,|$)'
)
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"?'
    r"|=\?[^?\s=]+\?[bBqQ]\?[^?]*\?="
    r"|<[^<>]*>?"
    r"|[,;:()>]"
    r"|\s+"
    r'|[^\s"<>,;:()=]+'
    r"|=",
    re.S,
)
_ROUTE = re.compile(r"^@[^:<>]*:")
_COMMENT = re.compile(r"\([^()]*\)")
_SPACES = re.compile(r"\s+")
_OBFUSCATED = re.compile(r"[^\s@]+(?:\s+at\s+|\s*\(at\)\s*|\s*\[at\]\s*|\s*\(\)\s*)[^\s@]", re.I)

Address = tuple[str, str]
"""(display name, address as written); the address is empty where there is only a name."""


def read_addresses(value: str) -> list[Address]:
    """Everybody whom one address field names, in order. Groups are their members; an empty one is nobody.

    What has no `@` keeps its text as the address (`root`, `jo at acme.example`), so that it is not lost.
    """
    pairs = _simple(value)
    return _Reader(_closed_quotes(value)).read() if pairs is None else pairs


def _closed_quotes(value: str) -> str:
    """The field without its last quotation mark where that opens what nothing closes."""
    if '"' not in value or value.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0:
        return value
    last = value.rfind('"')
    while last > 0 and value[last - 1] == "\\":
        last = value.rfind('"', 0, last)
    return value[:last] + value[last + 1 :] if last >= 0 else value


def is_obfuscated(address: str) -> bool:
    """Whether an archive hid the address from harvesters (`jo at acme.example`, `jo...@acme.example`)."""
    return "..." in address or "…" in address or _OBFUSCATED.match(address) is not None


def _simple(value: str) -> list[Address] | None:
    """The forms nearly every field has, by one pattern; None for anything else."""
    pairs: list[Address] = []
    at, end = 0, len(value)
    while at < end:
        match = _SIMPLE.match(value, at)
        if match is None:
            return None
        quoted, plain, address, bare = match.groups()
        if bare:
            pairs.append(("", bare))
        else:
            name = quoted or plain or ""
            pairs.append((_clean(name) if name else "", address))
        at = match.end()
    return pairs


def _clean(name: str) -> str:
    name = decode_words(name)
    if "  " in name:
        name = _SPACES.sub(" ", name)
    if len(name) > 1 and name[0] == '"' == name[-1]:
        name = name[1:-1].strip()
    return name


class _Reader:
    """One pass over the tokens of a field, one person at a time."""

    def __init__(self, value: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(value)
        self._closing = _matching_brackets(self._tokens)
        self._pairs: list[Address] = []
        self._words: list[str] = []
        self._comments: list[str] = []
        self._behind: list[str] = []
        self._angle: str | None = None
        self._named_by = 0
        """How many of the words stand before the angle bracket."""

    def read(self) -> list[Address]:
        tokens = self._tokens
        index, end = 0, len(tokens)
        while index < end:
            token = tokens[index]
            first = token[0]
            if first == "<":
                self._open_angle(token)
            elif first in ",;":
                self._flush()
            elif first == ":":
                self._colon()
            elif first == "(":
                index = self._comment(index)
            elif first not in ")>":
                self._words.append(token)
            index += 1
        self._flush()
        return _surnames_joined(self._pairs)

    def _open_angle(self, token: str) -> None:
        inside = token.strip("<>").strip()
        if not inside and self._angle is None and not any("@" in word for word in self._words):
            return
        if self._angle:  # the comma between two people is missing
            following = self._words[self._named_by :]
            del self._words[self._named_by :]
            self._flush()
            self._words = following
        self._angle = inside
        self._named_by = len(self._words)

    def _colon(self) -> None:
        """What stands before a colon names a group, unless it is already an address."""
        if self._angle is None and not any("@" in word for word in self._words):
            self._words.clear()
            self._comments.clear()
        else:
            self._words.append(":")

    def _comment(self, index: int) -> int:
        """Reads a comment, which may nest; returns the index of its last token."""
        position = self._closing.get(index)
        if position is None:  # never closed: only the bracket itself is wrong
            self._words.append("(")
            return index
        inside = "".join(self._tokens[index + 1 : position])
        if self._words and self._angle is None and not any("@" in word for word in self._words):
            self._words.append("(" + inside + ")")
        elif self._angle is not None:
            self._behind += (" ", "(" + inside + ")")
        self._comments.append(inside)
        return position

    def _flush(self) -> None:
        words, comments, angle, behind = self._words, self._comments, self._angle, self._behind
        self._words, self._comments, self._behind, self._angle = [], [], [], None
        if angle is not None and ("@" in angle or not any("@" in word for word in words)):
            address = _COMMENT.sub("", _ROUTE.sub("", angle.removeprefix("mailto:")))
            if "@" in address:
                address = _SPACES.sub("", address)
            named = any(not word.isspace() for word in words)
            name = _name([*words, *behind]) if named else _clean(" ".join(comments))
            self._pairs.append((name, address.strip()))
            return
        self._pairs.extend(_bare(words, comments))


def _matching_brackets(tokens: list[str]) -> dict[int, int]:
    """Index of the closing bracket for each opening one that has it; comments may nest."""
    closing: dict[int, int] = {}
    open_ones: list[int] = []
    for index, token in enumerate(tokens):
        if token == "(":
            open_ones.append(index)
        elif token == ")" and open_ones:
            closing[open_ones.pop()] = index
    return closing


def _name(words: list[str]) -> str:
    text = "".join(_unquote(word) for word in words)
    return _clean(_SPACES.sub(" ", text))


def _unquote(word: str) -> str:
    if word[0] != '"':
        return word
    inner = word[1:-1] if len(word) > 1 and word[-1] == '"' else word[1:]
    return re.sub(r"\\(.)", r"\1", inner, flags=re.S) if "\\" in inner else inner


def _bare(words: list[str], comments: list[str]) -> list[Address]:
    """Words without angle brackets: an address with the name in a comment, beside it, or not at all."""
    text = "".join(words).strip()
    if not text:
        return []
    if "@" not in text:
        decoded = _name(words)
        if "=?" in text and "@" in decoded:
            return read_addresses(decoded)
        if comments and text.endswith("(" + comments[-1] + ")"):
            text = text[: -len(comments[-1]) - 2].strip()
            if _OBFUSCATED.match(text):
                return [(_clean(comments[-1]), text)]
        return [("", decoded)]
    chunks = text.split() if '"' not in text else [text]
    addresses = [chunk for chunk in chunks if "@" in chunk.strip("@")]
    if not addresses:
        return [("", text)]
    rest = [chunk for chunk in chunks if chunk not in addresses]
    name = _clean(" ".join(rest)) or _clean(" ".join(comments))
    first, *others = [address.removeprefix("mailto:") for address in addresses]
    return [(name, first), *(("", other) for other in others)]


def _surnames_joined(pairs: list[Address]) -> list[Address]:
    """`Diaz, Jo <jo@acme.example>` without quotes is one person, not a stray word and one person."""
    joined: list[Address] = []
    for index, (name, address) in enumerate(pairs):
        stray = not name and "@" not in address
        following = pairs[index + 1] if index + 1 < len(pairs) else ("", "")
        alone = index == 0 or "@" in pairs[index - 1][1]
        if stray and alone and following[0] and "@" in following[1] and not _OBFUSCATED.match(address):
            pairs[index + 1] = (f"{address}, {following[0]}", following[1])
            continue
        joined.append((name, address))
    return joined
