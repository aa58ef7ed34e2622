"""The simulator against Clio's published specification: names and paths are all in it.

`shared` has a part of it; what the simulator offers beyond that part is named, one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from firstcontact.testing.simulators.clio import app, words

FIXTURE = "fixtures/clio_v4_openapi_subset.json"


@pytest.fixture
def specification(shared: Any) -> Any:
    """Clio's OpenAPI description, or the part of it that is there."""
    return json.loads((shared / FIXTURE).read_text())


def properties(specification: Any, type: str) -> dict[str, Any]:
    """A schema's properties, those it takes from others too."""
    schema = specification["components"]["schemas"][type]
    found: dict[str, Any] = {}
    for part in schema.get("allOf", [schema]):
        if "$ref" in part:
            found |= properties(specification, part["$ref"].rpartition("/")[2])
        found |= part.get("properties", {})
    return found


def within(schema: Mapping[str, Any]) -> str:
    """The type that a property is of, or that a list has; "" for plain ones."""
    named = schema.get("items", schema).get("$ref", "")
    return str(named.rpartition("/")[2])


def test_every_path_is_specified(specification: Any) -> None:
    """No path or method is offered that Clio does not have."""
    for path, methods in app.offered().items():
        if path in app.BEYOND:
            assert path not in specification["paths"]
            continue
        assert path in specification["paths"]
        assert {method.lower() for method in methods} <= set(specification["paths"][path]), path


def test_every_specified_path_is_offered(specification: Any) -> None:
    """No path or method of the part that is there is forgotten."""
    for path, methods in specification["paths"].items():
        assert {method.upper() for method in methods} == app.offered()[path], path


@pytest.mark.parametrize("type", words.SHAPES)
def test_every_field_is_specified(specification: Any, type: str) -> None:
    """No field is answered that Clio's type does not have, but those that published clients read."""
    specified = properties(specification, type)
    shape = words.SHAPES[type]
    beyond = words.FROM_CLIENTS.get(type, frozenset())
    assert not beyond & set(specified)
    assert shape.plain - beyond <= set(specified)
    assert {name: within(specified[name]) for name in shape.nested} == dict(shape.nested)
    assert all(not within(specified[name]) for name in shape.plain - beyond)


SPECIFIED = [kind for kind in app.RESOURCES if f"/{kind}.json" not in app.BEYOND]


@pytest.mark.parametrize("kind", [*SPECIFIED, "users"])
def test_every_resource_answers_its_type(specification: Any, kind: str) -> None:
    """What a list answers is of the type that the specification names."""
    path = "/users/who_am_i.json" if kind == "users" else f"/{kind}.json"
    content = specification["paths"][path]["get"]["responses"]["200"]["content"]
    (answer,) = [one["schema"]["$ref"].rpartition("/")[2] for one in content.values()]
    data = specification["components"]["schemas"][answer]["properties"]["data"]
    assert within(data) == app.RESOURCES[kind].type


def flat(names: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Every name of a body with its kind and whether it is needed, as `phone_numbers.number`."""
    for name, kind in names.items():
        full = f"{place}{name.removeprefix('*')}"
        inner = kind[0] if isinstance(kind, list) else kind
        yield full, inner, name.startswith("*")
        if isinstance(inner, Mapping):
            yield from flat(inner, f"{full}.")


def specified_body(specification: Any, method: str, path: str) -> dict[str, Any]:
    """Every name of a body in the specification, with its schema."""
    body = specification["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = {}

    def walk(schema: Mapping[str, Any], place: str) -> None:
        for name, one in schema.get("properties", {}).items():
            inner = one.get("items", one)
            found[f"{place}{name}"] = {**inner, "needed": name in schema.get("required", ())}
            walk(inner, f"{place}{name}.")

    walk(body["properties"]["data"], "")
    return found


BODIES = [("post", f"/{kind}.json", names) for kind, names in words.CREATE.items()]
BODIES += [
    ("patch", f"/{kind}/{{id}}.json", names) for kind, names in words.UPDATE.items() if kind in app.OPEN
]


@pytest.mark.parametrize(("method", "path", "names"), BODIES)
def test_every_name_of_a_body_is_specified(
    specification: Any, method: str, path: str, names: Mapping[str, Any]
) -> None:
    """No name is taken that Clio does not have, of no other kind, and of no other choice."""
    specified = specified_body(specification, method, path)
    kinds = {"bool": "boolean", "int": "integer", "number": "number", "value_id": "integer"}
    for full, kind, needed in flat(names):
        assert full in specified, full
        schema = specified[full]
        assert schema["needed"] or not needed, full
        if isinstance(kind, tuple):
            assert set(kind) <= set(schema.get("enum", kind)), full
        elif isinstance(kind, str) and kind != "any":
            assert schema["type"] == kinds.get(kind, "string"), full


@pytest.mark.parametrize("kind", SPECIFIED)
def test_every_parameter_is_specified(specification: Any, kind: str) -> None:
    """No list is filtered or ordered by what Clio does not have."""
    told = {one["name"]: one for one in specification["paths"][f"/{kind}.json"]["get"]["parameters"]}
    resource = app.RESOURCES[kind]
    known = app.parameters(resource)
    assert known <= set(told)
    orders = told.get("order", {}).get("schema", {}).get("enum", ["id(asc)"])
    assert {f"{name}({way})" for name in resource.orders for way in ("asc", "desc")} <= set(orders)


def test_limits_are_specified(specification: Any) -> None:
    """Pages are as long as the specification says."""
    for kind, resource in app.RESOURCES.items():
        if kind in SPECIFIED:
            told = {one["name"]: one for one in specification["paths"][f"/{kind}.json"]["get"]["parameters"]}
            assert f"between 1 and {resource.most}." in told["limit"]["description"]
