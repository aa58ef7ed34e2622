"""What the connector to Microsoft Dynamics 365 rests on (apis A5, N)."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {
    "requests": "6,000 operations in five minutes for each user and web server, those within a batch too",
    "execution": "1,200 seconds of execution in five minutes",
    "at once": "52 requests at the same time",
    "operations in a batch": "1,000",
    "conditions in a query": "500",
    "description of a call, fax or task": "2,000 characters; the rest goes into a note",
    "rows in a page": "5,000",
}

GROUNDS = (
    Ground("login", "Client credentials of an app registration, with the scope URL/.default.", "unverified"),
    Ground("application user", "Without one a good token is answered 403.", "unverified"),
    Ground("filters", "Texts are compared as stored, in either case; %, _ and [] are wildcards.", "document"),
    Ground("filters of other environments", "Whether a collation tells upper from lower case.", "unverified"),
    Ground("batch", "Change sets are atomic, refer to each other by $1, and hold no GET.", "document"),
    Ground("references", "Whether $1 names a row that was made by PATCH to its key.", "unverified"),
    Ground("keys", "PATCH by alternate key with If-None-Match: * makes a row once.", "document"),
    Ground("key taken", "412 with 0x80040237; documents also show an empty code.", "document"),
    Ground("notes", "A row can be made with an id that we choose.", "document"),
    Ground("duplicates", "0x80040333, with 412 or 500; the record is not named.", "document"),
    Ground("parties", "Who may have which mask; a phone call has sender and recipient only.", "document"),
    Ground("changing parties", "A PATCH with parties takes the place of all.", "unverified"),
    Ground("regarding", "Which property binds it is read from the relationships.", "unverified"),
    Ground("completed", "statecode is not valid for create; what is completed is read-only.", "document"),
    Ground("exact times", "actualstart may lose its time, so that the description has it.", "document"),
    Ground("text messages", "There is no activity of its own for them; a task is taken.", "unverified"),
    Ground("changes", "Change tracking names what changed and what was deleted.", "unverified"),
    Ground("qualified leads", "Their contact is told by the lead, or by the contact alone.", "unverified"),
    Ground("merges", "The merged contact is inactive and names its master.", "document"),
    Ground("throttling", "429 with Retry-After, 0x80072321 and 0x80072322.", "document"),
    Ground("too many at once", "0x80072326.", "unverified"),
    Ground("our columns", "Made by POST to a table's Attributes; keys by POST to its Keys.", "unverified"),
    Ground("merging", "The action Merge, without UpdateContent, also within a change set.", "document"),
    Ground("blanks in a merge", "Whether Merge fills the target's by itself.", "unverified"),
    Ground("deleted contacts", "Whether activities that regard one go with it.", "unverified"),
)
