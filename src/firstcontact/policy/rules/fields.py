"""The worry that too little is known: a required field is missing, the person is held as pending."""

from __future__ import annotations

from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said


def missing_field(person: Person) -> Said | None:
    """The first of `required_fields` that nothing observed so far can fill."""
    for field in person.case.settings.required_fields.get(person.case.kind, ()):
        if not has_field(person, field):
            return Said(f"missing_field:{field}", "never", (("field", field),))
    return None


def has_field(person: Person, field: str) -> bool:
    """Whether a value for a field of `required_fields` is at hand."""
    match field:
        case "first_name":
            return person.name is not None and bool(person.name.first)
        case "last_name":
            return person.name is not None and bool(person.name.last)
        case "email" | "phone":
            return any(handle.kind == field for handle in person.participant.handles)
        case "title":
            return bool(person.facts.value("title"))
        case "account" | "company":
            return person.account is not None
        case _:
            return False
