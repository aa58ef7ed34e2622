"""Phone numbers: one number as a phone system or a person wrote it, or a field with several.

Numbers are parsed by `phonenumbers` (docs/decisions/phone-numbers.md). On top of it stand the rules of
SPEC §1: withheld callers, extensions, short codes and fewer than seven digits are no handle; a key folds
the regional variants of mobile numbers; a field with words yields its number, one with two numbers both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from firstcontact.interactions._reading import NOTHING, FieldReading, field_reading
from firstcontact.interactions.model import Handle
from firstcontact.interactions.words import word_set

MIN_DIGITS = 7
"""SPEC §1 "No usable handle": fewer digits are an extension, a short code or an emergency number."""
MAX_TEXT = 250
"""Longer text is prose, not a field; `phonenumbers` refuses it too."""

# --- withheld callers ------------------------------------------------------------------------------

_WITHHELD_CORE = word_set(
    """
    anonymous anonymus anonym anonyme anonimo anónimo private privat privé privado restricted unavailable
    unknown blocked withheld hidden suppressed unbekannt unterdrückt inconnu masqué desconocido oculto
    nascosto sconosciuto onbekend verborgen skjult dold
    """
)
_WITHHELD_FILLER = word_set(
    """
    caller callers id number no name call called party not available the is cli cid pstn user uri numéro
    numero número nummer rufnummer teilnehmer anrufer invalid localhost area out of
    """
)
_WITHHELD_PHRASES = frozenset({"no caller id", "caller id", "no number", "out of area", "not available"})
_NO_CALLER = frozenset({"null", "none", "nil", "n/a", "na", "undefined", "-", "--", "?", "s", "<unknown>"})
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_SPELLED = frozenset(
    word.translate(_KEYPAD)
    for word in ("anonymous", "restricted", "unavailable", "unknown", "blocked", "private", "withheld")
)
"""A withheld number as some trunks send it, spelled on the keypad: +266696687 is ANONYMOUS."""

# --- what a number may look like -------------------------------------------------------------------

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SCHEME = re.compile(r"(?:tel|callto|sips?|whatsapp)\s*:\s*", re.IGNORECASE)
_PLUS_FORMS = str.maketrans({"＋": "+", "﹢": "+"})
_SEPARATOR = r"[\s().\[\]/~·•‐-―−ー－*-]"
_RUN = re.compile(rf"(?:\+\s*)*\(?\+?[0-9](?:{_SEPARATOR}|[0-9])*")
_EXTENSION = re.compile(
    r"[\s,(/-]*(?:;\s*ext(?:ension)?\s*=|e?xt(?:ensi[oó]n|ensio|n)?(?![a-z])|ext(?=[0-9])|int(?:ern)?(?![a-z])|"
    r"x(?![a-z])|#|,,|(?<=[0-9)])[pw]{1,3}(?=[0-9])|;(?=\s*[0-9]{1,6}(?![0-9]))|durchwahl|dw\b|nebenstelle|nst\b|app(?:arat)?\b|poste|ramal|anexo|interno|toestel|"
    r"tst\b|wewn?\b|linka|klapka|anknytning|anslutning|доб(?:авочный)?|вн\b|内線|分機|分机)"
    r"[\s.:=-]*([0-9]{1,15})\s*#?\)?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]")
_NANP_TRUNK = re.compile(r"1[-. ]?\(?[2-9][0-9]{2}\)?[-. ][2-9][0-9]{2}[-. ][0-9]{4}")
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])|"
    r"(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:19|20)[0-9]{2})(?![0-9])"
    r"|(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])"
)
_HARD_BREAK = re.compile(
    r"[;|\n\r\t,&]+|(?<![A-Za-z])(?:or|and|und|oder|et|ou)(?![A-Za-z])|(?<=[0-9)\s])(?=\+)", re.IGNORECASE
)
_SLASHES = re.compile(r"\s*/+\s*")
_VANITY = re.compile(r"[0-9()+ .-]*[0-9][ .-]?[A-Za-z][A-Za-z0-9 .-]*")
_NOTHING_SAID = frozenset({"", "-", "--", "n/a", "na", "none", "null", "nil", "no phone", "tbd", "x"})
_WORD_END = re.compile(r"[\s(]+[0-9]+$")
_WORD_START = re.compile(r"^[0-9]{1,2}\s+")
"""Digits that belong to a word beside the number: `2nd`, `apt4`."""
_LEAST_BARE_DIGITS = 11
_LEAST_UNREADABLE = 3
"""Digits that a leftover needs to be listed; `2nd` and `apt 4` are words."""

_ACCEPTED_THOUGH_INVALID = {
    1: re.compile(r"[2-9](?!11)[0-9]{2}555[0-9]{4}|555[2-9][0-9]{6}"),
    33: re.compile(r"63998[0-9]{4}"),
    44: re.compile(r"(?:1632960|7700900)[0-9]{3}"),
    55: re.compile(r"[1-9]{2}[6-9][0-9]{7}"),
    353: re.compile(r"2091[0-9]{5}"),
}
"""National numbers that the numbering plan's metadata calls invalid and that are written all the same:
fiction and test ranges (NANP 555, Ofcom, ARCEP, ComReg), Brazilian mobiles without their ninth digit."""
_NANP = re.compile(r"[2-9](?!11)[0-9]{2}[2-9](?!11)[0-9]{2}[0-9]{4}")
_VANITY_TYPES = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
    }
)


def withheld(text: str) -> bool:
    """Whether the text is what a phone system sends for a caller who keeps the number back.

    Nothing at all, a word for it in several languages (`anonymous`, `Private Number`, `No Caller ID`), a
    SIP address of such a user, or the word spelled in digits (`+266696687`).
    """
    lowered = " ".join(text.lower().split())
    if not lowered or lowered in _NO_CALLER:
        return True
    digits = _digits(lowered)
    if digits:
        return digits in _SPELLED and not _LETTERS.search(lowered)
    words = re.findall(r"[^\W\d_]+", _SCHEME.sub("", lowered))
    if not words or " ".join(words) in _WITHHELD_PHRASES:
        return bool(words)
    core = [word for word in words if word in _WITHHELD_CORE]
    return bool(core) and all(word in _WITHHELD_CORE or word in _WITHHELD_FILLER for word in words)


@lru_cache(maxsize=8192)
def read_phone(text: str, region: str) -> Handle | None:
    """The one number in `text` as a handle, or None where it holds none or more than one.

    `region` is the ISO country of the line that took the call; with "" only numbers with their country
    code are read. Reads `+`, `00`, `011`, `(0)`, `tel:`, `sip:+…@host`, `whatsapp:+…`, digits without
    the plus where they can be nothing else, and extension forms. Withheld callers, extensions, short
    codes and numbers that the plan of their country cannot hold are None.
    """
    if _E164.fullmatch(text):
        return None if text[1:] in _SPELLED else _international(text)
    cleaned = _clean(text)
    if len(cleaned) > MAX_TEXT or withheld(cleaned):
        return None
    region = _known_region(region)
    handle = _one(cleaned, region) or _with_unwritten_plus(cleaned, region, certain=False)
    if handle is not None:
        return handle
    reading = _read_field(cleaned, region)
    return reading.handles[0] if len(reading.handles) == 1 and not reading.unreadable else None


def read_phone_field(text: str, region: str) -> FieldReading:
    """Every number of a field that people type into, in the order written.

    Words and labels around a number are passed over, so `437-555-0123 (Jane's number)` reads. What has
    the digits of a number and is none (`437-555-1234567`) is listed as unreadable. Blank fields, `n/a`
    and words for a withheld number hold nothing.
    """
    return _field_reading(text, region)


@lru_cache(maxsize=8192)
def _field_reading(text: str, region: str) -> FieldReading:
    cleaned = _clean(text)
    if cleaned.lower() in _NOTHING_SAID or withheld(cleaned):
        return NOTHING
    region = _known_region(region)
    if len(cleaned) <= MAX_TEXT:
        handle = _one(cleaned, region) or _with_unwritten_plus(cleaned, region, certain=True)
        if handle is not None:
            return FieldReading((handle,))
    reading = _read_field(cleaned, region)
    if not reading.handles and not reading.unreadable:
        return FieldReading((), (text.strip(),))
    return reading


# --- one number ------------------------------------------------------------------------------------


def _one(text: str, region: str) -> Handle | None:
    """The text as exactly one number with at most an extension; None where words stand in it."""
    if text[:4].lower() == "tel:" or ";phone-context=" in text.lower():
        return _number(text, region)
    if _E164.fullmatch(text):
        return _international(text)
    body, extension = _split_extension(text)
    if _LETTERS.search(body):
        return _vanity(text, region) if _VANITY.fullmatch(text) else None
    if not _RUN.fullmatch(body.strip()) or _DATE.search(body):
        return None
    return _number(body, region, extension)


@lru_cache(maxsize=8192)
def _international(text: str) -> Handle | None:
    """A number as its key is written: whoever reads one reads it again, here and there."""
    return _number(text, "")


def _split_extension(text: str) -> tuple[str, str]:
    match = _EXTENSION.search(text)
    if match is None or len(_digits(text[: match.start()])) < MIN_DIGITS:
        return text, ""
    rest = text[match.end() :]
    if rest.strip() and not _EXTENSION.match(rest):
        return text, ""
    return text[: match.start()], match.group(1)


def _vanity(text: str, region: str) -> Handle | None:
    """Letters as digits (`1-800-FLOWERS`), only in numbers of the kinds that are advertised so."""
    number = _parse(text, region)
    if number is None or phonenumbers.number_type(number) not in _VANITY_TYPES:
        return None
    return _handle(number, "")


def _with_unwritten_plus(text: str, region: str, certain: bool) -> Handle | None:
    """A foreign number without the plus: `1-212-555-0123` anywhere, `00…` where that is not the prefix,
    and bare digits as trunks and WhatsApp send them. Only if the plan of that country has such numbers.

    certain: refuse digits that may also be a number of `region` with some too many.
    """
    if _NANP_TRUNK.fullmatch(text):
        return _number("+" + text, "")
    digits = text.removeprefix("00")
    if not text.isdecimal() or len(digits) < _LEAST_BARE_DIGITS:
        return None
    if certain and digits == text and _too_long_for(text, region):
        return None
    number = _parse("+" + digits, "")
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    return _handle(number, "")


def _too_long_for(text: str, region: str) -> bool:
    number = _parse(text, region)
    return number is not None and phonenumbers.truncate_too_long_number(number)


def _number(text: str, region: str, extension: str = "") -> Handle | None:
    number = _parse(text, region)
    if number is None or not _usable(number, text):
        return None
    return _handle(number, extension)


def _parse(text: str, region: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None


def _usable(number: PhoneNumber, text: str) -> bool:
    """Whether the number can be somebody's: valid, or of a shape its country's plan allows."""
    national = phonenumbers.national_significant_number(number)
    digits = len(national) + len(str(number.country_code))
    abroad = text.lstrip("( ").startswith("+") or len(_digits(text)) >= digits
    if digits < MIN_DIGITS or (len(_digits(text)) < MIN_DIGITS and not _short_plan(number)):
        return False
    if phonenumbers.is_valid_number(number):
        return True
    if number.country_code == 52 and len(national) == 11 and national.startswith("1"):
        return _mexico_valid(national)
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return False
    accepted = _ACCEPTED_THOUGH_INVALID.get(number.country_code or 0)
    if accepted is not None and accepted.fullmatch(national):
        return True
    if number.country_code == 1:
        return abroad and "+" in text and _NANP.fullmatch(national) is not None
    return abroad and _has_country_code(text)


def _has_country_code(text: str) -> bool:
    stripped = text.lstrip("( ")
    return stripped.startswith(("+", "00", "011"))


def _mexico_valid(national: str) -> bool:
    number = PhoneNumber(country_code=52, national_number=int(national[1:]))
    return phonenumbers.is_valid_number(number)


def _short_plan(number: PhoneNumber) -> bool:
    """Whether the country's land lines have fewer than seven digits, so that a short number is whole."""
    region = phonenumbers.region_code_for_number(number)
    metadata = PhoneMetadata.metadata_for_region(region or "", None)
    if metadata is None or metadata.fixed_line is None or not phonenumbers.is_valid_number(number):
        return False
    return max(metadata.fixed_line.possible_length, default=MIN_DIGITS) < MIN_DIGITS


