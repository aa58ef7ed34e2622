"""Fields of records as handles: what a phone or e-mail field bears, and how names are put together."""

from __future__ import annotations

from collections.abc import Iterable

from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ContactFields


def read_fields(
    emails: Iterable[str], phones: Iterable[str], region: str
) -> tuple[tuple[Handle, ...], tuple[str, ...]]:
    """The handles of a record's fields, each once, and the pieces that cannot be read (SPEC §1).

    region: the record's own country, else the team's region.
    """
    readings = [read_email_field(text) for text in emails]
    readings += [read_phone_field(text, region) for text in phones]
    handles = dict.fromkeys(handle for reading in readings for handle in reading.handles)
    unreadable = dict.fromkeys(text for reading in readings for text in reading.unreadable)
    return tuple(handles), tuple(unreadable)


def with_new(present: tuple[str, ...], added: Iterable[str], region: str) -> tuple[str, ...]:
    """The field's values and those of `added` whose handles none of them bears yet, in order.

    A value that cannot be read is added unless the same text is there. The main value stays first.
    """
    values = list(present)
    borne = {_identity(handle) for value in values for handle in _read(value, region)}
    for value in added:
        handles = {_identity(handle) for handle in _read(value, region)}
        if handles - borne or (not handles and value not in values):
            values.append(value)
            borne |= handles
    return tuple(values)


def without_handles(present: tuple[str, ...], gone: Iterable[str], region: str) -> tuple[str, ...]:
    """The field's values but those that bear nothing else than the handles of `gone`, however written."""
    away = {_identity(handle) for value in gone for handle in _read(value, region)} | set(gone)
    kept = []
    for value in present:
        handles = {_identity(handle) for handle in _read(value, region)}
        if value not in away and not (handles and handles <= away):
            kept.append(value)
    return tuple(kept)


def names_with_last(fields: ContactFields) -> tuple[str, str]:
    """First and last name for a CRM that has no contact without a last name."""
    if fields.last_name.strip():
        return fields.first_name, fields.last_name
    if fields.first_name.strip():
        return "", fields.first_name
    return "", fields.name


def full_name(first_name: str, last_name: str) -> str:
    """First and last name as shown together."""
    return f"{first_name} {last_name}".strip()


def _read(value: str, region: str) -> tuple[Handle, ...]:
    return read_fields((value,), (), region)[0] if "@" in value else read_fields((), (value,), region)[0]


def _identity(handle: Handle) -> tuple[str, str]:
    """`+tag` counts here: jo+bills@ is another address to write to than jo@, although both are Jo's."""
    return handle.value, handle.extension
