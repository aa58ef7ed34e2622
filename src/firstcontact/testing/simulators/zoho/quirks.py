"""What the simulated Zoho CRM can be told to do otherwise: both sides of what apis N calls not verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

DataCenter = Literal["com", "eu", "in", "com.au", "jp", "ca", "com.cn", "sa"]
DATA_CENTERS: tuple[str, ...] = get_args(DataCenter)


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switches; `MEANINGS` says what each does."""

    data_center: DataCenter = "com"
    fields: Literal["ready", "missing"] = "ready"
    activity_unique: Literal["offered", "refused"] = "offered"
    unique_word: Literal["case_sensitive", "casesensitive"] = "case_sensitive"
    unique_sent: Literal["either", "case_sensitive", "casesensitive"] = "either"
    email_unique: bool = False
    phone_search: Literal["digits", "suffix", "text"] = "digits"
    equals_alone: Literal["contains", "exact"] = "contains"
    query_lag: bool = False
    coql_empty: Literal["204", "200"] = "204"
    coql_lookup: Literal["id", "name"] = "id"
    coql_in: int = 50
    coql_converted: Literal["shown", "hidden"] = "shown"
    batch_status: Literal["multi", "success", "accepted"] = "multi"
    missing_record: Literal["204", "400", "404"] = "204"
    nothing_since: Literal["304", "204"] = "304"
    modified_since: Literal["inclusive", "exclusive"] = "inclusive"
    newest_version: int = 8
    note_parent: Literal["own", "both"] = "own"
    picklists: Literal["open", "closed"] = "open"
    phone_check: Literal["length", "pattern"] = "length"
    call_duration: Literal["needed", "free"] = "needed"
    company: Literal["needed", "free"] = "needed"
    merge_leaves: Literal["recycle", "permanent", "nothing"] = "recycle"
    merge_job: Literal["at_once", "scheduled"] = "at_once"
    contact_deleted: Literal["unlinked", "cascade"] = "unlinked"
    forecast: Literal["yes", "no"] = "yes"
    required_field: Literal["none", "enforced"] = "none"
    field_creation: Literal["offered", "refused"] = "offered"
    composite: int = 5
    scopes: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    credits: int = 0
    write_credits: Literal["per_ten", "one"] = "per_ten"
    credits_header: Literal["half", "always", "never"] = "half"
    concurrency: int = 0
    busy_seconds: float = 0.0
    limit_code: Literal["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"] = "TOO_MANY_REQUESTS"
    limit_status: Literal["429", "403", "400"] = "429"
    retry_after: bool = False
    token_error: Literal["200", "400"] = "200"
    block_status: Literal["400", "200"] = "400"
    location_names: Literal["documented", "none"] = "documented"
    time_zone: Literal["-08:00", "+00:00", "+05:30"] = "-08:00"
    page_size: int = 200


MEANINGS: Mapping[str, str] = {
    "data_center": "com, eu, in, com.au, jp, ca, com.cn or sa: whose logins it takes",
    "fields": "ready: our custom fields are there; missing: they are to be made",
    "activity_unique": "offered, or refused: whether fields of calls, events and tasks can be unique",
    "unique_word": "case_sensitive (specification) or casesensitive (Zoho's client library): how "
    "settings/fields says that a field is unique",
    "unique_sent": "either, case_sensitive or casesensitive: which of both it takes for a new field",
    "email_unique": "whether the administrator marked the e-mail of contacts and leads as unique",
    "phone_search": "digits: `phone=` finds any part of the digits, however they are written; suffix: it "
    "also finds a national number by its international form; text: it finds parts of the stored text",
    "equals_alone": "contains or exact: what `equals` is in a criteria of one condition; in one of several "
    "it always contains",
    "query_lag": "whether COQL and lists leave out new records as long as the search does",
    "coql_empty": "204 without a body, or 200 with an empty list, where COQL finds nothing",
    "coql_lookup": "id or name: whether a look-up in an answer of COQL has its name beside its id",
    "coql_in": "values that `in` of COQL takes",
    "coql_converted": "shown or hidden: whether COQL has converted leads where Converted__s is not asked for",
    "batch_status": "multi: 207 where some of several records are refused, 400 where all are; success: 200 "
    "or 201 always; accepted: 202 where any is refused",
    "missing_record": "204, 400 or 404: what a record that is not there is answered",
    "nothing_since": "304 or 204: what a list with If-Modified-Since is answered that has nothing",
    "modified_since": "inclusive or exclusive: whether a record of that very second is in",
    "newest_version": "the newest version of the API that there is; 6 and 7 are the same but for the path",
    "note_parent": "own: a note names what it is on as its version does (v8: an object with its module); "
    "both: v8 takes the form of v2 too",
    "picklists": "open: a value that is not in the list is taken; closed: it is refused",
    "phone_check": "length: phone fields hold 30 characters of any kind; pattern: digits, letters, spaces, "
    "dots, dashes, brackets and a plus only",
    "call_duration": "needed: a call that took place needs its length; free: it does not",
    "company": "needed: the layout of leads demands Company; free: it does not",
    "merge_leaves": "recycle, permanent or nothing: as what the loser of a merge stands among the deleted",
    "merge_job": "at_once, or scheduled: a merge by the API is a job that is done 20 seconds later",
    "contact_deleted": "unlinked: activities of a deleted contact stay without it; cascade: they go with it",
    "forecast": "yes or no: whether the stages of deals tell their forecast_type",
    "required_field": "none, or enforced: the layout of contacts has a custom field that must be filled in",
    "field_creation": "offered, or refused: whether our login may make custom fields",
    "composite": "requests that a composite one holds",
    "scopes": "scopes that our first login has, instead of all that it needs",
    "forbidden": "modules (`Deals`) that our user has no permission for",
    "credits": "credits in 24 hours, 0 for no limit",
    "write_credits": "per_ten: writing costs a credit for ten records; one: a credit a request",
    "credits_header": "half: answers say how many credits are left (X-API-CREDITS-REMAINING) once half are "
    "used; always; never",
    "concurrency": "requests that may be under way at once, 0 for any number",
    "busy_seconds": "how long each request takes, in real time, for tests of that",
    "limit_code": "the code of a refusal for too many requests",
    "limit_status": "429, 403 or 400: its status",
    "retry_after": "whether a 429 says when to ask again (Retry-After)",
    "token_error": "200 or 400: the status of a refusal of the token endpoint",
    "block_status": "400 or 200: its status where too many tokens were made",
    "location_names": "documented: the redirect of a login carries `location` and `accounts-server`; none",
    "time_zone": "the zone in which times are written",
    "page_size": "the most records in a page, whatever is asked for; of a query too, where it is less "
    "than 200: for tests of paging",
}


def quirks(given: Mapping[str, Any]) -> Quirks:
    """The switches as given, others as usual. Raises ValueError for one that is not known or not possible."""
    known = Quirks.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"Zoho CRM has no quirk {name!r}; it has {', '.join(sorted(known))}")
    try:
        return msgspec.convert(dict(given), Quirks)
    except msgspec.ValidationError as error:
        raise ValueError(f"a quirk of Zoho CRM cannot be that: {error}") from None
