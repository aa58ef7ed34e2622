"""What a single line of a signature is: a leave, a name, a job, a number, an address, or a sentence."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from firstcontact.identity._name_guards import is_company_like
from firstcontact.identity._name_lexicon import GIVEN
from firstcontact.identity._name_parts import bare, plain
from firstcontact.identity._nicknames import groups_of
from firstcontact.identity._signature_words import (
    ADDRESS,
    CLOSING,
    DEPARTMENTS,
    JOBS,
    PHONE_LABELS,
    UNITS,
    PhoneKind,
    may_take_leave,
)
from firstcontact.identity.names import read_name
from firstcontact.interactions.handles import read_phone_field
from firstcontact.interactions.words import word_set

SOMEBODY, FIRST_NAME, FULL_NAME = 1, 2, 3
"""How a line names somebody: a person, but not the sender; the sender by one name or initials; by all."""

_EMAIL = re.compile(r"[A-Za-z0-9][\w.+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_URL = re.compile(
    r"https?://\S+|www\.\S+|(?<![@\w.-])[\w-]+\.(?:com|net|org|de|co\.uk|fr|io|eu|biz|example)\b(?!@)", re.I
)
_PHONE = re.compile(
    r"(?<![\w@./-])(?:\+|00)?(?:\d{1,4}[ .\-/]?)?(?:\(\d{1,5}\)|\d{1,5}\))?[ .\-/]{0,2}"
    r"\d{2,5}(?:[ .\-/–]{1,3}\d{1,8}){1,5}(?![\w@])"
    r"|(?<![\w@./-])\+\d{8,15}(?![\w@])"
)
_EXTENSION = re.compile(r"(?:\w+\W+)?(?:x|ext\.?|[*#])?\s*\d?-?\d{4,5}", re.I)
_LABEL_TAIL = re.compile(r"(?:\W|\b(?:transmission|number|no|nr|num|line|dial)\b)*$", re.I)
_LABELS = tuple((kind, re.compile(rf"(?:^|[^\w@])(?:{words})$", re.I)) for kind, words in PHONE_LABELS)
_LABELS_BEHIND = tuple(
    (kind, re.compile(rf"\W*(?:{words})\b(?!\s*[:.]?\s*[+(]?\d)", re.I)) for kind, words in PHONE_LABELS
)
_LABELS_IN_BRACKETS = tuple(
    (kind, re.compile(rf"\s*[(\[](?:{words})\.?[)\]]", re.I)) for kind, words in PHONE_LABELS
)
_PARTS = re.compile(r"\s*[,|/•·;]\s*|\s+[-–—]\s+|\s{3,}|\t+")
_RULES = re.compile(r"\s*[|•·]\s*")
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_SMALL = word_set(
    """
    the a an is are was were be been i i'm i'll i'd you we they he she it this that these those my your our
    their if but with have has had will would can could should please let me us know on in to from as by not
    do does did so ich sie wir ihr es das die der und ist nicht mit für wie auf je vous nous est les des
    une pas que
    """
)
_LEAVE_ENDS = re.compile(r"[,.!\-–—]\s*|\s{2,}")
_NAME_ENDS = re.compile(r"\s*[,|(•·/]\s*|\s+[-–—]+\s+|\s{3,}|\t")
_MAY_END = re.compile(r"[,|(/\-\t\x1f]")
"""What _NAME_ENDS cannot do without in ASCII, where no two spaces follow one another."""
_INITIAL_END = re.compile(r"\b[A-Z]\.$")
_SIX_WORDS = re.compile(r"(?:[A-Za-z][^\s,|(•·/]* {1,2}){5}[A-Za-z]")
"""More words than a name has, before anything that ends one."""
_LONGEST_LEAVE = 60
_LONGEST_NAME = 50
_NO_NAME = re.compile(r"[\d:;?!@]")
_LONGEST = 90
"""Characters of a line of a signature."""


class Line(msgspec.Struct, frozen=True):
    """A line of a body. number: from 0. raw: as it stands there. text: without the white space around it, and
    what a broken transfer encoding left."""

    number: int
    raw: str
    text: str


def line(number: int, raw: str) -> Line:
    """The line of that number."""
    text = raw.replace("=20", "").replace("=09", " ").replace("\u00a0", " ").strip(" \t*=|")
    return Line(number, raw, text)


class Sender(msgspec.Struct, frozen=True):
    """Who sent the mail. words: of the name in its header and of its local part, folded. long: those of more
    than two letters; groups: the given names that are said for these."""

    address: str
    words: frozenset[str]
    joined: str
    long: tuple[str, ...]
    groups: frozenset[int]


@lru_cache(maxsize=1024)
def sender(name: str, address: str) -> Sender:
    """The sender by the name and the address in the header."""
    words = {plain(bare(word)) for word in _WORD.findall(name)}
    local = address.partition("@")[0].lower()
    words |= set(re.split(r"[^a-z]+", local))
    long = tuple(sorted(word for word in words if len(word) > 2))
    return Sender(
        address.lower(),
        frozenset(word for word in words if len(word) > 1),
        re.sub(r"[^a-z]", "", local),
        long,
        frozenset().union(*map(groups_of, long)),
    )


# --- leave and name --------------------------------------------------------------------------------------


def is_leave(text: str, sender: Sender) -> bool:
    """Whether the line takes leave, perhaps with the sender's name behind it (`Thanks, Jo`)."""
    return may_take_leave(text) and _is_leave(text, sender)


