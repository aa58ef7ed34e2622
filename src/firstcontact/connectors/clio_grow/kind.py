"""Clio Grow as a kind of CRM that connections can be opened to."""

from __future__ import annotations

from firstcontact.connectors.clio_grow.capabilities import CAPABILITIES
from firstcontact.connectors.clio_grow.client import BASE_PATH, REGIONS, login_address
from firstcontact.connectors.clio_grow.connector import opened
from firstcontact.connectors.clio_grow.examining import NOWHERE
from firstcontact.connectors.clio_grow.grounds import GROUNDS, LIMITS
from firstcontact.connectors.contract import Asked, CrmKind, Login, OAuth, Option

OPTIONS = {
    "api": Option(
        meaning="inbox: the Lead Inbox, which is told of new people and nothing else; platform: the platform "
        "API (early access), by which people are found and calls are logged",
        default="inbox",
        choices=("inbox", "platform"),
    ),
    "writes": Option(
        meaning="platform only: make contacts, by endpoints that Clio does not document publicly; else "
        "whoever is unknown becomes a lead of the inbox",
        default=False,
    ),
    "region": Option(
        meaning="where the firm's data is: us (grow.clio.com), eu, ca or au; no other region takes its login",
        default="us",
        choices=tuple(REGIONS),
    ),
    "referring_url": Option(
        meaning="the address that leads are said to come from, such as the firm's website; Clio wants one",
        default=NOWHERE,
    ),
    "sweep_hours": Option(
        meaning="after how many hours everybody is read anew, since Clio Grow does not tell who was deleted, "
        "merged or accepted; 0: never",
        default=24,
    ),
    "address": Option(
        meaning="another address than the region's, such as that of `firstcontact simulate clio_grow`",
        default="",
    ),
    "base_path": Option(meaning="where the platform API is at its address", default=BASE_PATH),
    "login_address": Option(
        meaning="where the platform's logins are given, if not at the region's auth.api.clio.com", default=""
    ),
}

TOKEN = Login(
    name="token",
    meaning="the token of the firm's Lead Inbox (Clio Grow: Settings, Integrations), for api=inbox",
    asks=(Asked(name="inbox_lead_token", meaning="the token of your lead inbox"),),
)
SCOPES = (
    "grow_contact_read",
    "grow_contact_note_write",
    "grow_lead_inbox_read",
    "grow_lead_inbox_all_read",
    "grow_lead_inbox_write",
    "grow_matter_read",
    "grow_user_read",
)
BROWSER = Login(
    name="browser",
    meaning="log in as a user in the browser, for api=platform",
    asks=(
        Asked(
            name="client_id",
            meaning="the App Key of your application in Clio's platform developer portal",
            secret=False,
        ),
        Asked(name="client_secret", meaning="its App Secret"),
    ),
    oauth=OAuth(
        authorize=lambda options: f"{login_address(options)}/oauth/authorize",
        token=lambda options: f"{login_address(options)}/oauth/token",
        scopes=SCOPES,
    ),
)

KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=opened,
    options=OPTIONS,
    logins=(TOKEN, BROWSER),
    limits=LIMITS,
    grounds=GROUNDS,
)
