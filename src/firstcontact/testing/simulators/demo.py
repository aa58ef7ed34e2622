"""What a trial begins with: invented people, put in at the simulator's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstcontact.planning.capabilities import Capabilities

if TYPE_CHECKING:
    from firstcontact.testing.conformance.hands import Hands

SEEDS = ("demo",)


def seed(desk: Hands, offered: Capabilities) -> int:
    """Add the people of the demonstration, as far as this CRM has a place for each; how many records."""
    before = sum(len(records) for records in desk.dump().values())
    ana = ""
    if offered.owners:
        ana = desk.add("user", {"name": "Ana Ruiz", "email": "ana@ruizlaw.example", "active": True})
        desk.add("user", {"name": "Bo Lind", "email": "bo@ruizlaw.example", "active": True})
    person = {
        "first_name": "Jo",
        "last_name": "Diaz",
        "emails": ["jo@acme.example"],
        "phones": ["(415) 555-0123"],
    }
    account = ""
    if offered.accounts:
        website = {"name": "Acme", "website": "https://www.acme.example/"}
        account = desk.add("account", {**website, "phones": ["(415) 555-0100"]})
        person["account"] = account
    jo = desk.add("contact", {**person, **({"title": "CFO"} if "title" in offered.contact_fields else {})})
    desk.add("contact", {"last_name": "Roe", "first_name": "Kim", "emails": ["kim@roe.example"]})
    desk.add("contact", {"last_name": "Lee", "first_name": "Al", "phones": ["+1 415 555 0142"]})
    if offered.leads:
        desk.add("lead", {"last_name": "Moe", "phones": ["(415) 555-0150"], "company": "Moe and Sons"})
    if offered.opportunities:
        deal = desk.add("opportunity", {"account": account, "name": "Renewal", "open": True, "owner": ana})
        if offered.contact_roles:
            desk.add("contact_role", {"opportunity": deal, "contact": jo})
    if offered.matters:
        desk.add("matter", {"contact": jo, "name": "Diaz v. Roe", "open": True, "opened_at": "2026-01-05"})
    return sum(len(records) for records in desk.dump().values()) - before
