"""Where our SPEC says otherwise than the peers: rules about a case's content, never about its name.

Each rule cites the SPEC, says which cases it is about, and what our engine must give instead; that is
checked as strictly as the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from peer_settings import overlay

Case = Mapping[str, Any]
Expect = dict[str, Any]


class View(NamedTuple):
    """A case, and what is expected of us so far; rules change the latter."""

    case: Case
    expect: Expect


class Rule(NamedTuple):
    """One sentence of the SPEC that decides otherwise than the peers."""

    name: str
    spec: str
    applies: Callable[[View], bool]
    instead: Callable[[View], None]


def by_our_spec(case: Case) -> tuple[Expect, tuple[str, ...]]:
    """What our engine must give, and the names of the rules that made it differ."""
    expect: Expect = copy.deepcopy(dict(case["expect"]))
    used: list[str] = []
    for rule in RULES:
        if rule.applies(View(case, expect)):
            before = copy.deepcopy(expect)
            rule.instead(View(case, expect))
            if expect != before:
                used.append(rule.name)
    return expect, tuple(used)


def _events(case: Case) -> Iterator[Mapping[str, Any]]:
    event = case["event"]
    yield from event.get("items") or [event]


def _unlinked_mails(case: Case) -> set[str]:
    """Mails and meetings that the peers store without a contact, and whose domains name no account."""
    domains = {domain for account in case["given"]["accounts"] for domain in _domains(account)}
    history = [
        entry["event"]
        for entry in case["given"].get("history") or ()
        if entry.get("result") == "logged_unlinked"
    ]
    found: set[str] = set()
    for event in (*history, *(_events(case) if case["expect"]["decision"] == "logged_unlinked" else ())):
        if event["kind"] not in ("email", "meeting"):
            continue
        hosts = {text.rpartition("@")[2].rstrip("> ").lower() for text in _people(event)}
        if not hosts & domains:
            found.add(f"{event.get('message_id') or event.get('uid')} {event.get('from', '')}")
    return found


def _domains(account: Mapping[str, Any]) -> Iterator[str]:
    yield from account.get("domains") or ()
    if account.get("website"):
        yield account["website"].lower().partition("//")[2].partition("/")[0].removeprefix("www.")


def _people(event: Mapping[str, Any]) -> Iterator[str]:
    yield event.get("from") or event.get("organizer") or ""
    for role in ("to", "cc", "bcc"):
        yield from event.get(role) or ()
    for attendee in event.get("attendees") or ():
        yield attendee["address"]


def _add(view: View, name: str, number: int) -> None:
    if name in view.expect.get("counts", {}):
        view.expect["counts"][name] += number


def _nothing_to_log(view: View) -> None:
    if view.expect["decision"] == "logged_unlinked":
        view.expect["decision"] = "ignored"
    _add(view, "activities", -len(_unlinked_mails(view.case)))


def _asks_first(view: View) -> None:
    _add(view, "activities", -1)


def _owner_asks(view: View) -> None:
    view.expect["decision"] = "review"
    view.expect.pop("linked_to", None)


def _no_text_search(view: View) -> None:
    view.expect["decision"] = "created"
    view.expect.pop("candidates", None)
    _add(view, "contacts", 1)


def _contact_wins(view: View) -> None:
    del view.expect["candidates"]
    view.expect["our_reasons"] = ["lead_and_contact"]


def _not_restored(view: View) -> None:
    mail = any(event["kind"] in ("email", "meeting") for event in _events(view.case))
    view.expect["decision"] = "ignored" if mail else "logged_unlinked"
    for name in ("linked_to", "contacts_after", "created_contacts"):
        view.expect.pop(name, None)
    _add(view, "contacts", -1)
    if mail:
        _add(view, "activities", -1)
    view.expect["our_reasons"] = ["suppressed"]


def _settings(case: Case) -> Mapping[str, Any]:
    return overlay({}, case["given"].get("settings") or {})


RULES: tuple[Rule, ...] = (
    Rule(
        "nothing_to_log",
        "SPEC §6: a mail or meeting with nobody to link is logged on the account that its domain names; "
        "where there is no account either, it is not logged",
        lambda view: bool(_unlinked_mails(view.case)),
        _nothing_to_log,
    ),
    Rule(
        "contact_search_is_by_field",
        "SPEC §2: search in every phone-typed and e-mail-typed field; a number in the text of mails is on no "
        "record, so it is absent",
        lambda view: (
            view.expect["decision"] == "review"
            and any(one.get("phones_seen_in_text") for one in view.case["given"]["contacts"])
        ),
        _no_text_search,
    ),
    Rule(
        "no_choice_by_owner",
        "SPEC §3 several_contacts: ask, most_recent_activity, earliest_created, alphabetical, log_unlinked "
        "or skip; there is no choice by owner",
        lambda view: (
            _settings(view.case).get("ambiguous") == "prefer_owner"
            and len(view.expect.get("candidates", ())) > 1
        ),
        _owner_asks,
    ),
    Rule(
        "nothing_is_written_until_the_ruling",
        "SPEC §4: else one who is to be asked about, ask, and nothing is written until the ruling",
        lambda view: view.expect["decision"] == "review",
        _asks_first,
    ),
    Rule(
        "the_contact_wins",
        "SPEC §2: contact and lead both match: the contact wins; the pair is flagged lead_and_contact",
        lambda view: (
            view.expect["decision"] == "linked"
            and "candidates" in view.expect
            and any(one.get("kind") == "lead" for one in view.case["given"]["contacts"])
        ),
        _contact_wins,
    ),
    Rule(
        "deleted_stays_deleted",
        "SPEC §4 suppressed: a contact that a person deleted is never made again",
        lambda view: view.expect["decision"] == "restored",
        _not_restored,
    ),
)
