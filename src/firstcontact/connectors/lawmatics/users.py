"""The firm's users."""

from __future__ import annotations

import threading

from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, Api, Row
from firstcontact.connectors.lawmatics.mapping import read_user
from firstcontact.identity.records import CrmUser


class Users:
    """Safe to use from several threads."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._myself: Row | None = None

    def all(self) -> tuple[CrmUser, ...]:
        """See `Crm`; asked for now. Raises TryAgain, AuthLapsed, Refused."""
        return tuple(read_user(row) for row in self._api.rows("users", {**EVERYTHING, **BY_ID}))

    def myself(self) -> Row:
        """The user that we are logged in as."""
        with self._lock:
            if self._myself is None:
                self._myself = self._api.one("users/me")
            return self._myself
