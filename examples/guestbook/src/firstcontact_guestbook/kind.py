"""What the entry point names: how a connection to a Guestbook is opened, and what it asks for."""

from firstcontact.connectors.contract import Asked, CrmKind, Login, Option
from firstcontact_guestbook.capabilities import CAPABILITIES
from firstcontact_guestbook.connector import Guestbook

KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=Guestbook,
    options={"address": Option(meaning="where it answers, as `https://guests.example/`", required=True)},
    logins=(
        Login(
            name="key",
            meaning="a key, made in Guestbook under Settings",
            asks=(Asked(name="key", meaning="the key"),),
        ),
    ),
)
