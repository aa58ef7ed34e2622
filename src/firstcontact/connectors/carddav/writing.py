"""PURE. What a write makes of a card: a new one, or one with a few lines changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from firstcontact.connectors.carddav.cards import (
    MARK,
    Card,
    Line,
    added,
    clean,
    escaped,
    is_ours,
    marked,
    moment,
    new_line,
    plain,
    replaced,
    set_value,
    uid_of,
    without,
    without_line,
)
from firstcontact.connectors.toolkit.fields import full_name, with_new, without_handles
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.planning.write import ContactFields

PRODUCT = "-//FirstContact//CardDAV//EN"
_SEPARATOR = re.compile(r"(?<!\\);")
_PARAMETER = re.compile(r';((?:[^";]|"[^"]*")*)')
_SCHEME = re.compile(r"^(?:tel|mailto):", re.IGNORECASE)
_UNITS = ("company", "department")
"""Parts of ORG, the outermost first."""


def new_card(fields: ContactFields, key: str, version: str, region: str, now: int) -> Card:
    """The card that a write makes. version: `3.0` or `4.0`. region: of its numbers. now: microseconds."""
    first, last = clean(fields.first_name), clean(fields.last_name)
    units = [clean(getattr(fields, name)) for name in _UNITS]
    emails = with_new((), _clean_all((fields.main_email, *fields.emails)), region)
    phones = with_new((), _clean_all((*fields.phones, *fields.mobiles)), region)
    shown = clean(fields.name) or full_name(first, last) or units[0]
    shown = shown or next(iter((*emails, *phones)), "") or "Unknown"
    placeholder_only = bool(fields.placeholder) and not (first or last)
    uid = uid_of(key)
    lines = [
        new_line("VERSION", version),
        new_line("PRODID", PRODUCT),
        new_line("UID", f"urn:uuid:{uid}" if version == "4.0" else uid),
        new_line("FN", escaped(shown)),
        new_line("N", _name(("", "", "", "", ""), first, shown if placeholder_only else last)),
        *(_email(one, version) for one in emails),
        *(_phone(one, one in _same(phones, fields.mobiles, region)) for one in phones),
    ]
    if fields.title:
        lines.append(new_line("TITLE", escaped(clean(fields.title))))
    if any(units):
        lines.append(new_line("ORG", _joined(map(escaped, units))))
    if fields.mailing is not None:
        lines.append(new_line("ADR", _address(("", ""), fields.mailing)))
    lines += [new_line("REV", moment(now))]
    marks = {
        "KEY": key,
        "INTERACTION": clean(fields.interaction),
        "CREATED-BY-US": "TRUE" if fields.created_by_firstcontact else "",
        "CREATED-AT": str(now),
        "PLACEHOLDER": "TRUE" if fields.placeholder else "",
    }
    card = Card((new_line("BEGIN", "VCARD"), *lines, new_line("END", "VCARD")))
    return marked(card, {name: value for name, value in marks.items() if value})


def updated(
    card: Card, fields: ContactFields, record: Record, region: str, now: int, changed: Iterable[str] = ()
) -> Card:
    """The card with a write's values on it: addresses and numbers are added, or taken off where that is said,
    given texts are set, everything else stays. The very same card where there is nothing to change.

    record: what `record_of` reads from it. region: in which its numbers are read. changed: fields that are
    set as they are given, to nothing too (`Write.changed`).
    """
    names = frozenset(changed)
    after = _named(card, fields, record, names)
    region = record.country or region
    after = _with_emails(after, fields, record, region)
    after = _with_phones(after, fields, record, region)
    if fields.title or "title" in names:
        after = _with_text(after, "TITLE", escaped(clean(fields.title)))
    after = _with_mailing(_with_units(after, fields, names), fields.mailing, "mailing" in names)
    placeholder = _placeholder(fields, record)
    if placeholder != record.placeholder:
        after = without(after, f"{MARK}PLACEHOLDER")
        after = marked(after, {"PLACEHOLDER": "TRUE"}) if placeholder else after
    if after == card:
        return card
    if after.first("REV"):
        after = set_value(after, "REV", moment(now))
    if not is_ours(card):
        return after
    return marked(after, {"EDITED-BY-PERSON": "TRUE"} if card.edited else {})


# --- names and texts --------------------------------------------------------------------------------------


def _placeholder(fields: ContactFields, record: Record) -> bool:
    """A real name ends being a placeholder, unless the write says otherwise."""
    if fields.placeholder is not None:
        return fields.placeholder
    return record.placeholder and not (fields.first_name or fields.last_name)


def _named(card: Card, fields: ContactFields, record: Record, names: frozenset[str]) -> Card:
    first, last = (
        clean(getattr(fields, name)) or ("" if name in names else getattr(record, name))
        for name in ("first_name", "last_name")
    )
    shown = clean(fields.name)
    if (first, last) != (record.first_name, record.last_name):
        line = card.first("N")
        parts = _SEPARATOR.split(line.value) if line else []
        placeholder_only = bool(fields.placeholder) and not (first or last)
        card = set_value(
            card, "N", _name((*parts, "", "", "", "", "")[:5], first, shown if placeholder_only else last)
        )
        shown = shown or full_name(first, last)
    return set_value(card, "FN", escaped(shown)) if shown and shown != record.name else card


def _name(parts: Sequence[str], first: str, last: str) -> str:
    """N with these two; middle names, prefixes and suffixes as they are (raw)."""
    return ";".join((escaped(last), escaped(first), *parts[2:5]))


def _with_text(card: Card, name: str, written: str) -> Card:
    """The property with this raw value; "": without its first line."""
    line = card.first(name)
    if not written:
        return without_line(card, line) if line else card
    if line is None:
        return added(card, name, [new_line(name, written)])
    return card if plain(written) == plain(line.value) else set_value(card, name, written)


def _with_units(card: Card, fields: ContactFields, names: frozenset[str]) -> Card:
    """Company and department in ORG, whose units below them stay."""
    line = card.first("ORG")
    there = _SEPARATOR.split(line.value) if line else []
    before = [*there, *[""] * (len(_UNITS) - len(there))]
    units = list(before)
    for place, name in enumerate(_UNITS):
        value = clean(getattr(fields, name))
        if value or name in names:
            units[place] = escaped(value)
    same = [plain(unit) for unit in units] == [plain(unit) for unit in before]
    return card if same else _with_text(card, "ORG", _joined(units))


def _joined(units: Iterable[str]) -> str:
    return ";".join(units).rstrip(";")


# --- the address ------------------------------------------------------------------------------------------


def _address(kept: Sequence[str], mailing: MailingAddress) -> str:
    """ADR (RFC 6350 §6.3.1). kept: box and extension as they are (raw)."""
    parts = (mailing.street, mailing.city, mailing.state, mailing.postal_code, mailing.country)
    return ";".join((*kept, *(escaped(clean(part)) for part in parts)))


def _with_mailing(card: Card, mailing: MailingAddress | None, named: bool) -> Card:
    """The first address as a whole, in place of the one that is there."""
    line = card.first("ADR")
    if mailing is None:
        return without_line(card, line) if named and line else card
    written = _address(("", ""), mailing)
    if line is None:
        return added(card, "ADR", [new_line("ADR", written)])
    return (
        card
        if plain(line.value) == plain(written)
        else replaced(card, line, written, _without(line, "LABEL"))
    )


# --- addresses and numbers --------------------------------------------------------------------------------


def _with_emails(card: Card, fields: ContactFields, record: Record, region: str) -> Card:
    main = clean(fields.main_email)
    kept = without_handles(record.emails, _clean_all(fields.without_emails), region)
    new = with_new(kept, _clean_all((*fields.emails, main)), region)[len(kept) :]
    card = _taken_off(card, "EMAIL", set(record.emails) - set(kept))
    card = added(card, "EMAIL", [_email(one, card.version) for one in new])
    wanted = next(iter(_same((*kept, *new), (main,), region)), "") if main else ""
    if not wanted or wanted == next(iter((*kept, *new)), ""):
        return card
    preferred = ";PREF=1" if card.version == "4.0" else ";TYPE=PREF"
    for line in [line for line in card.lines if line.name == "EMAIL"]:
        params = _without(line, "PREF")
        params += preferred if _text(line) == wanted else ""
        card = replaced(card, line, line.value, params) if params != line.params else card
    return card


def _with_phones(card: Card, fields: ContactFields, record: Record, region: str) -> Card:
    kept = without_handles(record.phones, _clean_all(fields.without_phones), region)
    new = with_new(kept, _clean_all((*fields.phones, *fields.mobiles)), region)[len(kept) :]
    card = _taken_off(card, "TEL", set(record.phones) - set(kept))
    mobiles = _same((*kept, *new), fields.mobiles, region)
    for line in [line for line in card.lines if line.name == "TEL"]:
        if _text(line) in mobiles and _text(line) not in record.mobiles:
            card = replaced(card, line, line.value, f"{line.params};TYPE=CELL")
    return added(card, "TEL", [_phone(one, one in mobiles) for one in new])


def _taken_off(card: Card, name: str, gone: set[str]) -> Card:
    for line in [line for line in card.lines if line.name == name]:
        if _text(line) in gone:
            card = without_line(card, line)
    return card


def _text(line: Line) -> str:
    """A number or an address as a record has it."""
    value = plain(line.value).strip()
    if not _SCHEME.match(value):
        return value
    number, _, parameters = value.partition(":")[2].partition(";")
    extension = parameters.lower().partition("ext=")[2].partition(";")[0]
    return f"{number} ext. {extension}" if extension else number.strip()


def _same(texts: Sequence[str], wanted: Iterable[str], region: str) -> frozenset[str]:
    """Those of the texts that bear what one of `wanted` does."""
    away = _clean_all(wanted)
    return frozenset(text for text in texts if not without_handles((text,), away, region))


def _clean_all(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(clean, texts)))


def _email(address: str, version: str) -> Line:
    return new_line("EMAIL", escaped(address), "" if version == "4.0" else ";TYPE=INTERNET")


def _phone(number: str, mobile: bool) -> Line:
    return new_line("TEL", escaped(number), ";TYPE=CELL" if mobile else ";TYPE=VOICE")


def _without(line: Line, name: str) -> str:
    """The line's parameters without this one, also as a type (`TYPE=HOME,PREF`)."""
    kept = []
    for parameter in _PARAMETER.findall(line.params):
        key, _, value = parameter.partition("=")
        if key.strip().upper() == name:
            continue
        if key.strip().upper() == "TYPE":
            quote = value[:1] if value[:1] == '"' else ""
            types = [one for one in value.strip('"').split(",") if one.strip().upper() != name]
            if types:
                kept.append(f"{key}={quote}{','.join(types)}{quote}")
            continue
        kept.append(parameter)
    return "".join(f";{parameter}" for parameter in kept)
