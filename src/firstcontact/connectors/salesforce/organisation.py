"""What the organisation has, asked for in one request and kept for an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable

from firstcontact.connectors.contract import TryAgain
from firstcontact.connectors.salesforce.client import Api, Part
from firstcontact.connectors.salesforce.faults import outcome, read_faults
from firstcontact.connectors.salesforce.shapes import TYPES, Shape, Shapes, read_shape
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE

KEPT = 3_600_000_000
"""Microseconds for which an answer is kept; a refusal that tells of a change ends it sooner."""


class Organisation:
    """Types of record and their fields, as our user may see them."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: tuple[int, Shapes] | None = None

    def shapes(self) -> Shapes:
        """The types there are. Raises TryAgain, AuthLapsed."""
        with self._lock:
            kept = self._kept
            if kept is None or not 0 <= self._now() - kept[0] < KEPT:
                kept = self._now(), self._ask()
                self._kept = kept
            return kept[1]

    def shape(self, type: str) -> Shape:
        """One type; an empty one where it is not there."""
        return self.shapes().get(type) or Shape(name=type)

    def contacts(self) -> Shape:
        """Contacts, without which nothing can be said of anybody. Raises TryAgain where they are hidden."""
        shape = self.shape("Contact")
        if not shape.fields:
            self.forget()
            raise TryAgain("Salesforce does not show our user any contacts; see firstcontact doctor.", 300.0)
        return shape

    def forget(self) -> None:
        """The organisation has changed: it is asked again."""
        with self._lock:
            self._kept = None

    def _ask(self) -> Shapes:
        parts = [Part("GET", self._api.url(f"sobjects/{type}/describe"), type) for type in TYPES]
        found: dict[str, Shape] = {}
        for part, (status, body) in zip(parts, self._api.look(parts), strict=True):
            if status < 400 and isinstance(body, dict):
                found[part.name] = read_shape(body)
            elif status >= 500 or isinstance(outcome(read_faults(body)), TryAgain):
                raise TryAgain(f"Salesforce did not describe {part.name} ({status}).", AFTER_TROUBLE)
        return found
