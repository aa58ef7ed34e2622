"""PURE. WebDAV's XML (RFC 4918, RFC 6352, RFC 6578): bodies to send, and multistatus answers read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import msgspec

from firstcontact.connectors.toolkit import safe_xml
from firstcontact.connectors.toolkit.safe_xml import Malformed as Malformed

DAV = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
_ROOT = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_STATUS = re.compile(r"HTTP/\S+\s+(\d{3})")
_SAFE = "!$&'()*+,;=:@~"
"""What RFC 3986 allows in a segment of a path without percent signs."""


class Member(msgspec.Struct, frozen=True):
    """One `response` of a multistatus.

    href: as the server wrote it. status: of the whole member, 200 where it has properties.
    props: those that were there, by qualified name.
    """

    href: str
    status: int
    props: Mapping[str, Element]

    @property
    def name(self) -> str:
        """The last segment of its path, without percent signs; "" for a collection."""
        return name_of(self.href)

    def text(self, prop: str) -> str:
        """A property's text; "" where it is not there."""
        element = self.props.get(prop)
        return (element.text or "") if element is not None else ""


class Multistatus(msgspec.Struct, frozen=True):
    """A 207 answer: its members and, for sync-collection, the next token."""

    members: tuple[Member, ...]
    token: str = ""


# --- reading ----------------------------------------------------------------------------------------------


def parse(content: bytes) -> Element:
    """The root element. Raises Malformed."""
    try:
        return safe_xml.parse(content)
    except Malformed:
        # Control characters that a card bears make the whole answer unreadable; they are left out.
        return safe_xml.parse(_NOT_XML.sub(b"", content))


def read_multistatus(content: bytes) -> Multistatus:
    """A 207 answer. Raises Malformed."""
    root = parse(content)
    if root.tag != f"{DAV}multistatus":
        raise Malformed(f"the answer is a {root.tag}, not a multistatus")
    members = tuple(_member(response) for response in root.iter(f"{DAV}response"))
    return Multistatus(members, (root.findtext(f"{DAV}sync-token") or "").strip())


def _member(response: Element) -> Member:
    status = _status(response.findtext(f"{DAV}status"))
    props: dict[str, Element] = {}
    for propstat in response.iterfind(f"{DAV}propstat"):
        if 200 <= _status(propstat.findtext(f"{DAV}status")) < 300:
            props.update((prop.tag, prop) for part in propstat.iterfind(f"{DAV}prop") for prop in part)
    return Member((response.findtext(f"{DAV}href") or "").strip(), status, props)


def _status(line: str | None) -> int:
    found = _STATUS.search(line or "")
    return int(found[1]) if found else 200


def precondition(content: bytes) -> tuple[str, str]:
    """The condition that an answer names (RFC 4918 §16), as a local name, and the href in it; "" for none."""
    try:
        root = parse(content)
    except Malformed:
        return "", ""
    if root.tag != f"{DAV}error" or not len(root):
        return "", ""
    return root[0].tag.rpartition("}")[2], (root[0].findtext(f"{DAV}href") or "").strip()


def name_of(href: str) -> str:
    """The last segment of a path, without percent signs; "" for one that ends in a slash."""
    return unquote(urlsplit(href).path.rpartition("/")[2])


def path_of(href: str) -> str:
    """The path, without percent signs and a slash at its end, to compare by."""
    return unquote(urlsplit(href).path).rstrip("/")


def segment(name: str) -> str:
    """A name as a segment of a path."""
    return quote(name, safe=_SAFE, errors="replace")


# --- bodies -------------------------------------------------------------------------------------------------

_DATA = "<D:getetag/><C:address-data/>"


def propfind(props: Iterable[str]) -> bytes:
    """`props`: elements such as `<D:getetag/>`."""
    return f"{_HEAD}<D:propfind {_ROOT}><D:prop>{''.join(props)}</D:prop></D:propfind>".encode()


def multiget(hrefs: Iterable[str]) -> bytes:
    """Cards with their ETags (RFC 6352 §8.7)."""
    asked = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    body = f"<D:prop>{_DATA}</D:prop>{asked}"
    return f"{_HEAD}<C:addressbook-multiget {_ROOT}>{body}</C:addressbook-multiget>".encode()


def sync_collection(token: str) -> bytes:
    """What changed since a token; "" for everything (RFC 6578 §3.2)."""
    body = f"<D:sync-token>{escape(token)}</D:sync-token><D:sync-level>1</D:sync-level>"
    body += "<D:prop><D:getetag/></D:prop>"
    return f"{_HEAD}<D:sync-collection {_ROOT}>{body}</D:sync-collection>".encode()


def query(filters: Iterable[str]) -> bytes:
    """Cards that any of the filters lets through (RFC 6352 §8.6)."""
    body = f'<D:prop>{_DATA}</D:prop><C:filter test="anyof">{"".join(filters)}</C:filter>'
    return f"{_HEAD}<C:addressbook-query {_ROOT}>{body}</C:addressbook-query>".encode()


def contains(prop: str, texts: Iterable[str], test: str = "anyof") -> str:
    """A filter: the property contains any (`anyof`) or all (`allof`) of the texts (RFC 6352 §10.5)."""
    matches = "".join(
        f'<C:text-match match-type="contains">{escape(_written(text))}</C:text-match>' for text in texts
    )
    return f"<C:prop-filter name={quoteattr(prop)} test={quoteattr(test)}>{matches}</C:prop-filter>"


def _written(text: str) -> str:
    """Text that XML can hold: no control characters, no halves of surrogate pairs."""
    kept = "".join(char for char in text if char >= " ")
    return kept.encode("utf-8", "replace").decode("utf-8")
