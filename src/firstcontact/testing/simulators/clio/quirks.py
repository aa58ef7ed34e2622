"""What the simulated Clio can be told to do otherwise: both sides of what apis N calls not verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

Region = Literal["us", "eu", "ca", "au"]
REGIONS: tuple[str, ...] = get_args(Region)


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switches; `MEANINGS` says what each does."""

    region: Region = "us"
    fields: Literal["ready", "missing"] = "ready"
    phone_query: Literal["substring", "tokens", "exact"] = "substring"
    updated_since: Literal["inclusive", "exclusive"] = "inclusive"
    limit: int = 50
    off_peak_limit: int = 100
    body_429: Literal["envelope", "text", "empty"] = "envelope"
    retry_header: Literal["Retry-After", "Retry-At"] = "Retry-After"
    default_flag: Literal["both", "primary", "default"] = "both"
    second_level: Literal["id_etag", "empty"] = "id_etag"
    checkbox_value: Literal["boolean", "string"] = "boolean"
    custom_field_update: Literal["by_id", "by_field"] = "by_id"
    external_value_limit: int = 255
    text_limit: int = 255
    blank_text: Literal["refused", "taken"] = "refused"
    oldest_version: Literal["4.0.0", "4.0.4"] = "4.0.4"
    required_field: Literal["none", "shown", "enforced"] = "none"
    delete_client: Literal["refused", "taken"] = "refused"
    forbidden: tuple[str, ...] = ()
    page_size: int = 200


MEANINGS: Mapping[str, str] = {
    "region": "us, eu, ca or au: whose logins it takes, and whose peak hours it keeps",
    "fields": "ready: our custom fields of contacts are there; missing: they are to be made",
    "phone_query": "substring: `query` finds any part of a text as it is stored; tokens: each word of it "
    "must begin a word of the stored text; exact: only whole texts or whole words",
    "updated_since": "inclusive or exclusive: whether a record of that very second is in",
    "limit": "requests a minute and token in peak hours, 0 for no limit at any hour",
    "off_peak_limit": "the same at other hours",
    "body_429": "envelope: Clio's error; text: words that are no JSON; empty: nothing",
    "retry_header": "Retry-After: seconds; Retry-At: a Unix time",
    "default_flag": "which flag tells the main number and address: primary (specification), default "
    "(default_number and default_email, as in published clients), or both",
    "second_level": "what a nested field within a nested field is: id_etag, or empty ({})",
    "checkbox_value": "boolean or string (`true`): how the value of a checkbox is answered",
    "custom_field_update": "by_id: a value that is there is changed by the value's id only; by_field: by the "
    "field's id as well",
    "external_value_limit": "characters that the value of an external property holds, 0 for any number",
    "text_limit": "characters that names, titles and subjects hold, 0 for any number",
    "blank_text": "refused or taken: a subject or body that is empty or white space",
    "oldest_version": "4.0.4, or 4.0.0: then quantities are hours below 4.0.4",
    "required_field": "none; shown: there is a required custom field of contacts, which pages ask for; "
    "enforced: the API refuses contacts without it too",
    "delete_client": "refused or taken: deleting a contact that is the client of a matter",
    "forbidden": "resources (`activities`) that our login has no permission for",
    "page_size": "the most records in a page, whatever is asked for, for tests of paging",
}


def quirks(given: Mapping[str, Any]) -> Quirks:
    """The switches as given, others as usual. Raises ValueError for one that is not known or not possible."""
    known = Quirks.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"Clio has no quirk {name!r}; it has {', '.join(sorted(known))}")
    try:
        return msgspec.convert(dict(given), Quirks)
    except msgspec.ValidationError as error:
        raise ValueError(f"a quirk of Clio cannot be that: {error}") from None
