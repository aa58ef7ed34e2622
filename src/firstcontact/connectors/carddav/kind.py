"""CardDAV as a kind of CRM."""

from __future__ import annotations

from firstcontact.connectors.carddav.capabilities import CAPABILITIES
from firstcontact.connectors.carddav.connector import CardDav
from firstcontact.connectors.carddav.grounds import GROUNDS, LIMITS
from firstcontact.connectors.contract import Asked, CrmKind, Login, Option

KIND = CrmKind(
    limits=LIMITS,
    grounds=GROUNDS,
    capabilities=CAPABILITIES,
    open=CardDav,
    options={
        "address": Option(
            meaning="the server (`https://cloud.example`), its CardDAV address, or the address book's own",
            required=True,
        ),
        "address_book": Option(
            meaning="name of the address book, as shown or in its address; else the usual one"
        ),
    },
    logins=(
        Login(
            name="password",
            meaning="user name and password; with two-factor login, an app password made on the server",
            asks=(
                Asked(name="username", meaning="user name, often the e-mail address", secret=False),
                Asked(name="password", meaning="password or app password"),
            ),
        ),
    ),
)
