"""What the connector to Clio Manage rests on (apis A2, N)."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {
    "requests": "50 a minute for each login in peak hours, more at others",
    "records in a page": "200",
    "properties of an activity": "5 external properties, of 255 characters",
}

GROUNDS = (
    Ground("fields and paths", "They are in Clio's OpenAPI description.", "document"),
    Ground("regions", "A login of one region is none in another.", "document"),
    Ground("login", "Refresh tokens never end and are used again and again.", "document"),
    Ground("without fields", "Only id and etag are answered.", "document"),
    Ground("changed meanwhile", "A stale etag is answered 412.", "document"),
    Ground("search", "`query` finds a part of any text, numbers included, as stored.", "document"),
    Ground("parts of words", "Whether a query finds a part of a word, or a whole one only.", "unverified"),
    Ground("search lag", "A contact is not found for a while after it was made.", "document"),
    Ground("keys of activities", "External properties are searched for.", "document"),
    Ground("keys of contacts", "Custom field values are searched for.", "document"),
    Ground("time", "From version 4.0.4 on a quantity is in seconds.", "document"),
    Ground("limit", "What 429 says, `Retry-After` or `Retry-At`; how many off-peak.", "unverified"),
    Ground("deletions and merges", "No list names them.", "document"),
    Ground("merging", "No call does it; notes cannot be put onto another contact.", "document"),
    Ground("tasks", "They are asked for by whom they are for, as published clients do.", "document"),
    Ground("the client of a matter", "Whether such a contact can be deleted.", "unverified"),
    Ground("files", "Made, put to another address, declared whole.", "document"),
)
