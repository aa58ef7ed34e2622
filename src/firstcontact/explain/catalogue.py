"""Every reason a trace may hold: what it means, its sentence, and the next step to take.

The names are those of SPEC §4. A sentence is made from the reason's values, so that the command line, the
web page and the API say the same; `docs/reference/reasons.md` is generated from here.
"""

from __future__ import annotations

from typing import NamedTuple

from firstcontact.explain.role_reasons import ROLE_REASONS
from firstcontact.policy.decision import Reason


class Entry(NamedTuple):
    """One reason.

    meaning: for the reference page. sentence: with `{about}` and the reason's values in braces.
    next_step: what a person can do where it held somebody back, "" where nothing need be done.
    """

    meaning: str
    sentence: str
    next_step: str = ""


CATALOGUE: dict[str, Entry] = {
    "ours": Entry(
        "The participant is one of ours: a user, a colleague's address on one of our domains,"
        " one of our lines.",
        "{about} is one of ours.",
    ),
    "contact_found": Entry(
        "Exactly one contact in the CRM bears the handle.",
        "{about} is on the contact {contact}.",
    ),
    "lead_found": Entry(
        "A lead bears the handle, and `lead_blocks_creation` is off, so it does not stop a contact; where "
        "none may be made, the lead is linked.",
        "{about} is on the lead {lead}, which would not stop a contact here.",
    ),
    "no_usable_handle": Entry(
        "A withheld number, an extension, a short code, or something that is no address or number.",
        "“{as_received}” is no number or address that anybody could be found by.",
        "Nothing: nobody can be told from a withheld number. Log it by hand if you know who it was.",
    ),
    "blocked": Entry(
        "The `blocked` list names this address, domain, number, or the subject of the mail.",
        "The blocked list has “{entry}”.",
        "Remove the entry from `blocked` if it should not be there.",
    ),
    "suppressed": Entry(
        "The person was erased, or somebody deleted the contact in the CRM, or removed it here: it is never "
        "made again.",
        "The contact or lead was {why} by a person and is not made again.",
        "Add the contact by hand in the CRM if it should be there after all.",
    ),
    "resource": Entry(
        "A room, equipment, a group calendar or a note-taker bot.",
        "“{name}” is a room, a shared calendar or a bot, not a person.",
    ),
    "role_address": Entry(
        "An address like info@ or no-reply@: linked where a contact bears it, never created.",
        "{address} is a role address, behind which there may be anybody.",
        "Put the address on the `allowed` list if one person uses it.",
    ),
    "account_number": Entry(
        "The number is an account's own (its switchboard): the account is meant, not a person.",
        "{about} is the number of the account {account}.",
    ),
    "automated_sender": Entry(
        "A machine sent the mail (Auto-Submitted, List-Id, Precedence bulk or list, a null return path, a "
        "bounce, an out-of-office answer): nobody on it is created.",
        "A machine sent it: {signs}.",
        "Put the sender on the `allowed` list if people write through this system.",
    ),
    "unauthenticated_sender": Entry(
        "Our own mail server could not authenticate the sender: DMARC failed, or neither SPF nor"
        " DKIM passed.",
        "Our mail server could not tell that the sender is genuine ({dmarc}{results}).",
        "If the sender is genuine, their mail administrator has to mend SPF, DKIM or DMARC.",
    ),
    "bulk_interaction": Entry(
        "More outside people or domains than `max_external_people` or `max_external_domains`.",
        "{people} people of {domains} domains are on it, more than the limit.",
        "Raise `max_external_people` or `max_external_domains`.",
    ),
    "bcc_never_creates": Entry("Somebody in blind copy is never created.", "{about} was only in blind copy."),
    "cc_never_creates": Entry(
        "Somebody in copy is created only where `cc_creates` is on.",
        "{about} was only in copy.",
        "Set `cc_creates = true`.",
    ),
    "declined": Entry("The attendee declined the meeting.", "{about} declined."),
    "cancelled": Entry("The meeting was called off.", "The meeting was cancelled."),
    "forwarded": Entry(
        "Named only in forwarded or quoted text: not a participant.",
        "{about} is only named in forwarded text.",
    ),
    "free_mail": Entry(
        "The address is at a free-mail or disposable-mail host, which never names an account; the setting "
        "`free_mail` decides.",
        "{domain} is a free-mail host.",
        'Answer in `firstcontact review`, or set `free_mail = "create"`.',
    ),
    "not_engaged": Entry(
        "The conversation does not show what `engagement` asks for: held until the thread moves on.",
        "Nobody of ours has taken part in this conversation yet (engagement: {engagement}).",
        'Answer the mail, or set `engagement = "any"`. If you did answer, import the Sent folder too.',
    ),
    "missing_field": Entry(
        "One of `required_fields` is not known yet: held until a better header or signature arrives.",
        "The {field} is not known.",
        "It is tried again when a mail brings it; or take the field out of `required_fields`.",
    ),
    "no_account_for_domain": Entry(
        "`account_match` is `required`, and no account has this domain.",
        "No account has the domain {domain}.",
        "Add {domain} to the right account in the CRM, or here with `firstcontact accounts domains add`; or "
        'set `account_match = "optional"`.',
    ),
    "account_deleted": Entry(
        "An account once had this domain and none has it now: somebody took it away, so it is not made "
        "again.",
        "The account of {domain} was taken away and is not made again.",
        "Add the account by hand in the CRM if it should be there after all.",
    ),
    "account_ambiguous": Entry(
        "Several accounts have this domain and nothing tells which is meant.",
        "Several accounts have the domain {domain}: {accounts}.",
        "Answer in `firstcontact review`, or take the domain off all accounts but one.",
    ),
    "user_not_on_account": Entry(
        "None of ours on the interaction holds one of `user_must_be` on the matched account.",
        "Nobody of ours on it is {wanted} of {account}.",
        "Put the user on the account's team in the CRM, or change `user_must_be`.",
    ),
    "lead_blocks_creation": Entry(
        "A lead bears exactly this handle: the activity goes to the lead, no contact is made.",
        "{about} is on the lead {lead}.",
    ),
    "several_contacts": Entry(
        "Several records bear the handle; the thread or the setting `several_contacts` decides.",
        "Several records bear {about}: {candidates}; decided by {by}.",
        "Answer in `firstcontact review`, or set `several_contacts` to a rule.",
    ),
    "lead_and_contact": Entry(
        "A contact and a lead bear the handle; the contact wins.",
        "A lead ({lead}) bears {about} too.",
        "Convert or merge the lead in the CRM.",
    ),
    "handle_not_on_record": Entry(
        "The CRM's search returned records that do not bear the handle: set aside.",
        "The CRM also returned {records}, on which {about} does not stand.",
    ),
    "fax_never_creates": Entry(
        "A fax never creates a contact unless `fax_may_create` is on.",
        "A fax does not create contacts.",
        "Set `fax_may_create = true`.",
    ),
    "unknown_contact": Entry(
        "Nobody was found; `unknown_contact` says what happens then, by kind, direction and result.",
        "Nobody was found, and the setting for {for} says so.",
        "Change `unknown_contact` for this kind.",
    ),
    "review_required": Entry(
        "An `autonomy` setting says that a person sees it first.",
        "{setting} asks a person first.",
        "Answer in `firstcontact review`.",
    ),
    "brake": Entry(
        "More new contacts than is plausible, or an address book that is suddenly empty: stop and ask.",
        "Creating has stopped: {why} ({count}{before}).",
        "Look whether this is right, then `firstcontact brake release`.",
    ),
    "crm_cannot_be_asked": Entry(
        "The CRM only takes what it is sent, and cannot be asked who is there: whoever is not known from "
        "what was sent from here counts as new.",
        "{crm} cannot be asked who is there; only what was sent from here is known.",
    ),
    "becomes_lead": Entry(
        "The CRM takes somebody unknown as a lead. Its people accept the lead, and then there is a contact "
        "that can be logged on.",
        "In {crm}, {about} becomes a lead, which people there accept before anything is logged on it.",
        "Accept the lead in the CRM.",
    ),
    "ruling": Entry(
        "A person answered this question; the answer is remembered.",
        "A person answered: {chosen}{create}{ignore}.",
    ),
    "lookup_unknown": Entry(
        "The look-up in the CRM failed or was not complete: nothing is done on its word, it is tried again.",
        "The CRM could not be asked: {why}",
        "Nothing: it is tried again by itself.",
    ),
    "not_known": Entry(
        "In a replay: this was never looked up, so nothing is guessed.",
        "{about} was never looked up.",
    ),
    "logging_off": Entry(
        "The setting `log` is off for this kind; for phone kinds that means no creation either.",
        "Logging is off for this kind.",
        "Turn the kind on under `log`.",
    ),
    "internal_only": Entry(
        "Only our own people took part.",
        "Only our own people took part.",
    ),
    "nobody_of_ours": Entry(
        "Nobody of ours took part, as far as can be told.",
        "Nobody of ours is on it.",
        "Say whose mailbox it is (`import --for USER`), or add the address or domain to the team.",
    ),
    "nothing_to_log": Entry(
        "Nobody to link and no account that the domain names: a mail or meeting is then not logged.",
        "There is nobody to link it to, and no account.",
    ),
    "log_not_offered": Entry(
        "The CRM has no place for a log of this kind; it is kept in FirstContact's own log alone.",
        "{crm} has no place for a log of this kind ({kind}); it stays in the engagement log here.",
    ),
    "contact_required": Entry(
        "The CRM logs this kind only on a contact, and there is none.",
        "{crm} logs nothing of this kind ({kind}) without a contact.",
        "Let unknown people be created (`unknown_contact`), or accept that these are not logged.",
    ),
    "exclusive_contact_association": Entry(
        "`exclusive_contact_association` is on, and there is no contact.",
        "Only what belongs to a contact is logged here.",
        "Set `exclusive_contact_association = false`.",
    ),
    "matter_required": Entry(
        "The CRM needs a matter, and none was found.",
        "The CRM needs a matter, and none was found.",
        "Open a matter for the contact.",
    ),
    "several_matters": Entry(
        "The contact has several open matters; `several_matters` says to ask.",
        "Several matters are open: {matters}.",
        "Answer in `firstcontact review`, or set `several_matters`.",
    ),
    "private": Entry(
        "A calendar entry marked private never leaves the calendar.",
        "The entry is marked private.",
    ),
    "partial": Entry(
        "Only an answer to an invitation (or a cancellation without a time) has arrived: it is held until "
        "the invitation itself does.",
        "Only an answer to the invitation has arrived, not the invitation.",
        "Import the calendar that holds the meeting.",
    ),
    "draft": Entry(
        "A mail that was never sent: its addresses may be half typed.",
        "It is a draft that was never sent.",
    ),
    "already_logged": Entry(
        "The CRM holds this interaction already, from another system.",
        "The CRM has it already.",
    ),
    "contact_role": Entry(
        "Somebody on a mail or meeting gets a role on an open opportunity of their account; what stands "
        "behind the colon says which line of the table applies (docs/how-to/contact-roles.md).",
        "{about} gets a role on the opportunity {opportunity}.",
    ),
    "no_contact_role": Entry(
        "Why somebody gets no contact role, or an opportunity none, where `contact_roles` is on.",
        "No contact role on {opportunity}.",
    ),
    "removed": Entry(
        "A person removed the activity (`firstcontact remove`): it is not logged again.",
        "A person removed its activity on {on}; it is not logged again.",
        "Log it in the CRM by hand if it should be there after all.",
    ),
    "enriched": Entry(
        "A value that this interaction said of the person goes into a field of their contact (`enrich`, "
        "`classify`).",
        "The {field} of the contact becomes {value}; before it was {before}.",
        "`firstcontact enrichment` shows where each value of a contact came from.",
    ),
    "enrichment_asked": Entry(
        "A value is ready for a field of the contact; `autonomy.enrich` says that a person sees it first.",
        "The {field} of the contact would become {value}; now it is {before}.",
        "Answer in `firstcontact review`: accept it, or ignore it for good.",
    ),
    "enrichment_refused": Entry(
        "A person said that this value is not to be written.",
        "The {field} {value} is not written: a person said so.",
    ),
    "enrichment_older": Entry(
        "What this interaction says of the person is older than what was written: it overwrites nothing.",
        "The {field} {value} is older than what was written last.",
    ),
    "enrichment_shared": Entry(
        "A number or address that somebody else has, too, or an account's own number: nobody gets it.",
        "The {field} {value} is not this person's alone.",
        "Put it on the contact by hand if it is theirs all the same.",
    ),
    "enrichment_other_name": Entry(
        "The sender bears another given name than the contact: a mailbox that two people share. What they "
        "say of themselves is not written.",
        "The sender calls themselves {name}, which is not this contact's name.",
    ),
    "enrichment_not_own": Entry(
        "The mail is not surely its sender's own word: a machine or a mailing list sent it, the address "
        "speaks for several people, or the sender may be forged. Neither its name nor its signature goes "
        "into the contact.",
        "What this mail says of its sender is not taken over: {why}.",
        "Put it on the contact by hand if it is so all the same.",
    ),
    "edited_by_person": Entry(
        "A person changed or emptied the field after we wrote it: it stays as they left it, unless the "
        "setting is `always`.",
        "The {field} stays as a person left it; the mail says {value}.",
        'Set `enrich` to "always" for the field if mail is to win.',
    ),
    "by_hand": Entry("A user logged it by hand.", "{by} logged it by hand."),
    "no_crm_user": Entry(
        "Our user has no CRM user; the connection's own user stands for them.",
        "{user} has no user in the CRM.",
        "Map the user: `crm_user` in the settings.",
    ),
}


