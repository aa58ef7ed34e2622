"""Subject and body of an activity, per kind, in the CRM's format, escaped (SPEC §6)."""

from __future__ import annotations

import html
from typing import Literal

from firstcontact.interactions.model import Call, Email, Fax, Interaction, Meeting, Sms, Voicemail

BodyFormat = Literal["plain", "html", "markdown"]
BODY_LIMIT = 32_000
"""Characters of a mail's text that an activity takes along; Dynamics and Salesforce cut at 32,000."""

_OUTCOME = {
    "answered": "",
    "missed": "Missed ",
    "voicemail": "Voicemail ",
    "rejected": "Rejected ",
    "busy": "Busy ",
    "failed": "Failed ",
}


def subject(interaction: Interaction, direction: str, who: str) -> str:
    """One line that says what happened and with whom: `Missed call from Jo Diaz`."""
    link = "to" if direction == "outbound" else "from"
    match interaction:
        case Call():
            return _sentence(f"{_OUTCOME[interaction.result]}call", link, who)
        case Voicemail():
            return _sentence("voicemail", link, who)
        case Sms():
            return _sentence("text messages", "with", who)
        case Fax():
            return _sentence("fax", link, who)
        case Email():
            return interaction.subject or _sentence("e-mail", link, who)
        case Meeting():
            title = interaction.subject or _sentence("meeting", "with", who)
            return f"Cancelled: {title}" if interaction.status == "cancelled" else title


def _sentence(noun: str, link: str, who: str) -> str:
    text = f"{noun} {link} {who}" if who else noun
    return text[0].upper() + text[1:]


def body(interaction: Interaction, form: BodyFormat) -> str:
    """What was said and what belongs to it: text, duration, result, recording, transcript."""
    lines: list[str] = []
    if isinstance(interaction, Call):
        if interaction.result == "answered":
            lines.append(f"Duration: {duration(interaction.seconds)}")
        else:
            lines.append(f"Result: {interaction.result}")
        if len(interaction.legs) > 1:
            lines.append(f"Legs: {len(interaction.legs)}")
    if isinstance(interaction, Call | Voicemail):
        if interaction.recording:
            lines.append(f"Recording: {interaction.recording}")
        if interaction.transcript:
            lines.append(f"Transcript: {interaction.transcript}")
    if isinstance(interaction, Fax) and interaction.pages:
        lines.append(f"Pages: {interaction.pages}")
    if interaction.body:
        lines.append(interaction.body[:BODY_LIMIT])
    for attachment in interaction.attachments:
        lines.append(f"Attachment: {attachment.name}")
    return escape("\n".join(lines), form)


def message_line(clock: str, direction: str, text: str, form: BodyFormat) -> str:
    """One text message inside the day's activity: `14:05 → Hello`."""
    arrow = "→" if direction == "outbound" else "←"
    return escape(f"{clock} {arrow} {text}", form)


def duration(seconds: int) -> str:
    """`1 h 02 min 03 s`, leaving out what is zero in front."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min {left:02d} s"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"


_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_{}[]<>#|"})


def escape(text: str, form: BodyFormat) -> str:
    """Text that shows as itself in the CRM's format."""
    if form == "html":
        return html.escape(text, quote=False).replace("\n", "<br>\n")
    if form == "markdown":
        return text.translate(_MARKDOWN)
    return text
