"""What other settings would come to, as sentences beside what is so now."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: tuple[tuple[str, str, str], ...] = (
    ("create", "create {count} contact", "create {count} contacts"),
    ("link", "link {count} person to a contact", "link {count} people to contacts"),
    ("link_lead", "link {count} person to a lead", "link {count} people to leads"),
    ("ask", "ask about {count} person", "ask about {count} people"),
    ("leave", "leave {count} person alone", "leave {count} people alone"),
    ("activity:log", "log {count} interaction on people", "log {count} interactions on people"),
    ("activity:log_unlinked", "log {count} interaction on nobody", "log {count} interactions on nobody"),
    ("activity:ask", "wait with {count} interaction", "wait with {count} interactions"),
    ("activity:skip", "not log {count} interaction", "not log {count} interactions"),
    ("role:made", "give {count} contact a role", "make {count} contact roles"),
)
"""By name of a count, the sentence for one and for many."""


def would(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[str, ...]:
    """Each count as `would create 12 contacts (now 9)`, of those that are not nothing before and after.

    before, after: counts by verdict, activities' under `activity:VERDICT`, contact roles under `role:made`,
    values under `field:NAME`.
    """
    told = [
        f"would {(one if after.get(name, 0) == 1 else many).format(count=f'{after.get(name, 0):,}')} "
        f"(now {before.get(name, 0):,})"
        for name, one, many in SENTENCES
        if before.get(name) or after.get(name)
    ]
    fields = sorted({name for name in (*before, *after) if name.startswith("field:")})
    told += [
        f"would write {after.get(name, 0):,} × {name.removeprefix('field:')} (now {before.get(name, 0):,})"
        for name in fields
    ]
    return tuple(told)
