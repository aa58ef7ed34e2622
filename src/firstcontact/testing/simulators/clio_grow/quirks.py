"""What the simulated Clio Grow can be told to do otherwise: both sides of what apis N calls not verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

Region = Literal["us", "eu", "ca", "au"]
REGIONS: tuple[str, ...] = get_args(Region)


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switches; `MEANINGS` says what each does."""

    region: Region = "us"
    base_path: str = "/grow"
    writes: Literal["present", "absent"] = "present"
    inbox_answer: Literal["empty", "json", "with_id"] = "json"
    inbox_limit: int = 0
    limit: int = 3
    body_429: Literal["message", "envelope"] = "message"
    retry_header: Literal["none", "Retry-After"] = "none"
    refresh_reuse: Literal["refused", "family_revoked"] = "refused"
    old_access: Literal["kept", "ended"] = "kept"
    pkce: Literal["optional", "required"] = "optional"
    query: Literal["parts", "words", "exact", "digits"] = "parts"
    updated_since: Literal["inclusive", "exclusive"] = "inclusive"
    paging_next: Literal["here", "elsewhere"] = "here"
    page_size: int = 200
    accepted: Literal["matter", "contact"] = "matter"
    forbidden: tuple[str, ...] = ()


MEANINGS: Mapping[str, str] = {
    "region": "us, eu, ca or au: whose tokens it takes",
    "base_path": "where the platform API is at this address; Clio's description of v2 says /grow",
    "writes": "present: contacts can be made and changed, which no public description of the API has; "
    "absent: they cannot, as it is described",
    "inbox_answer": "what the Lead Inbox answers to a lead that it took: empty, json (the lead without an "
    "id) or with_id",
    "inbox_limit": "requests a minute to the Lead Inbox with one token, 0 for any number",
    "limit": "requests a second of one application to the platform API, 0 for any number",
    "body_429": "message: what Clio's page on limits shows; envelope: the error of its API description",
    "retry_header": "none, or Retry-After with seconds: whether a 429 says how long",
    "refresh_reuse": "refused: a refresh token that was used is refused; family_revoked: the whole login "
    "ends too",
    "old_access": "kept: access tokens of before a refresh go on until they end; ended: they end with it",
    "pkce": "optional, or required: whether a login without a code challenge is refused",
    "query": "what of a text finds it: parts (any), words (the beginnings of its words or groups), exact "
    "(whole words), digits (as parts; of a number any part of its digits too)",
    "updated_since": "inclusive, as described, or exclusive: whether records of that very second are told",
    "paging_next": "here: the next page's URL is at this address; elsewhere: at the host and path that "
    "Clio's description shows",
    "page_size": "records in a page",
    "accepted": "what accepting an inbox lead makes: matter (a contact with a matter that names the lead, "
    "which can still be read) or contact (no more, and the lead is not told of any more)",
    "forbidden": "resources (`matters`) that our login has no permission for",
}


def quirks(given: Mapping[str, Any]) -> Quirks:
    """The switches as given, others as usual. Raises ValueError for one that is not known or not possible."""
    known = Quirks.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"Clio Grow has no quirk {name!r}; it has {', '.join(sorted(known))}")
    try:
        found = msgspec.convert(dict(given), Quirks)
    except msgspec.ValidationError as error:
        raise ValueError(f"a quirk of Clio Grow cannot be that: {error}") from None
    if not found.base_path.startswith("/") or found.base_path.rstrip("/") != found.base_path:
        raise ValueError("base_path begins with a slash, ends with none, and is not empty")
    if found.page_size < 1:
        raise ValueError("page_size is at least 1")
    return found
