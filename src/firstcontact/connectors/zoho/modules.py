"""The modules of an organisation, asked for one by one when they are needed and kept for an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable

from firstcontact.connectors.contract import TryAgain
from firstcontact.connectors.zoho.client import Api
from firstcontact.connectors.zoho.faults import Refused
from firstcontact.connectors.zoho.shapes import TITLE, Module, read_field

KEPT = 3_600_000_000
"""Microseconds for which an answer is kept; a refusal that tells of a change ends it sooner."""


class Modules:
    """The modules, as our user may see them. Safe to use from several threads."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, Module]] = {}

    def of(self, name: str) -> Module:
        """One module; an empty one where it is not there for us. Raises TryAgain, AuthLapsed."""
        with self._lock:
            at, module = self._kept.get(name, (0, Module(name=name)))
            if name not in self._kept or not 0 <= self._now() - at < KEPT:
                module = self._ask(name)
                self._kept[name] = self._now(), module
            return module

    def contacts(self) -> Module:
        """Contacts, without which nothing can be said of anybody. Raises TryAgain where they are hidden."""
        module = self.of("Contacts")
        if not module.fields:
            self.forget()
            raise TryAgain(f"{TITLE} does not show our user any contacts; see firstcontact doctor.", 300.0)
        return module

    def forget(self) -> None:
        """The organisation has changed: it is asked again."""
        with self._lock:
            self._kept.clear()

    def _ask(self, name: str) -> Module:
        try:
            body = self._api.read("GET", "settings/fields", params={"module": name})
        except Refused:
            return Module(name=name)
        given = (body or {}).get("fields") or ()
        return Module(name=name, fields={field.name: field for field in map(read_field, given)})
