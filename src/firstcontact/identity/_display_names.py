"""Display names: from what a header, a calendar or a signature shows to a person's name, or to none."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import msgspec
from rapidfuzz.distance import DamerauLevenshtein

from firstcontact.identity._name_guards import is_company_like, is_host_like, is_no_person
from firstcontact.identity._name_lexicon import FAMILY, GIVEN
from firstcontact.identity._name_parts import (
    Parts,
    is_initial,
    is_particle,
    is_suffix,
    plain,
    recased,
    split_name,
    without_titles,
)
from firstcontact.identity._nicknames import said_for_one_another
from firstcontact.identity.domains import is_machine_address, is_resource_address, is_role_address
from firstcontact.identity.titles import classify


class PersonName(msgspec.Struct, frozen=True):
    """A person's name, for CRMs with a first and a last name: together they lose no word of a name.

    first, last: what is written. In `Mary Jane Watson` nobody can tell which of the two `Jane` belongs to,
        and the last name is `Jane Watson`; a mononym has no last name. Middle initials are in neither.
    full: the name to be shown, in the order of the script, without titles and suffixes.
    given, middle, family: the parts as analysed (`Mary`, `Jane`, `Watson`); empty where only first, last
        and full are known.
    """

    first: str
    last: str
    full: str
    given: str = ""
    middle: str = ""
    family: str = ""


@lru_cache(maxsize=8192)
def read_name(display: str, address: str = "", company: str = "") -> PersonName | None:
    """The person's name that a display name shows; None where it is no person's name.

    `address` is the address shown with it and `company` the company it belongs to: a name equal to
    either, or to a function, is no name.
    """
    text = _clean(display)
    if not text or len(text) > 200 or _is_the_address(text, address):
        return None
    if is_resource_address("", text) or is_host_like(text):
        return None
    text = _without_rewriting(text)
    if text.count(",") > 1 and ("&" in text or " and " in text):
        return None
    pieces, nickname = _pieces(text)
    name = " ".join(pieces) if len(pieces) == 1 else ", ".join(pieces)
    if not name and nickname:
        pieces, name = [nickname], nickname
    if not name or _is_the_address(name, address) or is_no_person(without_titles(name), address, company):
        return None
    return _person(split_name(name, pieces), name)


def name_from_local_part(address: str) -> PersonName | None:
    """A candidate from `jane.doe@`; never used by itself (SPEC §5), only beside other evidence.

    None for functions, machines and local parts without two letters. Digits and the `+tag` are no part
    of a name, and one word is a first name.
    """
    local = address.rpartition("@")[0].strip(" \"'").split("+", 1)[0]
    if not local or is_role_address(address) or is_machine_address(address):
        return None
    words = [word for word in re.split(r"[._\-0-9]+", local) if any(char.isalpha() for char in word)]
    if not words or max(len(word) for word in words) < 2 or len(words) > 4:
        return None
    return _person((words[0], " ".join(words[1:-1]), words[-1] if len(words) > 1 else ""), " ".join(words))


# --- cleaning --------------------------------------------------------------------------------------

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]")
_QUOTES = "\"'`´‘’‚“”„«»‹›"
_ADDRESS = re.compile(r"[<(\[]?\s*(?:mailto:)?[^\s<>()\[\]@,;]+@[^\s<>()\[\]@,;]+\s*[>)\]]?")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}|<([^<>]*)>|（([^（）]*)）|【([^【】]*)】")
_NICKNAME = re.compile(
    r"(?:(?<=\s)|^)(?:\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|''([^']+)''|'([^']+)'|‘([^’]+)’)(?=[\s,]|$)"
)
_REWRITTEN = re.compile(
    r"\s+(?:\(?via|through|on behalf of|im auftrag von|au nom de|de la part de|namens|en nombre de)\s+.*$",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(r"\s+(?:[|/•·–—@]|-{1,2}|::?|at|from|bei|chez|von der|of the|c/o)\s+")
_BEFORE_NAME = re.compile(
    r"^(?:(?:ext(?:ernal)?|re|fw|fwd|from|to|cc|attn|attention|c/o)\s*[:.]|"
    r"(?:mr|dr|herr|monsieur)\.?\s+(?:and|&|und|et)\s+(?:mrs|ms|dr|frau|madame)\.?)\s+(?=\S)",
    re.IGNORECASE,
)
_AT_LAW = re.compile(
    r",?\s+(?:att(?:orne)?ys?|counsell?ors?|barristers?|solicitors?)(?:[ -]at[ -]law)?$", re.IGNORECASE
)


def _clean(display: str) -> str:
    text = display
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFC", _decoded(text)))
    text = text.replace('\\"', '"').replace("\\'", "'")
    if not (text.isascii() and text.isprintable()):
        text = "".join(char if not _is_noise(char) else " " for char in text)
    text = " ".join(text.split())
    previous = None
    while previous != text:
        previous = text
        if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES and not _is_inner(text):
            text = text[1:-1].strip()
        text = text.strip(" ,;.|-_*~<>\t") if not text.endswith((".", ".)")) else text.strip(" ,;|-_*~<>\t")
    return text


def _decoded(text: str) -> str:
    """UTF-8 that somebody read as Windows-1252 (`AndrÃ©`), read again as what it is."""
    if "Ã" not in text and "Â" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _is_noise(char: str) -> bool:
    category = unicodedata.category(char)
    return category in {"Cc", "Cs", "Co", "Cn"} or (category == "So" and char not in "©®™")


def _is_inner(text: str) -> bool:
    """Whether the outer quotes belong to two different words (`"Al" and "Bo"`)."""
    return text[0] == '"' and text.count('"') > 2


def _is_the_address(text: str, address: str) -> bool:
    lowered = text.lower().strip("<>\"' ")
    if not lowered or ("@" in lowered and " " not in lowered):
        return True
    local = address.rpartition("@")[0].lower()
    if not local or (lowered != local and lowered != local.split("+", 1)[0]):
        return False
    return not text.isalpha() or not (text[0].isupper() and text[1:].islower())


def _without_rewriting(text: str) -> str:
    """`John Smith via DocuSign`, `John Smith | Acme`, `John Smith at Acme`: what stands before."""
    text = _ADDRESS.sub(" ", text)
    text = _REWRITTEN.sub("", _BEFORE_NAME.sub("", " ".join(text.split())))
    text = _AT_LAW.sub("", text)
    text = text.strip(" " + _QUOTES) if not _NICKNAME.search(text) else text
    match = _AFTER_NAME.search(text)
    # `Ursula von der Heide` is a name, `Ursula Heide von der Acme GmbH` a name and its firm.
    noble = match is not None and match.group().split() == ["von", "der"]
    if match is not None and not (noble and not is_company_like(text[match.end() :])):
        before = text[: match.start()].strip()
        alone = plain(before) in GIVEN and not is_company_like(text[match.end() :])
        if before and (len(before.split()) > 1 or alone):
            text = before
        elif before and plain(before) not in FAMILY and "," not in text:
            text = _of_organisation(before, text[match.end() :])
    return text.strip(" ,;-|")


def _of_organisation(before: str, after: str) -> str:
    """`ACME - John Smith` is the person, `ACME - Quotes` the organisation: it has a dash where a person has
    none, and what follows is its department, never a family name."""
    words = after.split()
    return after if len(words) > 1 and plain(words[0]) in GIVEN else before


def _pieces(text: str) -> tuple[list[str], str]:
    """The name's parts between commas, without brackets, suffixes, titles after it and companies; and the
    nickname, where there was one."""
    nickname = ""
    for match in _NICKNAME.finditer(text):
        nickname = nickname or next(group for group in match.groups() if group)
    text = _NICKNAME.sub(" ", text)
    text = _BRACKETS.sub(" ", text)
    text = re.sub(r"[\"“”«»]", " ", text)
    text = re.sub(r"\bPh\.?\s+D\b\.?", "PhD", text)
    parts = [" ".join(_dotted(part).split()).strip(" -") for part in re.split(r"[,，、]", text)]
    parts = [part for part in parts if part and any(char.isalnum() for char in part)]
    kept = parts[:1]
    for part in parts[1:]:
        if not all(is_suffix(word) for word in part.split()) and not _is_postnominal(part, parts):
            kept.append(part)
    if len(kept) == 1 and len(parts) > 1 and len(kept[0].split()) == 1 and kept[0].isalpha():
        kept[0] = f"Dr. {kept[0]}"
    if len(kept) > 1 and len(kept[0].split()) > 1 and _says_company_or_title(kept):
        kept = kept[:1]
    first_words = kept[0].split() if kept else []
    if first_words and first_words[-1].isdecimal() and len(first_words) > 2:
        kept[0] = " ".join(first_words[:-1])
    return kept[:2], nickname


def _is_postnominal(part: str, parts: list[str]) -> bool:
    """Capitals after a whole name in small letters (`John P. Doe, CLU, CFP`)."""
    whole = len(parts[0].split()) > 1 and not parts[0].isupper()
    return whole and part.isupper() and all(len(word.replace(".", "")) <= 5 for word in part.split())


def _says_company_or_title(parts: list[str]) -> bool:
    """Whether what follows the comma tells about a person whose whole name stands before it."""
    after = parts[1]
    if is_company_like(after) or is_no_person(after, "", ""):
        return True
    words = [word for word in parts[0].split() if not is_suffix(word)]
    if len(words) != 2 or parts[0].isupper() or plain(after.split()[0]) in GIVEN:
        return False
    return plain(words[0]) in GIVEN and (plain(words[1]) in FAMILY or _is_title(after))


def _is_title(text: str) -> bool:
    """Whether the rules for titles say anything of it, and it is nobody's name (`Dean`, `Page`)."""
    return not any(plain(word) in FAMILY or plain(word) in GIVEN for word in text.split()) and bool(
        classify(text).fired
    )


