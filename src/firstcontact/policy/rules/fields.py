"""The worry that too little is known: a required field is missing, the person is held as pending."""

from __future__ import annotations

from firstcontact.policy.case import Person
from firstcontact.policy.field_values import read_mailing
from firstcontact.policy.known import ContactField
from firstcontact.policy.rules.said import Said


def missing_field(person: Person) -> list[Said] | None:
    """Those of `required_fields` that nothing observed so far can fill."""
    missing = [
        Said(f"missing_field:{field}", "never", (("field", field),))
        for field in person.case.settings.required_fields.get(person.case.kind, ())
        if not has_field(person, field)
    ]
    return missing or None


def has_field(person: Person, field: str) -> bool:
    """Whether a value for a field of `required_fields` is at hand."""
    match field:
        case "first_name":
            return person.name is not None and bool(person.name.first)
        case "last_name":
            return person.name is not None and bool(person.name.last)
        case "email":
            return _has_handle(person, "email")
        case "phone":
            return _has_handle(person, "phone") or bool(_said(person, "phone") or _said(person, "mobile"))
        case "title" | "mobile" | "department" | "seniority" | "persona":
            return bool(_said(person, field))
        case "account":
            return person.account is not None
        case "company":
            return person.account is not None or bool(_said(person, "company"))
        case "country" | "state":
            address = _said(person, "mailing")
            return bool(address) and bool(getattr(read_mailing(address), field))
        case _:
            return False


def _has_handle(person: Person, kind: str) -> bool:
    return any(handle.kind == kind for handle in person.participant.handles)


def _said(person: Person, field: ContactField) -> str:
    """The value that was observed of them, "" for none, and for a number that others have, too."""
    value = person.facts.value(field)
    return "" if value in person.facts.of_others else value
