"""What the connector to Tryton rests on: a real server, series 8.2, in every test."""

from __future__ import annotations

from firstcontact.connectors.evidence import Evidence

LIMITS = {"records in a request": "200 by our own choice; Tryton sets none"}

EVIDENCE = (
    Evidence("everything here", "All clauses of the contract hold at Tryton 8.2.", "server"),
    Evidence("unique key", "No two parties have one code.", "server"),
    Evidence("notes", "The text of a note is not changed any more, so attachments are used.", "server"),
    Evidence(
        "lost login", "A session that ended is answered 401, and the password opens a new one.", "server"
    ),
    Evidence("other series", "Tryton before 8.2.", "unverified"),
)
