"""PURE. Writes as operations of a batch (apis A5): what is made is made by our key, create-only.

A row is made by `PATCH TABLE(fc_key='…')` with `If-None-Match: *`, never overwritten: a repeat is refused
with 412 and leaves what a person has set since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from firstcontact.connectors.dynamics import odata
from firstcontact.connectors.dynamics.activities import REGARDING, State
from firstcontact.connectors.dynamics.batch import Operation
from firstcontact.connectors.dynamics.mapping import Bind, Values
from firstcontact.connectors.dynamics.names import CONTINUED, FILE, KEY, SETS, id_of
from firstcontact.connectors.dynamics.shapes import Table

ONCE = {"If-None-Match": "*"}
THERE = {"If-Match": "*"}
_TELL = {"Prefer": "return=representation"}
DETECT = {"MSCRM.SuppressDuplicateDetection": "false"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a write. path: from the root; "": of the row that the first step makes."""

    method: str = "PATCH"
    path: str = ""
    headers: Mapping[str, str] = {}
    values: Values | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a write comes to: steps that happen together. table: of the row it makes or changes; id: of one
    that is there; makes: whether its first step makes one; note: that row is a note, which has no key;
    meanwhile: rows that it is about were there a moment ago, and are looked at again where one is gone."""

    write: int
    table: str
    steps: tuple[Step, ...]
    id: str = ""
    makes: bool = False
    note: bool = False
    meanwhile: bool = False

    def links(self) -> set[int]:
        """The writes whose rows it points at."""
        found = {bind.write for step in self.steps for bind in _binds(step.values) if bind.write >= 0}
        return found - {self.write}

    def people(self) -> set[tuple[str, str]]:
        """Contacts and leads, by table and id, that it points at and that were there before."""
        return {
            (bind.table, bind.id)
            for step in self.steps
            for bind in _binds(step.values)
            if bind.id and bind.table in ("contact", "lead")
        }


def _binds(value: Any) -> list[Bind]:
    if isinstance(value, Bind):
        return [value]
    if isinstance(value, Mapping):
        return [one for inner in value.values() for one in _binds(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _binds(inner)]
    return []


def operations(job: Job, table: Table, own: str, place: Callable[[Bind], str]) -> tuple[Operation, ...]:
    """The operations of a job. own: how its later steps name the row that the first one makes; place: where
    another row is, `/contacts(…)` or `$3`."""
    made = []
    for step in job.steps:
        body = None if step.values is None else rendered(step.values, table, place)
        path = step.path or own
        made.append(Operation(method=step.method, path=path, headers=step.headers, body=body))  # type: ignore[arg-type]
    return tuple(made)


def rendered(values: Values, table: Table, place: Callable[[Bind], str]) -> dict[str, Any]:
    """Values as they are sent: lookups bound, parties and what is regarded by the table's names."""
    sent: dict[str, Any] = {}
    for name, value in values.items():
        if name == "parties":
            sent[f"{table.name}_activity_parties"] = [rendered(one, table, place) for one in value]
        elif name == REGARDING and isinstance(value, Bind):
            usual = f"regardingobjectid_{value.table}_{table.name}"
            sent[f"{table.regarding.get(value.table, usual)}@odata.bind"] = place(value)
        elif name == REGARDING:
            # Any of its properties empties it.
            usual = f"regardingobjectid_contact_{table.name}"
            sent[table.regarding.get("contact", usual)] = None
        elif isinstance(value, Bind):
            sent[f"{name}@odata.bind"] = place(value)
        else:
            sent[name] = value
    return sent


# --- steps ------------------------------------------------------------------------------------------------


def at_key(table: str, key: str) -> str:
    """The path of a row by our key."""
    return f"{SETS[table]}({KEY}='{key}')"


def by_id(table: str, id: str) -> str:
    """The path of a row."""
    return f"{SETS[table]}({id})"


def make(table: str, key: str, values: Values, headers: Mapping[str, str] | None = None) -> Step:
    """A new row with our key."""
    path = f"{at_key(table, key)}?$select={id_of(table)}"
    return Step(path=path, headers={**ONCE, **_TELL, **(headers or {})}, values=values)


def close(state: State) -> Step:
    """The row that was made in the first step is completed, or canceled."""
    return Step(headers=THERE, values={"statecode": state[0], "statuscode": state[1]})


def put(table: str, id: str, values: Values, etag: str = "") -> Step:
    """A row that is there is changed; etag: only if it is as it was read."""
    return Step(path=by_id(table, id), headers={"If-Match": etag or "*"}, values=values)


def continued(note: str, table: str, rest: str, bind: Bind) -> Step:
    """The note with what a description has no room for; the id makes it one."""
    values = {"subject": CONTINUED, "notetext": rest, f"objectid_{table}": bind}
    return Step(path=by_id("annotation", note), headers=ONCE, values=values)


def a_file(
    key: str, table: str, bind: Bind, *, name: str, content_type: str, content: str, text: str
) -> Step:
    """A note that holds a file (base64), or where it is."""
    values: Values = {"subject": FILE, "notetext": text, f"objectid_{table}": bind}
    if content:
        values |= {"filename": name, "documentbody": content}
        values["mimetype"] = content_type or "application/octet-stream"
    return Step(path=by_id("annotation", odata.guid_from(key)), headers=ONCE, values=values)
