"""Whether the names on two records are one person's name: strictly, since records are merged for it.

Stricter than `same_person_name`, by which a name only fills what another one lacks. A slip of spelling counts
where it can only be one: in one part of the name, and never between two names that both exist (`Paul` and
`Paula`, `Jon` and `Joan`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from firstcontact.identity._name_lexicon import FAMILY, GIVEN
from firstcontact.identity._name_parts import bare, is_particle, is_suffix
from firstcontact.identity._nicknames import said_for_one_another
from firstcontact.identity.names import read_name
from firstcontact.identity.records import Record
from firstcontact.interactions.words import word_set

NameAgreement = Literal["equal", "short", "part", "slip", "placeholder", "unclear", "differ"]
"""`equal`; `short`: a part is an abbreviation or a nickname of the other's; `part`: one says only a part of
the other, and nothing else; `slip`: equal but for a slip of spelling; `placeholder`: one of them has no real
name; `unclear`: alike, or about different parts; `differ`: two people's."""

COMPATIBLE: frozenset[NameAgreement] = frozenset({"equal", "short", "part", "slip", "placeholder"})
"""By these two records may be one person (SPEC §9)."""

_GENERATIONS = word_set("jr jnr junior sr snr senior ii iii iv 2nd 3rd 4th")
_SAME_GENERATION = {"jnr": "jr", "junior": "jr", "snr": "sr", "senior": "sr", "2nd": "ii", "3rd": "iii"}
_FILLERS = frozenset(
    {
        "",
        "not provided",
        "not given",
        "not available",
        "unknown",
        "n/a",
        "none",
        "no last name",
        "no name",
        "tbd",
    }
    | {"unbekannt", "inconnu", "desconocido", "sconosciuto", "onbekend"}
)
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "å": "a"}
)

_Words = tuple[str, ...]


class Name(NamedTuple):
    """A name's words in small letters, without diacritics; generation: `jr`, `iii`, "" for none."""

    given: _Words
    family: _Words
    generation: str

    @property
    def turned(self) -> Name:
        """As if given and family name stood in each other's field."""
        return Name(self.family, self.given, self.generation)


def names_agree(one: Record, other: Record) -> NameAgreement:
    """How the names of two records stand to each other; the same the other way round."""
    first, second = name_of(one), name_of(other)
    if one.placeholder or other.placeholder or not _said(first) or not _said(second):
        return "placeholder"
    return _agreement(first, second)


@lru_cache(maxsize=1 << 16)
def _agreement(first: Name, second: Name) -> NameAgreement:
    if first.generation != second.generation:
        return "differ" if first.generation and second.generation else "unclear"
    if _joined(first) in (_joined(second), _joined(second.turned)):
        return "equal"  # also where given and family name are in each other's field
    # Turned both ways, since of what stands in the other's field each may be the given name.
    ways = ((first, second), (first, second.turned), (first.turned, second))
    return min((_compared(*way) for way in ways), key=_ORDER.index)


_ORDER: tuple[NameAgreement, ...] = ("equal", "short", "part", "slip", "unclear", "differ")


def _compared(one: Name, other: Name) -> NameAgreement:
    given, family = bool(one.given and other.given), bool(one.family and other.family)
    given_agree = _given(one.given, other.given) if given else True
    family_agree = _family(one.family, other.family) if family else True
    if given_agree and family_agree:
        if given and family:
            return "short" if _joined(one) != _joined(other) else "equal"
        within = not (one.given and other.family) and not (one.family and other.given)
        return "part" if given or family or within else "unclear"
    if not given_agree and _given_word(one.given[0], other.given[0]):
        return "differ"  # by the middle name
    given_slipped = given_agree or _slip(one.given, other.given, GIVEN)
    family_slipped = family_agree or _slip(one.family, other.family, FAMILY)
    if given and given_agree:  # then the family name may be one that exists, too
        family_slipped = family_slipped or _a_letter(one.family, other.family)
    if given_slipped and family_slipped and (given_agree or family_agree):
        return "slip"
    near = (given_agree or _near(one.given, other.given, GIVEN)) and (
        family_agree or _near(one.family, other.family, FAMILY)
    )
    return "unclear" if near else "differ"


def _said(name: Name) -> bool:
    return bool(name.given or name.family)


def _joined(name: Name) -> tuple[str, str]:
    return _umlauts("".join(name.given)), _umlauts("".join(name.family))


def last_names_equal(one: Record, other: Record) -> bool:
    """Whether both have a real last name and it is the same one."""
    if one.placeholder or other.placeholder:
        return False
    family, others = name_of(one).family, name_of(other).family
    return bool(family) and _umlauts("".join(family)) == _umlauts("".join(others))


