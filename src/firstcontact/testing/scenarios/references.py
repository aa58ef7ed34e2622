"""Ids that a scenario points at: each must be declared in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from firstcontact.testing.scenarios.shapes import Fault
from firstcontact.testing.scenarios.yaml_text import Place

INTEGRATION_USER = "integration_user"

_POINTERS: dict[str, dict[str, str]] = {
    "contacts": {"account": "account", "owner": "user"},
    "leads": {"owner": "user", "converted_to": "contact"},
    "accounts": {"owner": "user", "team": "user"},
    "opportunities": {"account": "account", "owner": "user"},
    "contact_roles": {"opportunity": "opportunity", "contact": "contact"},
    "matters": {"contact": "contact"},
    "activities": {
        "interaction": "interaction", "contact": "contact", "lead": "lead", "account": "account",
        "opportunity": "opportunity", "matter": "matter", "user": "user",
    },
    "time_entries": {"interaction": "interaction", "user": "user", "matter": "matter"},
    "documents": {"interaction": "interaction"},
}  # fmt: skip
"""By collection: the fields that hold ids, and of what."""
_COLLECTION = {
    "contact": "contacts", "lead": "leads", "account": "accounts", "opportunity": "opportunities",
    "matter": "matters", "contact_role": "contact_roles",
}  # fmt: skip


class _Declared(msgspec.Struct):
    """Every id of the scenario by what it names."""

    ids: dict[str, set[str]]
    faults: list[Fault]

    def add(self, kind: str, id: Any, place: Place) -> None:
        if isinstance(id, str) and id in self.ids[kind]:
            self.faults.append(Fault(place, f"`{id}` is the id of another {kind} too"))
        elif isinstance(id, str):
            self.ids[kind].add(id)

    def points(self, kind: str, id: Any, place: Place) -> None:
        """Check one pointer; a list is checked entry by entry, a map names a record by its handle."""
        if isinstance(id, list):
            for position, one in enumerate(id):
                self.points(kind, one, (*place, position))
        elif isinstance(id, str) and id and id not in self.ids[kind]:
            known = ", ".join(sorted(self.ids[kind])) or "none"
            self.faults.append(Fault(place, f"`{id}` is no {kind} of this scenario (there: {known})"))
        elif isinstance(id, dict) and len(id) != 1:
            self.faults.append(Fault(place, f"must name the {kind} in one way"))


def faults_of_references(scenario: Mapping[str, Any]) -> list[Fault]:
    """What is declared twice, and what is pointed at and not declared. `scenario` has its right shape."""
    team, crm = scenario["team"], scenario["crm"]
    declared = _Declared({kind: set() for kind in (*_COLLECTION, "user", "team user", "interaction")}, [])
    for position, user in enumerate(team.get("users") or ()):
        declared.add("team user", user["id"], ("team", "users", position, "id"))
    # Without a list of its own the CRM has every team user; with one, some of them may be missing there.
    declared.ids["user"] |= declared.ids["team user"] | {INTEGRATION_USER}
    declared.ids["user"] |= {user["id"] for user in crm.get("users") or ()}
    for kind, collection in _COLLECTION.items():
        for position, entry in enumerate(crm.get(collection) or ()):
            if "id" in entry:
                declared.add(kind, entry["id"], ("crm", collection, position, "id"))
    _declare_steps(scenario["steps"], declared)
    declared.points("team user", team.get("fallback_user"), ("team", "fallback_user"))
    for collection in _COLLECTION.values():
        for position, entry in enumerate(crm.get(collection) or ()):
            _entry(collection, entry, ("crm", collection, position), declared)
    declared.ids["contact, lead or matter"] = (
        declared.ids["contact"] | declared.ids["lead"] | declared.ids["matter"]
    )
    for place, kind, id in _pointed_at_by_steps(scenario["steps"]):
        declared.points(kind, id, place)
    _added(scenario["steps"], declared)
    _expectations(scenario["expect"], declared)
    return declared.faults


def _declare_steps(steps: list[Any], declared: _Declared) -> None:
    for number, step in enumerate(steps):
        ((kind, value),) = step.items()
        if kind == "interaction" and isinstance(value, dict):
            declared.ids["interaction"].add(str(value.get("id")))
        elif kind == "person":
            for what, entry in (value.get("adds") or {}).items():
                if "id" in entry:
                    declared.add(what, entry["id"], ("steps", number, "person", "adds", what, "id"))


def _added(steps: list[Any], declared: _Declared) -> None:
    for number, step in enumerate(steps):
        for what, entry in ((step.get("person") or {}).get("adds") or {}).items():
            _entry(_COLLECTION[what], entry, ("steps", number, "person", "adds", what), declared)


def _entry(collection: str, entry: Mapping[str, Any], place: Place, declared: _Declared) -> None:
    for field, kind in _POINTERS.get(collection, {}).items():
        declared.points(kind, entry.get(field), (*place, field))


def _pointed_at_by_steps(steps: list[Any]) -> Iterator[tuple[Place, str, Any]]:
    for number, step in enumerate(steps):
        ((kind, value),) = step.items()
        place: Place = ("steps", number, kind)
        if kind == "interaction" and isinstance(value, dict):
            yield (*place, "captured_from"), "team user", value.get("captured_from")
        elif kind == "ruling":
            yield (*place, "interaction"), "interaction", value.get("interaction")
            yield (*place, "choose"), "contact, lead or matter", value.get("choose")
        elif kind == "log_by_hand":
            yield (*place, "interaction"), "interaction", value.get("interaction")
            yield (*place, "user"), "team user", value.get("user")
            yield (*place, "contact"), "contact", value.get("contact")
        elif kind == "person":
            for way in ("edits", "deletes"):
                for what, target in (value.get(way) or {}).items():
                    if what == "activity":
                        of = target.get("interaction") if isinstance(target, dict) else target
                        yield (*place, way, what), "interaction", of
                    if what not in _COLLECTION:
                        continue
                    inner: Place = (*place, way, what)
                    if what == "contact_role":
                        yield (*inner, "opportunity"), "opportunity", target.get("opportunity")
                        yield (*inner, "contact"), "contact", target.get("contact")
                    else:
                        yield inner, what, target
            for field in ("owner",):
                yield (*place, "edits", field), "user", (value.get("edits") or {}).get(field)


def _expectations(expect: Mapping[str, Any], declared: _Declared) -> None:
    for interaction in expect.get("decisions") or {}:
        declared.points("interaction", interaction, ("expect", "decisions", interaction))
    for collection, entries in (expect.get("crm") or {}).items():
        if not isinstance(entries, list):
            continue
        for position, entry in enumerate(entries):
            place: Place = ("expect", "crm", collection, position)
            _entry(collection, entry, place, declared)
            kind = next((kind for kind, name in _COLLECTION.items() if name == collection), "")
            if kind and "id" in entry:
                declared.points(kind, entry["id"], (*place, "id"))
    review = expect.get("review")
    for position, entry in enumerate(review if isinstance(review, list) else ()):
        declared.points(
            "interaction", entry.get("interaction"), ("expect", "review", position, "interaction")
        )