@lru_cache(maxsize=1024)
def region_of(line: str) -> str:
    """The ISO country of a line of ours with a country code, as `+44 20 7946 0100`; "" for any other text."""
    if not line.lstrip("( ").startswith("+"):
        return ""
    try:
        number = phonenumbers.parse(line, None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(number)
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region.isalpha() and region != "ZZ" else ""  # `001` is a number of no country


def _handle(number: PhoneNumber, extension: str) -> Handle:
    value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Handle("phone", _fold(value), value, extension or number.extension or "")


def _fold(value: str) -> str:
    """The E.164 form without what one subscriber may be written with or without.

    Brazil: mobiles got a ninth digit; old systems send eight. Only subscribers that begin with 6–9 are
    mobiles. Mexico: the 1 after 52 went in 2019. Argentina: the 9 after 54 marks a mobile dialled from
    abroad. (chatwoot #5840, #14048, #14657; waha #1974.)
    """
    if value.startswith("+55") and len(value) == 13 and value[5] in "6789":
        return f"{value[:5]}9{value[5:]}"
    if value.startswith("+521") and len(value) == 14:
        return f"+52{value[4:]}"
    if value.startswith("+549") and len(value) == 14:
        return f"+54{value[4:]}"
    return value


# --- a field ---------------------------------------------------------------------------------------


def _read_field(text: str, region: str) -> FieldReading:
    handles: list[Handle] = []
    unreadable: list[str] = []
    for piece in _HARD_BREAK.split(_DATE.sub(" ", text)):
        for run, extension in _runs(piece):
            handle = _number(run, region, extension)
            parts = [] if handle is not None and "/" not in run else _parts(run, region)
            if parts:
                handles.extend(handle for part, handle in parts if handle is not None)
                unreadable.extend(part for part, handle in parts if handle is None)
            elif handle is not None:
                handles.append(handle)
            elif len(_digits(run)) >= _LEAST_UNREADABLE:
                unreadable.append(run)
    return field_reading(handles, unreadable)


def _runs(piece: str) -> Iterator[tuple[str, str]]:
    """Stretches of digits and separators, each with the extension that follows it."""
    position = 0
    while (match := _RUN.search(piece, position)) is not None:
        run = match.group()
        position = match.end()
        extension = ""
        following = _EXTENSION.match(piece, position)
        if following is not None and len(_digits(run)) >= MIN_DIGITS:
            extension = following.group(1)
            position = following.end()
        elif piece[position : position + 1].isalpha():
            run = _WORD_END.sub("", run)
        if piece[: match.start()][-1:].isalpha():
            run = _WORD_START.sub("", run)
        run = run.strip(" .-/[]*") if run.count("(") == run.count(")") else run.strip(" .-/[]*()")
        if run:
            yield run, extension


def _parts(run: str, region: str) -> list[tuple[str, Handle | None]]:
    """A run that is several numbers: cut at slashes where a part is a number by itself, else at the one
    gap that leaves two numbers. Empty where it is neither; two possible gaps are no answer."""
    parts = [part for part in _SLASHES.split(run) if part]
    if len(parts) > 1:
        read = [(part, _number(part, region)) for part in parts]
        if any(handle is not None for _, handle in read):
            return read
    gaps = [match.span() for match in re.finditer(r"\s+", run)]
    pairs: list[list[tuple[str, Handle | None]]] = []
    for start, end in gaps:
        first, second = _number(run[:start], region), _number(run[end:], region)
        if first is not None and second is not None:
            pairs.append([(run[:start], first), (run[end:], second)])
    return pairs[0] if len(pairs) == 1 else []


# --- text ------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """Digits of any script as ASCII, without invisible characters, scheme, SIP host and quotes."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_PLUS_FORMS)
        text = "".join(_plain(char) for char in text)
    text = text.strip().strip("'\"`").strip()
    scheme = _SCHEME.match(text.lstrip("<"))
    if scheme is not None:
        text = text.lstrip("<").rstrip(">")
        if not scheme.group().lower().startswith("tel"):
            text = unquote(text[scheme.end() :]).split("@", 1)[0].split(";", 1)[0]
        elif ";" not in text:
            text = unquote(text[scheme.end() :])
    elif text.endswith(("@s.whatsapp.net", "@c.us")):
        text = "+" + text.split("@", 1)[0].split(":", 1)[0]
    return text.strip()


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Cf":
        return ""
    return " " if category == "Zs" else char


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _known_region(region: str) -> str:
    upper = region.strip().upper()
    return upper if upper in phonenumbers.SUPPORTED_REGIONS else ""
