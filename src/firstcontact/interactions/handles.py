"""Reading handles: text as a vendor or a person wrote it, to canonical e-mail addresses and numbers.

SPEC §1 "Handles". A handle is read or it is not: nothing is guessed, and what a field reader cannot read
it hands back in `FieldReading.unreadable`. `Handle.key` is what is compared, `Handle.value` what is
written. The two halves live in `_phone` and `_email`; everybody imports from here.
"""

from __future__ import annotations

from firstcontact.interactions._email import read_email, read_email_field
from firstcontact.interactions._phone import read_phone, read_phone_field, region_of, withheld
from firstcontact.interactions._reading import FieldReading
from firstcontact.interactions.model import Handle

__all__ = [
    "FieldReading",
    "read_email",
    "read_email_field",
    "read_handle",
    "read_phone",
    "read_phone_field",
    "region_of",
    "withheld",
]

_PHONE_SCHEMES = ("tel:", "sip:", "sips:", "whatsapp:", "callto:")
_WHATSAPP_HOSTS = ("@s.whatsapp.net", "@c.us")


def read_handle(text: str, region: str) -> Handle | None:
    """One handle of either kind: an address where the text has an `@`, else a number.

    `sip:`, `tel:` and WhatsApp identifiers are numbers although they may hold an `@`. `region` is the
    ISO country that a number without a country code is read in; "" for none.
    """
    lowered = text.strip().lower()
    if "@" in lowered and not lowered.startswith(_PHONE_SCHEMES) and not lowered.endswith(_WHATSAPP_HOSTS):
        return read_email(text)
    return read_phone(text, region)
