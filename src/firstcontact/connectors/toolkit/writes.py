"""What a write was planned with, as the connector that carries it out needs it; anything else is a bug."""

from __future__ import annotations

from typing import TypeVar

from firstcontact.connectors.contract import NotOffered
from firstcontact.planning.write import ActivityFields, Existing, Fields, Target, Write

F = TypeVar("F", bound=Fields)


def fields_of(write: Write, type: type[F]) -> F:
    """The write's fields, which are of this type. Raises NotOffered."""
    if not isinstance(write.fields, type):
        given = write.fields.__class__.__name__
        raise NotOffered(f"a {write.kind} write has {type.__name__}, not {given}")
    return write.fields


def existing(target: Target | None) -> Existing:
    """The record that a write points at, which has an id. Raises NotOffered."""
    if not isinstance(target, Existing):
        raise NotOffered("a write points at a record that has no id yet; the caller resolves references")
    return target


def changed_names(fields: ActivityFields, changed: tuple[str, ...]) -> frozenset[str]:
    """Names of the fields that an update of an activity sets: those that are said to have changed, else all
    that have a value."""
    if changed:
        return frozenset(changed)
    empty = ActivityFields(kind="", interactions=(), at=0, subject="")
    return frozenset(
        name for name in ActivityFields.__struct_fields__ if getattr(fields, name) != getattr(empty, name)
    )
