"""A mail's own text and the list of its attachments, each part decoded at most once."""

from __future__ import annotations

import re

from firstcontact.formats import mail_mime
from firstcontact.formats.mail_mime import Fields, Part, parameter
from firstcontact.formats.mail_text import decode_words, to_text
from firstcontact.interactions.model import Attachment

MAX_TEXT = 64 * 1024
"""Characters of body kept: more than any signature or first screen needs, little enough to store."""
_MAX_HTML = 4 * MAX_TEXT

_QUOTED_FROM = re.compile(r"^>(>*From )", re.M)
_BREAK = re.compile(
    r"</?(?:p|div|tr|table|li|ul|ol|h[1-6]|blockquote|pre|hr|br|dt|dd|section|article|header|footer)\b[^<>]*>",
    re.I,
)
_CELL = re.compile(r"</t[dh]\b[^<>]*>", re.I)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_OPENING = re.compile(r"<(!--|style\b|script\b|title\b)", re.I)
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u200b\u200c\u200d\u2060\ufeff]+")
_BLANKS = re.compile(r"[ \u00a0]{2,}")
_LINES = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_CLOSING = {
    "!--": re.compile("--(?=>)"),
    "style": re.compile("</style", re.I),
    "script": re.compile("</script", re.I),
    "title": re.compile("</title", re.I),
}


def read_body(fields: Fields, body: bytes, from_quoted: bool) -> tuple[str, tuple[Attachment, ...]]:
    """The mail's own text, at most MAX_TEXT characters, and its attachments without their content.

    Plain text is preferred over HTML. from_quoted: the mail comes from an mbox, where lines beginning
    with `From ` bear a `>` more than they were sent with.
    """
    plain: list[Part] = []
    html: list[Part] = []
    attachments: list[Attachment] = []
    for part in mail_mime.leaves(fields, body):
        kind = part.type
        if kind.startswith("text/") and _is_text(part):
            (plain if kind == "text/plain" else html).append(part)
        elif part.body or part.fields:
            attachments.append(_attachment(part))
    text = _joined(plain)
    if not text.strip() and html:
        text = _joined(html)
    if from_quoted and ">From " in text:
        text = _QUOTED_FROM.sub(r"\1", text)
    return text[:MAX_TEXT], tuple(attachments)


def _is_text(part: Part) -> bool:
    if part.type not in ("text/plain", "text/html", "text/enriched", "text/richtext"):
        return part.type != "text/calendar" and not part.within
    if not part.within:
        return True
    disposition = part.fields.first("content-disposition").lstrip()[:10].lower()
    return disposition != "attachment" and not (disposition and mail_mime.file_name(part))


def _attachment(part: Part) -> Attachment:
    name = mail_mime.file_name(part)
    if not name and part.type == "message/rfc822":
        inner, _ = mail_mime.split_head(part.body)
        name = decode_words(inner.first("subject"))
    return Attachment(name, part.type, mail_mime.size(part))


def _joined(parts: list[Part]) -> str:
    """The text parts one after another; of HTML given several times over in an alternative, the first."""
    texts: list[str] = []
    length = 0
    for part in parts:
        text = _text(part)
        if text and not text.isspace():
            texts.append(text)
            length += len(text)
            if length >= MAX_TEXT:
                break
    return "\n".join(texts)


def _text(part: Part) -> str:
    plain = part.type == "text/plain"
    data = mail_mime.decoded(part, MAX_TEXT * 2 if plain else _MAX_HTML)
    value = part.fields.first("content-type")
    text = to_text(data, parameter(value, "charset") if "charset" in value.lower() else "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if plain and not _is_mislabelled_html(text):
        return text
    return html_text(text)


def _is_mislabelled_html(text: str) -> bool:
    head = text[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html"))


def html_text(html: str) -> str:
    """HTML as a person reads it: blocks on lines of their own, no tags, styles, scripts or comments.

    Linear in the length whatever the markup: an element that never closes hides the rest, as in browsers.
    """
    html = _without_hidden(html)
    html = _SPACE.sub(" ", html)
    html = _BREAK.sub("\n", html)
    html = _CELL.sub(" ", html)
    html = _TAG.sub("", html)
    if "&" in html:
        from html import unescape

        html = unescape(html).replace("\xa0", " ")
    html = _LINES.sub("\n", _BLANKS.sub(" ", html))
    return _EMPTY_LINES.sub("\n\n", html).strip()


def _without_hidden(html: str) -> str:
    kept: list[str] = []
    at = 0
    while True:
        opening = _OPENING.search(html, at)
        if opening is None:
            kept.append(html[at:])
            return "".join(kept)
        kept.append(html[at : opening.start()])
        closing = _CLOSING[opening.group(1).lower()].search(html, opening.end())
        if closing is None:
            return "".join(kept)
        shut = html.find(">", closing.end())
        if shut < 0:
            return "".join(kept)
        at = shut + 1
