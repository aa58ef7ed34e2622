"""Merging one contact into another by Zoho's own merge (its page "Merge Records API", version 6 and later;
specification `find_and_merge`).

The survivor's values stay; fields named in the request are taken from the loser as they stand there. What has
to stand elsewhere on the survivor (a second number) is put there before, in a request of its own: it is
there twice for a moment, and never nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.toolkit.http import Lost
from firstcontact.connectors.zoho import contacts, mapping
from firstcontact.connectors.zoho.client import Api, Row
from firstcontact.connectors.zoho.faults import SUCCESS, UNSURE, Fault, fault_of
from firstcontact.connectors.zoho.mapping import text
from firstcontact.connectors.zoho.shapes import TITLE, Module, is_id

FIELDS = 45
"""Fields that are asked for in one request; Zoho takes fifty."""
SCHEDULED = "SCHEDULED"
RUNNING = frozenset({"SCHEDULED", "RUNNING"})
JOB_SECONDS = 30.0
"""A merge of somebody with many records is a job of Zoho's; until when it does not say."""


class Merger:
    """Merges contacts of one organisation. happened: whether something was written, also where an error was
    raised."""

    def __init__(self, api: Api, module: Module, region: str) -> None:
        self._api = api
        self._module = module
        self._region = region
        self.happened = False

    def merge(self, loser: str, survivor: str) -> str:
        """The survivor's id, once the loser has gone into it, or is not there any more: Zoho does not tell
        the one from the other. Raises Rejected, Refused, Lost, TryAgain, AuthLapsed."""
        if loser == survivor:
            raise Rejected("A contact cannot be merged into itself.", ("loser",))
        rows = self._rows([id for id in (loser, survivor) if is_id(id)])
        kept, gone = rows.get(survivor), rows.get(loser)
        if kept is None:
            raise Rejected(f"{TITLE} has no contact {survivor!r}, or not any more.", ("target",))
        if not is_id(loser):
            raise Rejected(f"There is no contact {loser!r} in {TITLE}.", ("loser",))
        if gone is None:
            return survivor
        contacts.untouched(gone)
        filling = contacts.filling(kept, gone, self._module, self._region)
        if filling.put:
            self._put(survivor, filling.put)
        self._send(loser, survivor, filling.copied)
        return survivor

    def _rows(self, ids: list[str]) -> dict[str, Row]:
        names = dict.fromkeys((*mapping.record_fields(self._module), *contacts.fillable(self._module)))
        wanted = [name for name in names if name != "id"]
        found: dict[str, dict[str, Any]] = {}
        for begin in range(0, len(wanted), FIELDS):
            for row in self._api.records("Contacts", ids, ("id", *wanted[begin : begin + FIELDS])):
                found.setdefault(text(row, "id"), {}).update(row)
        return dict(found)

    def _put(self, survivor: str, values: Mapping[str, Any]) -> None:
        data = [{**values, "id": survivor}]
        body = self._api.write("PUT", "Contacts", json={"data": data, "trigger": []})
        result = _only(body, "data")
        if result.get("code") != SUCCESS:
            raise self._refusal(fault_of(result))
        self.happened = True

    def _send(self, loser: str, survivor: str, copied: tuple[str, ...]) -> None:
        child: dict[str, Any] = {"id": loser}
        if copied:
            child["_fields"] = [{"api_name": name} for name in copied]
        path = f"Contacts/{survivor}/actions/merge"
        result = _only(self._api.write("POST", path, json={"merge": [{"data": [child]}]}), "merge")
        if result.get("code") == SUCCESS:
            return
        self.happened = self.happened or result.get("code") == SCHEDULED
        if result.get("code") == SCHEDULED or self._is_running(survivor):
            raise TryAgain(f"{TITLE} merges the contact in a job of its own.", JOB_SECONDS)
        raise self._refusal(fault_of(result))

    def _is_running(self, survivor: str) -> bool:
        """Whether a job of Zoho's is merging something into this contact."""
        body = self._api.read("GET", f"Contacts/{survivor}/actions/merge")
        jobs = (body or {}).get("merge") or ()
        return any(str(job.get("status") or "").upper() in RUNNING for job in jobs)

    def _refusal(self, fault: Fault) -> Exception:
        if fault.code in UNSURE:
            return Lost(f"{TITLE} failed at a merge ({fault.code}).")
        # LIMIT_EXCEEDED is said here of fields, not of requests.
        return Rejected(f"{TITLE}: {fault}.", (fault.field,) if fault.field else ())


def _only(body: Any, name: str) -> Row:
    results = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], Mapping):
        raise Lost(f"{TITLE} answered a write with something else.")
    return results[0]
