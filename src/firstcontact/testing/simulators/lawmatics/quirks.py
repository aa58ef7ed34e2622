"""What the simulated Lawmatics can be told to do otherwise: both sides of what apis N calls not verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switches; `MEANINGS` says what each does."""

    finder_miss: Literal["404", "null"] = "404"
    phone_match: Literal["digits", "stored"] = "digits"
    find_match: Literal["whole", "part"] = "whole"
    find_reach: Literal["all", "primary"] = "all"
    contact_notes: Literal["taken", "refused"] = "taken"
    contact_numbers: bool = True
    rate: int = 50
    fields: Literal["ready", "missing"] = "ready"
    handle_touch: Literal["touched", "untouched"] = "touched"
    matter_contacts: Literal["matched", "new"] = "matched"
    custom_field_ids: Literal["number", "text"] = "number"
    moves: Literal["refused", "ignored", "taken"] = "refused"
    event_phone: Literal["appended", "not"] = "appended"
    event_put: bool = True
    event_type: Literal["optional", "required"] = "optional"
    string_limit: int = 255
    forbidden: tuple[str, ...] = ()
    page_size: int = 25


MEANINGS: Mapping[str, str] = {
    "finder_miss": "404 or null: what a finder answers that finds nobody, 404 or 200 with `data` null",
    "phone_match": "digits: numbers are compared by their digits, with and without a leading 1 (as "
    "published for companies); stored: as they are written",
    "find_match": "whole: finders compare a whole number or address; part: also a part of a longer one",
    "find_reach": "all: finders look at every number and address of a contact; primary: at the first only",
    "contact_notes": "taken or refused: POST /notes with `notable_type` Contact",
    "contact_numbers": "whether `fields=all` of a contact has the relationships phone_numbers and emails, as "
    "it has for matters",
    "rate": "requests a minute for the firm, 0 for no limit; 50 by the API's pages, 150 by the help centre",
    "fields": "ready: our custom fields of contacts are there; missing: they are to be made",
    "handle_touch": "touched or untouched: whether a number or address that comes, changes or goes by itself "
    "moves its contact's `updated_at`",
    "matter_contacts": "matched: a matter made without contact_id and match_contact_by takes the first "
    "contact with its e-mail or phone (changelog 1.13.1); new: it makes one",
    "custom_field_ids": "number or text: how ids within `custom_fields` are written; both are published",
    "moves": "refused, ignored or taken: another contact or matter in PUT of a note, interaction or event; "
    "the published bodies have none",
    "event_phone": "appended: the matter's phone is put behind an event's description, as published answers "
    "show; not: it stays as it was sent",
    "event_put": "whether PUT /events/ID is offered; else the path does not exist",
    "event_type": "optional or required: `event_type_id` of a new event",
    "string_limit": "characters that a custom field of type string holds, 0 for any number",
    "forbidden": "paths (`time_entries`) that our login gets 403 for",
    "page_size": "records in a page, 25 in truth, for tests of paging",
}


def quirks(given: Mapping[str, Any]) -> Quirks:
    """The switches as given, others as usual. Raises ValueError for one that is not known or not possible."""
    known = Quirks.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"Lawmatics has no quirk {name!r}; it has {', '.join(sorted(known))}")
    try:
        return msgspec.convert(dict(given), Quirks)
    except msgspec.ValidationError as error:
        raise ValueError(f"a quirk of Lawmatics cannot be that: {error}") from None
