"""Combinations of settings that would silently lose data, told when they are saved (SPEC §3).

Each warning says what would be lost, for whom, and which setting to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from firstcontact.identity.team import User
from firstcontact.interactions.model import KINDS
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.setting import Layer, Problem
from firstcontact.policy.settings import Effective
from firstcontact.policy.written import OWNERS

_PLURAL = {
    "call": "calls",
    "voicemail": "voicemails",
    "sms": "texts",
    "fax": "faxes",
    "email": "e-mails",
    "meeting": "meetings",
}


class CrmNeeds(Protocol):
    """What is asked of a CRM here; its capabilities have these four."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def contact_required_for(self) -> frozenset[str]:
        """Interaction kinds that it does not log without a contact."""

    @property
    def matter_required(self) -> bool:
        """Whether it logs nothing without a matter."""

    @property
    def contact_roles(self) -> bool:
        """Whether a contact can be given a role on an opportunity."""


def reviewers(book: SettingsBook) -> tuple[User, ...]:
    """The users whom questions are put to."""
    return tuple(user for user in book.team.users if user.reviewer)


def warnings(book: SettingsBook, crms: Mapping[str, CrmNeeds]) -> tuple[Problem, ...]:
    """Everything that these settings would silently lose, for each CRM connection by name, in a fixed order.

    Also what a lock keeps out (`SettingsBook.ignored`), blocks that a more specific list gives up, and
    owners that nobody in the team is.
    """
    found: dict[tuple[str, str], Problem] = {}
    for problem in (
        *book.ignored,
        *_given_up_blocks(book),
        *_unknown_owners(book),
        *_settings_warnings(book, crms),
    ):
        found.setdefault((problem.key, problem.sentence), problem)
    return tuple(found.values())


def _settings_warnings(book: SettingsBook, crms: Mapping[str, CrmNeeds]) -> Iterator[Problem]:
    """The warnings of each connection and of everybody who has settings of their own, the general case first;
    what is said of the organisation is not repeated for each user."""
    nobody_to_ask = not reviewers(book)
    for connection, crm in crms.items() or [("", None)]:
        said: set[tuple[str, str]] = set()
        for scope, settings in _everybody(book, connection):
            ours = [*_lost_in(settings, crm)] if crm is not None else []
            if nobody_to_ask:
                ours.extend(_unanswered(settings))
            for key, sentence in ours:
                if (key, sentence) not in said:
                    said.add((key, sentence))
                    whose = "" if scope == "organisation" else f" (for {scope})"
                    yield Problem(key=key, sentence=sentence + whose, place=_place(book, settings, key))


def _everybody(book: SettingsBook, connection: str) -> Iterator[tuple[str, Effective]]:
    yield "organisation", book.effective(connection=connection)
    for profile in book.profiles:
        member = next((user.id for user in book.team.users if user.profile == profile), "")
        if member not in book.users:
            yield f"profile:{profile}", book.effective(member, connection)
    for user in book.users:
        yield f"user:{user}", book.effective(user, connection)


def _lost_in(settings: Effective, crm: CrmNeeds) -> Iterator[tuple[str, str]]:
    fax_makes_nobody = not settings.fax_may_create or not _creates_for_fax(settings)
    fax_is_wanted = settings.log.get("fax", True) and _wants_unknown_fax(settings)
    if fax_is_wanted and fax_makes_nobody and "fax" in crm.contact_required_for:
        yield (
            "fax_may_create",
            f"a fax from a number that is on no contact will not be logged at all: {crm.title} needs a "
            "contact for every fax, and these settings make none for a fax",
        )
    if fax_is_wanted and fax_makes_nobody and settings.exclusive_contact_association:
        yield (
            "exclusive_contact_association",
            "a fax from a number that is on no contact will not be logged at all: only interactions with a "
            "contact are logged, and these settings make none for a fax",
        )
    yield from _unlinked_where_it_cannot_be(settings, crm)
    if crm.matter_required and not settings.matter_association:
        yield (
            "matter_association",
            f"nothing will be logged: {crm.title} logs only on a matter, and none is looked for",
        )
    if settings.contact_roles and not crm.contact_roles:
        yield (
            "contact_roles",
            f"no contact role will be made: {crm.title} has no place for roles on opportunities",
        )


