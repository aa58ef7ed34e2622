"""What has to be there before the first write, looked at by `doctor` (apis A5)."""

from __future__ import annotations

from collections.abc import Iterable

from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.dynamics import odata
from firstcontact.connectors.dynamics.batch import Operation, Result
from firstcontact.connectors.dynamics.client import Api
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.mapping import text
from firstcontact.connectors.dynamics.names import KEY, OWN, TITLE
from firstcontact.connectors.dynamics.shapes import Environment, Table
from firstcontact.connectors.toolkit import clocks

_FIX = "`firstcontact doctor --fix` makes it, if our user may customise the environment"
_NEEDED = {
    "prvReadContact": "see contacts",
    "prvCreateContact": "make contacts",
    "prvWriteContact": "change contacts",
    "prvAppendContact": "give contacts a company",
    "prvAppendToContact": "put activities onto contacts",
    "prvCreateActivity": "log activities",
    "prvWriteActivity": "change activities",
    "prvAppendActivity": "say what activities are about",
    "prvReadUser": "see users",
}
_WANTED = {
    "prvReadLead": "leads are not looked up",
    "prvReadAccount": "accounts are not looked up",
    "prvReadOpportunity": "opportunities are not looked up",
    "prvReadIncident": "cases are not looked up",
    "prvCreateNote": "files and long texts are not kept",
    "prvDeleteActivity": "what is undone stays in Dynamics",
    "prvAssignActivity": "activities belong to our user instead of the person concerned",
}
_GIVEN = {
    "contact": {"lastname", "firstname", "ownerid"},
    "phonecall": {"subject", "ownerid", "from", "to"},
    "email": {"subject", "ownerid", "from", "to"},
    "appointment": {"subject", "ownerid", "scheduledstart", "scheduledend"},
    "fax": {"subject", "ownerid", "from", "to"},
    "task": {"subject", "ownerid"},
}
"""Columns that forms ask for and that our writes have, as far as they can."""


def examine(api: Api, environments: Environments, detect: bool) -> list[Diagnosis]:
    """As `Examined.examine`. Raises TryAgain, AuthLapsed, Refused."""
    environment = environments.now()
    privileges, rules = api.ask(
        [
            Operation(path=f"systemusers({environment.me})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"),
            Operation(
                path=odata.select(
                    "duplicaterules", ("name", "baseentityname", "matchingentityname"), "statecode eq 1"
                )
            ),
        ]
    )
    said = _privileges(privileges)
    said += [_own_columns(environment.table(name)) for name in OWN]
    said += [_own_key(environment.table(name)) for name in OWN]
    said.append(_required(environment))
    said.append(_tracking(environment))
    said.append(_duplicates(rules, detect))
    said += _filters(environment)
    said.append(clocks.examined(TITLE, api.skew()))
    return said


def _privileges(answer: Result) -> list[Diagnosis]:
    about = "privileges"
    rows = answer.body.get("RolePrivileges") if answer.ok and isinstance(answer.body, dict) else None
    held = {str(row.get("PrivilegeName") or "").lower() for row in rows or ()} - {""}
    if not held:
        sentence = "Our user's privileges cannot be read; what is missing shows when it is needed."
        return [Diagnosis(state="warning", about=about, sentence=sentence)]
    said = []
    missing = [what for name, what in _NEEDED.items() if name.lower() not in held]
    if missing:
        said.append(
            Diagnosis(
                state="error",
                about=about,
                sentence=f"Our user may not {_listed(missing)}.",
                remedy="Give the application user a security role that has this.",
            )
        )
    lacking = [what for name, what in _WANTED.items() if name.lower() not in held]
    if lacking:
        said.append(
            Diagnosis(
                state="warning",
                about=about,
                sentence=f"Our user lacks privileges: {'; '.join(lacking)}.",
                remedy="Give the application user a security role that has them, if you want that.",
            )
        )
    return said or [Diagnosis(state="ok", about=about, sentence="Our user may do all that is needed.")]


