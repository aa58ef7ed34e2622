"""vCard to contact records and back: `read_vcards` (2.1, 3.0, 4.0), `write_vcards` (3.0).

RFC 2426, RFC 6350. Every card stands for itself: one that is broken costs only itself. vobject parses the
lines; cutting the file into cards and telling which lines matter is done here, so that photographs are
never decoded.

What a vCard has no property for travels in `X-FIRSTCONTACT-…`, so that a record written and read again
is the same record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

import vobject
from vobject.base import ContentLine, ParseError, VObjectError

from firstcontact.formats.calendar_text import decode_calendar
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.interactions.model import Handle
from firstcontact.interactions.rejection import Rejection

_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)[ \t]*[;:]")
_QUOTED_PRINTABLE = re.compile(r"[;=]QUOTED-PRINTABLE[;:]", re.IGNORECASE)
_MARK = "X-FIRSTCONTACT-"
_READ = frozenset({"VERSION", "FN", "N", "ORG", "TITLE", "EMAIL", "TEL", "UID", "ADR", "KIND", "X-ABADR"})
_GROUP_MARK = "X-ADDRESSBOOKSERVER-KIND"
"""Apple's name for KIND before vCard 4.0."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_COUNTRY = re.compile(r"[A-Za-z]{2}")

_TEXT_MARKS = {
    "SENIORITY": "seniority",
    "PERSONA": "persona",
    "RECORD-TYPE": "type",
    "COUNTRY": "country",
    "ACCOUNT": "account",
    "OWNER": "owner",
    "CONVERTED-TO": "converted_to",
}
_TIME_MARKS = {"CREATED-AT": "created_at", "LAST-ACTIVITY-AT": "last_activity_at"}
_FLAG_MARKS = {
    "PLACEHOLDER": "placeholder",
    "CREATED-BY-US": "created_by_us",
    "EDITED-BY-PERSON": "edited_by_person",
    "ARCHIVED": "active",
}


def read_vcards(raw: bytes, region: str) -> tuple[tuple[Record, ...], tuple[Rejection, ...]]:
    """The cards as records, and why the rest are none; fields that cannot be read are listed with them.

    region: ISO country for numbers without a country code, where the card names no country of its own.
    The main address and number come first (PREF). A record's id is the card's UID, else a digest of its
    content. Rejections: `not_a_vcard`, `unreadable_card`, `truncated`, `group_card`, `empty_card`,
    `unreadable_line` and `unreadable_field` (the record is kept). Never raises for bad content.
    """
    records: list[Record] = []
    rejections: list[Rejection] = []
    for number, (line, text, whole) in enumerate(_cards(decode_calendar(raw)), 1):
        place = f"card {number} at line {line}"
        if not whole:
            rejections.append(
                Rejection(place, "truncated", "The file ends inside this card; fetch it again.")
            )
            continue
        read = _read_card(text, region, place)
        rejections.extend(read[1])
        if read[0] is not None:
            records.append(read[0])
    if not records and not rejections:
        rejections.append(Rejection("file", "not_a_vcard", "It holds no BEGIN:VCARD."))
    return tuple(records), tuple(rejections)


def write_vcards(records: Iterable[Record]) -> str:
    """The records as vCard 3.0, one behind the other; "" for none."""
    return "".join(_card(record) for record in records)


# --- reading ----------------------------------------------------------------------------------------------