def _unlinked_where_it_cannot_be(settings: Effective, crm: CrmNeeds) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        if kind == "fax" or kind not in crm.contact_required_for or not settings.log.get(kind, True):
            continue
        for key in _keys_that_concern(settings, kind):
            if settings.unknown_contact[key] == "log_unlinked":
                what = _PLURAL[kind] if key in ("default", kind) else f"{_PLURAL[kind]} of `{key}`"
                yield (
                    f"unknown_contact.{key}",
                    f"{what} with somebody unknown will not be logged at all: {crm.title} needs a contact "
                    "for them, so they cannot be logged unlinked",
                )


def _keys_that_concern(settings: Effective, kind: str) -> Iterator[str]:
    """Keys of `unknown_contact` that decide for this kind: its own, then `default` if they leave room."""
    own = [key for key in settings.unknown_contact if key.partition(".")[0] == kind]
    covered = kind in own or {f"{kind}.inbound", f"{kind}.outbound"} <= set(own)
    yield from own
    if not covered and "default" in settings.unknown_contact:
        yield "default"


def _fax_values(settings: Effective) -> tuple[str, ...]:
    return tuple(settings.unknown_contact_for(("fax", direction)) for direction in ("inbound", "outbound"))


def _creates_for_fax(settings: Effective) -> bool:
    return all(value in ("create", "ask", "skip") for value in _fax_values(settings))


def _wants_unknown_fax(settings: Effective) -> bool:
    return any(value != "skip" for value in _fax_values(settings))


def _unanswered(settings: Effective) -> Iterator[tuple[str, str]]:
    asks = [
        *(f"unknown_contact.{key}" for key, value in settings.unknown_contact.items() if value == "ask"),
        *(
            name
            for name in ("several_contacts", "free_mail", "several_matters")
            if getattr(settings, name) == "ask"
        ),
        *(f"autonomy.{key}" for key, value in settings.autonomy.items() if value == "ask"),
    ]
    for key in asks:
        yield (
            key,
            f"`{key}` asks a person, but no user of the team is a reviewer: nothing that waits for an answer "
            "will ever be written",
        )


def _given_up_blocks(book: SettingsBook) -> Iterator[Problem]:
    for layer in (*book.connections.values(), *book.profiles.values(), *book.users.values()):
        if "blocked" not in layer.values:
            continue
        above = set(book.effective_at("organisation").blocked)
        given_up = sorted(above - set(book.effective_at(layer.label).blocked))
        if given_up:
            sentence = (
                f"the `blocked` list of {layer.label} stands in place of the organisation's; no longer "
                f"blocked there: {', '.join(given_up)}"
            )
            yield Problem(key="blocked", sentence=sentence, place=layer.places["blocked"])


def _unknown_owners(book: SettingsBook) -> Iterator[Problem]:
    known = {*OWNERS, *(user.id for user in book.team.users)}
    for layer in book.layers():
        owners = layer.values.get("owner", ())
        for owner in owners if isinstance(owners, tuple) else ():
            if owner not in known:
                sentence = f"`{owner}` is nobody in the team; it is taken for the id of a user of the CRM"
                yield Problem(key="owner", sentence=sentence, place=layer.places["owner"])


def _place(book: SettingsBook, settings: Effective, key: str) -> tuple[str | int, ...]:
    """Where the value stands that the warning is about; () where nobody wrote it."""
    origin = settings.origins.get(key, "")
    layer: Layer | None = next((one for one in book.layers() if one.label == origin), None)
    if layer is None and origin.startswith("preset:"):
        named = settings.origins.get("preset", "")
        layer = next((one for one in book.layers() if one.label == named), None)
        return layer.places.get("preset", ()) if layer is not None else ()
    return layer.places.get(key, ()) if layer is not None else ()
