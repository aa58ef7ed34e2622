"""What the connector rests on. Nothing of it was seen on a real server, and no recording of one is known."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {
    "requests": "3 a second for each application (platform API); of the Lead Inbox none is told",
    "records": "50 ids in a list, 200 records on a page, one record in a write",
    "notes": "subject of 255 characters, body of 65,535",
}

GROUNDS = (
    Ground(
        "Lead Inbox",
        "A lead is told by one POST with the firm's token, and names, message, referring address and source "
        "are required; it cannot be asked anything.",
        "document",
    ),
    Ground(
        "Lead Inbox, answers",
        "201 for a lead, 401 for a wrong token, 422 by field for one that lacks something: published code "
        "says so; what the body of a 201 holds is taken either way.",
        "unverified",
    ),
    Ground(
        "trying the token",
        "A lead without any field is refused, after the token was looked at; nothing else tells whether a "
        "token is right before the first lead.",
        "unverified",
    ),
    Ground(
        "addresses",
        "The platform API is at api.clio.com/grow, with a region's prefix (Clio's OpenAPI description).",
        "document",
    ),
    Ground(
        "login addresses",
        "Published programs log in at auth.api.clio.com/oauth; Clio's page names grow.clio.com. An option "
        "says another one.",
        "unverified",
    ),
    Ground(
        "refresh tokens",
        "Each is good for one use and gives the next; an access token lasts a day.",
        "document",
    ),
    Ground(
        "search",
        "`query` looks at names, e-mail addresses and numbers; how it compares numbers, and how long it lags "
        "behind, is not said. The connector finds out, and asks for every usual writing where it must.",
        "unverified",
    ),
    Ground(
        "lists",
        "`updated_since`, `ids[]` of 50 at most, pages by `page_token`; leads are listed by their state.",
        "document",
    ),
    Ground(
        "deleted and merged contacts",
        "Nothing tells of them: everybody is read anew once a day.",
        "document",
    ),
    Ground(
        "making contacts",
        "No endpoint is documented, nor a permission for one; `writes` assumes POST and PATCH of contacts as "
        "they are read.",
        "unverified",
    ),
    Ground(
        "making leads",
        "The platform API makes leads of the inbox, gives their ids and finds them.",
        "document",
    ),
    Ground(
        "accepted leads",
        "A lead that was accepted leaves the lists; the matter that names it has the contact.",
        "unverified",
    ),
    Ground(
        "notes",
        "A contact's note has a subject and a body; it is made and listed, and never changed or deleted.",
        "document",
    ),
    Ground(
        "too many requests",
        'The limit answers 429 {"message": "Too Many Requests"}, without saying for how long.',
        "document",
    ),
)
"""`document`: Clio's OpenAPI description of the Grow API (v2), its pages on authorization and rate limits,
and apis A2; published code where that is said."""
