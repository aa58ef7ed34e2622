"""Patterns of the `blocked` and `allowed` lists: entries as an admin writes them, compiled for look-ups.

What an entry may be (SPEC §3 `blocked`, `allowed`; the lists are per participant):

==========================================  =========================================================
entry                                       matches
==========================================  =========================================================
`jo@acme.example`                           that address, with or without a `+tag`
`acme.example`, `@acme.example`,            every address at exactly that host
`*@acme.example`
`*.acme.example`, `*.gov`                   every address at that host and at every host under it
`jo*@acme.example`, `*bot@*`                a glob over the address: `*` any text, `?` one character
`+1 415 555 0123`, `(415) 555-0123`         that number; without a country code it is read in the
                                            team's region
`+1900*`, `900*`                            every number that starts so
`subject:*unsubscribe*`                     a glob over the subject of a mail or meeting, in any case
==========================================  =========================================================

This is asked for every participant of every interaction, so plain entries are dictionary look-ups and
only entries with a `*` or `?` in the middle are tried one by one.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.interactions.model import Handle

SUBJECT = "subject:"
_WILD = re.compile(r"[*?]")
_NUMBER_LIKE = re.compile(r"[+\d\s().*?/-]+(?:\s*(?:x|ext\.?)\s*\d+)?", re.IGNORECASE)
_PREFIX = re.compile(r"([+\d\s()./-]*)\*")
_HOST = re.compile(r"[^\s@/:]+")


class Patterns:
    """Compiled entries. Every `matches_…` gives the entry that matched, as written, or "".

    unreadable: entries that say nothing, each with the sentence that tells why; they match nothing.
    Immutable after construction.
    """

    __slots__ = (
        "_exact",
        "_globs",
        "_hosts",
        "_prefix_lengths",
        "_prefixes",
        "_subjects",
        "_under",
        "unreadable",
    )

    def __init__(self, entries: Sequence[str], region: str) -> None:
        self._exact: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._under: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._globs: list[tuple[re.Pattern[str], str]] = []
        self._subjects: list[tuple[re.Pattern[str], str]] = []
        unreadable: list[tuple[str, str]] = []
        for entry in entries:
            try:
                self._add(entry, _read(entry.strip(), region))
            except ValueError as error:
                unreadable.append((entry, str(error)))
        self._prefix_lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
        self.unreadable: tuple[tuple[str, str], ...] = tuple(unreadable)

    def matches_handle(self, handle: Handle) -> str:
        """The entry that names this address or number, the most specific form first, or ""."""
        found = self._exact.get(handle.key)
        if found is None:
            found = self._by_number(handle) if handle.kind == "phone" else self._by_host(handle)
        return found or self._by_glob(handle)

    def matches_subject(self, text: str) -> str:
        """The `subject:` entry whose glob covers the whole of `text`, in any letter case, or ""."""
        if not self._subjects:
            return ""
        folded = text.casefold()
        return next((entry for glob, entry in self._subjects if glob.fullmatch(folded)), "")

    def _add(self, entry: str, read: _Read) -> None:
        table = {"exact": self._exact, "host": self._hosts, "under": self._under, "prefix": self._prefixes}
        if read.form in table:
            table[read.form].setdefault(read.text, entry)
        else:
            globs = self._subjects if read.form == "subject" else self._globs
            globs.append((_glob(read.text), entry))

    def _by_number(self, handle: Handle) -> str:
        # The key folds the regional variants of mobile numbers, so a prefix is tried on both spellings.
        for length in self._prefix_lengths:
            found = self._prefixes.get(handle.value[:length]) or self._prefixes.get(handle.key[:length])
            if found is not None:
                return found
        return ""

    def _by_host(self, handle: Handle) -> str:
        host = handle.key.rpartition("@")[2]
        found = self._hosts.get(host)
        if found is not None or not self._under:
            return found or ""
        while host:
            found = self._under.get(host)
            if found is not None:
                return found
            host = host.partition(".")[2]
        return ""

    def _by_glob(self, handle: Handle) -> str:
        for glob, entry in self._globs:
            if glob.fullmatch(handle.key) or glob.fullmatch(handle.value):
                return entry
        return ""


@lru_cache(maxsize=1024)
def compile_patterns(entries: tuple[str, ...], region: str) -> Patterns:
    """The entries, compiled; `region` is the ISO country of numbers without a country code. Never raises:
    what cannot be read is in `Patterns.unreadable`, and the settings refuse it when they are saved."""
    return Patterns(entries, region)


class _Read(NamedTuple):
    form: str
    text: str


def _read(entry: str, region: str) -> _Read:
    """One entry as the form it has and the text to compare; ValueError with a sentence where it has none."""
    if not entry:
        raise ValueError("an empty entry matches nothing; remove it")
    if entry[: len(SUBJECT)].lower() == SUBJECT:
        return _read_subject(entry[len(SUBJECT) :].strip())
    if _NUMBER_LIKE.fullmatch(entry) and any(char.isdigit() for char in entry):
        return _read_number(entry, region)
    return _read_mail(entry)


def _read_subject(text: str) -> _Read:
    if not text:
        raise ValueError("`subject:` needs the text to look for, such as `subject:*unsubscribe*`")
    return _Read("subject", text.casefold())


def _read_number(entry: str, region: str) -> _Read:
    prefix = _PREFIX.fullmatch(entry)
    if prefix is not None:
        return _Read("prefix", _international(prefix.group(1), region))
    if _WILD.search(entry):
        return _Read("glob", re.sub(r"[\s()./-]", "", entry))
    handle = read_phone(entry, region)
    if handle is None:
        raise ValueError(
            f"`{entry}` cannot be read as a telephone number in {region or 'no region'}; "
            "write it with its country code, such as `+14155550123`, or as a prefix, such as `+1900*`"
        )
    return _Read("exact", handle.key)


def _international(prefix: str, region: str) -> str:
    """The start of a number as the start of an E.164 number."""
    digits = re.sub(r"\D", "", prefix)
    if prefix.strip().startswith("+"):
        return "+" + digits
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region.upper())
    if metadata is None:
        raise ValueError(f"`{prefix.strip()}*` needs its country code, such as `+{digits}*`")
    dialled_abroad = re.match(metadata.international_prefix or "00", digits) or re.match("00", digits)
    if dialled_abroad is not None:
        return "+" + digits[dialled_abroad.end() :]
    return f"+{metadata.country_code}{digits.removeprefix(metadata.national_prefix or '')}"


def _read_mail(entry: str) -> _Read:
    local, at, host = entry.lower().rpartition("@")
    if at and not host:
        raise ValueError(f"`{entry}` has no domain; write `{entry}*` for that name at every domain")
    everybody = local in ("", "*")
    if everybody and host.startswith("*.") and not _WILD.search(host[2:]):
        return _Read("under", _host(host[2:], entry))
    if _WILD.search(entry) and not (everybody and not _WILD.search(host)):
        return _Read("glob", entry.lower() if at else f"*@{host}" if host != "*" else "*")
    if not everybody:
        handle = read_email(entry)
        if handle is None:
            raise ValueError(f"`{entry}` is no e-mail address, domain or telephone number")
        return _Read("exact", handle.key)
    if "." not in host:
        raise ValueError(
            f"`{entry}` is no e-mail address, domain or telephone number; "
            f"a whole top-level domain is written `*.{host}`"
        )
    return _Read("host", _host(host, entry))


def _host(host: str, entry: str) -> str:
    """The host as addresses have it in their keys: lower case, A-labels."""
    handle = read_email(f"x@{host}") if _HOST.fullmatch(host) else None
    if handle is None:
        raise ValueError(f"`{entry}` holds no domain that an address could have")
    return handle.key.rpartition("@")[2]


def _glob(text: str) -> re.Pattern[str]:
    # Only `*` and `?` are wild: subjects are full of `[brackets]`. fnmatch's translation does not backtrack.
    return re.compile(fnmatch.translate(text.replace("[", "[[]")), re.DOTALL)
