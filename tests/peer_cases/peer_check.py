"""What a case expects, compared with what our engine did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from peer_events import micros, moment_of
from peer_world import Seen, World

from firstcontact.testing.scenarios.matching import handle_keys

FIELDS = {"first_name": "first_name", "last_name": "last_name", "job_title": "title", "owner": "owner"}
ORIGINS = {"derived": {"caller_id"}, "header": {"header", "typed", "calendar"}}
TIMES = frozenset({"start", "at"})


def differences(expect: Mapping[str, Any], seen: Seen, world: World) -> Iterator[str]:
    """Everything that is not as expected."""
    if expect["decision"] not in seen.outcomes:
        why = ", ".join(sorted(seen.reasons))
        yield f"decision: {expect['decision']} expected, {'/'.join(sorted(seen.outcomes))} seen ({why})"
    counted = world.count(seen.crm)
    for name, number in (expect.get("counts") or {}).items():
        if counted[name] != number:
            yield f"counts.{name}: {number} expected, {counted[name]} seen"
    yield from _created(expect.get("created_contacts") or [], seen, world)
    yield from _after(expect.get("contacts_after") or {}, seen, world)
    yield from _links(expect, seen)
    yield from _activity(expect.get("activity") or {}, seen)
    if expect["decision"] == "review" and "candidates" in expect:
        if set(expect["candidates"]) != seen.candidates:
            yield f"candidates: {expect['candidates']} expected, {sorted(seen.candidates)} seen"
    for reason in expect.get("our_reasons") or ():
        if reason not in seen.reasons:
            yield f"reason: {reason} expected, {sorted(seen.reasons)} seen"
    if seen.errors != expect.get("errors", seen.errors):
        yield f"errors: {expect['errors']} expected, {seen.errors} seen"
    if expect.get("suppressed_after") == [] and not seen.relinked:
        yield "suppressed_after: nobody expected, but the next mail is not linked"


def _links(expect: Mapping[str, Any], seen: Seen) -> Iterator[str]:
    if "linked_to" in expect:
        new = {one["id"] for one in seen.created}
        got = ["new" if id in new else id for id in seen.linked]
        if sorted(expect["linked_to"]) != sorted(got):
            yield f"linked_to: {expect['linked_to']} expected, {got} seen"
    if "linked_to_accounts" in expect and sorted(expect["linked_to_accounts"]) != sorted(
        seen.linked_accounts
    ):
        yield f"linked_to_accounts: {expect['linked_to_accounts']} expected, {seen.linked_accounts} seen"


def _created(expected: list[Mapping[str, Any]], seen: Seen, world: World) -> Iterator[str]:
    left = list(seen.created)
    for wanted in expected:
        fits = [one for one in left if not list(_record(wanted, one, seen, world))]
        if fits:
            left.remove(fits[0])
            continue
        told = [list(_record(wanted, one, seen, world)) for one in left]
        yield f"created_contacts: {dict(wanted)} expected, {told or 'nobody'} seen"


def _after(expected: Mapping[str, Mapping[str, Any]], seen: Seen, world: World) -> Iterator[str]:
    by_id = {one["id"]: one for one in (*seen.crm["contacts"], *seen.crm["leads"])}
    for id, wanted in expected.items():
        if wanted.get("status") == "merged":
            if seen.moved.get(id) != wanted.get("merged_into"):
                yield f"contacts_after.{id}: merged into {wanted.get('merged_into')} expected"
        elif id not in by_id:
            yield f"contacts_after.{id}: not there"
        else:
            for line in _record(wanted, by_id[id], seen, world):
                yield f"contacts_after.{id}.{line}"


def _record(wanted: Mapping[str, Any], record: Mapping[str, Any], seen: Seen, world: World) -> Iterator[str]:
    region = world.team["region"]
    for name, value in wanted.items():
        match name:
            case "emails" | "phones":
                right = handle_keys(value, name, region) == handle_keys(record[name] or (), name, region)
                got: Any = record[name]
            case "account":
                got = record["account"]
                right = _account(value, got, seen)
            case "name_origin":
                got = "none" if record["placeholder"] else "/".join(sorted(seen.name_sources))
                right = (
                    got == "none" if value == "none" else bool(ORIGINS.get(value, set()) & seen.name_sources)
                )
            case "display_name":
                got = record["name"]
                right = handle_keys([value], "phones", region) == handle_keys([got], "phones", region)
            case "last_contacted":
                got = record["last_activity_at"]
                right = got == micros(moment_of(value))
            case _:
                got = record.get(FIELDS.get(name, name)) or ""
                right = got == (value or "")
        if not right:
            yield f"{name}: {value!r} expected, {got!r} seen"


def _account(wanted: str | None, got: str | None, seen: Seen) -> bool:
    if wanted and wanted.startswith("new:"):
        domain = wanted.removeprefix("new:")
        return any(one["id"] == got and domain in one["domains"] for one in seen.created_accounts)
    return (wanted or None) == (got or None)


def _activity(expected: Mapping[str, Any], seen: Seen) -> Iterator[str]:
    for name, value in expected.items():
        if name == "linked_history":
            if not set(value) <= seen.linked_history:
                yield f"activity.linked_history: {value} expected, {sorted(seen.linked_history)} seen"
            continue
        wanted = sorted(value) if name == "users" else micros(moment_of(value)) if name in TIMES else value
        if seen.activity.get(name) != wanted:
            yield f"activity.{name}: {value!r} expected, {seen.activity.get(name)!r} seen"
