"""What Guestbook can and cannot do. What is not named is as `Capabilities` says."""

from firstcontact.connectors.contract import Capabilities

CAPABILITIES = Capabilities(
    kind="guestbook",
    title="Guestbook",
    owners=False,  # whoever holds the key is everybody
    contact_owners=False,
    contact_fields=frozenset(),
    last_activity=False,
    placeholder_mark=False,
    merges=False,  # a merged guest is simply gone
    updates_activity=False,  # a note stays as it was written
    requests_at_once=4,
)