def given_names_agree(one: Record, other: Record) -> bool:
    """Whether nothing in the given names, as far as both have one, speaks of two people."""
    first, second = name_of(one), name_of(other)
    if first.generation != second.generation:
        return False
    return not first.given or not second.given or _given(first.given, second.given)


def name_of(record: Record) -> Name:
    """The parts of a record's name, as they are compared."""
    given, family = _filled(record.first_name), _filled(record.last_name)
    if not record.first_name and not record.last_name and record.name:
        read = read_name(record.name)
        # What is no person's name, a firm's say, is still what the record is called.
        given = f"{read.given or read.first} {read.middle}" if read else ""
        family = (read.family or read.last) if read else _called(record)
    return _parts(given, family, record.name)


@lru_cache(maxsize=1 << 16)
def _parts(given: str, family: str, shown: str) -> Name:
    words = f"{given} {family} {shown}".split()
    generations = [bare(word) for word in words if bare(word) in _GENERATIONS]
    generation = generations[-1] if generations else ""
    return Name(_folded(given), _folded(family), _SAME_GENERATION.get(generation, generation))


def _filled(field: str) -> str:
    """The field, "" where it only says that it is empty, as CRMs that insist on a last name are given it."""
    return "" if field.strip(" []()<>.-_?*").casefold() in _FILLERS else field


def _called(record: Record) -> str:
    shown = record.name.strip().casefold()
    texts = {text.strip().casefold() for text in (*record.emails, *record.phones)}
    return "" if shown in texts or not any(char.isalpha() for char in shown) else record.name


def _folded(text: str) -> tuple[str, ...]:
    """The words in small letters, without diacritics, dots, titles after the name and hyphens."""
    kept = [word for word in text.split() if bare(word) not in _GENERATIONS and not _follows(word)]
    lowered = " ".join(kept or text.split()).casefold().translate(_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    return tuple(re.sub(r"[^\w\s]|_", " ", plain.replace("'", "").replace("’", "")).split())


def _follows(word: str) -> bool:
    return len(word) > 1 and word.isupper() and is_suffix(word)


def _given(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """The first given names agree, and no further one contradicts another."""
    if "".join(one) == "".join(other):
        return True
    if not _given_word(one[0], other[0]):
        return False
    middle, others = one[1:], other[1:]
    return not middle or not others or all(any(_given_word(a, b) for b in others) for a in middle)


def _given_word(one: str, other: str) -> bool:
    if _umlauts(one) == _umlauts(other) or said_for_one_another(one, other):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return long.startswith(short)
    # `Ste` is Stephanie; but `Paul` is a name of its own, and not Pauline.
    return len(short) > 1 and short not in GIVEN and len(long) > len(short) + 1 and long.startswith(short)


def _family(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Equal, one of them its first letter, or a double name of which the other is a part."""
    if _umlauts("".join(one)) == _umlauts("".join(other)):
        return True
    short, long = sorted((one, other), key=lambda words: len("".join(words)))
    if len(short) == 1 and len(short[0]) == 1:
        return long[0].startswith(short[0])
    part = {word for word in short if not is_particle(word)}
    return bool(part) and part < set(long)


def _umlauts(text: str) -> str:
    """`mueller` as `muller`. An `e` that ends a word is none of an umlaut: Joe is not Jo."""
    return re.sub(r"(?<=[aou])e(?=[^\W\d_])", "", text)


def _slip(one: _Words, other: _Words, known: frozenset[str]) -> bool:
    """Whether one is the other with a letter typed twice; or with a letter or two wrong, missing, too many or
    swapped, where one of them is a known name and the other is none. Of names that are not known, a long one
    may have one wrong letter."""
    a, b = "".join(one), "".join(other)
    if _DOUBLED.sub(r"\1", a) == _DOUBLED.sub(r"\1", b):
        return True
    if a not in known and b not in known:
        return min(len(a), len(b)) >= 6 and a[0] == b[0] and _a_letter(one, other)
    most = 1 if max(len(a), len(b)) <= 4 else 2
    return not (a in known and b in known) and int(OSA.distance(a, b, score_cutoff=most)) <= most


_DOUBLED = re.compile(r"(.)\1+")


def _a_letter(one: _Words, other: _Words) -> bool:
    a, b = "".join(one), "".join(other)
    return min(len(a), len(b)) > 2 and int(OSA.distance(a, b, score_cutoff=1)) <= 1


def _near(one: _Words, other: _Words, known: frozenset[str]) -> bool:
    """Whether it may yet be one name, misspelt twice: most of the letters are the same."""
    a, b = "".join(one), "".join(other)
    common = sum((Counter(a) & Counter(b)).values())
    return not (a in known and b in known) and common >= 0.6 * max(len(a), len(b))
