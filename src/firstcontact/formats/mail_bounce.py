"""Which addresses a report of non-delivery says take no mail any more (RFC 3464), and what programs write
that make no such report.

Only for good, and only because of the address: a full mailbox, a mail that is too large, or one that a server
refused for what is in it say nothing of the address.
"""

from __future__ import annotations

import re

from firstcontact.formats import mail_mime
from firstcontact.formats.mail_mime import Fields
from firstcontact.formats.mail_text import to_text
from firstcontact.interactions.handles import read_email

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_FIELD = re.compile(r"^([\w-]+)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.M)
_ADDRESS = r"<?([^\s<>@;:,()]+@[\w.-]+\.\w+)>?"
_LONGEST = 1 << 16
_MOST = 50

_NOT_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.", "5.4.", "5.5.", "5.6.", "5.7.")
"""RFC 3463: the mailbox is full, the mail too large; the system, the network, the protocol, the content, the
policy."""
_GONE_ALL_THE_SAME = ("5.4.1", "5.4.4")
"""Microsoft's for an address that its own directory does not know, and for a host that does not exist."""

_NO_SUCH = re.compile(
    r"no such (?:user|address|mailbox|recipient)|user (?:is )?unknown|unknown (?:user|recipient|mailbox)|"
    r"(?:address|user|mailbox|recipient|account)[^.\n]{0,40}(?:not found|does(?:n't| not) exist|unknown|"
    r"disabled|inactive|no longer|rejected)|host (?:or domain name )?(?:not found|unknown)|unrouteable|"
    r"550[ -]5\.1\.\d",
    re.I,
)
_FULL = re.compile(r"full|quota|too large|spam|blocked|blacklist|policy|greylist|temporar|try again", re.I)
_QMAIL = re.compile(rf"^{_ADDRESS}:\s*\n((?:[^\n]+\n?){{1,4}})", re.M)
_EXIM = re.compile(rf"^\s{{1,4}}{_ADDRESS}\s*\n((?:\s{{2,}}[^\n]+\n?){{1,4}})", re.M)
_PROGRAMS = ("qmail-send", "permanent error", "could not be delivered", "delivery failed", "undeliverable",
             "permanent fatal errors")  # fmt: skip


def undeliverable(fields: Fields, rest: bytes, body: str) -> tuple[str, ...]:
    """Addresses in canonical form that the mail says take no mail any more, sorted.

    fields, rest: the head and the undecoded body of a mail that is a bounce. body: its text.
    """
    found: set[str] = set()
    reported = False
    for part in mail_mime.leaves(fields, rest):
        if part.type in ("message/delivery-status", "message/global-delivery-status"):
            reported = True
            found.update(_reported(to_text(mail_mime.decoded(part, _LONGEST), "")))
    if not reported:
        found.update(_told(body))
    handles = (read_email(address) for address in found)
    return tuple(sorted({handle.key for handle in handles if handle is not None}))[:_MOST]


def _reported(text: str) -> set[str]:
    """Recipients of a delivery status (RFC 3464 §2.3) to whom nothing can be delivered for good."""
    found: set[str] = set()
    for group in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        values = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(group)}
        who = values.get("original-recipient") or values.get("final-recipient", "")
        if values.get("action", "").lower() != "failed" or not who:
            continue
        if _is_gone(values.get("status", ""), values.get("diagnostic-code", "")):
            found.add(who.partition(";")[2].strip(" <>") or who.strip(" <>"))
    return found


def _is_gone(status: str, diagnostic: str) -> bool:
    """By the code; what says no more than that it failed (`5.0.0`) goes by what the server said."""
    code = _STATUS.match(status.strip())
    if code is not None and code[1] != "5":
        return False
    told = _STATUS.search(diagnostic)
    if (code is None or code.group() == "5.0.0") and told is not None:
        code = told
    if code is None or code.group() == "5.0.0":
        return bool(_NO_SUCH.search(diagnostic)) and not _FULL.search(diagnostic)
    number = code.group()
    if code[1] != "5":
        return False
    return number in _GONE_ALL_THE_SAME or not number.startswith(_NOT_THE_ADDRESS)


def _told(body: str) -> set[str]:
    """As qmail and Exim write it: an address, and below it what the other server said."""
    head = body[:4000]
    if not any(program in head.lower() for program in _PROGRAMS):
        return set()
    return {
        match[1]
        for form in (_QMAIL, _EXIM)
        for match in form.finditer(head)
        if _NO_SUCH.search(match[2]) and not _FULL.search(match[2])
    }
