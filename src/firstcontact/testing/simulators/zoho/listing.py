"""Lists of records, with pages and tokens, and of what was deleted (apis A4; the specification)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.testing.simulators.zoho import times
from firstcontact.testing.simulators.zoho.errors import ZohoError, bad_parameter
from firstcontact.testing.simulators.zoho.showing import fields_asked, shown
from firstcontact.testing.simulators.zoho.state import Record, State

MOST_A_PAGE = 200
MOST_BY_PAGE = 2_000
MOST_BY_TOKEN = 100_000
TOKEN_SECONDS = 86_400
MOST_IDS = 100
PARAMETERS = frozenset(
    {"fields", "ids", "page", "per_page", "page_token", "sort_by", "sort_order", "converted", "include_child"}
)
SORTS = ("id", "Created_Time", "Modified_Time")
Answer = dict[str, Any] | None


class Nothing(Exception):
    """An answer without a body, of this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"nothing, {status}")
        self.status = status


class Page(msgspec.Struct, frozen=True):
    """Where a page begins, as its token remembers: with the same parameters, until it ends."""

    sort: str
    order: str
    bound: str
    value: Any
    id: str
    before: int
    number: int
    ends: int


class Pages:
    """Tokens that were given out."""

    def __init__(self) -> None:
        self._known: dict[str, Page] = {}

    def give(self, page: Page) -> str:
        """A token for a page."""
        token = f"page-{len(self._known) + 1:016x}"
        self._known[token] = page
        return token

    def take(self, token: str, bound: str, now: int) -> Page:
        """The page of a token. Raises ZohoError."""
        page = self._known.get(token)
        if page is None:
            raise bad_parameter("page_token")
        if page.bound != bound:
            raise ZohoError(
                400, "TOKEN_BOUND_DATA_MISMATCH", "the parameters are others", {"param_name": "page_token"}
            )
        if now >= page.ends:
            details = {"api_name": "page_token", "json_path": "page_token"}
            raise ZohoError(400, "EXPIRED_VALUE", "the token has expired", details)
        return page


def number(params: Mapping[str, str], name: str, default: int, most: int | None = None) -> int:
    """A whole number from 1 on. Raises ZohoError."""
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= (most or int(text)):
        raise bad_parameter(name)
    return int(text)


