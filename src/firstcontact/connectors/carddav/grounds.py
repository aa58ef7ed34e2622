"""What the connector to CardDAV rests on (RFC 6352, 6578, 6764; apis B5): Radicale in every test."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {"handles in a search": "40 by our own choice", "size of a card": "the server's own"}

GROUNDS = (
    Ground("everything here", "All clauses of the contract hold at Radicale 3.9.", "server"),
    Ground("made once", "`If-None-Match: *` refuses a card whose name is there.", "server"),
    Ground("deleting", "`If-Match` refuses a card that was changed meanwhile.", "server"),
    Ground("search", "Texts are compared as stored; a server may cut its answer (507).", "server"),
    Ground("changes", "`sync-collection` names what changed and what is gone.", "server"),
    Ground("a server that rewrites cards", "It gives no ETag; the card is read again.", "document"),
    Ground("without sync-collection", "ETags of all cards are compared.", "document"),
    Ground(
        "Nextcloud, iCloud, Fastmail", "They are meant to work by the standard; none was tried.", "unverified"
    ),
)