_WITHOUT: dict[tuple[str, str], str] = {
    ("no_usable_handle", "as_received"): "The number was withheld: nobody can be found by it.",
    ("no_crm_user", "user"): "Nobody of ours answered it; the connection's own user stands for them.",
}
"""The sentence where that value is empty."""

_WITH: dict[tuple[str, str], str] = {
    ("suppressed", "on"): "The contact was removed by a person on {on} and is not made again.",
}
"""The sentence where that value is there."""


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def entry(name: str) -> Entry:
    """The entry of a reason: its own, else that of the part before its colon. Raises KeyError for a name not
    listed."""
    own = ROLE_REASONS.get(name)
    return Entry(*own) if own else CATALOGUE[name.partition(":")[0]]


def sentence(reason: Reason) -> str:
    """The reason as one plain sentence."""
    for name, value in reason.values:
        if not value and (reason.name, name) in _WITHOUT:
            return _WITHOUT[reason.name, name]
        if value and (reason.name, name) in _WITH:
            return _WITH[reason.name, name].format_map(_Values(reason.values))
    return entry(reason.name).sentence.format_map(_Values(reason.values, about=reason.about))


def next_step(reason: Reason) -> str:
    """What a person can do about it, "" where nothing need be done."""
    return entry(reason.name).next_step.format_map(_Values(reason.values, about=reason.about))


def reference_page() -> str:
    """`docs/reference/reasons.md`."""
    lines = [
        "# Reasons",
        "",
        "Generated from `firstcontact.explain.catalogue` by `make docs`.",
        "",
        "Every verdict carries the reasons that led to it. A name with a colon carries its value behind it: "
        "`missing_field:last_name`, `unknown_contact:skip`, `logging_off:sms`.",
        "",
        "| reason | meaning | what you can do |",
        "|---|---|---|",
    ]
    roles = {name: Entry(*each) for name, each in ROLE_REASONS.items()}
    for name, each in {**CATALOGUE, **roles}.items():
        step = each.next_step.replace("|", "\\|")
        lines.append(f"| `{name}` | {each.meaning} | {step} |")
    return "\n".join(lines) + "\n"
