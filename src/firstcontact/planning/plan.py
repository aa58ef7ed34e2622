"""`plan`: a decision as writes, in the order in which they can be carried out.

One activity per interaction (texts: per conversation and day), whatever is decided again: what was logged is
updated in place, and only in the fields that are new. One creating write per unknown handle, however
many interactions want it: the ledger's reservations say which write that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from firstcontact.interactions.model import Fax, Interaction, kind_of
from firstcontact.planning import enrichment, texts
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.contact_roles import role_writes
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    CreatedBy,
    DocumentFields,
    Existing,
    Target,
    TimeEntryFields,
    Write,
    write_key,
)
from firstcontact.policy.decision import Decision, FieldChange, PersonVerdict
from firstcontact.policy.values import INTEGRATION_USER

NEW = "new:"
"""Prefix of a record id that stands for the contact a write of ours is about to make."""


class Logged(msgspec.Struct, frozen=True):
    """The activity that an interaction (or a conversation's day) already has: the write that makes it, the
    fields as we last wrote them, and the newest write about it (empty: the one that makes it)."""

    write_key: str
    fields: ActivityFields
    latest: str = ""


class Message(msgspec.Struct, frozen=True):
    """One text message of a conversation's day: `clock` is the time of day in the user's zone."""

    interaction: str
    at: int
    clock: str
    direction: str
    text: str
    text_removed: bool = False


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger remembers that a plan must go on from.

    reserved: handle key (or `domain:host` for an account) to the write that makes its record, or to the
    record itself. logged: the activity there is. done: keys of writes that already stand in the ledger.
    conversation_day, messages: for texts, the key of the day's activity and all its messages so far.
    """

    connection: str
    reserved: Mapping[str, Target] = {}
    logged: Logged | None = None
    done: frozenset[str] = frozenset()
    conversation_day: str = ""
    messages: tuple[Message, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """Writes in order, and the reservations that the creating ones need: key to write key. brings: by write
    key, the values that it writes and where they are from (SPEC §8)."""

    writes: tuple[Write, ...]
    reserves: Mapping[str, str] = {}
    brings: Mapping[str, tuple[FieldChange, ...]] = {}


def plan(decision: Decision, interaction: Interaction, links: Links, capabilities: Capabilities) -> Plan:
    """The writes that carry out a decision; none where everything is as it should be."""
    writes: list[Write] = []
    reserves: dict[str, str] = {}
    brings: dict[str, tuple[FieldChange, ...]] = {}
    people: list[Target] = []
    contacts: dict[str, Target] = {}
    primary = ""
    for person in decision.people:
        if person.verdict == "create":
            target = _create(person, decision, links, writes, reserves, brings)
            if capabilities.creates_leads and not capabilities.log_on_lead:
                continue
        elif person.verdict == "link":
            target = _record(person)
            if capabilities.updates_contacts:
                writes.extend(_update(person, decision, links, target))
                changed = enrichment.update(person, decision, links.connection, target)
                if changed is not None:
                    writes.append(changed[0])
                    brings[changed[0].key] = changed[1]
        elif person.verdict == "link_lead" and capabilities.log_on_lead:
            target = Existing("lead", person.record)
        else:
            continue
        people.append(target)
        contacts[person.about] = target
        primary = primary or _shown(person)
    if decision.activity in ("log", "log_unlinked"):
        if not capabilities.several_people_on_activity:
            del people[1:]
        who = primary or (decision.people[0].about if decision.people else "")
        writes.extend(_activity(decision, interaction, links, capabilities, tuple(people), who))
    writes.extend(role_writes(decision, links.connection, contacts))
    return Plan(tuple(write for write in writes if write.key not in links.done), reserves, brings)


def _shown(person: PersonVerdict) -> str:
    full = " ".join(filter(None, (person.first_name, person.last_name)))
    return full or person.name or person.about


def _record(person: PersonVerdict) -> Target:
    if person.record.startswith(NEW):
        return CreatedBy(person.record[len(NEW) :])
    return Existing("contact", person.record)


def _create(
    person: PersonVerdict,
    decision: Decision,
    links: Links,
    writes: list[Write],
    reserves: dict[str, str],
    brings: dict[str, tuple[FieldChange, ...]],
) -> Target:
    reserved = links.reserved.get(person.about)
    if reserved is not None:
        return reserved
    account: Target | None = Existing("account", person.account) if person.account else None
    if person.account_domain:
        account = _create_account(person, decision, links, writes, reserves)
    key = write_key(links.connection, "create_contact", decision.interaction, person.about)
    fields = ContactFields(
        first_name=person.first_name,
        last_name=person.last_name,
        name=person.name,
        emails=person.emails,
        phones=person.phones,
        title=person.title,
        account=account,
        owner=_owner(person),
        lead_source=decision.lead_source,
        contact_type=person.contact_type,
        placeholder=person.placeholder,
        created_by_firstcontact=True,
        interaction=decision.interaction,
    )
    fields, brought, further = enrichment.with_values(
        fields, person.changes, {*links.reserved, *reserves}.difference((person.about,))
    )
    if brought:
        brings[key] = brought
    reserves.update(dict.fromkeys(further, key))
    writes.append(
        Write(
            key=key,
            kind="create_contact",
            interaction=decision.interaction,
            subject=person.about,
            fields=fields,
        )
    )
    reserves[person.about] = key
    return CreatedBy(key)


def _owner(person: PersonVerdict) -> str:
    """The CRM user who is to own what is created; "" leaves it to the one that we log in as."""
    return "" if person.owner == INTEGRATION_USER else person.owner


def _create_account(
    person: PersonVerdict,
    decision: Decision,
    links: Links,
    writes: list[Write],
    reserves: dict[str, str],
) -> Target:
    subject = f"domain:{person.account_domain}"
    reserved = links.reserved.get(subject)
    if reserved is not None:
        return reserved
    key = reserves.get(subject)
    if key is None:
        key = write_key(links.connection, "create_account", decision.interaction, subject)
        fields = AccountFields(name=person.account_domain, domain=person.account_domain, owner=_owner(person))
        writes.append(
            Write(
                key=key,
                kind="create_account",
                interaction=decision.interaction,
                subject=subject,
                fields=fields,
            )
        )
        reserves[subject] = key
    return CreatedBy(key)


def _update(person: PersonVerdict, decision: Decision, links: Links, target: Target) -> tuple[Write, ...]:
    """A placeholder takes its real name; a chosen contact learns the handle where the user said so."""
    if not person.rename and not person.learn:
        return ()
    fields = ContactFields(
        first_name=person.first_name,
        last_name=person.last_name,
        emails=person.emails,
        phones=person.phones,
        placeholder=False if person.rename else None,
    )
    what = "name" if person.rename else "handle"
    subject = f"{person.record}:{what}"
    key = write_key(links.connection, "update_contact", decision.interaction, subject)
    return (
        Write(
            key=key,
            kind="update_contact",
            interaction=decision.interaction,
            subject=subject,
            fields=fields,
            target=target,
        ),
    )


def _activity(
    decision: Decision,
    interaction: Interaction,
    links: Links,
    capabilities: Capabilities,
    people: tuple[Target, ...],
    who: str,
) -> tuple[Write, ...]:
    fields = _fields(decision, interaction, links, capabilities, people, who)
    subject = links.conversation_day or decision.interaction
    key = write_key(links.connection, "log_activity", subject, "")
    if links.logged is not None:
        belongings = _belated(decision, interaction, links, capabilities, links.logged)
        if not capabilities.updates_activity:
            return belongings
        removed = interaction.text_removed or any(message.text_removed for message in links.messages)
        changes = _changes(decision, links, links.logged, fields, any_text_removed=removed)
        return (*changes, *belongings)
    log = Write(
        key=key, kind="log_activity", interaction=decision.interaction, subject=subject, fields=fields
    )
    return (log, *_belongings(decision, interaction, links, capabilities, CreatedBy(key)))


def _fields(
    decision: Decision,
    interaction: Interaction,
    links: Links,
    capabilities: Capabilities,
    people: tuple[Target, ...],
    who: str,
) -> ActivityFields:
    form = capabilities.body_format
    body = texts.body(interaction, form)
    interactions: tuple[str, ...] = (interaction.id,)
    at = interaction.at
    if links.messages:
        body = "\n".join(
            texts.message_line(message.clock, message.direction, message.text, form)
            for message in links.messages
        )
        interactions = tuple(message.interaction for message in links.messages)
        at = links.messages[0].at
    return ActivityFields(
        kind=kind_of(interaction),
        interactions=interactions,
        at=at,
        subject=texts.subject(interaction, decision.direction, who),
        body=body,
        direction=links.messages[0].direction if links.messages else decision.direction,
        outcome=getattr(interaction, "result", "") or getattr(interaction, "status", ""),
        seconds=getattr(interaction, "seconds", 0),
        people=people,
        account=Existing("account", decision.account) if decision.account else None,
        opportunity=decision.opportunity,
        matter=decision.matter,
        user=decision.crm_user,
        recording=getattr(interaction, "recording", ""),
        transcript=getattr(interaction, "transcript", ""),
    )


def _changes(
    decision: Decision, links: Links, logged: Logged, fields: ActivityFields, *, any_text_removed: bool
) -> tuple[Write, ...]:
    if any_text_removed:
        # Retention took the text away here; in the CRM it stays as it was written.
        fields = msgspec.structs.replace(fields, body=logged.fields.body, transcript=logged.fields.transcript)
    changed = tuple(
        name
        for name in ActivityFields.__struct_fields__
        if getattr(logged.fields, name) != getattr(fields, name)
    )
    if not changed:
        return ()
    # Named after the write before it, too: a meeting that is moved, moved back and moved again is three
    # changes, of which the last has the same fields as the first.
    before = logged.latest or logged.write_key
    digest = sha256(before.encode() + msgspec.msgpack.encode(fields)).hexdigest()[:16]
    key = write_key(links.connection, "update_activity", decision.interaction, digest)
    return (
        Write(
            key=key,
            kind="update_activity",
            interaction=decision.interaction,
            subject=digest,
            fields=fields,
            target=CreatedBy(logged.write_key),
            changed=changed,
        ),
    )


def _belated(
    decision: Decision,
    interaction: Interaction,
    links: Links,
    capabilities: Capabilities,
    logged: Logged,
) -> tuple[Write, ...]:
    """What came after the activity was written: a fax's file, and the time of a call that was answered only
    by what was delivered later. What other settings would add to an older interaction is not made up for."""
    # SPEC §3: a change of settings applies to new interactions only.
    talked = logged.fields.seconds == 0 and getattr(interaction, "seconds", 0) > 0
    return tuple(
        write
        for write in _belongings(decision, interaction, links, capabilities, CreatedBy(logged.write_key))
        if write.kind == "document" or talked
    )


def _belongings(
    decision: Decision,
    interaction: Interaction,
    links: Links,
    capabilities: Capabilities,
    activity: Target,
) -> tuple[Write, ...]:
    """Time entry and documents, written once, beside the activity."""
    writes: list[Write] = []
    if decision.time_entry is not None:
        writes.append(
            Write(
                key=write_key(links.connection, "time_entry", interaction.id, ""),
                kind="time_entry",
                interaction=interaction.id,
                subject="",
                fields=TimeEntryFields(
                    interaction=interaction.id,
                    activity=activity,
                    at=interaction.at,
                    seconds=decision.time_entry.seconds,
                    billable=decision.time_entry.billable,
                    user=decision.crm_user,
                    matter=decision.matter,
                    subject=texts.subject(interaction, decision.direction, ""),
                ),
            )
        )
    if isinstance(interaction, Fax) and "fax" in capabilities.files:
        for attachment in interaction.attachments:
            subject = attachment.uri or attachment.name
            writes.append(
                Write(
                    key=write_key(links.connection, "document", interaction.id, subject),
                    kind="document",
                    interaction=interaction.id,
                    subject=subject,
                    fields=DocumentFields(
                        interaction=interaction.id,
                        activity=activity,
                        name=attachment.name,
                        content_type=attachment.content_type,
                        uri=attachment.uri,
                    ),
                )
            )
    return tuple(writes)
