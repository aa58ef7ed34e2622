"""SOQL carried out over the org's records, as our user sees them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any

from firstcontact.testing.simulators.salesforce import times
from firstcontact.testing.simulators.salesforce.ids import read_id
from firstcontact.testing.simulators.salesforce.org import Org, Row
from firstcontact.testing.simulators.salesforce.refusal import Refusal, invalid_field
from firstcontact.testing.simulators.salesforce.schema import CHILDREN, POLYMORPHIC, Field
from firstcontact.testing.simulators.salesforce.soql import (
    Aggregate,
    Combine,
    Compare,
    Condition,
    Literal_,
    Order,
    Query,
    malformed,
)

Getter = Callable[[Row], Any]
Test = Callable[[Row], bool]
Records = list[dict[str, Any]]
_QUOTED = frozenset({"string", "textarea", "phone", "url", "picklist", "email", "id", "reference"})
_SORTS = {
    "boolean": {"boolean"},
    "datetime": {"moment", "relative"},
    "date": {"date", "relative"},
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Runner:
    """Carries out queries for one request: `version` is in the addresses of the records."""

    def __init__(self, org: Org, version: str) -> None:
        self._org = org
        self._version = version

    def run(self, query: Query, *, deleted: bool = False) -> tuple[int, Records]:
        """How many records there are, and the records. Raises Refusal."""
        name = self._org.kind(query.source).name
        rows = self.matching(query, name, deleted=deleted)
        if query.counts:
            return len(rows), []
        if query.group or any(isinstance(one, Aggregate) for one in query.fields):
            records = self._grouped(query, name, rows)
        else:
            records = self.project(query, name, rows, deleted=deleted)
        return len(records), records

    def project(self, query: Query, name: str, rows: list[Row], *, deleted: bool = False) -> Records:
        """The records as an answer has them. Raises Refusal."""
        shapes = self._shapes(query, name)
        return [self._record(name, row, shapes, deleted=deleted) for row in rows]

    def matching(
        self, query: Query, name: str, *, deleted: bool = False, among: Iterable[Row] | None = None
    ) -> list[Row]:
        """The records that a query is about, in its order. Raises Refusal."""
        rows = among if among is not None else self._org.rows[name].values()
        found = [row for row in rows if deleted or not row["IsDeleted"]]
        if query.where is not None:
            test = self.test(query.where, name)
            found = [row for row in found if test(row)]
        if query.order:
            found = self._ordered(found, query.order, name)
        end = None if query.limit < 0 else query.offset + query.limit
        return found[query.offset : end]

    # --- fields ------------------------------------------------------------------------------------

    def getter(self, path: str, name: str) -> tuple[Field, Getter]:
        """The field at the end of a path, and how its value is had from a record. Raises Refusal."""
        first, _, rest = path.partition(".")
        if first.lower() == name.lower() and rest:
            return self.getter(rest, name)
        if not rest:
            field = self._org.seen(name, first)
            return field, operator.itemgetter(field.name)
        reference = self._reference(name, first)
        if len(reference.targets) == 1:
            field, inner = self.getter(rest, reference.targets[0])
        else:
            field, inner = self._polymorphic(rest)

        def get(row: Row) -> Any:
            target = self._org.any_row(row[reference.name])
            return None if target is None else inner(target)

        return field, get

    def _reference(self, name: str, relation: str) -> Field:
        for field in self._org.seen_fields(name):
            if field.type == "reference" and field.relation.lower() == relation.lower():
                for target in field.targets:
                    self._org.kind(target)
                return field
        message = f"Didn't understand relationship '{relation}' in field path."
        raise Refusal(400, "INVALID_FIELD", message)

    def _polymorphic(self, field: str) -> tuple[Field, Getter]:
        known = next((one for one in POLYMORPHIC if one.lower() == field.lower()), None)
        if known is None:
            raise invalid_field(field, "Name")
        if known == "Type":
            return Field(name="Type", type="picklist"), lambda row: self._org.type_of(row["Id"])
        if known == "Name":
            return Field(name="Name", type="string"), self._name
        sort = "boolean" if known == "IsActive" else "id" if known == "Id" else "string"
        return Field(name=known, type=sort), lambda row: row.get(known)

    def _name(self, row: Row) -> Any:
        fields = self._org.kinds[self._org.type_of(row["Id"])].fields.values()
        return next((row[field.name] for field in fields if field.is_name), None)

    # --- what is selected --------------------------------------------------------------------------

    def _shapes(self, query: Query, name: str) -> dict[str, Any]:
        """The answer's keys in order: a getter, a nested map for a relationship, or a subquery."""
        shapes: dict[str, Any] = {}
        for one in self._expanded(query, name):
            if isinstance(one, Query):
                shapes[self._relation(name, one.source)] = one
            else:
                self._shape(shapes, one, name, name)
        return shapes

    def _expanded(self, query: Query, name: str) -> Iterable[str | Query]:
        for one in query.fields:
            if isinstance(one, str) and one.startswith("FIELDS("):
                if one != "FIELDS(STANDARD)" and not 0 <= query.limit <= 200:
                    raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
                for field in self._org.seen_fields(name):
                    if field.type != "ids" and (
                        one == "FIELDS(ALL)" or field.custom == (one == "FIELDS(CUSTOM)")
                    ):
                        yield field.name
            elif not isinstance(one, Aggregate):
                yield one

    def _shape(self, shapes: dict[str, Any], path: str, name: str, root: str) -> None:
        first, _, rest = path.partition(".")
        if rest and first.lower() == root.lower():
            self._shape(shapes, rest, name, root)
            return
        if not rest:
            field = self._org.seen(name, first)
            if field.name in shapes:
                raise malformed(f"duplicate field selected: {field.name}")
            if field.type == "ids":
                shapes[field.name] = self._junction(name, field)
            else:
                shapes[field.name] = operator.itemgetter(field.name)
            return
        reference = self._reference(name, first)
        inner = shapes.setdefault(reference.relation, (reference, {}))[1]
        if len(reference.targets) == 1:
            self._shape(inner, rest, reference.targets[0], "")
        else:
            field, get = self._polymorphic(rest)
            inner[field.name] = get

    def _junction(self, name: str, field: Field) -> Getter:
        roles = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}

        def get(row: Row) -> list[str]:
            relation, parent = ("EmailMessageRelation", "EmailMessageId")
            if name in ("Task", "Event"):
                relation, parent = f"{name}Relation", f"{name}Id"
            return [
                one["RelationId"]
                for one in self._org.live(relation)
                if one[parent] == row["Id"] and one.get("RelationType") == roles.get(field.name)
            ]

        return get

    def _relation(self, name: str, source: str) -> str:
        for relation, (child, _) in CHILDREN.get(name, {}).items():
            if relation.lower() == source.lower() and self._org.offered(child):
                return relation
        message = f"Didn't understand relationship '{source}' in FROM part of query call."
        raise Refusal(400, "INVALID_TYPE", message)

    def _record(self, name: str, row: Row, shapes: dict[str, Any], *, deleted: bool) -> dict[str, Any]:
        said: dict[str, Any] = {"attributes": self.attributes(name, row["Id"])}
        for key, shape in shapes.items():
            if isinstance(shape, Query):
                said[key] = self._children(name, key, row, shape, deleted=deleted)
            elif isinstance(shape, tuple):
                said[key] = self._parent(shape[0], shape[1], row)
            else:
                said[key] = shape(row)
        return said

    def _parent(self, reference: Field, shapes: dict[str, Any], row: Row) -> dict[str, Any] | None:
        target = self._org.any_row(row[reference.name])
        if target is None:
            return None
        name = self._org.type_of(target["Id"])
        said = self._record(name, target, shapes, deleted=False)
        if len(reference.targets) > 1:
            said["attributes"]["type"] = "Name" if reference.relation in ("Who", "What") else name
        return said

    def _children(
        self, name: str, key: str, row: Row, query: Query, *, deleted: bool
    ) -> dict[str, Any] | None:
        child, field = CHILDREN[name][key]
        among = [one for one in self._org.rows[child].values() if one[field] == row["Id"]]
        rows = self.matching(query, child, deleted=deleted, among=among)
        if not rows:
            return None
        shapes = self._shapes(query, child)
        records = [self._record(child, one, shapes, deleted=deleted) for one in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def attributes(self, name: str, id: str) -> dict[str, str]:
        """What every record begins with."""
        return {"type": name, "url": f"/services/data/v{self._version}/sobjects/{name}/{id}"}

    # --- grouping ------------------------------------------------------------------------------------

    def _grouped(self, query: Query, name: str, rows: list[Row]) -> Records:
        paths = [self.getter(path, name) for path in query.group]
        groups: dict[tuple[Any, ...], list[Row]] = {} if query.group else {(): rows}
        for row in rows if query.group else ():
            groups.setdefault(tuple(get(row) for _, get in paths), []).append(row)
        records = []
        for key, members in groups.items():
            said: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
            for number, one in enumerate(query.fields):
                if isinstance(one, Aggregate):
                    said[one.alias or f"expr{number}"] = self._aggregate(one, name, members)
                elif isinstance(one, str) and one.lower() in [path.lower() for path in query.group]:
                    place = [path.lower() for path in query.group].index(one.lower())
                    said[paths[place][0].name] = key[place]
                else:
                    raise malformed(f"Field must be grouped or aggregated: {one}")
            records.append(said)
        return records

    def _aggregate(self, one: Aggregate, name: str, rows: list[Row]) -> Any:
        _, get = self.getter(one.path, name)
        values = [value for row in rows if (value := get(row)) is not None]
        if one.function == "COUNT":
            return len(values)
        if one.function == "COUNT_DISTINCT":
            return len(set(values))
        if one.function in ("MIN", "MAX"):
            return (min if one.function == "MIN" else max)(values, default=None)
        raise malformed(f"{one.function} is not offered")

    # --- order ---------------------------------------------------------------------------------------

    def _ordered(self, rows: list[Row], order: tuple[Order, ...], name: str) -> list[Row]:
        keys = []
        for one in order:
            field, get = self.getter(one.path, name)
            if not field.filterable:
                message = f"field '{field.name}' can not be sorted in a query call"
                raise Refusal(400, "MALFORMED_QUERY", message)
            # Ids are in the order of their characters, as `Id > '…'` compares them.
            keys.append((one, get, str if field.type in ("id", "reference") else _folded))

        def compare(left: Row, right: Row) -> int:
            for one, get, fold in keys:
                a, b = get(left), get(right)
                a, b = a if a is None else fold(a), b if b is None else fold(b)
                if a == b:
                    continue
                if a is None or b is None:
                    return -1 if (a is None) == one.nulls_first else 1
                return (-1 if a < b else 1) * (-1 if one.down else 1)
            return 0

        return sorted(rows, key=cmp_to_key(compare))

    # --- conditions ------------------------------------------------------------------------------------

    def test(self, condition: Condition, name: str) -> Test:
        """What a record must fulfil. Raises Refusal."""
        if isinstance(condition, Compare):
            return self._comparison(condition, name)
        return self._combined(condition, name)

    def _combined(self, condition: Combine, name: str) -> Test:
        tests = [self.test(part, name) for part in condition.parts]
        if condition.how == "not":
            (inside,) = tests
            return lambda row: not inside(row)
        if condition.how == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def _comparison(self, one: Compare, name: str) -> Test:
        field, get = self.getter(one.path, name)
        if not field.filterable:
            message = f"field '{field.name}' can not be filtered in a query call"
            raise Refusal(400, "INVALID_FIELD", message)
        if one.query is not None:
            return self._semi_join(one, get)
        if one.sign == "like":
            return self._like(one, field, get)
        values = [self._value(field, literal) for literal in one.values]
        if one.sign in ("in", "not in"):
            among = {_folded(value) for value in values}
            return lambda row: (_folded(get(row)) in among) == (one.sign == "in")
        (value,) = values
        folded = _folded(value)
        if one.sign == "=":
            return lambda row: bool(_folded(get(row)) == folded)
        if one.sign == "!=":
            return lambda row: bool(_folded(get(row)) != folded)
        return _ranked(get, _COMPARE[one.sign], value, field)

    def _semi_join(self, one: Compare, get: Getter) -> Test:
        inner = one.query
        assert inner is not None
        name = self._org.kind(inner.source).name
        if len(inner.fields) != 1 or not isinstance(inner.fields[0], str):
            raise malformed("a semi-join selects exactly one field")
        _, selected = self.getter(inner.fields[0], name)
        among = {selected(row) for row in self.matching(inner, name)} - {None}
        return lambda row: (get(row) in among) == (one.sign == "in")

    def _like(self, one: Compare, field: Field, get: Getter) -> Test:
        (literal,) = one.values
        if literal.sort != "string" or field.type in ("id", "reference", "datetime", "date", "boolean"):
            message = f"invalid operator on {field.type} field"
            raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", message)
        pattern = re.compile(_like_pattern(literal.pattern), re.IGNORECASE | re.DOTALL)
        return lambda row: (value := get(row)) is not None and pattern.fullmatch(value) is not None

    def _value(self, field: Field, literal: Literal_) -> Any:
        """What a literal means for a field. Raises Refusal where it is of another type."""
        if literal.sort == "null":
            return False if field.type == "boolean" else None
        wanted = {"string"} if field.type in _QUOTED else _SORTS.get(field.type, {"number"})
        if literal.sort not in wanted:
            names = {"datetime": "dateTime", "boolean": "boolean", "date": "date"}
            must = "be enclosed in quotes" if field.type in _QUOTED else "not be enclosed in quotes"
            sort = "string" if field.type in _QUOTED else names.get(field.type, field.type)
            message = (
                f"value of filter criterion for field '{field.name}' must be of type {sort} and should {must}"
            )
            raise Refusal(400, "INVALID_FIELD", message)
        if field.type in ("id", "reference"):
            return _id(field, literal.value)
        if literal.sort == "moment":
            return times.written(times.milliseconds(literal.value))
        if literal.sort == "relative":
            day = _relative(literal.value, self._org.at())
            return f"{day}T00:00:00.000+0000" if field.type == "datetime" else day
        return literal.value


def _id(field: Field, text: str) -> str | None:
    if not text:
        return None
    id = read_id(text)
    if not id:
        message = f"invalid ID field: {text}"
        raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", message)
    del field
    return id


def _relative(word: str, at: str) -> str:
    name, _, days = word.partition(":")
    if name.endswith("_N_DAYS") and not days:
        raise malformed(f"unexpected token: '{word}'")
    moves = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1, "LAST_90_DAYS": -90, "NEXT_90_DAYS": 90}
    if name in moves:
        return times.days_from(at, moves[name])
    return times.days_from(at, int(days) * (-1 if name.startswith("LAST") else 1))


def _ranked(get: Getter, compare: Callable[[Any, Any], bool], than: Any, field: Field) -> Test:
    if field.type in ("id", "reference"):
        # Ids are compared as they are written: case counts.
        return lambda row: (value := get(row)) is not None and than is not None and compare(value, than)
    folded = _folded(than)
    return lambda row: (
        (value := _folded(get(row))) is not None and folded is not None and compare(value, folded)
    )


def _folded(value: Any) -> Any:
    """Texts are compared without regard to case (apis A1, "By e-mail")."""
    return value.casefold() if isinstance(value, str) else value


def _like_pattern(text: str) -> str:
    out, at = "", 0
    while at < len(text):
        one = text[at]
        if one == "\\" and at + 1 < len(text):
            out, at = out + re.escape(text[at + 1]), at + 2
            continue
        out, at = out + {"%": ".*", "_": "."}.get(one, re.escape(one)), at + 1
    return out
