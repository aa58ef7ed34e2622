"""People who work in Tryton, and connections to it, for the folder's tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from firstcontact.connectors.contract import Opening
from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.testing.simulators.base import Kept, Unpaced
from firstcontact.testing.tryton import CONNECTED, DATABASE, Server, Session

FIRM = 1
"""The party of the firm whose Tryton it is."""


class People:
    """What a person does in Tryton: `conformance.Hands` by JSON-RPC, as another user than the
    connection's."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = Session(server.url)
        (self._firm,) = self.call("company.company.search_read", [], 0, None, None, ["currency"])
        (self._country,) = self.call("country.country.search", [["code", "=", "US"]], 0, None, None)

    def call(self, method: str, *given: Any) -> Any:
        """A method called as that person."""
        return self.session.call(method, *given)

    def rows(self, model: str, fields: Sequence[str], *domain: Any) -> list[dict[str, Any]]:
        """Records of a model, deactivated ones too, by id."""
        order = [["id", "ASC"]]
        given = (list(domain), 0, None, order, list(fields))
        found: list[dict[str, Any]] = self.session.call(
            f"{model}.search_read", *given, context={"active_test": False}
        )
        return found

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        """As `Hands`."""
        return {"contact": self._add_party, "matter": self._add_opportunity, "user": self._add_user}[kind](
            fields
        )

    def _add_party(self, fields: Mapping[str, Any]) -> str:
        name = f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()
        emails = [{"type": "email", "value": text} for text in fields.get("emails", ())]
        phones = list(fields.get("phones", ()))

        def created(types: Sequence[str]) -> str:
            numbers = [{"type": type, "value": text} for type, text in zip(types, phones, strict=True)]
            values = {"name": name, "addresses": [["create", [{"country": self._country}]]]}
            mechanisms = [["create", emails + numbers]]
            (id,) = self.call("party.party.create", [{**values, "contact_mechanisms": mechanisms}])
            return str(id)

        try:
            return created(["phone"] * len(phones))
        except RuntimeError as refused:
            if "phone number" not in str(refused):
                raise
        # What Tryton does not take as a number people put under `other`, its default.
        return created(["other" if not self._is_number(text) else "phone" for text in phones])

    def _is_number(self, text: str) -> bool:
        values = {"name": "Tried", "addresses": [["create", [{"country": self._country}]]]}
        number = {"type": "phone", "value": text}
        try:
            tried = self.call(
                "party.party.create", [{**values, "contact_mechanisms": [["create", [number]]]}]
            )
        except RuntimeError:
            return False
        self.call("party.party.delete", tried)
        return True

    def _add_opportunity(self, fields: Mapping[str, Any]) -> str:
        opened = fields.get("opened_at", "2026-01-02")
        year, month, day = (int(part) for part in opened.split("-"))
        values = {
            "party": int(fields["contact"]),
            "description": fields["name"],
            "company": self._firm["id"],
            "currency": self._firm["currency"],
            "start_date": {"__class__": "date", "year": year, "month": month, "day": day},
        }
        (id,) = self.call("sale.opportunity.create", [values])
        if not fields["open"]:
            self.call("sale.opportunity.lost", [id])
        return str(id)

    def _add_user(self, fields: Mapping[str, Any]) -> str:
        name = fields.get("name", fields.get("id"))
        values = {"name": name, "login": name, "email": fields.get("email")}
        (id,) = self.call("res.user.create", [values])
        if not fields["active"]:
            self.call("res.user.write", [id], {"active": False})
        return str(id)

    def edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        """As `Hands`; a party has one name."""
        if kind == "activity":
            self.call("ir.attachment.write", [int(reference)], {"name": fields["subject"]})
            return
        assert kind == "contact"
        (party,) = self.rows("party.party", ["name"], ["id", "=", int(reference)])
        *first, last = party["name"].split()
        name = f"{fields.get('first_name', ' '.join(first))} {fields.get('last_name', last)}"
        self.call("party.party.write", [int(reference)], {"name": name.strip()})

    def delete(self, kind: str, reference: str) -> None:
        """As `Hands`."""
        assert kind == "contact"
        self.call("party.party.delete", [int(reference)])

    def merge(self, loser: str, survivor: str) -> None:
        """By the wizard of Tryton's own pages."""
        wizard = "wizard.party.replace"
        session, *_ = self.call(f"{wizard}.create")
        asked = {"ask": {"source": int(loser), "destination": int(survivor)}}
        self.call(f"{wizard}.execute", session, asked, "replace")
        self.call(f"{wizard}.delete", session)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """As `Hands`."""
        fields = ["name", "active", "code", "identifiers.code", "contact_mechanisms.value"]
        parties = self.rows("party.party", fields, ["id", "!=", FIRM], ["replaced_by", "=", None])
        contacts = [{**party, "id": str(party["id"]), "lead_source": None} for party in parties]
        nothing = ("users", "accounts", "leads", "contact_roles", "time_entries", "documents")
        rows = self.rows("ir.attachment", ["name", "description", "link", "resource"])
        matters = self.rows("sale.opportunity", ["party", "number", "state"])
        activities = [_activity(row) for row in rows]
        found: dict[str, list[Any]] = {name: [] for name in nothing}
        for row in matters:
            row["contact"] = str(row["party"])
        return {**found, "contacts": contacts, "activities": activities, "matters": matters}

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """Without the table of contact mechanisms."""
        table = "party_contact_mechanism"
        self._rename(table, "away")
        yield
        self._rename("away", table)

    def _rename(self, old: str, new: str) -> None:
        with self.server.opened() as database:
            database.execute("PRAGMA legacy_alter_table = ON")
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")
            database.commit()


def _activity(row: Mapping[str, Any]) -> dict[str, Any]:
    """An attachment as README.md says that activities are kept."""
    shown, _, last = row["description"].rpartition("FirstContact: ")
    said = json.loads(last)
    return {
        "id": str(row["id"]),
        "resource": row["resource"],
        "subject": row["name"],
        "body": shown.strip() or None,
        "recording": row["link"],
        "kind": said["kind"],
        "at": said["at"],
        "seconds": said.get("seconds", 0),
        "direction": said.get("direction"),
        "user": said.get("user"),
        "interactions": said["interactions"],
        "contacts": said.get("people", []),
        "leads": [],
    }


def now() -> int:
    """Microseconds."""
    return time.time_ns() // 1000


def credentials() -> Kept:
    """What a connection logs in with."""
    return Kept({"login": "password", "user": CONNECTED[0], "password": CONNECTED[1]})


PAGE = 40
"""Records in one answer, so that a few dozen are several pages."""


def connected(
    server: Server, kept: Kept, page: int = PAGE, now: Callable[[], int] = now, **options: str
) -> Tryton:
    """A connection to the server."""
    opening = Opening(
        connection="tryton",
        options={"address": server.url, "database": DATABASE, **options},
        credentials=kept,
        pace=Unpaced(),
        region="US",
        now=now,
    )
    return Tryton(opening, page)


def empty(server: Server, kept: Kept) -> Tryton:
    """A connection to a CRM in which nobody is any more."""
    server.wipe()
    return connected(server, kept)