def choice(params: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """One of these values, the first by default. Raises ZohoError."""
    given = params.get(name, choices[0])
    if given not in choices:
        raise bad_parameter(name, supported_values=list(choices))
    return given


def since(state: State, text: str | None) -> Callable[[int], bool]:
    """Whether a moment is after `If-Modified-Since`, whole seconds compared. Raises ZohoError."""
    if text is None:
        return lambda _moment: True
    try:
        asked = times.microseconds(text)
    except ValueError:
        raise ZohoError(
            400, "PATTERN_NOT_MATCHED", "the header is no time", {"param_name": "If-Modified-Since"}
        ) from None
    if state.quirks.modified_since == "inclusive":
        return lambda moment: moment >= asked
    return lambda moment: moment > asked


def known_parameters(params: Mapping[str, str], known: frozenset[str]) -> None:
    """Raises ZohoError for a parameter that is not known."""
    for name in params:
        if name not in known:
            raise bad_parameter(name, f"the parameter {name} is not known")


def listed(
    state: State,
    pages: Pages,
    module: str,
    params: Mapping[str, str],
    header: str | None,
    fields_needed: bool,
) -> dict[str, Any]:
    """`GET /{module}` (apis A4, "Lookup"). Raises ZohoError, Nothing."""
    known_parameters(params, PARAMETERS)
    names = fields_asked(state.modules[module], params.get("fields"), fields_needed)
    sort, order = choice(params, "sort_by", SORTS), choice(params, "sort_order", ("desc", "asc"))
    per_page = min(number(params, "per_page", MOST_A_PAGE, MOST_A_PAGE), state.quirks.page_size)
    fresh = since(state, header)
    _within(params, per_page)
    found = [
        record
        for record in _meant(state, module, params)
        if fresh(record.values["Modified_Time"]) and _late(state, record)
    ]
    if not found and "page_token" not in params:
        raise Nothing(304 if header and state.quirks.nothing_since == "304" else 204)
    key = _key(sort)
    found.sort(key=key, reverse=order == "desc")
    rest, before, page = _begun(state, pages, params, header, (sort, order), found, per_page)
    part, more = rest[:per_page], len(rest) > per_page
    token, ends = None, None
    if more:
        ends = state.clock() + TOKEN_SECONDS * times.SECOND
        last = key(part[-1])
        following = Page(
            sort, order, _bound(params, header), last[0], part[-1].id, before + len(part), page + 1, ends
        )
        token = pages.give(following)
    info: dict[str, Any] = {
        "per_page": per_page,
        "count": len(part),
        "page": page,
        "sort_by": sort,
        "sort_order": order,
        "more_records": more,
    }
    if fields_needed:
        expiry = state.written(ends) if ends else None
        info |= {"next_page_token": token, "previous_page_token": None, "page_token_expiry": expiry}
        info |= {"call": False, "email": False}
    return {"data": [shown(state, record, names) for record in part], "info": info}


def _within(params: Mapping[str, str], per_page: int) -> None:
    """Pages by number end at 2,000 records. Raises ZohoError."""
    if number(params, "page", 1) * per_page > MOST_BY_PAGE:
        message = "further records need a page token"
        raise ZohoError(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, {"limit": MOST_BY_PAGE})


def _key(sort: str) -> Callable[[Record], tuple[Any, str]]:
    if sort == "id":
        return lambda record: (record.id, record.id)
    return lambda record: (record.values[sort], record.id)


def _bound(params: Mapping[str, str], header: str | None) -> str:
    fixed = {k: v for k, v in params.items() if k not in ("page_token", "page", "per_page")}
    return repr((sorted(fixed.items()), header))


def _begun(
    state: State,
    pages: Pages,
    params: Mapping[str, str],
    header: str | None,
    sorting: tuple[str, str],
    found: list[Record],
    per_page: int,
) -> tuple[list[Record], int, int]:
    """What is left from where the request begins, how many came before, and the page's number."""
    token = params.get("page_token")
    if token is None:
        page = number(params, "page", 1)
        skipped = (page - 1) * per_page
        if skipped and skipped >= len(found):
            raise Nothing(204)
        return found[skipped:], skipped, page
    if "page" in params:
        due_to = [{"param_name": "page"}, {"param_name": "page_token"}]
        raise ZohoError(400, "AMBIGUITY_DURING_PROCESSING", "one of both only", {"ambiguity_due_to": due_to})
    at = pages.take(token, _bound(params, header), state.clock())
    if at.before >= MOST_BY_TOKEN:
        raise ZohoError(
            400, "PAGINATION_LIMIT_EXCEEDED", "no more than 100,000 records", {"param_name": "page_token"}
        )
    key, place = _key(sorting[0]), (at.value, at.id)
    behind = [one for one in found if (key(one) < place if sorting[1] == "desc" else key(one) > place)]
    if not behind:
        raise Nothing(204)
    return behind, at.before, at.number


def _late(state: State, record: Record) -> bool:
    return not state.quirks.query_lag or state.indexed(record) is not None


def _meant(state: State, module: str, params: Mapping[str, str]) -> list[Record]:
    """All, or those of `ids`; converted leads only where they are asked for (the specification)."""
    records = list(state.all(module))
    if "ids" in params:
        ids = params["ids"].split(",")
        if len(ids) > MOST_IDS:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many ids", {"limit": MOST_IDS, "param_name": "ids"})
        if not all(id.isdigit() for id in ids):
            raise bad_parameter("ids")
        records = [record for id in dict.fromkeys(ids) if (record := state.get(module, id)) is not None]
    if "converted" not in params and "ids" in params:
        return records
    return converted(module, records, choice(params, "converted", ("false", "true", "both")))


def converted(module: str, records: list[Record], wanted: str) -> list[Record]:
    """Leads that were converted, or that were not, or both."""
    if module != "Leads" or wanted == "both":
        return records
    return [one for one in records if bool(one.values.get("Converted__s")) == (wanted == "true")]


def deleted(state: State, module: str, params: Mapping[str, str], header: str | None) -> dict[str, Any]:
    """`GET /{module}/deleted`, the newest first. Raises ZohoError, Nothing."""
    known_parameters(params, frozenset({"type", "page", "per_page"}))
    wanted = choice(params, "type", ("all", "recycle", "permanent"))
    fresh = since(state, header)
    gone = [one for one in state.gone.get(module, []) if wanted in ("all", one.type) and fresh(one.when)]
    gone.reverse()
    per_page = min(number(params, "per_page", MOST_A_PAGE, MOST_A_PAGE), state.quirks.page_size)
    page = number(params, "page", 1)
    part = gone[(page - 1) * per_page : page * per_page]
    if not part:
        raise Nothing(304 if header and state.quirks.nothing_since == "304" else 204)
    data = [
        {
            "deleted_by": one.by.short() if one.by else None,
            "id": one.id,
            "display_name": one.name,
            "type": one.type,
            "created_by": one.made.short() if one.made else None,
            "deleted_time": state.written(one.when),
        }
        for one in part
    ]
    more = len(gone) > page * per_page
    return {
        "data": data,
        "info": {"per_page": per_page, "count": len(part), "page": page, "more_records": more},
    }
