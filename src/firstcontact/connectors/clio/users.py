"""The firm's users, their calendars and their days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firstcontact.connectors.clio.client import Api, Refused, Row
from firstcontact.connectors.clio.mapping import USER, read_user
from firstcontact.identity.records import CrmUser

KEPT = 600_000_000
"""Who the users are is asked for again after ten minutes."""
ZONES: Mapping[str, str] = {
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Anchorage",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Mountain Time (US & Canada)": "America/Denver",
    "Central Time (US & Canada)": "America/Chicago",
    "Saskatchewan": "America/Regina",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "London": "Europe/London",
    "Edinburgh": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Sydney": "Australia/Sydney",
    "Canberra": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Brisbane": "Australia/Brisbane",
    "Adelaide": "Australia/Adelaide",
    "Darwin": "Australia/Darwin",
    "Hobart": "Australia/Hobart",
    "Perth": "Australia/Perth",
}
"""Names of time zones as Clio's users have them, where it is sold; other users' days are those of UTC."""


class Users:
    """Users as they were ten minutes ago at most. Safe to use from several threads."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: tuple[int, tuple[Row, ...]] | None = None
        self._myself: Row | None = None

    def all(self) -> tuple[CrmUser, ...]:
        """See `Crm`; asked for now. Raises TryAgain, AuthLapsed, Refused."""
        with self._lock:
            self._kept = (self._now(), tuple(self._api.rows("users", USER, {})))
            return tuple(read_user(row) for row in self._kept[1])

    def myself(self) -> Row:
        """The user that we are logged in as."""
        with self._lock:
            if self._myself is None:
                self._myself = self._api.one("users/who_am_i", USER)
            return self._myself

    def calendar(self, user: str) -> str:
        """The calendar that a meeting of this user belongs to; else the login's own; "" for none."""
        for row in (self._row(user), self.myself()):
            if row is not None and row.get("default_calendar_id"):
                return str(row["default_calendar_id"])
        return ""

    def day(self, at: int, user: str) -> str:
        """The date of a time where this user is."""
        row = self._row(user) if user else self.myself()
        zone = str(row.get("time_zone") or "") if row is not None else ""
        return datetime.fromtimestamp(at // 1_000_000, _zone(zone)).date().isoformat()

    def _row(self, user: str) -> Row | None:
        if not user:
            return None
        kept = self._kept
        if kept is None or self._now() >= kept[0] + KEPT:
            try:
                self.all()
            except Refused:
                return None  # no permission to see the users: the login's own calendar and day serve
            kept = self._kept
        return next((row for row in kept[1] if str(row["id"]) == user), None) if kept else None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(ZONES.get(name, name)) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
