"""What the connector to Tryton rests on: a real server, series 8.2, in every test."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {"records in a request": "200 by our own choice; Tryton sets none"}

GROUNDS = (
    Ground("everything here", "All clauses of the contract hold at Tryton 8.2.", "server"),
    Ground("unique key", "No two parties have one code.", "server"),
    Ground("notes", "The text of a note is not changed any more, so attachments are used.", "server"),
    Ground("lost login", "A session that ended is answered 401, and the password opens a new one.", "server"),
    Ground("other series", "Tryton before 8.2.", "unverified"),
)
