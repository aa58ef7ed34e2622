"""What the connector to Zoho CRM rests on, and Zoho's limits. Nothing of it was seen on a real server."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.grounds import Ground

GROUNDS: tuple[Ground, ...] = (
    Ground(
        "creating records",
        "the answer to an insert has one result for each record, with its id and who made it",
        "recording",
    ),
    Ground(
        "calls",
        "a call comes back with its duration as mm:ss, its seconds, and whom it is about",
        "recording",
    ),
    Ground("events", "an event has a title, a beginning and an end, and needs no participants", "recording"),
    Ground(
        "search by phone",
        "queries compare beginnings, ends and parts of phone fields, and are not late as the search is",
        "document",
    ),
    Ground("queries", "a query has 25 conditions, fifty values in a list and 2,000 records", "document"),
    Ground("case in queries", "queries do not tell upper and lower case apart", "unverified"),
    Ground("converted leads", "queries leave them out unless a condition asks for them", "unverified"),
    Ground("login", "a refresh token makes ten access tokens in ten minutes", "document"),
    Ground(
        "refused logins",
        "a refusal comes with status 200, and too many access tokens with 400; seen in public programs",
        "unverified",
    ),
    Ground(
        "duplicates",
        "a unique value that is there is refused with the id of the record that has it",
        "document",
    ),
    Ground("unique fields of activities", "whether calls, events and tasks take them", "unverified"),
    Ground("mixed answers", "with which status, when some records were refused", "unverified"),
    Ground("deleted records", "lists of deleted records, for a module, since a time", "document"),
    Ground("merges", "where the loser of a merge is listed; into which record is never told", "unverified"),
    Ground("workflows", "`trigger: []` keeps the organisation's workflows from firing", "document"),
    Ground(
        "credits",
        "what is left is told in a header once half is used, and 429 says that nothing is",
        "document",
    ),
    Ground(
        "stages of deals", "which stages end a deal is told with the field, or by their names", "unverified"
    ),
    Ground("converted lead's contact", "a lead names the contact it became", "document"),
    Ground("merging", "a merge of contacts, done at once or as a job", "document"),
    Ground("merging and workflows", "whether a merge fires any; it takes no `trigger`", "unverified"),
    Ground("deleted contacts", "whether their activities go with them", "unverified"),
)

LIMITS: Mapping[str, str] = {
    "credits": "5,000 (free edition) to 50,000 and more for each user, in 24 hours; "
    "a query, or ten records written, is one credit, a full page three, a list of deleted records two",
    "requests at once": "5 to 25, by edition",
    "access tokens": "10 in ten minutes for a login",
    "records in a request": "100 written, 2,000 read",
    "recycle bin": "60 days",
}
