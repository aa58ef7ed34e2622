"""Who bears a handle: asked by queries, or by reading the module where that takes fewer (SPEC §2).

A number is asked for by its last four digits as its usual writings group them, in every phone field; whoever
comes back is verified by their own fields. Queries read the records themselves and are not late, as Zoho's
search is. Hundreds of numbers would take hundreds of conditions, 22 a query; so where the module has fewer
pages of 2,000 than that, all of it is read instead, and nothing can hide from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firstcontact.connectors.toolkit.spellings import host_spellings, spellings
from firstcontact.connectors.zoho import coql, mapping
from firstcontact.connectors.zoho.client import Api, Row
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.connectors.zoho.shapes import DOMAINS, OTHER_EMAILS, PEOPLE, TITLE, Module
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle

TAIL = 4
"""Digits at the end of a number that are asked for."""
JOINTS = ("", " ", "-", ".", "/")
"""What may stand between groups of them."""
FEW = 10
"""Up to so many addresses are asked for one by one with their `+tag`s; of more, everybody who has a tag."""
MOST_PAGES = 50
"""Pages of a module that are read where a field of numbers or addresses cannot be asked for."""


class Finder:
    """Finds contacts and leads by handles. Safe to use from several threads."""

    def __init__(self, api: Api, modules: Modules, region: str) -> None:
        self._api = api
        self._modules = modules
        self._region = region
        self._pages: dict[str, int] = {}
        """How many pages each module has at least, as last seen."""

    def find(self, handles: Sequence[Handle]) -> dict[str, Finding]:
        """As `Crm.find`. Raises TryAgain, AuthLapsed, Refused."""
        wanted = list(dict.fromkeys(one.key for one in handles))
        if not wanted:
            return {}
        self._modules.contacts()
        records: list[Record] = []
        unsure = ""
        for name in PEOPLE:
            module = self._modules.of(name)
            if not module.fields:
                continue
            rows, whole = self._rows(module, handles)
            records += [
                mapping.read_record(row, module, self._region)
                for row in rows
                if not mapping.converted_away(row)
            ]
            if not whole:
                unsure = f"{TITLE} does not let {name} be asked for by a field that is encrypted."
        return _findings(wanted, records, unsure)

    def _rows(self, module: Module, handles: Sequence[Handle]) -> tuple[list[Row], bool]:
        """Records among which all bearers are, and whether that is certain."""
        fields = mapping.record_fields(module)
        names = (*module.phones(), *module.emails())
        hidden = len(module.askable(names)) < len(names)
        conditions = questions(module, handles)
        most = MOST_PAGES if hidden else self._worth_reading(module, len(coql.portions(conditions)))
        if most:
            rows, whole = self._all(module, fields, most)
            if whole or hidden:
                return rows, whole
        return self._api.asked(fields, module.name, conditions, module.always()), True

    def _worth_reading(self, module: Module, asking: int) -> int:
        """How many pages are worth reading in place of so many queries. Where nobody knows how long the
        module is, half of what asking takes is risked."""
        least = self._pages.get(module.name)
        if least is None:
            return asking // 2
        return asking - 1 if least < asking else 0

    def _all(self, module: Module, fields: Sequence[str], most: int) -> tuple[list[Row], bool]:
        """The first pages of a module, and whether that is all of it."""
        found: list[Row] = []
        for number, (rows, more) in enumerate(self._api.pages(fields, module.name, module.always()), 1):
            found += rows
            self._pages[module.name] = number + (1 if more else 0)
            if more and number >= most:
                return found, False
        return found, True


def questions(module: Module, handles: Sequence[Handle]) -> list[str]:
    """Conditions of which a record fulfils one if it bears one of the handles."""
    emails = list(dict.fromkeys(one.key for one in handles if one.kind == "email"))
    phones = list(dict.fromkeys(one.key for one in handles if one.kind == "phone"))
    found = _about_addresses(module, emails)
    for key in phones:
        for tail in tails(key):
            found += [coql.contains(name, tail) for name in module.askable(module.phones())]
    return list(dict.fromkeys(found))


def _about_addresses(module: Module, keys: Sequence[str]) -> list[str]:
    found: list[str] = []
    written = [form for key in keys for form in _written(key)]
    for name in module.askable(module.emails()) if keys else ():
        tagged = [f"{key.rpartition('@')[0]}+" for key in keys]
        if name == OTHER_EMAILS and len(keys) > FEW:
            found.append(f"{name} is not null")
        elif name == OTHER_EMAILS:
            found += [coql.contains(name, part) for part in (*written, *tagged)]
        elif len(keys) > FEW:
            found += [*coql.among(name, written), coql.contains(name, "+")]
        else:
            found += [*coql.among(name, written), *(coql.begins(name, part) for part in tagged)]
    return found


def _written(address: str) -> list[str]:
    """An address in both writings of its domain."""
    local, _, host = address.rpartition("@")
    return [f"{local}@{one}" for one in host_spellings(host)]


def tails(key: str) -> list[str]:
    """The last four digits of a number as they may stand in a field: together, or as its usual writings group
    them, with whatever stands between the groups."""
    handle = read_handle(key, "")
    forms = spellings(handle) if handle is not None else (key,)
    found: dict[str, None] = {}
    for form in (key, *forms):
        tail = _tail(form)
        groups = "".join(letter if letter.isdigit() else " " for letter in tail).split()
        found |= {joint.join(groups): None for joint in (JOINTS if len(groups) > 1 else ("",))}
    return [one for one in found if one]


def _tail(text: str) -> str:
    """The end of a written number that has four digits."""
    digits = 0
    for place in range(len(text) - 1, -1, -1):
        digits += text[place].isdigit()
        if digits == TAIL:
            return text[place:]
    return text.lstrip("+")


def _findings(wanted: Sequence[str], records: Iterable[Record], unsure: str) -> dict[str, Finding]:
    bearing: dict[str, list[Record]] = {key: [] for key in wanted}
    for record in sorted(records, key=lambda one: (one.created_at, one.id)):
        for key in dict.fromkeys(handle.key for handle in record.handles):
            if key in bearing:
                bearing[key].append(record)
    return {key: _finding(found, unsure) for key, found in bearing.items()}


def _finding(found: Sequence[Record], unsure: str) -> Finding:
    if unsure:
        return Finding("unknown", tuple(found), unsure)
    return Finding("found", tuple(found)) if found else ABSENT


def accounts_asked(module: Module, hosts: Sequence[str], phones: Sequence[str]) -> list[str]:
    """Conditions of which an account fulfils one if it has one of the hosts or numbers."""
    places = module.askable(module.present(("Website", DOMAINS)))
    found = [coql.contains(name, form) for host in hosts for form in host_spellings(host) for name in places]
    for key in phones:
        for tail in tails(key):
            found += [coql.contains(name, tail) for name in module.askable(module.phones())]
    return found
