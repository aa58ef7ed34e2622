"""The peers' settings in our words: one table, the same for every case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_ANSWERED = ("missed", "voicemail", "rejected", "busy", "failed")
FILLED = ("title", "phone", "first_name", "last_name", "email")


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, nested maps key by key."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = overlay(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def team_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Their users, addresses, domains and numbers as our team."""
    users = [
        {
            "id": user["id"],
            "name": user.get("name", ""),
            "emails": [user["email"]] if user.get("email") else [],
            "phones": [user["number"]] if user.get("number") else [],
            "extension": user.get("extension", ""),
        }
        for user in settings["users"]
    ]
    domains = list(settings["our_domains"])
    covered = {address for user in users for address in user["emails"]}
    shared = [
        address
        for address in settings["our_addresses"]
        if address not in covered and address.rpartition("@")[2] not in domains
    ]
    if shared:
        users.append({"id": "shared", "name": settings["our_company"], "emails": shared, "phones": []})
    direct = {number for user in users for number in user["phones"]}
    lines = [number for number in settings["our_numbers"] if number not in direct]
    return {"region": settings["default_region"], "domains": domains, "users": users, "lines": lines}


def settings_of(settings: Mapping[str, Any], kinds: frozenset[str]) -> dict[str, Any]:
    """Their policy as our settings; `kinds` are the kinds of the case's events.

    Contacts without a name are made there (SPEC §3 `required_fields`: only the address), the other
    recipients of a mail too (`cc_creates`), and a contact without a name shows its number.
    """
    create = settings["create"]
    limit = settings.get("max_creations_per_event")
    ours: dict[str, Any] = {
        "preset": "standard",
        "unknown_contact": _unknown_contact(create),
        "engagement": _engagement(create, kinds),
        "required_fields": ["email"],
        "cc_creates": True,
        "placeholder_name": "{number}",
        "account_match": "create_account" if settings["create_accounts"] else "optional",
        "free_mail": "skip" if settings["skip_free_mail"] else "create",
        "fax_may_create": create["fax"] == "any",
        "blocked": [_pattern(entry) for entry in settings["suppressed"]],
        "several_contacts": "ask",
        "enrich": dict.fromkeys(FILLED, "if_empty" if settings["enrich"] == "fill_blanks" else "never"),
    }
    if limit:
        ours |= {"max_external_people": limit, "max_external_domains": limit}
    if settings.get("daily_limit"):
        ours["brakes"] = {"creates_per_hour": settings["daily_limit"]}
    return ours


def _unknown_contact(create: Mapping[str, str]) -> dict[str, str]:
    email, call, sms = create["email"], create["call"], create["sms"]
    made = {True: "create", False: "log_unlinked"}
    keys = {
        "default": "log_unlinked",
        "email.outbound": made[email != "none"],
        "email.inbound": made[email in ("replied", "sent_and_received")],
        "call": made[call != "none"],
        "sms.outbound": made[sms != "none"],
        "sms.inbound": made[sms == "any"],
        "fax": made[create["fax"] == "any"],
        "meeting": made[create["meeting"] != "none"],
    }
    for direction in ("inbound", "outbound"):
        keys |= {f"call.{direction}.{result}": made[call == "any"] for result in NOT_ANSWERED}
    return keys


def _engagement(create: Mapping[str, str], kinds: frozenset[str]) -> str:
    """`organizer` is a meeting that we sent out, `replied` a thread in which we wrote."""
    if "meeting" in kinds and "email" not in kinds:
        return "outbound" if create["meeting"] == "organizer" else "any"
    return "outbound" if create["email"] == "replied" else "any"


def _pattern(entry: str) -> str:
    return f"*{entry}" if entry.startswith("@") else entry