@lru_cache(maxsize=512)
def _is_leave(text: str, sender: Sender) -> bool:
    return _takes_leave(text) or named_in_leave(text, sender) != ""


def _takes_leave(text: str) -> bool:
    return len(text) <= _LONGEST_LEAVE and CLOSING.fullmatch(text) is not None


def named_in_leave(text: str, sender: Sender) -> str:
    """The sender's name behind a leave in the same line, "" where there is none."""
    if not may_take_leave(text):
        return ""
    for cut in _LEAVE_ENDS.finditer(text[:_LONGEST]):
        if _takes_leave(text[: cut.start()]) and names(text[cut.end() :], sender) >= FIRST_NAME:
            return text[cut.end() :].strip()
    return ""


def names(text: str, sender: Sender) -> int:
    """Whether the line begins with a name and whose: SOMEBODY, FIRST_NAME, FULL_NAME, or 0 for none."""
    if not text or len(text) > _LONGEST_NAME + 40 or _SIX_WORDS.match(text):
        return 0
    return _names(text, sender)


@lru_cache(maxsize=512)
def _names(text: str, sender: Sender) -> int:
    if "@" in text and _EMAIL.match(text):
        return 0
    first = name_in(text)
    if len(first) > _LONGEST_NAME or _NO_NAME.search(first):
        return 0
    words = [word for word in map(_folded, first.split()) if word]
    if not words or len(words) > 5:
        return 0
    hits = [word for word in words if word in sender.words or (len(word) > 2 and _is_like(word, sender))]
    if len(words) == 1:
        hit = hits or _are_initials(first, sender) or (words[0] in GIVEN and not sender.words & GIVEN)
        return FIRST_NAME if hit else 0
    if "".join(words) == sender.joined or len([word for word in hits if len(word) > 1]) > 1:
        return FULL_NAME
    others = [word for word in words if word not in hits and len(word) > 1]
    if hits and len(others) <= 1 and not any(word in JOBS or word in DEPARTMENTS for word in others):
        return FULL_NAME if _reads_as_name(first) else 0
    return SOMEBODY if words[0] in GIVEN and _reads_as_name(first) else 0


def name_in(text: str) -> str:
    """What stands in front of a comma, a bracket, a rule or a number in the line."""
    text = text.strip(" ,;_-–—~")
    end = None
    if "  " in text or _MAY_END.search(text) or not text.isascii():
        end = _NAME_ENDS.search(text)
    first = text if end is None else text[: end.start()]
    initial = first.endswith(".") and _INITIAL_END.search(first)
    return first.strip(" ,;_-–—~") if initial else first.strip(" ,;_-–—~.")


def behind_name(text: str) -> str:
    """What stands behind the name in its line."""
    first = name_in(text)
    return text[text.find(first) + len(first) :].strip(" ,|-–—()•·")


@lru_cache(maxsize=8192)
def _folded(word: str) -> str:
    return plain(bare(word))


def _is_like(word: str, sender: Sender) -> bool:
    """Whether a word of three letters and more is a part, a longer form or a nickname of one of theirs."""
    if word.startswith(sender.long) or not sender.groups.isdisjoint(groups_of(word)):
        return True
    if len(word) > 3 and word in sender.joined:
        return True
    return any(other.startswith(word) for other in sender.long)


def _are_initials(text: str, sender: Sender) -> bool:
    letters = text.replace(".", "").lower()
    if not 1 <= len(letters) <= 3 or not letters.isalpha() or not (text.isupper() or len(letters) > 1):
        return False
    return all(any(word.startswith(letter) for word in sender.words) for letter in {letters[0], letters[-1]})


def _reads_as_name(text: str) -> bool:
    if is_company_like(text) or title(text):
        return False
    found = read_name(text)
    return found is not None and bool(found.first and found.last)


# --- contact details -----------------------------------------------------------------------------------


