"""Address fields as mail programs and broken programs write them."""

from __future__ import annotations

import pytest

from firstcontact.formats.mail_addresses import read_addresses


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("jo@acme.example", [("", "jo@acme.example")]),
        ("Jo Diaz <jo@acme.example>", [("Jo Diaz", "jo@acme.example")]),
        (
            '"Diaz, Jo" <jo@acme.example>, bo@acme.example',
            [("Diaz, Jo", "jo@acme.example"), ("", "bo@acme.example")],
        ),
        ("Diaz, Jo <jo@acme.example>", [("Diaz, Jo", "jo@acme.example")]),
        ("a@x.example, Diaz, Jo <jo@acme.example>", [("", "a@x.example"), ("Diaz, Jo", "jo@acme.example")]),
        ("abe, bea, cy@acme.example", [("", "abe"), ("", "bea"), ("", "cy@acme.example")]),
        ("jo@acme.example (Jo Diaz)", [("Jo Diaz", "jo@acme.example")]),
        ("<jo@acme.example> (Jo Diaz)", [("Jo Diaz", "jo@acme.example")]),
        ("Jo (Sales) Diaz <jo@acme.example> (EXT)", [("Jo (Sales) Diaz (EXT)", "jo@acme.example")]),
        (
            "Team: jo@acme.example, Bo <bo@acme.example>;",
            [("", "jo@acme.example"), ("Bo", "bo@acme.example")],
        ),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("=?utf-8?Q?Diaz=2C_Jo?= <jo@acme.example>", [("Diaz, Jo", "jo@acme.example")]),
        ('"=?utf-8?Q?Jos=C3=A9?= Diaz" <jo@acme.example>', [("José Diaz", "jo@acme.example")]),
        ("=?utf-8?Q?Jo <jo=40acme.example>?=", [("Jo", "jo@acme.example")]),
        (r'"Jo \"Red\" Diaz" <jo@acme.example>', [('Jo "Red" Diaz', "jo@acme.example")]),
        ("Jo Diaz jo@acme.example", [("Jo Diaz", "jo@acme.example")]),
        ("Jo <mailto:jo@acme.example>", [("Jo", "jo@acme.example")]),
        ("Jo <@relay.example:jo@acme.example>", [("Jo", "jo@acme.example")]),
        ("Jo < jo @ acme.example >", [("Jo", "jo@acme.example")]),
        ("Jo <jo@acme.example", [("Jo", "jo@acme.example")]),
        ("Jo <jo@acme.example> Bo <bo@acme.example>", [("Jo", "jo@acme.example"), ("Bo", "bo@acme.example")]),
        ("jo@acme.example; bo@acme.example;", [("", "jo@acme.example"), ("", "bo@acme.example")]),
        ("jo@acme.example bo@acme.example", [("", "jo@acme.example"), ("", "bo@acme.example")]),
        ("jo@acme.example <>", [("", "jo@acme.example")]),
        ('"jo diaz"@acme.example', [("", '"jo diaz"@acme.example')]),
        ("root", [("", "root")]),
        ("<>", []),
        ('"unclosed <jo@acme.example>', [("unclosed", "jo@acme.example")]),
        ("Jo\n  Diaz <jo@acme.example>", [("Jo Diaz", "jo@acme.example")]),
        ("((nested) Jo) jo@acme.example", [("(nested) Jo", "jo@acme.example")]),
        ("jo at acme.example (Jo Diaz)", [("Jo Diaz", "jo at acme.example")]),
    ],
)
def test_addresses(field: str, expected: list[tuple[str, str]]) -> None:
    """Everybody in the field is found with the name that the sender gave, however it was written."""
    assert read_addresses(field) == expected
