"""Tryton as a kind of CRM: its options and how one logs in."""

from __future__ import annotations

from firstcontact.connectors.contract import Asked, CrmKind, Login, Option
from firstcontact.connectors.tryton.capabilities import CAPABILITIES
from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.connectors.tryton.grounds import GROUNDS, LIMITS

KIND = CrmKind(
    limits=LIMITS,
    grounds=GROUNDS,
    capabilities=CAPABILITIES,
    open=Tryton,
    options={
        "address": Option(
            meaning="address of the server, as far as before the name of the database", required=True
        ),
        "database": Option(meaning="name of the database", required=True),
    },
    logins=(
        Login(
            name="password",
            meaning="a user of Tryton with a password; best one of FirstContact's own",
            asks=(
                Asked(name="user", meaning="the user's login", secret=False),
                Asked(name="password", meaning="the user's password"),
            ),
        ),
    ),
)
