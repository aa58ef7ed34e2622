"""Lists of the platform API: filters, the search, and pages by an opaque token.

Clio's description: `created_since`, `updated_since` (on or after), `ids[]` (1 to 50), `page_token`, for some
also `query`. There is no `limit` and no order.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from firstcontact.testing.simulators.clio_grow.errors import GrowError, bad
from firstcontact.testing.simulators.clio_grow.state import SECOND, Record, State, read_time

COMMON = frozenset({"page_token", "created_since", "updated_since", "ids[]"})
MOST_IDS = 50
Params = Mapping[str, Sequence[str]]
Test = Callable[[Record], bool]


def known_params(params: Params, known: Iterable[str]) -> None:
    """Raises GrowError 400 for a parameter that is not known here, or given twice."""
    for name, values in params.items():
        if name not in known:
            raise bad(f"{name!r} is not a parameter here")
        if len(values) > 1 and name != "ids[]":
            raise bad(f"{name} is given {len(values)} times")


def number(text: str) -> int:
    """A whole number. Raises GrowError 400."""
    if not (text.isascii() and text.isdigit()):
        raise bad(f"{text!r} is not a number")
    return int(text)


def flag(text: str) -> bool:
    """`true` or `false`. Raises GrowError 400."""
    if text not in ("true", "false"):
        raise bad(f"{text!r} is neither true nor false")
    return text == "true"


def tests(state: State, params: Params) -> list[Test]:
    """What a record must fulfil to be on the list. Raises GrowError 400, and 503 where the search is off."""
    found: list[Test] = []
    if "created_since" in params:
        first = read_time(params["created_since"][0]) // SECOND
        found.append(lambda record: record.created // SECOND >= first)
    if "updated_since" in params:
        found.append(_updated_since(state, params["updated_since"][0]))
    if "ids[]" in params:
        wanted = {number(text) for text in params["ids[]"]}
        if len(params["ids[]"]) > MOST_IDS:
            raise bad(f"ids[] takes at most {MOST_IDS}")
        found.append(lambda record: record.id in wanted)
    if params.get("query", [""])[0]:
        if state.search_broken:
            raise GrowError(503, "the search is not available")
        found.append(_by_query(state, params["query"][0]))
    return found


def _updated_since(state: State, text: str) -> Test:
    second = read_time(text) // SECOND
    if state.quirks.updated_since == "exclusive":
        return lambda record: record.updated // SECOND > second
    return lambda record: record.updated // SECOND >= second


def _by_query(state: State, text: str) -> Test:
    """Records that the search knows to have the text in a name, address or number (apis A2; N: how it reads
    numbers)."""
    asked = text.casefold()
    mode = state.quirks.query
    parts, digits = _words(asked), _digits(asked)

    def words(record: Record) -> bool:
        held = [word for known in state.indexed(record) for word in _words(known)]
        return bool(parts) and all(any(word.startswith(part) for word in held) for part in parts)

    def exact(record: Record) -> bool:
        return any(asked == known or asked in known.split() for known in state.indexed(record))

    def anywhere(record: Record) -> bool:
        known = state.indexed(record)
        if mode == "digits" and len(digits) >= 4 and any(digits in _digits(one) for one in known):
            return True
        return any(asked in one for one in known)

    return {"words": words, "exact": exact}.get(mode, anywhere)


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


# --- pages ---------------------------------------------------------------------------------------------


def opened(params: Params) -> Params:
    """The parameters of a page: those that its token was made for, which need not be given again. Raises
    GrowError 400 where they are given and are others."""
    if "page_token" not in params:
        return params
    try:
        kept = json.loads(base64.urlsafe_b64decode(params["page_token"][0]))
        first = {name: list(values) for name, values in kept["params"].items()}
        after = int(kept["after"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad("page_token is not valid") from None
    for name, values in params.items():
        if name != "page_token" and list(values) != first.get(name):
            raise bad(f"page_token is of a list with another {name}")
    return {**first, "page_token": [str(after)]}


def page(
    state: State, records: Iterable[Record], wanted: Sequence[Test], params: Params, address: str, path: str
) -> tuple[list[Record], dict[str, Any]]:
    """The records of one page, by id, behind the last one of the page before; and `meta`.

    params: as `opened` gives them. address: of this server; path: of the list below the API's.
    """
    after = number(params.get("page_token", ["0"])[0])
    size = state.quirks.page_size
    kept = (one for one in records if one.id > after and all(test(one) for test in wanted))
    found = list(islice(kept, size + 1))
    more, found = len(found) > size, found[:size]
    paging: dict[str, Any] = {"next": None, "previous": None}
    if more:
        given = {name: list(values) for name, values in params.items() if name != "page_token"}
        token = base64.urlsafe_b64encode(
            json.dumps({"after": found[-1].id, "params": given}).encode()
        ).decode()
        base = f"{address}{state.quirks.base_path}"
        if state.quirks.paging_next == "elsewhere":
            base = "https://grow.clio.com/api/v2"
        paging["next"] = f"{base}{path}?{urlencode({'page_token': token})}"
    return found, {"paging": paging}
