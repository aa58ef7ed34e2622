"""Text without NUL characters, which PostgreSQL cannot hold and no reader of a CRM wants."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def without_nul(value: T) -> T:
    """The value with U+FFFD for each NUL character in it, also in ids: through structs, tuples and maps.

    An id becomes another by it, the same one each time.
    """
    changed: Any = value
    if isinstance(value, str):
        changed = value.replace("\0", REPLACEMENT)
    elif isinstance(value, msgspec.Struct):
        fields = {name: without_nul(getattr(value, name)) for name in value.__struct_fields__}
        changed = msgspec.structs.replace(value, **fields)
    elif isinstance(value, tuple):
        changed = tuple(without_nul(each) for each in value)
    elif isinstance(value, dict):
        changed = {without_nul(name): without_nul(each) for name, each in value.items()}
    return changed  # type: ignore[no-any-return]
