"""Which single change would have created somebody who was not: tried, not guessed.

Each change is made to the settings (or to what is known) alone, and the decision is computed again; only a
change that turns the verdict into `create` is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from firstcontact.identity.records import Account
from firstcontact.interactions.model import Interaction
from firstcontact.policy.case import Case
from firstcontact.policy.decide import decide
from firstcontact.policy.known import Known, ObservedName, ThreadMessage
from firstcontact.policy.settings import Effective

Change = tuple[str, Callable[[Effective, Known], tuple[Effective, Known]]]


def single_changes(
    interaction: Interaction, known: Known, settings: Effective, about: str
) -> tuple[str, ...]:
    """Sentences, each naming one change that alone would create the person; () where no single one does."""
    found = []
    for sentence, change in _changes(interaction, settings, about):
        other, otherwise = change(settings, known)
        decision = decide(interaction, otherwise, other)
        if any(p.about == about and p.verdict == "create" for p in decision.people):
            found.append(sentence)
    return tuple(found)


def _changes(interaction: Interaction, settings: Effective, about: str) -> Iterator[Change]:
    case = Case(interaction, Known(at=0, connection=""), settings)
    path = ".".join(part for part in case.path if part)
    for name, value in _SETTINGS:
        if getattr(settings, name) != value:
            yield f"set `{name} = {_toml(value)}`", _with_setting(name, value)
    if case.unknown_contact != "create":
        sentence = f'set `unknown_contact.{path} = "create"`'
        yield sentence, _with_setting("unknown_contact", {**settings.unknown_contact, path: "create"})
    if settings.log.get(case.kind, True) is False:
        yield f"set `log.{case.kind} = true`", _with_setting("log", {**settings.log, case.kind: True})
    if settings.autonomy.get("create") == "ask":
        yield 'set `autonomy.create = "act"`', _with_setting("autonomy", {"create": "act"})
    yield f"put {about} on the `allowed` list", _with_setting("allowed", (*settings.allowed, about))
    for entry in settings.blocked:
        rest = tuple(each for each in settings.blocked if each != entry)
        yield f"take “{entry}” off the `blocked` list", _with_setting("blocked", rest)
    for field in settings.required_fields.get(case.kind, ()):
        rest = tuple(each for each in settings.required_fields[case.kind] if each != field)
        required = {**settings.required_fields, case.kind: rest}
        yield f"take `{field}` out of `required_fields`", _with_setting("required_fields", required)
    if case.kind == "email":
        yield "answer the mail (and import the Sent folder)", _answered(settings)
        yield "their answer to the mail", _they_answered(about)
    host = about.rpartition("@")[2]
    if "@" in about:
        yield f"add an account with the domain {host} to the CRM", _with_account(host)
        yield "a mail whose From header gives first and last name", _with_name(about)


_SETTINGS: tuple[tuple[str, object], ...] = (
    ("engagement", "any"),
    ("free_mail", "create"),
    ("cc_creates", True),
    ("account_match", "optional"),
    ("user_must_be", ()),
    ("fax_may_create", True),
    ("max_external_people", 1000),
    ("max_external_domains", 1000),
    ("account_subdomains", True),
    ("lead_blocks_creation", False),
)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _with_setting(name: str, value: object) -> Callable[[Effective, Known], tuple[Effective, Known]]:
    return lambda settings, known: (msgspec.structs.replace(settings, **{name: value}), known)


def _answered(settings: Effective) -> Callable[[Effective, Known], tuple[Effective, Known]]:
    senders = tuple(user.emails[0] for user in settings.team.users if user.emails)[:1]

    def change(settings: Effective, known: Known) -> tuple[Effective, Known]:
        thread = (*known.thread, ThreadMessage(senders))
        return settings, msgspec.structs.replace(known, thread=thread)

    return change


def _they_answered(about: str) -> Callable[[Effective, Known], tuple[Effective, Known]]:
    def change(settings: Effective, known: Known) -> tuple[Effective, Known]:
        thread = (*known.thread, ThreadMessage((about,)))
        return settings, msgspec.structs.replace(known, thread=thread)

    return change


def _with_account(host: str) -> Callable[[Effective, Known], tuple[Effective, Known]]:
    def change(settings: Effective, known: Known) -> tuple[Effective, Known]:
        account = Account(id="what-if", name=host, domains=(host,), primary_domains=1)
        return settings, msgspec.structs.replace(known, accounts=(*known.accounts, account))

    return change


def _with_name(about: str) -> Callable[[Effective, Known], tuple[Effective, Known]]:
    def change(settings: Effective, known: Known) -> tuple[Effective, Known]:
        facts = known.people.get(about)
        if facts is None:
            return settings, known
        named = msgspec.structs.replace(facts, names=(ObservedName("First", "Last", "header"),))
        return settings, msgspec.structs.replace(known, people={**known.people, about: named})

    return change
