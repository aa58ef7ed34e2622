"""A mail's newest own text: what stands above the first earlier or forwarded message, without quoted lines.

Programs announce an earlier message in four ways, each in the language of its user: a separator
(`-----Original Message-----`), a sentence (`On Monday, Jo wrote:`), a block of header lines, or, in Lotus
Notes, a name and a date above such a block. `>` in front of a line quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from firstcontact.interactions.words import word_set

_SEPARATORS = (
    "original message|original appointment|forwarded message|begin forwarded message|forwarded by|"
    "reply separator|ursprüngliche nachricht|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|"
    "message d'origine|message original|message transféré|début du message réexpédié|messaggio originale|"
    "messaggio inoltrato|mensaje original|mensaje reenviado|mensagem original|mensagem encaminhada|"
    "oorspronkelijk bericht|doorgestuurd bericht|oprindelig meddelelse|videresendt meddelelse|"
    "ursprungligt meddelande|vidarebefordrat meddelande|opprinnelig melding|alkuperäinen viesti|"
    "oryginalna wiadomość|původní zpráva|исходное сообщение|пересылаемое сообщение|原始邮件|元のメッセージ"
)
_WROTE = (
    "wrote|writes|said|schrieb|schrieb am|a écrit|ha scritto|escribió|escreveu|schreef|skrev|kirjoitti|"
    r"napisał(?:\(a\)|a)?|napsala?|пишет|писала?|написала?|yazdı|写道|寫道|のメール"
)
_FROM = "from|von|de|da|van|fra|från|lähettäjä|od|от|kimden|发件人|差出人"
_OTHERS = (
    "sent|date|to|cc|bcc|subject|gesendet|datum|an|betreff|envoyé|à|objet|inviato|data|a|oggetto|enviado|fecha|"
    "para|asunto|assunto|verzonden|aan|onderwerp|sendt|til|emne|skickat|till|ämne|lähetetty|vastaanottaja|aihe|"
    "wysłano|do|temat|отправлено|кому|тема|发送时间|收件人|主题"
)
_DATE = r"\d{1,2}/\d{1,2}/\d{2,4},? \d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?"

_RULED = re.compile(rf"[\s>]*[-_=*]{{2,}}.{{0,40}}?(?<!\w)(?:{_SEPARATORS})", re.I)
_BARE = re.compile(rf"(?:{_SEPARATORS}).{{0,20}}:?\s*", re.I)
_WROTE_END = re.compile(rf"(?<!\w)(?:{_WROTE})(?!\w).{{0,80}}[:：]\s*$", re.I)
_WROTE_BEGIN = re.compile(
    r"(?:on|am|le|il|el|em|op|den|d\.|dnia|w dniu|at)\s.{6,}|.{0,60}<[^<>\s]+@[^<>\s]+>|.{0,60}\b\d{4}\b",
    re.I,
)
_FIRST_HEADER = re.compile(rf"\W{{0,3}}(?:{_FROM})\W{{0,3}}[:：]\s*\S", re.I)
_HEADER = re.compile(rf"\W{{0,3}}(?:{_FROM}|{_OTHERS})\W{{0,3}}[:：]", re.I)
_NAME_AND_DATE = re.compile(rf".{{0,60}}\b{_DATE}\s*$|\s*{_DATE}\b", re.I)
_RULE_BEGIN = re.compile(r"[\s>]*[-_=*]{2}")
_RULE_ONLY = re.compile(r"[\s>\-_=*]*")
_RULE_SIGNS = frozenset(">-_=*")
_BARE_HEADS = word_set("ori for beg rep urs wei anf mes men oor doo opr vid opp alk ory")
"""The first three letters of the separators, of those that are ASCII."""
_HEADER_WITHIN = 24
"""Characters of a header's line among which its colon stands."""
_COLONS = (":", "：")
_BARE_LONGEST = 80
_LONGEST = 300
"""Characters of a line that may announce a message; a longer one is text."""
_WROTE_LONGEST = 250
_BELOW = 5
"""Lines below a name and a date, among which a header stands."""


def own_lines(body: str) -> list[tuple[int, str]]:
    """The lines of the newest own text, each with its number in the body, from 0."""
    lines = body.splitlines()
    asks = [line.rstrip().endswith(_COLONS) for line in lines]
    may_ask = True in asks
    found: list[tuple[int, str]] = []
    for place, line in enumerate(lines):
        text = line.strip()
        # What announces a message has one of these; most lines are plain text.
        if (
            text
            and len(line) <= _LONGEST
            and (
                text[0] in _RULE_SIGNS
                or (may_ask and True in asks[place : place + 3])
                or (":" in line and ("/" in line or ":" in text[:_HEADER_WITHIN]))
                or "：" in line
                or _may_be_bare(text)
            )
            and _announces(lines, place, text)
        ):
            if _NAME_AND_DATE.match(line):
                _drop_name_above(found)
            break
        if text[:1] != ">":
            found.append((place, line))
    return found


def _may_be_bare(text: str) -> bool:
    """Whether a separator may begin the line. Beside ASCII, letters are one another's in ways that only the
    pattern knows."""
    head = text[:3].lower()
    return head in _BARE_HEADS or not head.isascii()


def _announces(lines: Sequence[str], place: int, text: str) -> bool:
    """Whether an earlier message begins with this line; text: the line, stripped."""
    line = lines[place]
    # What each pattern cannot do without is looked for first.
    if _RULE_BEGIN.match(line) and not _RULE_ONLY.fullmatch(line) and _RULED.match(line):
        return True
    if len(text) <= _BARE_LONGEST and _may_be_bare(text) and _BARE.fullmatch(text):
        return True
    below = lines[place + 1 : place + 1 + _BELOW]
    colon = ":" in line or "：" in line
    if colon and "/" in line and _NAME_AND_DATE.match(line) and any(map(_HEADER.match, below)):
        return True
    head = text[:_HEADER_WITHIN]
    if (":" in head or "：" in head) and (_FIRST_HEADER.match(text) or _HEADER.match(text)):
        filled = [each for each in below if each.strip()]
        return any(map(_HEADER.match, filled[:3])) and (_FIRST_HEADER.match(text) is not None or _two(filled))
    return _says_who_wrote(lines, place, text)


def _two(below: Sequence[str]) -> bool:
    """Whether a list of recipients goes on as a header does, not as one line of a text would."""
    return sum(bool(_HEADER.match(each)) for each in below[:3]) > 1


def _says_who_wrote(lines: Sequence[str], place: int, text: str) -> bool:
    """`On …, Jo wrote:`, which programs break into up to three lines."""
    if text[-1] in _COLONS and _WROTE_END.search(text):
        return True
    further_lines = lines[place + 1 : place + 3]
    if not any(each.rstrip()[-1:] in _COLONS for each in further_lines if each.strip()):
        return False
    if not _WROTE_BEGIN.match(text):
        return False
    for further in further_lines:
        if not further.strip():
            return False
        text = f"{text} {further.strip()}"
        if len(text) <= _WROTE_LONGEST and _WROTE_END.search(text):
            return True
    return False


def _drop_name_above(found: list[tuple[int, str]]) -> None:
    """Lotus Notes puts the name of who wrote, indented, in a line of its own above the date."""
    while found and not found[-1][1].strip():
        found.pop()
    if found and (found[-1][1][:1] in " \t" or "@" in found[-1][1]):
        found.pop()
