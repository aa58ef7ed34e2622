"""Duplicate rules (apis A1, "Duplicate rules"): off, or alerting or blocking by the quirk `duplicates`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from firstcontact.testing.simulators.salesforce.org import Org, Row
from firstcontact.testing.simulators.salesforce.refusal import Refusal

FIELDS = ("Email", "Phone", "MobilePhone", "LastName")
WORDS = "Use one of these records?"
VERSION = "62.0"


class Header(msgspec.Struct, frozen=True):
    """`Sforce-Duplicate-Rule-Header`: all false where it is not sent."""

    allow_save: bool = False
    include_details: bool = False


STRICT = Header()


def read_header(text: str) -> Header:
    """`allowSave=true; includeRecordDetails=true; runAsCurrentUser=true`."""
    said = dict(part.strip().partition("=")[::2] for part in text.split(";") if part.strip())
    return Header(
        allow_save=said.get("allowSave", "").lower() == "true",
        include_details=said.get("includeRecordDetails", "").lower() == "true",
    )


def check(org: Org, name: str, row: Row, header: Header) -> None:
    """Raises Refusal (DUPLICATES_DETECTED) where the rule fires and is not overridden.

    A person is warned in the page and goes on; the rule stops the API's user only. `allowSave` overrides a
    rule that alerts, never one that blocks.
    """
    rule = org.quirks.get("duplicates", "off")
    if rule == "off" or name not in ("Contact", "Lead") or org.acting != org.api_user:
        return
    if rule == "alert" and header.allow_save:
        return
    found = list(_alike(org, name, row))
    if found:
        key = org.quirks.get("duplicate_key", "duplicateResut")
        result = _result(name, found, header.include_details, allow_save=rule == "alert")
        raise Refusal(400, "DUPLICATES_DETECTED", WORDS, None, {key: result})


def _alike(org: Org, name: str, row: Row) -> Iterator[Row]:
    for other in org.live(name):
        if other["Id"] == row["Id"]:
            continue
        same_mail = row["Email"] and (other["Email"] or "").lower() == row["Email"].lower()
        same_name = (other["LastName"] or "").lower() == (row["LastName"] or "").lower()
        if same_mail or (same_name and _digits(row) & _digits(other)):
            yield other


def _digits(row: Row) -> set[str]:
    texts = (row["Phone"], row["MobilePhone"])
    return {"".join(one for one in text if one.isdigit())[-10:] for text in texts if text}


def _result(name: str, found: list[Row], details: bool, *, allow_save: bool) -> dict[str, Any]:
    return {
        "allowSave": allow_save,
        "duplicateRule": f"Standard_{name}_Duplicate_Rule",
        "duplicateRuleEntityType": name,
        "errorMessage": WORDS,
        "matchResults": [
            {
                "entityType": name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": [_match(name, one, details) for one in found],
                "rule": f"Standard_{name}_Match_Rule_v1_1",
                "size": len(found),
                "success": True,
            }
        ],
    }


def _match(name: str, row: Row, details: bool) -> dict[str, Any]:
    url = f"/services/data/v{VERSION}/sobjects/{name}/{row['Id']}"
    record: dict[str, Any] = {"attributes": {"type": name, "url": url}, "Id": row["Id"]}
    if details:
        record |= {field: row[field] for field in ("Name", "Email", "Phone")}
    return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
