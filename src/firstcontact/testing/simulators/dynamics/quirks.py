"""What the simulated Dataverse can be told to do otherwise: both sides of what apis N calls not verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switches; `MEANINGS` says what each does."""

    columns: Literal["ready", "missing"] = "ready"
    duplicate_status: Literal[412, 500] = 412
    duplicate_rules: tuple[Literal["email", "phone", "name"], ...] = ("email", "phone")
    change_tracking: Literal["on", "off"] = "on"
    delta_days: int = 7
    collation: Literal["insensitive", "accents", "sensitive"] = "insensitive"
    wildcards: Literal["on", "off"] = "on"
    regarding: Literal["both", "long", "short"] = "both"
    application_user: Literal["ready", "missing"] = "ready"
    parties_required: bool = False
    unresolved_parties: Literal["all", "email"] = "all"
    actual_times: Literal["kept", "dropped"] = "kept"
    batch_status: Literal["first_error", "ok"] = "first_error"
    qualified: Literal["parent", "originating"] = "parent"
    contact_deleted: Literal["unlinked", "cascade"] = "unlinked"
    merge_fills: Literal["off", "on"] = "off"
    concurrency_code: Literal["0x80072326", "0x80072322"] = "0x80072326"
    limit: int = 6000
    execution_seconds: float = 1200.0
    execution_cost: float = 0.0
    concurrent: int = 52
    key_seconds: float = 0.0
    key_index: Literal["works", "fails"] = "works"
    most_conditions: int = 500
    page_size: int = 5000
    most_file_bytes: int = 5_242_880
    required_column: Literal["none", "application", "system"] = "none"
    forbidden: tuple[str, ...] = ()


MEANINGS: Mapping[str, str] = {
    "columns": "`ready`: our columns and keys are there; `missing`: nobody has made them yet",
    "duplicate_status": "status of 0x80040333: 412 as the table of statuses, 500 as the example (apis A5)",
    "duplicate_rules": "which published rules find duplicates of contacts, leads and accounts, a list of "
    "`email`, `phone` and `name`",
    "change_tracking": "`off`: no table tracks its changes, and `odata.track-changes` is refused",
    "delta_days": "how long a delta link is good",
    "collation": "how filters compare texts: `insensitive` whatever their case, `accents` do not count "
    "either, `sensitive` exactly",
    "wildcards": "whether % _ [ ] are wildcards in contains, startswith and endswith",
    "regarding": "names of an activity's regarding: `long` regardingobjectid_contact_phonecall, `short` "
    "regardingobjectid_contact, `both` (then $metadata has the long ones)",
    "application_user": "`missing`: a token is given, and every request answered 403, until `set_up_user`",
    "parties_required": "what only pages ask for (ApplicationRequired: subject, from, to), the API needs too",
    "unresolved_parties": "which activities take a party that is only an address: `all` or `email`",
    "actual_times": "`dropped`: actualstart and actualend keep their day only (their format is DateOnly)",
    "batch_status": "status of a batch that stopped at an error: the error's, or 200 (`ok`)",
    "qualified": "where a qualified lead's contact is told: `parent` parentcontactid of the lead, "
    "`originating` only originatingleadid of the contact",
    "contact_deleted": "`unlinked`: its activities stay without it; `cascade`: those regarding it go with it",
    "merge_fills": "`on`: Merge fills the target's blanks with what the subordinate has, beside what "
    "UpdateContent sets (Microsoft's page on merging may be read both ways)",
    "concurrency_code": "code for too many requests at once",
    "limit": "requests in five minutes; 0: any number",
    "execution_seconds": "seconds of execution in five minutes",
    "execution_cost": "seconds of execution that one operation costs",
    "concurrent": "requests at once",
    "key_seconds": "how long the index of a new alternate key is Pending",
    "key_index": "`fails`: the index of a new alternate key ends as Failed",
    "most_conditions": "conditions that one query may have",
    "page_size": "rows of a page at most, whatever `odata.maxpagesize` asks for",
    "most_file_bytes": "bytes of a note's file",
    "required_column": "a column `new_referralsource` of contact: `application` required, or by the `system`",
    "forbidden": "privileges that our user lacks, such as prvCreateContact",
}


def quirks(given: Mapping[str, Any]) -> Quirks:
    """The switches as given, others as usual. Raises ValueError for one that is not known or not possible."""
    known = Quirks.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"Dynamics 365 has no quirk {name!r}; it has {', '.join(sorted(known))}")
    try:
        return msgspec.convert(dict(given), Quirks)
    except msgspec.ValidationError as error:
        raise ValueError(f"a quirk of Dynamics 365 cannot be that: {error}") from None