def phones(text: str, region: str) -> list[tuple[PhoneKind, str]]:
    """The numbers of a line that can be dialled, each with what it is called there."""
    found: list[tuple[PhoneKind, str]] = []
    runs = list(_PHONE.finditer(text))
    behind = 0
    for place, run in enumerate(runs):
        until = runs[place + 1].start() if place + 1 < len(runs) else len(text)
        number = run.group().strip()
        if read_phone_field(number, region).handles:
            kind = _kind(text[behind : run.start()], text[run.end() : until])
            found.append((kind, number))
        behind = run.end()
    return found


def _kind(before: str, after: str) -> PhoneKind:
    for kind, words in _LABELS_IN_BRACKETS:  # `415 555 0123 (m)`: what stands before belongs to another
        if words.match(after):
            return kind
    label = _LABEL_TAIL.sub("", before)
    for kind, words in _LABELS:
        if words.search(label):
            return kind
    for kind, words in _LABELS_BEHIND:
        if words.match(after):
            return kind
    # `Fax service for our clients 415 555 0123`: whatever stands between, nobody is called there.
    return "fax" if "fax" in before.lower() else "work"


def pieces(text: str) -> list[str]:
    """What a line says one after the other, between rules (`Acme Ltd. | 12 Mill Road | T 415 555 0123`)."""
    return [piece for piece in _RULES.split(text) if piece]


def emails(text: str) -> list[str]:
    """The e-mail addresses of a line."""
    return _EMAIL.findall(text)


def is_address(text: str) -> bool:
    """Whether the line is of a postal address."""
    return (
        ADDRESS.search(text) is not None and re.search(r"\d|,", text) is not None and not _EMAIL.search(text)
    )


def contact(text: str, region: str) -> bool:
    """Whether the line says how somebody is reached."""
    return bool(
        _EMAIL.search(text)
        or _URL.search(text)
        or _EXTENSION.fullmatch(text)
        or phones(text, region)
        or is_address(text)
    )


# --- job and company -----------------------------------------------------------------------------------


def title(text: str) -> str:
    """The job title in a line, with a department behind it; "" where there is none."""
    if is_sentence(text):
        return ""
    spans: list[tuple[int, int]] = []
    at = 0
    for part in [*_PARTS.finditer(text), None]:
        end = part.start() if part is not None else len(text)
        piece = text[at:end]
        if _is_job(piece) or (spans and _is_department(piece)):
            spans.append((at, end))
        elif spans:
            break
        at = part.end() if part is not None else end
    return text[spans[0][0] : spans[-1][1]].strip(" ,;|-–—()") if spans else ""


_JOB_ENDINGS = ("leiter", "leiterin", "ologist", "manager", "managerin", "directeur", "berater", "beraterin")


def _is_job(piece: str) -> bool:
    words = [bare(word) for word in piece.split()]
    if not 1 <= len(words) <= 7 or re.search(r"[@\d:]", piece) or is_legal_form(piece) or words[-1] in UNITS:
        return False
    return any(word in JOBS or word.endswith(_JOB_ENDINGS) for word in words)


def _is_department(piece: str) -> bool:
    words = [bare(word) for word in piece.split()]
    return bool(words) and all(
        word in DEPARTMENTS or word in ("&", "and", "of", "und", "et") for word in words if word
    )


def is_legal_form(piece: str) -> bool:
    """Whether the piece ends as a company's name does."""
    return (
        re.search(
            r"\b(?:inc|llc|l\.l\.c|llp|l\.l\.p|ltd|corp|gmbh|ag|plc|co|company|corporation)\.?$",
            piece.strip(),
            re.I,
        )
        is not None
    )


def company(text: str, sender: Sender, *, certain: bool = False) -> str:
    """The company that a line names; certain: where nothing else can stand there."""
    name = text.strip(" ,;|-–—()")
    if (
        not name
        or len(name) > _LONGEST_NAME
        or len(name.split()) > 7
        or _URL.search(name)
        or is_sentence(name)
    ):
        return ""
    host = sender.address.partition("@")[2]
    labels = {label for label in host.split(".")[:-1] if len(label) > 2}
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    of_host = any(label in folded or folded in label for label in labels if len(folded) > 2)
    if of_host or is_legal_form(name) or is_company_like(name):
        return name
    return name if certain and name[:1].isupper() else ""


# --- sentences -------------------------------------------------------------------------------------------


def is_sentence(text: str) -> bool:
    """Whether the line is a piece of running text."""
    if len(text) > _LONGEST:
        return True
    words = [word.lower().strip(".'") for word in _WORD.findall(text)]
    small = sum(word in _SMALL for word in words)
    if text[-1:] in "?!" and len(words) > 2:
        return True
    if len(words) >= 4 and text[-1:] in ".:" and small >= 1 and not _EMAIL.search(text):
        return True
    return small >= 3 or (len(words) >= 5 and small >= 2)


def belongs(text: str, region: str) -> bool:
    """Whether a line below an empty one may go on with a signature."""
    return contact(text, region) or bool(title(text)) or is_company_like(text)