def _dotted(part: str) -> str:
    """`John.Doe Smith` as `John Doe Smith`; initials and abbreviations keep their dots."""
    words = []
    for word in part.split():
        halves = word.split(".")
        shortest = 2 if plain(halves[0]) in GIVEN else 3
        if len(halves) > 1 and all(len(half) >= shortest and half.isalpha() for half in halves):
            words.extend(halves)
        else:
            words.append(word)
    return " ".join(words).replace("_", " ")


# --- parts to name ---------------------------------------------------------------------------------


def _person(parts: Parts, text: str) -> PersonName | None:
    given, middle, family = (part.strip(" ,-") for part in parts)
    whole_is_one_case = not any(char.islower() for char in text) or not any(char.isupper() for char in text)
    if whole_is_one_case or family.isupper() or family.islower():
        given, middle, family = recased(given), recased(middle), recased(family, family=True)
    if not given and not family:
        return None
    initials = any(is_initial(word) for word in middle.split())
    last = family if initials or not middle else f"{middle} {family}".strip()
    first = given
    if middle and (is_initial(given) or ("," in text and not initials)):
        first, last = f"{given} {middle}", family
    between = "" if _unspaced(given + family) else " "
    shown = (family, middle, given) if not between or _family_leads(text, family) else (given, middle, family)
    full = between.join(part for part in shown if part)
    return PersonName(first, last, full, given, middle, family)


