"""What the connector to Salesforce rests on (apis A1, N)."""

from __future__ import annotations

from firstcontact.connectors.evidence import Evidence

LIMITS = {
    "requests": "100,000 and more in 24 hours, by edition and licences; 15,000 in a developer's organisation",
    "records in a request": "200 a collection, 500 a set of graphs, 2,000 a page or search",
    "long requests at once": "25; 5 in a developer's organisation",
}

EVIDENCE = (
    Evidence("answers", "Records, collections, graphs, queries, limits and refusals look so.", "recording"),
    Evidence("quota", "A quota that is used up is 403 and REQUEST_LIMIT_EXCEEDED, never 429.", "document"),
    Evidence("stored numbers", "A number is kept as it was sent; only the pages rewrite it.", "document"),
    Evidence("search by phone", "SOSL finds digits within a written number.", "document"),
    Evidence("+1 and national", "SOSL finds an international number by a national one.", "unverified"),
    Evidence("search lag", "What was just written is not found by SOSL; for how long.", "unverified"),
    Evidence("unique key", "A repeated insert is refused with the id of the first.", "document"),
    Evidence("duplicate rules", "They answer 400, `duplicateResut` and the records.", "document"),
    Evidence("lead on an activity", "Its WhatId has to be empty then.", "unverified"),
    Evidence("shared activities", "TaskRelation and EventRelation carry further people.", "unverified"),
    Evidence("enhanced e-mail", "EmailMessage names people by `ToIds`; only drafts change.", "document"),
    Evidence("account teams", "AccountTeamMember, where the feature is on.", "unverified"),
    Evidence("own fields", "The Tooling API makes them, FieldPermissions show them.", "document"),
    Evidence("fields of activities", "They are defined on Activity, not on Task and Event.", "unverified"),
    Evidence("refresh tokens", "Whether they rotate.", "unverified"),
    Evidence("bulk reading", "Bulk API 2.0 query jobs, in pages by locator.", "document"),
)
