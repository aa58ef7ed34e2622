"""Merging records (the vendor's pages "Merge Records" and "Get Records Merge Status", version 6 and later;
the specification's find_and_merge): the children are deleted, what hung on them hangs on the master.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.zoho.errors import Refused, ZohoError, bad_body, missing, no_module
from firstcontact.testing.simulators.zoho.state import Record, State
from firstcontact.testing.simulators.zoho.times import SECOND

MODULES = ("Leads", "Contacts", "Accounts", "Deals")
MOST_CHILDREN = 2
FIRST_VERSION = 6
JOB_SECONDS = 20
_PLACE = "$.merge[0]"


def merge(state: State, kept: Record, gone: Record, filled: Mapping[str, Any]) -> None:
    """The master takes the values given; the child is deleted, and everything that pointed at it points at
    the master. Into what it went is not told (not verified)."""
    state.repoint(gone.id, kept.id)
    for deal in state.roles.values():
        if gone.id in deal:
            deal.setdefault(kept.id, deal[gone.id])
    state.remove(gone, state.quirks.merge_leaves)
    state.set(kept, filled)


def blanks(state: State, kept: Record, gone: Record) -> dict[str, Any]:
    """What a person who merges in the page takes for fields that are blank on the master."""
    return {
        field.name: gone.values[field.name]
        for field in state.modules[kept.module].fields.values()
        if not (field.computed or field.unique)
        if field.name in gone.values and field.name not in kept.values
    }


class Job:
    """A merge that Zoho carries out later."""

    def __init__(self, id: str, master: Record, children: list[Asked], due: int) -> None:
        self.id, self.master, self.children, self.due = id, master, children, due
        self.done = False


Asked = tuple[Record, tuple[str, ...]]
"""A child, and the fields whose values are taken from it."""


def asked(state: State, version: int, master: Record | None, body: Any) -> list[Asked]:
    """The children of a request. Raises ZohoError for what is no merge, Refused for what is wrong with it."""
    if version < FIRST_VERSION:
        raise no_module()
    if not isinstance(body, Mapping) or set(body) - {"merge"}:
        raise bad_body("merge", "jsonarray")
    if "merge" not in body:
        raise missing("merge")
    given = body["merge"]
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], Mapping):
        details = {"maximum_length": 1, "api_name": "merge", "json_path": "$.merge"}
        raise ZohoError(400, "INVALID_DATA", "one merge in a request", details)
    if set(given[0]) - {"data", "master_record_fields"}:
        raise bad_body("merge", "jsonobject", _PLACE)
    data = given[0].get("data")
    if not isinstance(data, list) or not data:
        raise Refused("MANDATORY_NOT_FOUND", "required field not found", "data")
    if len(data) > MOST_CHILDREN:
        raise Refused("INVALID_DATA", "too many records", "data", maximum_length=MOST_CHILDREN)
    if master is None:
        raise ZohoError(400, "INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": 1})
    if master.module not in MODULES:
        raise ZohoError(400, "NOT_ALLOWED", "records of this module are not merged")
    return [_child(state, master, one) for one in data]


def _child(state: State, master: Record, given: Any) -> Asked:
    if not isinstance(given, Mapping) or set(given) - {"id", "_fields"} or "id" not in given:
        raise Refused("MANDATORY_NOT_FOUND", "required field not found", "id")
    child = state.get(master.module, str(given["id"]))
    if child is None or child is master:
        raise Refused("INVALID_DATA", "the id given seems to be invalid", "id")
    for record in (child, master):
        if record.locked:
            raise Refused("NOT_ALLOWED", "the record is locked", "id")
    if any(not job.done and {child, master} & {job.master, *(one for one, _ in job.children)}
           for job in state.jobs):  # fmt: skip
        raise Refused("NOT_ALLOWED", "the record is in a merge process", "id")
    known = state.modules[master.module].fields
    names: list[str] = []
    for one in given.get("_fields") or ():
        name = one.get("api_name") if isinstance(one, Mapping) else None
        if name not in known or known[name].computed:
            raise Refused("INVALID_DATA", "invalid data", "api_name")
        if name in names:
            raise Refused("DUPLICATE_DATA", "duplicate data", "api_name")
        names.append(name)
    return child, tuple(names)


def carried(state: State, master: Record, children: list[Asked]) -> tuple[int, dict[str, Any]]:
    """Merges, at once or as a job: status and result."""
    if state.quirks.merge_job == "scheduled":
        job = Job(state.new_id(), master, children, state.clock() + JOB_SECONDS * SECOND)
        state.jobs.append(job)
        return 202, _result("SCHEDULED", {"job_id": job.id}, "records scheduled for merge")
    _all(state, master, children)
    return 201, _result("SUCCESS", {"id": master.id}, "records merged successfully")


def _all(state: State, master: Record, children: list[Asked]) -> None:
    for child, names in children:
        values = {name: child.values.get(name) for name in names}
        if state.get(child.module, child.id) is child:
            merge(state, master, child, values)


def catch_up(state: State) -> None:
    """Jobs that are due by now are done."""
    for job in state.jobs:
        if not job.done and job.due <= state.clock():
            job.done = True
            before, state.acting = state.acting, state.me
            _all(state, job.master, job.children)
            state.acting = before


def jobs_of(state: State, master: Record) -> list[dict[str, str]]:
    """The jobs of a master; their states in capitals as the page has them."""
    return [
        {"job_id": job.id, "status": "COMPLETED" if job.done else "RUNNING"}
        for job in state.jobs
        if job.master is master
    ]


def _result(code: str, details: dict[str, Any], message: str) -> dict[str, Any]:
    return {"merge": [{"code": code, "details": details, "message": message, "status": "success"}]}
