"""A merge's journal, and the writes that take it back (SPEC §9, §10).

The journal is kept before the merge is sent: both records, and what of ours pointed at the one that goes. The
CRM's other relations are moved by its own merge and can't be told apart afterwards; what is ours can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from firstcontact.identity.records import Record
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    CreatedBy,
    Existing,
    Target,
    Write,
    write_key,
)


class MovedActivity(msgspec.Struct, frozen=True):
    """An activity of ours that was on the loser. subject: the interaction or conversation day that it is of;
    made_by: key of the write that makes it; fields: as they were intended before the merge."""

    subject: str
    made_by: str
    fields: ActivityFields


class MovedRole(msgspec.Struct, frozen=True):
    """A role of the loser on an opportunity. had: the survivor had one there already."""

    opportunity: str
    had: bool = False


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """Both records from before the merge, and what of ours pointed at the loser: activities, roles, the
    handles that were reserved for it, and whose verdicts named it, as (interaction, handle). made_by: keys of
    the writes that made it, by which it is named where it was not made yet; cause: the interaction that the
    first of them was for, "" where none of ours made it."""

    loser: Record
    survivor: Record
    activities: tuple[MovedActivity, ...] = ()
    roles: tuple[MovedRole, ...] = ()
    made_by: tuple[str, ...] = ()
    cause: str = ""
    reservations: tuple[str, ...] = ()
    verdicts: tuple[tuple[str, str], ...] = ()

    @property
    def loser_people(self) -> frozenset[Target]:
        """The loser, as activities name it."""
        return frozenset((Existing("contact", self.loser.id), *(CreatedBy(key) for key in self.made_by)))


_TEXTS = ("title", "department", "seniority", "persona", "company", "mailing")
"""What a merge fills in where the survivor has nothing."""

UNDO = "undo"


def undo_writes(
    connection: str, merge: str, journal: Journal, now: Record, offered: Capabilities
) -> tuple[Write, ...]:
    """The writes that take the merge of this key back, in their order: the loser is made anew, the survivor
    loses what it got from it, our activities and roles go back.

    now: the survivor as the CRM has it; what a person has changed since stays.
    """
    again = _anew(connection, merge, journal)
    back = CreatedBy(again.key)
    writes = [again]
    if offered.updates_contacts:
        writes.extend(_given_up(connection, merge, journal, now))
    if offered.updates_activity:
        writes.extend(_activity(connection, merge, moved, journal, back) for moved in journal.activities)
    if offered.contact_roles:
        for role in journal.roles:
            writes.extend(_role(connection, merge, role, journal, back))
    return tuple(writes)


def is_made_anew(write: Write) -> bool:
    """Whether a contact is created to take a merge back: the survivor has its handles, and is not it."""
    return write.kind == "create_contact" and write.subject.startswith(f"{UNDO} ")


def _anew(connection: str, merge: str, journal: Journal) -> Write:
    loser = journal.loser
    mobiles = set(loser.mobiles)
    return Write(
        key=write_key(connection, "create_contact", UNDO, merge),
        kind="create_contact",
        interaction=journal.cause,
        subject=f"{UNDO} {merge}",
        fields=ContactFields(
            first_name=loser.first_name,
            last_name=loser.last_name,
            name=loser.name,
            emails=loser.emails,
            phones=tuple(text for text in loser.phones if text not in mobiles),
            mobiles=loser.mobiles,
            title=loser.title,
            department=loser.department,
            seniority=loser.seniority,
            persona=loser.persona,
            mailing=loser.mailing,
            company=loser.company,
            account=Existing("account", loser.account) if loser.account else None,
            owner=loser.owner,
            placeholder=loser.placeholder,
            created_by_firstcontact=True,
            interaction=journal.cause,
        ),
    )


def _given_up(connection: str, merge: str, journal: Journal, now: Record) -> Iterator[Write]:
    """The survivor without what it has from the loser alone, as far as it still has it."""
    before, loser = journal.survivor, journal.loser
    names = tuple(
        name
        for name in _TEXTS
        if not getattr(before, name) and getattr(loser, name) and getattr(now, name) == getattr(loser, name)
    )
    own = {handle.key for handle in before.handles}
    got = {handle.key: handle for handle in loser.handles if handle.key not in own}
    there = {handle.key for handle in now.handles}
    emails = tuple(handle.value for key, handle in got.items() if handle.kind == "email" and key in there)
    phones = tuple(handle.value for key, handle in got.items() if handle.kind == "phone" and key in there)
    if not names and not emails and not phones:
        return
    empty: dict[str, Any] = {name: None if name == "mailing" else "" for name in names}
    yield Write(
        key=write_key(connection, "update_contact", UNDO, merge),
        kind="update_contact",
        interaction=journal.cause,
        subject=f"{UNDO} {merge}",
        fields=ContactFields(**empty, without_emails=emails, without_phones=phones),
        target=Existing("contact", now.id),
        changed=names,
    )


def _activity(connection: str, merge: str, moved: MovedActivity, journal: Journal, back: CreatedBy) -> Write:
    gone = journal.loser_people
    people: tuple[Target, ...] = tuple(back if one in gone else one for one in moved.fields.people)
    return Write(
        key=write_key(connection, "update_activity", UNDO, f"{merge} {moved.subject}"),
        kind="update_activity",
        interaction=next(iter(moved.fields.interactions), ""),
        subject=moved.subject,
        fields=msgspec.structs.replace(moved.fields, people=people),
        target=CreatedBy(moved.made_by),
        changed=("people",),
    )


def _role(connection: str, merge: str, role: MovedRole, journal: Journal, back: CreatedBy) -> Iterator[Write]:
    subject = f"{merge} {role.opportunity}"
    yield Write(
        key=write_key(connection, "contact_role", UNDO, subject),
        kind="contact_role",
        interaction=journal.cause,
        subject=f"{UNDO} {subject}",
        fields=ContactRoleFields(opportunity=role.opportunity, contact=back),
    )
    if not role.had:
        yield Write(
            key=write_key(connection, "remove_role", UNDO, subject),
            kind="remove_role",
            interaction=journal.cause,
            subject=f"{UNDO} {subject}",
            fields=ContactRoleFields(
                opportunity=role.opportunity, contact=Existing("contact", journal.survivor.id)
            ),
        )
