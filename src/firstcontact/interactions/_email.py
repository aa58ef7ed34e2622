"""E-mail addresses: one address with whatever stands around it, or a field with several.

Syntax: RFC 5322 §3.4.1 (dot-atom or quoted string), RFC 6531 (letters of any script), RFC 5321 §4.5.3.1
(lengths), RFC 5890 (IDNA domains). Comments are taken off the ends; inside an address they make it
unreadable, because mail systems disagree about what then remains.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address

import idna

from firstcontact.interactions._reading import NOTHING, FieldReading, field_reading
from firstcontact.interactions.model import Handle

_ATEXT = r"[^\s()<>\[\]:;@\\,.\"\x00-\x20\x7f-\x9f]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f])*)"')
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_PLAIN = re.compile(
    r"[a-z0-9._%+=-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
"""The common case, decided without the rest of this module but for its dots and A-labels."""
_SCHEME = re.compile(r"(?:mailto|smtp|e-?mail|x500-smtp)\s*:\s*", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_EDGE_COMMENT = re.compile(r"^\([^()]*\)\s*|\s*\([^()]*\)$")
_ANGLE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^<>"])*<([^<>]*@[^<>]*)>\s*[.,;]?')
_QUOTES = "'`´‘’‚“”„«»"
_SEPARATORS = re.compile(r"[;,|\n\r\t]+|\s+(?:or|and|und|oder|et|ou|y|o)\s+|\s+[/&]\s+", re.IGNORECASE)
_NOTHING_SAID = frozenset({"", "-", "--", "n/a", "na", "none", "null", "nil", "unknown", "no email", "tbd"})
_MAX_LOCAL_OCTETS = 64
_MAX_ADDRESS_OCTETS = 254


@lru_cache(maxsize=8192)
def read_email(text: str) -> Handle | None:
    """The one address in `text` as a handle, or None where there is none that could be an address.

    Takes off what people and systems put around an address: spaces, quotes, angle brackets with or
    without a display name before them, `mailto:`, `smtp:`, a trailing dot or comma, comments at the ends.
    The key drops `+tag`; the value keeps it. Both are lower-case with an A-label domain.
    """
    bare = text.strip().lower()
    if _PLAIN.fullmatch(bare) and ".." not in bare and "xn--" not in bare:
        local, _, host = bare.rpartition("@")
        if local[0] != "." and local[-1] != ".":
            return _handle(local, host)
    return _read_slowly(text)


def read_email_field(text: str) -> FieldReading:
    """Every address of a field that may hold several, with words and labels between them.

    A piece with an `@` that is no address is listed as unreadable, and so is a field that holds letters
    or digits but no address at all. Blank fields and `n/a` hold nothing.
    """
    if text.strip().lower() in _NOTHING_SAID:
        return NOTHING
    one = read_email(text) if text.count("@") == 1 else None
    if one is not None:
        return FieldReading((one,))
    handles: list[Handle] = []
    unreadable: list[str] = []
    for piece in _pieces(text):
        handle = read_email(piece)
        if handle is not None:
            handles.append(handle)
            continue
        found = [word for word in piece.split() if "@" in word]
        read = [read_email(word) for word in found]
        if found and all(read):
            handles.extend(handle for handle in read if handle is not None)
        elif "@" in piece:
            unreadable.append(piece.strip())
    if not handles and not unreadable:
        unreadable.append(text.strip())
    return field_reading(handles, unreadable)


def _pieces(text: str) -> list[str]:
    """The text cut at separators outside quotes and angle brackets; a name with a comma stays whole."""
    kept: list[str] = []
    guarded = re.sub(
        r'"(?:[^"\\]|\\.)*"|<[^<>]*>', lambda match: _keep(kept, match.group()), text.replace("\x00", " ")
    )
    pieces = [piece for piece in _SEPARATORS.split(guarded) if piece.strip()]
    whole = [re.sub("\x00(\\d+)\x00", lambda match: kept[int(match.group(1))], piece) for piece in pieces]
    return _join_names(whole)


def _keep(kept: list[str], part: str) -> str:
    kept.append(part)
    return f"\x00{len(kept) - 1}\x00"


def _join_names(pieces: list[str]) -> list[str]:
    """`Doe`, `Jane <jane@x>`: the first half of an unquoted display name goes back to its address."""
    joined: list[str] = []
    waiting = ""
    for piece in pieces:
        if "@" not in piece:
            waiting = f"{waiting} {piece}".strip()
        elif "<" in piece and waiting:
            joined.append(f"{waiting} {piece.strip()}")
            waiting = ""
        else:
            joined.append(piece)
            waiting = ""
    return joined


def _read_slowly(text: str) -> Handle | None:
    bare = _without_surroundings(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))
    local, at, host = bare.rpartition("@")
    if not at or not local:
        return None
    local = _local_part(local)
    host = _host(host)
    if not local or not host or len((local + host).encode("utf-8", "surrogatepass")) >= _MAX_ADDRESS_OCTETS:
        return None
    return _handle(local, host)


def _handle(local: str, host: str) -> Handle:
    untagged = local.split("+", 1)[0] if local[0] not in '+"' else local
    return Handle("email", f"{untagged}@{host}", f"{local}@{host}")


def _without_surroundings(text: str) -> str:
    previous = None
    while previous != text:
        previous = text
        text = text.strip().strip(_QUOTES).strip()
        angle = _ANGLE.fullmatch(text)
        if angle is not None:
            text = angle.group(1)
        text = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
        if previous.lower().lstrip().startswith("mailto:"):
            text = text.split("?", 1)[0]
        text = _EDGE_COMMENT.sub("", text)
        text = text.rstrip(",;:.") if not text.endswith("..") else text
        if text.startswith('"') and text.endswith('"') and text.count('"') == 2:
            text = text[1:-1]
    return text


def _local_part(local: str) -> str:
    """The local part in lower case, unquoted where the quotes say nothing (RFC 5321 §4.1.2); else ""."""
    quoted = _QUOTED.fullmatch(local)
    if quoted is not None:
        plain = re.sub(r"\\(.)", r"\1", quoted.group(1))
        local = plain if _DOT_ATOM.fullmatch(plain) else local
    elif not _DOT_ATOM.fullmatch(local):
        return ""
    if len(local.encode("utf-8", "surrogatepass")) > _MAX_LOCAL_OCTETS:
        return ""
    return local.lower()


def _host(host: str) -> str:
    """The host in lower case as A-labels, or "" where it can be none."""
    host = host.strip().rstrip(".").lower()
    if host.startswith("[") and host.endswith("]"):
        return _address_literal(host)
    if not host.isascii() or "xn--" in host:
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return ""
    labels = host.split(".")
    return host if all(_LABEL.fullmatch(label) for label in labels) else ""


def _address_literal(host: str) -> str:
    """`[192.0.2.1]` or `[ipv6:2001:db8::1]` (RFC 5321 §4.1.3), else ""."""
    inside = host[1:-1]
    try:
        ip_address(inside.removeprefix("ipv6:"))
    except ValueError:
        return ""
    return host
