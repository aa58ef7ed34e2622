"""One mail, one id: what stays the same in every copy of a mail, whoever kept it.

The same mail comes from the sender's Sent folder, from each receiver's inbox and from archives of the
list it went through. On the way Received and list fields are added, the From may be rewritten or made
unreadable for address harvesters, the subject tagged, a footer appended, lines re-encoded. The Message-ID
stays (RFC 5322 §3.6.4: one id, one version of one message). So the key is the Message-ID and a mark of
its author, since broken programs use one id for mails of different people: the first letter of the local
part and the first two of the domain are what harvest-proofed addresses (`jo...@acme.example`,
`jo at acme.example`, `jo@ac...`) still show. Without a Message-ID the key is the Date, the author's mark,
the bare subject and the first words of the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from firstcontact.formats.mail_addresses import Address, read_addresses
from firstcontact.formats.mail_mime import Fields
from firstcontact.formats.mail_text import decode_words

_ID = re.compile(r"<([^<>\s]+)>")
_AT = re.compile(r" at | ?(?:\(at\)|\[at\]|\(a\)|\(\)) ?")
_VIA = re.compile(r"\bvia\b|\büber\b|\bpor meio de\b", re.I)
_PREFIX = re.compile(
    r"^(?:\s*(?:\[[^\]]{0,60}\]|(?:re|aw|fwd?|wg|sv|vs|antw|tr|rif|enc|ext)\s*(?:\[\d+\])?\s*:))+", re.I
)
_WORD = re.compile(r"[a-z0-9]{2,}")
_FOOTER = re.compile(r"^(?:[-_=*~]{3,}|-- ?)\s*$", re.M)
_WORDS = 24


def message_ids(value: str) -> list[str]:
    """Message-IDs in a field, without angle brackets, in order; a single bare id is taken too."""
    if not value:
        return []
    found = _ID.findall(value)
    if found:
        return found
    words = value.replace("<", " ").replace(">", " ").split()
    return words if words and all("@" in word and len(word) > 2 for word in words) else []


def own_id(fields: Fields) -> str:
    """The mail's Message-ID without angle brackets, or empty text."""
    value = fields.first("message-id")
    if not value:
        return ""
    if "\n" in value:
        value = "".join(value.split())
    found = message_ids(value)
    return found[0] if found else "".join(value.split()).strip("<>")


def mail_id(fields: Fields, senders: Sequence[Address], message_id: str, sent: str, text: str) -> str:
    """The interaction's id, the same for every copy of the mail; see the module's own text.

    sent: the Date field's instant as text, empty where it has none. text: the mail's own text.
    """
    author = _mark(_author(fields, senders))
    if message_id:
        return _hashed("id", message_id, author)
    subject = " ".join(_WORD.findall(_PREFIX.sub("", decode_words(fields.first("subject"))).lower()))
    footer = _FOOTER.search(text)
    words = _WORD.findall((text[: footer.start()] if footer else text)[:2000].lower())
    return _hashed("text", sent, author, subject, " ".join(words[:_WORDS]))


def _hashed(*parts: str) -> str:
    data = "\n".join(parts).encode("utf-8", "surrogateescape")
    return "mail-" + hashlib.sha256(data).hexdigest()[:24]


def _author(fields: Fields, senders: Sequence[Address]) -> str:
    """Who wrote it, also where a list put its own address into From and the author's elsewhere."""
    for name in ("x-original-from", "x-original-sender"):
        if name in fields:
            original = read_addresses(fields.first(name))
            if original and "@" in original[0][1]:
                return original[0][1]
    if not senders:
        return ""
    name, address = senders[0]
    if _VIA.search(name) and "reply-to" in fields:
        answers = [to for _, to in read_addresses(fields.first("reply-to")) if "@" in to and to != address]
        if len(answers) == 1:
            return answers[0]
    return address


def _mark(address: str) -> str:
    local, _, domain = _AT.sub("@", " ".join(address.lower().split()), count=1).rpartition("@")
    return f"{local[:1]}@{domain[:2]}"