def _cards(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each card's first line number, its lines that matter, and whether its END is there."""
    lines: list[str] = []
    began = depth = 0
    soft = kept = False
    for number, line in enumerate(_LINE_END.split(text), 1):
        if soft:
            # Quoted-printable goes on in the next line (vCard 2.1); in a line that was skipped, too.
            soft = line.endswith("=")
            if kept:
                lines[-1] = lines[-1][:-1] + line
            continue
        upper = "".join(line.split()).upper()
        if upper == "BEGIN:VCARD":
            depth += 1
            if depth == 1:
                began, lines = number, []
        elif upper == "END:VCARD" and depth:
            depth -= 1
            if not depth:
                yield began, "\r\n".join(("BEGIN:VCARD", *lines, "END:VCARD", "")), True
        elif depth == 1:
            soft = line.endswith("=") and _QUOTED_PRINTABLE.search(line) is not None
            kept = _matters(line)
            if kept:
                lines.append(line.strip())
    if depth:
        yield began, "", False


def _matters(line: str) -> bool:
    found = _NAME.match(line.strip())
    name = found[1].upper() if found else ""
    return name in _READ or name == _GROUP_MARK or name.startswith(_MARK)


def _read_card(text: str, region: str, place: str) -> tuple[Record | None, list[Rejection]]:
    lines, broken = _parsed(text)
    kind = (_first(lines, "kind") or _first(lines, _GROUP_MARK.lower())).lower()
    if kind == "group":
        return None, [Rejection(place, "group_card", "This card is a list of other cards, no contact.")]
    marks = _marks(lines)
    country = str(marks.pop("country", "")) or _country(lines)
    emails, phones = _by_preference(lines, "email"), _by_preference(lines, "tel")
    handles, unreadable = _handles(emails, phones, country or region)
    first_name, last_name = _names(lines)
    name = _first(lines, "fn") or " ".join(part for part in (first_name, last_name) if part)
    company = _first(lines, "org")
    told = [Rejection(place, "unreadable_line", f"A line is no vCard property: {line}") for line in broken]
    if not (name or company or emails or phones):
        said = "This card has no name, no address and no number."
        return None, [Rejection(place, "unreadable_card" if broken else "empty_card", said), *told]
    told += [
        Rejection(place, "unreadable_field", f"This is no number or address: {field}") for field in unreadable
    ]
    fields = {
        "id": _first(lines, "uid") or "card-" + sha256(text.encode("utf-8", "replace")).hexdigest()[:24],
        "type": "contact",
        **marks,
    }
    record = Record(
        name=name,
        first_name=first_name,
        last_name=last_name,
        emails=emails,
        phones=phones,
        handles=handles,
        title=_first(lines, "title"),
        department=_first(lines, "org", 1),
        mobiles=_mobiles(lines, phones),
        mailing=_mailing(lines),
        country=country,
        company=company,
        **fields,  # type: ignore[arg-type]
    )
    return record, told


_LIBRARY_ERRORS = (ParseError, VObjectError, ValueError, LookupError, AttributeError, TypeError)
"""What vobject raises for encodings and structures that are none."""


def _parsed(text: str) -> tuple[dict[str, list[ContentLine]], list[str]]:
    """The card's properties by lower-case name, and the names of lines that cannot be read."""
    try:
        return _properties(text), []
    except _LIBRARY_ERRORS:
        first, *lines, last = text.strip().split("\r\n")
    readable: list[str] = []
    broken: list[str] = []
    for line in lines:
        try:
            _properties("\r\n".join((first, line, last, "")))
            readable.append(line)
        except _LIBRARY_ERRORS:
            broken.append(re.split("[;:]", line, maxsplit=1)[0][:40])
    return _properties("\r\n".join((first, *readable, last, ""))), broken


def _properties(text: str) -> dict[str, list[ContentLine]]:
    (card,) = vobject.readComponents(text, allowQP=True, ignoreUnreadable=True)
    return {name: _content_lines(found) for name, found in card.contents.items()}


def _content_lines(found: Iterable[object]) -> list[ContentLine]:
    return [line for line in found if isinstance(line, ContentLine)]


def _first(lines: dict[str, list[ContentLine]], name: str, part: int = 0) -> str:
    """The first value of a property as text; of a list (ORG) that part of it."""
    for line in lines.get(name, ()):
        values = line.value if isinstance(line.value, list) else [line.value]
        value = values[part] if part < len(values) else ""
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _names(lines: dict[str, list[ContentLine]]) -> tuple[str, str]:
    for line in lines.get("n", ()):
        return _joined(line.value, "given"), _joined(line.value, "family")
    return "", ""


def _joined(name: object, part: str) -> str:
    value = getattr(name, part, "")
    return (" ".join(str(piece) for piece in value) if isinstance(value, list) else str(value)).strip()


def _country(lines: dict[str, list[ContentLine]]) -> str:
    """An ISO country where the card gives one: Apple's X-ABADR, or a two-letter country in ADR."""
    given = [_first(lines, "x-abadr")]
    given += [str(getattr(line.value, "country", "")) for line in lines.get("adr", ())]
    return next((text.strip().upper() for text in given if _COUNTRY.fullmatch(text.strip())), "")


_MAILING = {"street": "street", "city": "city", "state": "region", "postal_code": "code"}
"""A mailing address's parts, and vobject's names of them."""


def _mailing(lines: dict[str, list[ContentLine]]) -> MailingAddress | None:
    """The first address that says more than a country; the country as far as it is an ISO code."""
    for line in lines.get("adr", ()):
        parts = {ours: _lines(line.value, theirs) for ours, theirs in _MAILING.items()}
        if any(parts.values()):
            country = _joined(line.value, "country").upper()
            return MailingAddress(**parts, country=country if _COUNTRY.fullmatch(country) else "")
    return None


def _lines(address: object, part: str) -> str:
    value = getattr(address, part, "")
    return ("\n".join(str(piece) for piece in value) if isinstance(value, list) else str(value)).strip()


def _mobiles(lines: dict[str, list[ContentLine]], phones: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the numbers whose type is `cell`."""
    cells = {_plain(str(line.value)) for line in lines.get("tel", ()) if "cell" in _types(line)}
    return tuple(phone for phone in phones if phone in cells)


def _types(line: ContentLine) -> set[str]:
    """What a line says of its type, in lower case (TYPE=HOME,PREF of 3.0 and 4.0; HOME;PREF of 2.1)."""
    types = {part.strip().lower() for given in line.params.get("TYPE", ()) for part in given.split(",")}
    return types | {str(part).lower() for part in line.singletonparams}


def _by_preference(lines: dict[str, list[ContentLine]], name: str) -> tuple[str, ...]:
    """The values, the preferred first, in the order written, none twice."""
    ranked = sorted(lines.get(name, ()), key=_preference)
    values = (_plain(str(line.value)) for line in ranked)
    return tuple(dict.fromkeys(value for value in values if value))


def _preference(line: ContentLine) -> int:
    """PREF=1…100 (RFC 6350 §5.3); TYPE=pref of 2.1 and 3.0 is 1; a fax comes last."""
    types = _types(line)
    if "fax" in types:
        return 200
    if "pref" in types:
        return 1
    stated = next(iter(line.params.get("PREF", ())), "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 4 else 101


def _plain(value: str) -> str:
    """A number or address out of its URI (`tel:+1-…;ext=12`, `mailto:`)."""
    scheme, colon, rest = value.strip().partition(":")
    if not colon or scheme.lower() not in ("tel", "mailto"):
        return value.strip()
    number, _, parameters = rest.partition(";")
    extension = parameters.lower().partition("ext=")[2].partition(";")[0]
    return f"{number} ext. {extension}" if extension else number.strip()


def _handles(
    emails: tuple[str, ...], phones: tuple[str, ...], region: str
) -> tuple[tuple[Handle, ...], tuple[str, ...]]:
    readings = [read_email_field(email) for email in emails]
    readings += [read_phone_field(phone, region) for phone in phones]
    unreadable = [field for reading in readings for field in reading.unreadable]
    found = [handle for reading in readings for handle in reading.handles]
    silent = zip((*emails, *phones), readings, strict=True)
    unreadable += [field for field, reading in silent if not reading.handles and not reading.unreadable]
    return tuple(dict.fromkeys(found)), tuple(unreadable)


def _marks(lines: dict[str, list[ContentLine]]) -> dict[str, object]:
    """Our own properties as fields of a record."""
    fields: dict[str, object] = {}
    for mark, field in (_TEXT_MARKS | _TIME_MARKS | _FLAG_MARKS).items():
        text = _first(lines, (_MARK + mark).lower())
        if mark == "RECORD-TYPE":
            fields.update({field: text} if text in ("contact", "lead") else {})
        elif mark in _TIME_MARKS:
            fields.update({field: int(text)} if re.fullmatch(r"-?[0-9]{1,18}", text) else {})
        elif mark in _FLAG_MARKS:
            fields.update({field: mark != "ARCHIVED"} if text.upper() == "TRUE" else {})
        elif text:
            fields[field] = text
    return fields


# --- writing ----------------------------------------------------------------------------------------------


def _card(record: Record) -> str:
    card = vobject.vCard()
    card.add("n").value = vobject.vcard.Name(family=_clean(record.last_name), given=_clean(record.first_name))
    card.add("fn").value = _clean(record.name or f"{record.first_name} {record.last_name}".strip())
    if record.id:
        card.add("uid").value = _clean(record.id)
    if record.company or record.department:
        units = (record.department,) if record.department else ()
        card.add("org").value = [_clean(one) for one in (record.company, *units)]
    if record.title:
        card.add("title").value = _clean(record.title)
    for email in record.emails:
        card.add("email").value = _clean(email)
    for phone in record.phones:
        line = card.add("tel")
        line.value = _clean(phone)
        if phone in record.mobiles:
            line.params["TYPE"] = ["CELL"]
    if record.mailing is not None:
        card.add("adr").value = _address(record.mailing)
    for mark, field in (_TEXT_MARKS | _TIME_MARKS | _FLAG_MARKS).items():
        if value := _mark_value(mark, getattr(record, field)):
            card.add((_MARK + mark).lower()).value = value
    text: str = card.serialize()
    return text


def _address(mailing: MailingAddress) -> object:
    parts = {theirs: _clean(getattr(mailing, ours)) for ours, theirs in _MAILING.items()}
    return vobject.vcard.Address(**parts, country=_clean(mailing.country))


def _mark_value(mark: str, value: object) -> str:
    """The value as text; "" for what a record has anyway."""
    if mark in _FLAG_MARKS:
        return "TRUE" if bool(value) != (mark == "ARCHIVED") else ""
    if not value or (mark == "RECORD-TYPE" and value == "contact"):
        return ""
    return _clean(str(value))


def _clean(text: str) -> str:
    """Text that cannot end its line: other control characters than the line feed, which is escaped, go."""
    return _CONTROL.sub(" ", text.replace("\r\n", "\n"))