def _unspaced(text: str) -> bool:
    return bool(text) and all(ord(char) > 0x2E7F for char in text) and "·" not in text


def _family_leads(text: str, family: str) -> bool:
    return _unspaced(family) and text.startswith(family)


# --- the same name? --------------------------------------------------------------------------------


def same_person_name(one: PersonName, other: PersonName) -> bool:
    """Whether two names may be one person's, so that one may fill what the other lacks.

    Equal but for case, diacritics and spelling by a letter; an initial, a short form or a nickname of the
    other; an empty part says nothing. Given and family name the other way round count as the same.
    """
    if _middle_disagrees(one, other):
        return False
    first, second = _comparable(one), _comparable(other)
    words, others = set(_fold(one.full).split()), set(_fold(other.full).split())
    if min(len(words), len(others)) > 1 and (words <= others or others <= words):
        return True
    return _agree(first, second) or (all(first) and all(second) and _agree(first, (second[1], second[0])))


def _comparable(name: PersonName) -> tuple[str, str]:
    return _fold(name.given or name.first), _fold(name.family or name.last)


def _middle_disagrees(one: PersonName, other: PersonName) -> bool:
    """Whether both have whole middle names and none of them in common."""
    first = {word for word in _fold(one.middle).split() if len(word) > 1}
    second = {word for word in _fold(other.middle).split() if len(word) > 1}
    return bool(first and second) and not first & second


def _fold(text: str) -> str:
    text = text.lower().translate(_LETTERS)
    text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w\s]|_", " ", text.replace("'", "").replace("’", "")).split())


_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "å": "a"}
)


def _agree(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return _given_agree(one[0], other[0]) and _family_agree(one[1], other[1])


def _given_agree(one: str, other: str) -> bool:
    if not one or not other or one == other:
        return True
    a, b = one.split()[0], other.split()[0]
    if (
        _umlauts(a) == _umlauts(b)
        or one.replace(" ", "") == other.replace(" ", "")
        or said_for_one_another(a, b)
    ):
        return True
    short, long = sorted((a, b), key=len)
    if len(short) == 1:
        return long.startswith(short)
    if long == short + "a":
        return False
    return (len(short) > 2 and len(long) > len(short) + 1 and long.startswith(short)) or _spelled_alike(a, b)


def _family_agree(one: str, other: str) -> bool:
    if not one or not other or _umlauts(one) == _umlauts(other):
        return True
    a, b = ({word for word in text.split() if not is_particle(word)} or {text} for text in (one, other))
    if a >= b or b >= a:
        return True
    short, long = sorted((one, other), key=len)
    return (len(short) == 1 and long.startswith(short)) or _spelled_alike(one, other)


def _umlauts(text: str) -> str:
    return re.sub(r"(?<=[aou])e", "", text.replace(" ", ""))


_DOUBLED = re.compile(r"(.)\1")


def _spelled_alike(one: str, other: str) -> bool:
    """A letter more, less, changed or swapped in words of six letters and more; never the first letter."""
    if _DOUBLED.sub(r"\1", one) == _DOUBLED.sub(r"\1", other):
        return True
    if min(len(one), len(other)) < 6 or one[0] != other[0]:
        return False
    return DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1
