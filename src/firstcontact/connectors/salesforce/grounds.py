"""What the connector to Salesforce rests on (apis A1, N)."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {
    "requests": "100,000 and more in 24 hours, by edition and licences; 15,000 in a developer's organisation",
    "records in a request": "200 a collection, 500 a set of graphs, 2,000 a page or search, 200 merges",
    "long requests at once": "25; 5 in a developer's organisation",
}

GROUNDS = (
    Ground("answers", "Records, collections, graphs, queries, limits and refusals look so.", "recording"),
    Ground("quota", "A quota that is used up is 403 and REQUEST_LIMIT_EXCEEDED, never 429.", "document"),
    Ground("stored numbers", "A number is kept as it was sent; only the pages rewrite it.", "document"),
    Ground("search by phone", "SOSL finds digits within a written number.", "document"),
    Ground("+1 and national", "SOSL finds an international number by a national one.", "unverified"),
    Ground("search lag", "What was just written is not found by SOSL; for how long.", "unverified"),
    Ground("unique key", "A repeated insert is refused with the id of the first.", "document"),
    Ground("duplicate rules", "They answer 400, `duplicateResut` and the records.", "document"),
    Ground("lead on an activity", "Its WhatId has to be empty then.", "unverified"),
    Ground("shared activities", "TaskRelation and EventRelation carry further people.", "unverified"),
    Ground("enhanced e-mail", "EmailMessage names people by `ToIds`; only drafts change.", "document"),
    Ground("account teams", "AccountTeamMember, where the feature is on.", "unverified"),
    Ground("own fields", "The Tooling API makes them, FieldPermissions show them.", "document"),
    Ground("fields of activities", "They are defined on Activity, not on Task and Event.", "unverified"),
    Ground("refresh tokens", "Whether they rotate.", "unverified"),
    Ground("merging", "SOAP's merge() on the session of OAuth; blanks are not filled by itself.", "document"),
    Ground("merging by JWT tokens", "Whether SOAP takes an access token that is a JWT itself.", "unverified"),
    Ground("merging and rules", "Duplicate rules do not run where records are merged.", "document"),
    Ground("conditional deletion", "If-Unmodified-Since also in a composite request.", "unverified"),
    Ground("lists of states", "Codes where they are switched on; a label says its code.", "document"),
    Ground("bulk reading", "Bulk API 2.0 query jobs, in pages by locator.", "document"),
)
