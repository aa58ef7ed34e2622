"""What the connector to Clio Manage rests on (apis A2, N)."""

from __future__ import annotations

from firstcontact.connectors.evidence import Evidence

LIMITS = {
    "requests": "50 a minute for each login in peak hours, more at others",
    "records in a page": "200",
    "properties of an activity": "5 external properties, of 255 characters",
}

EVIDENCE = (
    Evidence("fields and paths", "They are in Clio's OpenAPI description.", "document"),
    Evidence("regions", "A login of one region is none in another.", "document"),
    Evidence("login", "Refresh tokens never end and are used again and again.", "document"),
    Evidence("without fields", "Only id and etag are answered.", "document"),
    Evidence("changed meanwhile", "A stale etag is answered 412.", "document"),
    Evidence("search", "`query` finds a part of any text, numbers included, as stored.", "document"),
    Evidence("parts of words", "Whether a query finds a part of a word, or a whole one only.", "unverified"),
    Evidence("search lag", "A contact is not found for a while after it was made.", "document"),
    Evidence("keys of activities", "External properties are searched for.", "document"),
    Evidence("keys of contacts", "Custom field values are searched for.", "document"),
    Evidence("time", "From version 4.0.4 on a quantity is in seconds.", "document"),
    Evidence("limit", "What 429 says, `Retry-After` or `Retry-At`; how many off-peak.", "unverified"),
    Evidence("deletions and merges", "No list names them.", "document"),
    Evidence("files", "Made, put to another address, declared whole.", "document"),
)
