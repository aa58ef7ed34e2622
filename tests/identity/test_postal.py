"""A postal address is read whole or not at all."""

from __future__ import annotations

import pytest

from firstcontact.identity.postal import read_postal
from firstcontact.identity.records import MailingAddress

US, GB, CA, DE = "US", "GB", "CA", "DE"
READ: list[tuple[list[str], tuple[str, ...]]] = [
    (
        ["1 Elm St., Suite 5", "Springfield, IL 62701"],
        ("1 Elm St\nSuite 5", "Springfield", "IL", "62701", US),
    ),
    (
        ["1 Elm Street, Springfield, Illinois 62701 USA"],
        ("1 Elm Street", "Springfield", "IL", "62701", US),
    ),
    (["1 Elm Street | Springfield, IL 62701-1234"], ("1 Elm Street", "Springfield", "IL", "62701-1234", US)),
    (["P.O. Box 12", "Springfield, IL 62701"], ("P.O. Box 12", "Springfield", "IL", "62701", US)),
    (["5 King St W, Toronto, ON M5H 2N2"], ("5 King St W", "Toronto", "ON", "M5H 2N2", CA)),
    (["1 High Street", "London EC1A 1BB"], ("1 High Street", "London", "", "EC1A 1BB", GB)),
    (
        ["Acme House", "1 High Street", "Leeds", "LS1 4AP", "UK"],
        ("1 High Street", "Leeds", "", "LS1 4AP", GB),
    ),
    (["Musterweg 5", "80331 München", "Germany"], ("Musterweg 5", "München", "", "80331", DE)),
    (["Musterweg 5, D-80331 München"], ("Musterweg 5", "München", "", "80331", DE)),
    (["Beispielgasse 3", "A-1010 Wien"], ("Beispielgasse 3", "Wien", "", "1010", "AT")),
    (["1 rue de l'Exemple", "75002 Paris", "France"], ("1 rue de l'Exemple", "Paris", "", "75002", "FR")),
]


@pytest.mark.parametrize(("lines", "read"), READ)
def test_a_whole_address(lines: list[str], read: tuple[str, ...]) -> None:
    """Street, city, code and country, each where it belongs, however the lines are broken."""
    street, city, state, code, country = read
    assert read_postal(lines) == MailingAddress(
        street=street, city=city, state=state, postal_code=code, country=country
    )


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Suite 5"],
        ["Springfield, IL 62701"],
        ["1 Elm Street", "Springfield"],
        ["1 Elm Street", "Springfield, IL"],
        ["1 Elm Street", "Springfield, XX 62701"],
        ["Musterweg 5", "80331 München"],
        ["Musterweg 5", "8033 München", "Germany"],
        ["Musterweg 5", "D-80331 München", "Austria"],
        ["1 Elm Street", "Springfield, IL 62701", "Germany"],
        ["a", "b", "c", "d", "e", "1 Elm Street", "Springfield, IL 62701"],
    ],
)
def test_what_is_not_sure_is_nothing(lines: list[str]) -> None:
    """Without street, city, code and a certain country there is no address."""
    assert read_postal(lines) is None
