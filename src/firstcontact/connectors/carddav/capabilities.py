"""What a CardDAV address book offers: contacts, and nothing else (apis B5)."""

from __future__ import annotations

from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="carddav",
    title="CardDAV",
    logs=frozenset(),
    owners=False,
    contact_owners=False,
    contact_fields=frozenset({"title", "company", "department", "mobile", "mailing", "main_email"}),
    merges_contacts=True,
    deletes_contact=True,
    last_activity=False,
    merges=False,
    phone_search="index",
    updates_activity=False,
    requests_at_once=4,
)
"""`phone_search`: its search compares texts, so the index is asked. `unique_create`: the card's name is made
from the write key, and `If-None-Match: *` lets nobody make it twice. `updates_activity`: there is none.
`merges_contacts`: nothing belongs to a card, so its values move and it goes."""
