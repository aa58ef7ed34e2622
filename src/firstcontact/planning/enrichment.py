"""Values for contacts as writes: those that an interaction said of somebody, into the fields of their contact
(SPEC §8), or of the one that is made for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256

import msgspec

from firstcontact.planning.write import ContactFields, Target, Write, write_key
from firstcontact.policy.decision import Decision, FieldChange, PersonVerdict
from firstcontact.policy.field_values import HANDLES, handle_key, read_mailing

BRINGS = ":values "
"""In the subject of a write that brings values to a contact, between its id and what they are."""

_PLAIN = ("first_name", "last_name", "title", "department", "seniority", "persona", "company", "main_email")


def fields_of(changes: Sequence[FieldChange]) -> ContactFields:
    """The fields that these changes set. A number takes the place of the one before; an address is added."""
    plain = {each.field: each.value for each in changes if each.field in _PLAIN}
    numbers = [each for each in changes if each.field in ("phone", "mobile")]
    mailing = next((each.value for each in changes if each.field == "mailing"), "")
    return ContactFields(
        **plain,  # type: ignore[arg-type]
        emails=tuple(each.value for each in changes if each.field == "email"),
        phones=tuple(each.value for each in numbers if each.field == "phone"),
        mobiles=tuple(each.value for each in numbers if each.field == "mobile"),
        without_phones=tuple(each.before for each in numbers if each.before),
        mailing=read_mailing(mailing) if mailing else None,
    )


def update(
    person: PersonVerdict, decision: Decision, connection: str, target: Target
) -> tuple[Write, tuple[FieldChange, ...]] | None:
    """The write that changes the linked contact, and what it brings; None where nothing is to be changed, or
    a person is asked first. Named after what it changes: the same from one interaction is one write."""
    changes = tuple(each for each in person.changes if not each.ask)
    if not changes:
        return None
    named = [(each.field, each.value, each.before) for each in changes]
    digest = sha256(msgspec.msgpack.encode(named)).hexdigest()[:16]
    subject = f"{person.record}{BRINGS}{digest}"
    write = Write(
        key=write_key(connection, "update_contact", decision.interaction, subject),
        kind="update_contact",
        interaction=decision.interaction,
        subject=subject,
        fields=fields_of(changes),
        target=target,
    )
    return write, changes


def with_values(
    made: ContactFields, changes: Sequence[FieldChange], taken: Collection[str]
) -> tuple[ContactFields, tuple[FieldChange, ...], tuple[str, ...]]:
    """The fields of a contact that is made, with the values that were observed; what is brought; and the
    further handles that the contact is to be known by. taken: handles that belong to others by now."""
    keys = {each: handle_key(each.value, "") for each in changes if each.field in HANDLES}
    kept = tuple(each for each in changes if keys.get(each, "") not in taken)
    brought = fields_of(kept)
    fields = msgspec.structs.replace(
        made,
        emails=_both(made.emails, brought.emails),
        phones=_both(made.phones, brought.phones),
        mobiles=brought.mobiles,
        title=brought.title or made.title,
        department=brought.department,
        seniority=brought.seniority,
        persona=brought.persona,
        mailing=brought.mailing,
        company=brought.company or made.company,
    )
    return fields, kept, tuple(dict.fromkeys(keys[each] for each in kept if each in keys))


def _both(own: tuple[str, ...], further: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *further)))


def subjects_of(write: Write) -> tuple[str, ...]:
    """Everything that a creating write has reserved: its subject, and the handles beside it that the contact
    is to be known by."""
    fields = write.fields
    if write.kind != "create_contact" or not isinstance(fields, ContactFields):
        return (write.subject,)
    values = (*fields.emails, *fields.phones, *fields.mobiles)
    return tuple(dict.fromkeys((write.subject, *(handle_key(each, "") for each in values))))