def _own_columns(table: Table) -> Diagnosis:
    about = f"columns of {table.name}"
    missing = [name for name, _, _, _ in OWN[table.name] if not table.has(name)]
    if not table.columns:
        return Diagnosis(
            state="error" if table.name != "account" else "warning",
            about=about,
            sentence=f"The table {table.name} is not there, or our user may not see it.",
            remedy="Give the application user a security role that reads it.",
        )
    if not missing:
        return Diagnosis(
            state="ok", about=about, sentence=f"FirstContact's columns of {table.name} are there."
        )
    return Diagnosis(
        state="error" if KEY in missing else "warning",
        about=about,
        sentence=f"The table {table.name} has no {_listed(missing)}.",
        remedy=f"{_FIX}.",
    )


def _own_key(table: Table) -> Diagnosis:
    about = f"key of {table.name}"
    if table.ready:
        return Diagnosis(state="ok", about=about, sentence=f"The key {KEY} of {table.name} is active.")
    if table.key in ("Pending", "InProgress"):
        return Diagnosis(
            state="warning",
            about=about,
            sentence=f"The index of the key {KEY} of {table.name} is being built; writes wait for it.",
            remedy="Wait a few minutes, and look again.",
        )
    if table.key == "Failed":
        return Diagnosis(
            state="error",
            about=about,
            sentence=f"The index of the key {KEY} of {table.name} failed, mostly for values that are double.",
            remedy="Reactivate the key in the table's settings once they are single.",
        )
    sentence = f"The table {table.name} has no key on {KEY}; nothing is written to it."
    return Diagnosis(state="error", about=about, sentence=sentence, remedy=f"{_FIX}.")


def _required(environment: Environment) -> Diagnosis:
    about = "required columns"
    # What the platform requires and fills in by itself starts with its own names; people's have a prefix.
    missing = [
        f"{column.name} of {name}"
        for name, given in _GIVEN.items()
        for column in environment.table(name).required()
        if column.name not in given and (column.required == "ApplicationRequired" or "_" in column.name)
    ]
    if not missing:
        sentence = "Forms ask for nothing that FirstContact does not give."
        return Diagnosis(state="ok", about=about, sentence=sentence)
    return Diagnosis(
        state="warning",
        about=about,
        sentence=f"Dynamics wants {_listed(missing)}; where more than its forms insist on it (a plug-in, a "
        "rule, the platform), writes are parked with its words.",
        remedy="Give these columns a default, or make them no more than recommended.",
    )


def _tracking(environment: Environment) -> Diagnosis:
    about = "change tracking"
    without = [
        name
        for name in ("contact", "lead", "account")
        if environment.table(name).columns and not environment.table(name).tracked
    ]
    if not without:
        return Diagnosis(
            state="ok", about=about, sentence="Contacts, leads and accounts track their changes."
        )
    return Diagnosis(
        state="warning",
        about=about,
        sentence=f"Changes are not tracked by {_listed(without)}: changes are told by their time, and "
        "deletions once a day.",
        remedy="Switch `Track changes` on in the settings of these tables, or set `change_tracking = false`.",
    )


def _duplicates(answer: Result, detect: bool) -> Diagnosis:
    about = "duplicate rules"
    rows = answer.body.get("value") if answer.ok and isinstance(answer.body, dict) else None
    active = [
        f"{text(row, 'name')} ({text(row, 'baseentityname')} and {text(row, 'matchingentityname')})"
        for row in rows or ()
    ]
    if not active:
        return Diagnosis(state="ok", about=about, sentence="No duplicate rule is published, or to be seen.")
    heeded = (
        "a contact that one of them finds double is taken where it bears the address or number, else parked"
        if detect
        else "the API leaves them out of account (`duplicate_rules = true` changes that)"
    )
    return Diagnosis(state="ok", about=about, sentence=f"Published are {', '.join(active)}; {heeded}.")


def _filters(environment: Environment) -> Iterable[Diagnosis]:
    if not environment.wildcards and environment.sensitive:
        yield Diagnosis(
            state="warning",
            about="search",
            sentence="Filters know no wildcards and tell upper from lower case here: an address that is not "
            "found may be there in another writing, so that no contact is made for it.",
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
