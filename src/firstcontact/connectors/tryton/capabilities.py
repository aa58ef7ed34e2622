"""What Tryton offers with the modules `party` and `sale_opportunity` (see README.md)."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="tryton",
    title="Tryton",
    # An attachment stands on a record, always.
    contact_required_for=frozenset(KINDS),
    # A party belongs to nobody; whose an activity is stands in its text.
    contact_owners=False,
    # A state of a mailing address is one of the country's subdivisions, of which we can make none.
    contact_fields=frozenset({"mobile", "main_email"}),
    # The wizard "Replace" of its own pages.
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    # It could be told only by reading every attachment of a party at every look.
    last_activity=False,
    # Sale opportunities of the party.
    matters=True,
    several_people_on_activity=False,
    # A party's code is, an attachment has no field of which Tryton takes each value once.
    unique_create=False,
    requests_at_once=4,
    logs_as=dict.fromkeys(KINDS, "attachment"),
)
