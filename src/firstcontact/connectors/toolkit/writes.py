"""What a write was planned with, as the connector that carries it out needs it; anything else is a bug."""

from __future__ import annotations

from typing import TypeVar

from firstcontact.connectors.contract import NotOffered
from firstcontact.planning.write import Existing, Fields, Target, Write

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
