"""WebDAV's XML: what is refused, and what is read from odd answers."""

from __future__ import annotations

import pytest

from firstcontact.connectors.carddav import xml
from firstcontact.connectors.carddav.client import is_same_site

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>"""
FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><multistatus xmlns="DAV:">&f;</multistatus>'
PAGE = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"


@pytest.mark.parametrize("content", [LAUGHS, FILE, PAGE, b"", b"{}", b"<multistatus", b"<a/>", b"\x00"])
def test_what_is_no_multistatus_is_refused(content: bytes) -> None:
    """Entities, document types, pages and cut answers are Malformed, and no entity is ever put in."""
    with pytest.raises(xml.Malformed):
        xml.read_multistatus(content)


def test_properties_count_only_where_they_were_found() -> None:
    """A property in a propstat of 404 is not there; names are read without percent signs."""
    content = b"""<d:multistatus xmlns:d="DAV:"><d:response><d:href>/b/a%20b%2Fc.vcf</d:href>
      <d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
      <d:propstat><d:prop><d:displayname/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
    </d:response></d:multistatus>"""
    (member,) = xml.read_multistatus(content).members
    assert (member.name, member.text("{DAV:}getetag")) == ("a b/c.vcf", '"1"')
    assert "{DAV:}displayname" not in member.props
    assert xml.segment(member.name) == "a%20b%2Fc.vcf"


def test_bodies_are_xml_whatever_is_asked() -> None:
    """Quotes, angle brackets and halves of surrogate pairs in what is asked leave the body well-formed."""
    for text in ('"><x/>', "a&b", "half \ud83d pair", "\x00\x1f"):
        assert xml.parse(xml.query([xml.contains("TEL", [text])])) is not None
    assert xml.parse(xml.sync_collection("<&>")) is not None


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ("https://contacts.cloud.example/x", "https://p42-contacts.cloud.example/y", True),
        ("https://dav.cloud.example/", "https://dav.cloud.example:8443/", True),
        ("https://dav.cloud.example/", "http://dav.cloud.example/", False),
        ("https://dav.cloud.example/", "https://cloud.example.evil.example/", False),
        ("https://one.co.uk/", "https://two.co.uk/", False),
        ("http://127.0.0.1:1/", "http://127.0.0.2:1/", False),
        ("https://dav.cloud.example/", "file:///etc/passwd", False),
    ],
)
def test_a_login_stays_on_its_site(here: str, there: str, same: bool) -> None:
    """The password goes to the same host or the same registered domain, and never from TLS to plain."""
    assert is_same_site(here, there) is same
