"""What writes point at, and the same writes pointing at something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    CreatedBy,
    Existing,
    Target,
    TimeEntryFields,
    Write,
)

_ABOUT_CONTACTS = frozenset({"update_contact", "merge_contacts", "delete_contact"})


def targets_of(write: Write) -> tuple[Target, ...]:
    targets: list[Target] = [] if write.target is None else [write.target]
    fields = write.fields
    if isinstance(fields, ActivityFields):
        targets.extend(fields.people)
        if fields.account is not None:
            targets.append(fields.account)
    elif isinstance(fields, ContactFields) and fields.account is not None:
        targets.append(fields.account)
    elif isinstance(fields, TimeEntryFields) or hasattr(fields, "activity"):
        targets.append(fields.activity)
    elif hasattr(fields, "contact"):
        targets.append(fields.contact)
    return tuple(targets)


def needs(write: Write) -> tuple[str, ...]:
    """Keys of the writes that make what this one points at."""
    return tuple(target.write_key for target in targets_of(write) if isinstance(target, CreatedBy))


def with_records(write: Write, records: Mapping[str, tuple[str, str]]) -> Write:
    """With the ids of what other writes have made by now, each as its state and record."""

    def known(target: Target, record: str) -> Target:
        if isinstance(target, CreatedBy) and records.get(target.write_key, ("", ""))[1]:
            return Existing(record, records[target.write_key][1])
        return target

    return _pointing(write, known)


def retargeted_by(write: Write, into: Mapping[str, str]) -> Write:
    """With the ids that records were merged into; nobody is on an activity twice for it."""

    def now(target: Target, _: str) -> Target:
        if isinstance(target, Existing) and target.id in into:
            return Existing(target.record, into[target.id])
        return target

    return _pointing(write, now)


def _pointing(write: Write, at: Callable[[Target, str], Target]) -> Write:
    """The write with each of its targets replaced by what `at` says of it and the type that it is to have."""
    fields = write.fields
    if isinstance(fields, ActivityFields):
        fields = msgspec.structs.replace(
            fields,
            people=tuple(dict.fromkeys(at(person, "contact") for person in fields.people)),
            account=at(fields.account, "account") if fields.account is not None else None,
        )
    elif isinstance(fields, ContactFields):
        if fields.account is not None:
            fields = msgspec.structs.replace(fields, account=at(fields.account, "account"))
    elif hasattr(fields, "activity"):
        fields = msgspec.structs.replace(fields, activity=at(fields.activity, "activity"))
    elif hasattr(fields, "contact"):
        fields = msgspec.structs.replace(fields, contact=at(fields.contact, "contact"))
    target = write.target
    if target is not None:
        target = at(target, "contact" if write.kind in _ABOUT_CONTACTS else "activity")
    return msgspec.structs.replace(write, fields=fields, target=target)
