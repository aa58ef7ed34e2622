"""`GET /{module}/search`: by criteria, e-mail, phone or word, as late as its index (apis A4, "Lookup")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import criteria, listing
from firstcontact.testing.simulators.zoho.errors import ZohoError, bad_parameter
from firstcontact.testing.simulators.zoho.schema import Module
from firstcontact.testing.simulators.zoho.showing import fields_asked, shown
from firstcontact.testing.simulators.zoho.state import Record, State, Values

MOST = 2_000
BY = ("criteria", "email", "phone", "word")
"""Only the first of these that is there is heeded."""
PARAMETERS = frozenset(
    {*BY, "fields", "page", "per_page", "converted", "sort_by", "sort_order", "approval_state"}
)
_PHONE = re.compile(r"[+]?[0-9\s\-().]+")
_SEARCHED = ("text", "email", "phone", "website", "textarea", "picklist")
Test = Callable[[Values], bool]


def searched(state: State, module: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What the search finds, converted leads only where they are asked for. Raises ZohoError, Nothing: no hit
    is 204 without a body (recorded)."""
    _can_search(state, module)
    listing.known_parameters(params, PARAMETERS)
    names = fields_asked(state.modules[module], params.get("fields"), needed=False)
    test = _test(state, state.modules[module], params)
    found = [record for record in _known(state, module, params) if _fits(state, record, test)]
    sort = params.get("sort_by", "id")
    if sort not in state.modules[module].fields:
        raise bad_parameter("sort_by")
    descending = listing.choice(params, "sort_order", ("desc", "asc")) == "desc"
    found.sort(key=lambda record: (str(record.values.get(sort, "")), record.id), reverse=descending)
    page = listing.number(params, "page", 1)
    per_page = min(listing.number(params, "per_page", 200, 200), state.quirks.page_size)
    if page * per_page > MOST:
        raise ZohoError(400, "LIMIT_REACHED", "maximum response iteration limit reached", {"limit": MOST})
    part = found[(page - 1) * per_page : page * per_page]
    if not part:
        raise listing.Nothing(204)
    info = {
        "per_page": per_page,
        "count": len(part),
        "page": page,
        "sort_by": sort,
        "sort_order": "desc" if descending else "asc",
        "more_records": len(found) > page * per_page,
    }
    return {"data": [shown(state, record, names) for record in part], "info": info}


def counted(state: State, module: str, params: Mapping[str, str]) -> int:
    """`GET /{module}/actions/count`: of all, or of what a search finds; as late as the search (the
    specification). Raises ZohoError."""
    listing.known_parameters(params, frozenset({*BY, "converted"}))
    test: Test = (
        _test(state, state.modules[module], params) if set(BY) & set(params) else lambda _values: True
    )
    return sum(1 for record in _known(state, module, params) if _fits(state, record, test))


def _can_search(state: State, module: str) -> None:
    if not state.modules[module].search:
        raise ZohoError(400, "NOT_SUPPORTED", "the module cannot be searched", {"module": module})
    if state.search_broken:
        raise ZohoError(500, "INTERNAL_ERROR", "Internal Server Error")


def _known(state: State, module: str, params: Mapping[str, str]) -> list[Record]:
    wanted = listing.choice(params, "converted", ("false", "true", "both"))
    return listing.converted(module, list(state.all(module)), wanted)


def _fits(state: State, record: Record, test: Test) -> bool:
    values = state.indexed(record)
    return values is not None and test(values)


def _test(state: State, module: Module, params: Mapping[str, str]) -> Test:
    by = next((name for name in BY if params.get(name)), None)
    if by is None:
        raise ZohoError(
            400,
            "EXPECTED_PARAM_MISSING",
            "one of the expected parameter is missing",
            {"param_names": list(BY)},
        )
    text = params[by]
    if by == "criteria":
        return criteria.test_of(module, text, state.quirks.equals_alone)
    if by == "phone":
        return _phone(state, module, text)
    if by == "email":
        return _containing([field.name for field in module.of_type("email")], criteria.alike(text))
    if len(text) < 2:
        raise bad_parameter("word")
    return _containing([field.name for field in module.of_type(*_SEARCHED)], criteria.alike(text))


def _containing(names: list[str], asked: str) -> Test:
    return lambda values: any(asked in criteria.alike(str(values.get(name, ""))) for name in names)


def _phone(state: State, module: Module, text: str) -> Test:
    """Over all phone fields; whether the way of writing matters is not verified (apis N)."""
    if not 3 <= len(text) <= 50 or not _PHONE.fullmatch(text):
        raise bad_parameter("phone")
    names = [field.name for field in module.of_type("phone")]
    if state.quirks.phone_search == "text":
        return lambda values: any(text in str(values.get(name, "")) for name in names)
    asked = _digits(text)

    def test(values: Values) -> bool:
        for name in names:
            known = _digits(str(values.get(name, "")))
            suffix = state.quirks.phone_search == "suffix" and len(known) >= 7 and asked.endswith(known)
            if known and asked and (asked in known or suffix):
                return True
        return False

    return test


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter in "0123456789")
