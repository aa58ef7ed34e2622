"""PURE. What a survivor gets of a contact that is merged into it, for CRMs that merge nobody themselves."""

from __future__ import annotations

from typing import Any

from firstcontact.identity.records import Record
from firstcontact.planning.write import ContactFields

_BLANKS = ("title", "department", "seniority", "persona", "mailing", "company")


def filling(kept: Record, gone: Record) -> ContactFields:
    """An update of the survivor that fills its blanks and adds what addresses and numbers the other has; its
    own values stay (SPEC §9). A placeholder gets the other's real name."""
    given: dict[str, Any] = {
        name: getattr(gone, name) for name in _BLANKS if getattr(gone, name) and not getattr(kept, name)
    }
    if kept.placeholder and not gone.placeholder and (gone.first_name or gone.last_name):
        given |= {"first_name": gone.first_name, "last_name": gone.last_name}
    phones = tuple(phone for phone in gone.phones if phone not in gone.mobiles)
    return ContactFields(emails=gone.emails, phones=phones, mobiles=gone.mobiles, **given)
