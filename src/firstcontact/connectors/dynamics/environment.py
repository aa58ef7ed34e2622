"""What an environment has, asked for in three requests and kept for an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.connectors.contract import TryAgain
from firstcontact.connectors.dynamics import odata
from firstcontact.connectors.dynamics.batch import Operation, Result
from firstcontact.connectors.dynamics.client import Api
from firstcontact.connectors.dynamics.names import DESCRIBED, OWN, SETS, TITLE, id_of
from firstcontact.connectors.dynamics.shapes import Environment, Table, read_table

KEPT = 3_600_000_000
"""Microseconds for which an answer is kept; a refusal that tells of a change ends it sooner."""
UNREADY = 60_000_000
"""The same while columns or keys of ours are missing: somebody is about to make them."""
HIDDEN_SECONDS = 300.0

_COLUMNS = "LogicalName,AttributeType,RequiredLevel,IsValidForCreate,IsValidForUpdate"
_TEXTS = "LogicalName,MaxLength,FormatName"
_TABLE = "LogicalName,EntitySetName,ChangeTrackingEnabled,IsDuplicateDetectionEnabled"
_KEYS = "SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus"
_RELATIONS = "ReferencedEntity,ReferencingAttribute,ReferencingEntityNavigationPropertyName"


class Environments:
    """The environment of a connection, as our user may see it."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: tuple[int, Environment] | None = None

    def now(self) -> Environment:
        """What there is. Raises TryAgain, AuthLapsed; TryAgain where contacts are hidden from us, without
        which nothing can be said of anybody."""
        with self._lock:
            kept = self._kept
            if kept is None or not 0 <= self._now() - kept[0] < (KEPT if _ready(kept[1]) else UNREADY):
                kept = self._now(), self._ask()
                self._kept = kept
            found = kept[1]
        if not found.table("contact").columns:
            self.forget()
            raise TryAgain(
                f"{TITLE} does not show our user any contacts; see firstcontact doctor.", HIDDEN_SECONDS
            )
        return found

    def forget(self) -> None:
        """The environment has changed: it is asked again."""
        with self._lock:
            self._kept = None

    def _ask(self) -> Environment:
        who = self._api.asked(Operation(path="WhoAmI")).body
        me = odata.guid(str(who.get("UserId") if isinstance(who, Mapping) else ""))
        if not me:
            raise TryAgain(f"{TITLE} does not say who we are.", HIDDEN_SECONDS)
        operations = [one for table in DESCRIBED for one in _questions(table)]
        mine = odata.select("systemusers", ("systemuserid", "fullname"), f"systemuserid eq {me}")
        # Whether one character and whatever follows is found in our own name tells what wildcards mean.
        wild = odata.select(
            "systemusers",
            ("systemuserid",),
            f"systemuserid eq {me} and {odata.contains('fullname', '_%_')}",
        )
        operations += [Operation(path=mine), Operation(path=wild)]
        answers = self._api.ask(operations)
        per_table = len(_questions("contact"))
        tables = {}
        for number, table in enumerate(DESCRIBED):
            found = self._table(table, answers[number * per_table : (number + 1) * per_table])
            if found is not None:
                tables[table] = found
        mine_rows, wild_rows = (_listed(answer) for answer in answers[-2:])
        name = str(mine_rows[0].get("fullname") or "") if mine_rows else ""
        return Environment(
            me=me,
            tables=tables,
            wildcards=bool(wild_rows) or not mine_rows,
            sensitive=self._sensitive(me, name),
        )

    def _sensitive(self, me: str, name: str) -> bool:
        """Whether our own name in the other case is not found."""
        other = name.swapcase()
        if other == name or "'" in name or not name.isascii():
            return False
        where = f"systemuserid eq {me} and fullname eq {odata.quoted(other)}"
        (answer,) = self._api.ask([Operation(path=odata.select("systemusers", ("systemuserid",), where))])
        return answer.ok and not _listed(answer)

    def _table(self, name: str, answers: list[Result]) -> Table | None:
        """A table of the answers about it; None where it is not there, or its rows are hidden from us."""
        # Definitions are shown to everybody; rows are not.
        if any(one.status in (403, 404) for one in (answers[0], answers[6])):
            return None
        self._api.good(answers[6])
        good = [self._api.good(one).body for one in answers[:5]]
        relations = _listed(answers[5]) if answers[5].ok else []
        rows = [one["value"] for one in good[1:]]
        return read_table(name, good[0], rows[0], rows[1], rows[2], rows[3], relations)


def _ready(environment: Environment) -> bool:
    return all(environment.table(name).ready for name in OWN if environment.table(name).columns)


def _questions(table: str) -> list[Operation]:
    """What is asked of a table's definition."""
    root = f"EntityDefinitions(LogicalName='{table}')"
    cast = f"{root}/Attributes/Microsoft.Dynamics.CRM."
    regarding = "ReferencingAttribute eq 'regardingobjectid'"
    paths = (
        odata.address(root, {"select": _TABLE}),
        odata.address(f"{root}/Attributes", {"select": _COLUMNS}),
        odata.address(f"{cast}StringAttributeMetadata", {"select": _TEXTS}),
        odata.address(f"{cast}MemoAttributeMetadata", {"select": "LogicalName,MaxLength"}),
        odata.address(f"{root}/Keys", {"select": _KEYS}),
        odata.address(f"{root}/ManyToOneRelationships", {"select": _RELATIONS, "filter": regarding}),
    )
    one = f"{odata.select(SETS[table], (id_of(table),))}&$top=1"
    return [Operation(path=path) for path in (*paths, one)]


def _listed(answer: Result) -> list[Mapping[str, Any]]:
    body = answer.body
    rows = body.get("value") if answer.ok and isinstance(body, Mapping) else None
    return rows if isinstance(rows, list) else []
