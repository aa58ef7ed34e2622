"""A signature says what stands in the sender's own block, and nothing of anybody else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.identity.signatures import Signature, SignedPhone, read_signature

JO = {"address": "jo.diaz@acme.example", "name": "Jo Diaz", "region": "US"}


def of(body: str, **sender: str) -> Signature:
    """The signature of a mail of Jo's, or of another sender's."""
    found = read_signature(body, **{**JO, **sender})
    assert found is not None
    return found


FULL = """Hi Ana,

the papers are on their way.

Best regards,

Jo M. Diaz, CPA
Chief Financial Officer
Acme Ltd.
12 Mill Road, Suite 4
Springfield, OR 97475
Tel: (415) 555-0123 ext. 7 | Cell: 415.555.0142
Fax +1 415 555 0199
jo.diaz@acme.example | www.acme.example
"""


def test_everything_is_read() -> None:
    """Name, title, company, typed numbers, address lines and e-mail of a full block."""
    found = of(FULL)
    assert (found.name, found.title, found.company) == ("Jo M. Diaz", "Chief Financial Officer", "Acme Ltd.")
    assert found.phones == (
        SignedPhone("work", "(415) 555-0123"),
        SignedPhone("mobile", "415.555.0142"),
        SignedPhone("fax", "+1 415 555 0199"),
    )
    assert found.emails == ("jo.diaz@acme.example",)
    assert found.address == ("12 Mill Road, Suite 4", "Springfield, OR 97475")
    assert FULL.splitlines()[found.lines[0]] == "Best regards,"


@pytest.mark.parametrize(
    "quoted",
    [
        "-----Original Message-----\nFrom: Kim Roe\nSent: Monday\nTo: Jo\nSubject: Hi\n\n",
        "On Mon, Mar 2, 2026 at 9:00 AM Kim Roe <kim@roe.example> wrote:\n\n",
        "On Mon, Mar 2, 2026 at 9:00 AM,\nKim Roe <kim@roe.example>\nwrote:\n\n",
        "Am 02.03.2026 um 09:00 schrieb Kim Roe:\n\n",
        "Le lun. 2 mars 2026 à 09:00, Kim Roe <kim@roe.example> a écrit :\n\n",
        "El lun, 2 mar 2026 a las 9:00, Kim Roe (<kim@roe.example>) escribió:\n\n",
        "From: Kim Roe <kim@roe.example>\nDate: Monday\nTo: Jo\nSubject: Hi\n\n",
        "Von: Kim Roe\nGesendet: Montag\nAn: Jo\nBetreff: Hallo\n\n",
        "---------- Forwarded message ---------\nFrom: Kim Roe\n\n",
        "----- Forwarded by Jo Diaz on 03/02/2026 09:00 AM -----\n\n",
        "\tKim Roe\n\t03/02/2026 09:00 AM\n\n\t To: Jo Diaz\n\t cc:\n\t Subject: Hi\n\n",
    ],
)
@pytest.mark.parametrize("mark", ["", "> "])
def test_whoever_is_quoted_gives_nothing(quoted: str, mark: str) -> None:
    """Behind any announcement of an earlier mail, quoted or not, another person's block is not looked at,
    also where the sender has none of their own."""
    block = "Regards,\nKim Roe\nDirector\n+1 415 555 0177\nkim@roe.example\n"
    theirs = quoted + "".join(f"{mark}{line}\n" for line in block.splitlines())
    found = read_signature(f"See below.\n\nJo\n\n{theirs}", **JO)
    assert found is None or (found.phones, found.emails, found.title) == ((), (), "")
    found = of(f"See below.\n\nJo Diaz\n+1 415 555 0123\n\n{theirs}")
    assert [phone.number for phone in found.phones] == ["+1 415 555 0123"]


def test_another_persons_block_in_the_own_text_is_not_the_senders() -> None:
    """Details that the sender passes on are not the sender's; with a block of their own, theirs are."""
    passed_on = "Please call our broker:\n\nKim Roe\nBroker\nRoe and Partners\n(415) 555-0177\n\n"
    assert read_signature(passed_on, **JO) is None
    found = of(f"{passed_on}Thanks,\nJo Diaz\nBuyer\n(415) 555-0123\n")
    assert (found.name, found.title) == ("Jo Diaz", "Buyer")
    assert [phone.number for phone in found.phones] == ["(415) 555-0123"]


@pytest.mark.parametrize(
    "below",
    [
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "This e-mail is confidential and intended solely for Kim Roe, +1 415 555 0177.",
        "CONFIDENTIALITY NOTICE: call +1 415 555 0177 if you have received this in error.",
        "________________________________\nDo You Yahoo!?\nCall 415 555 0177",
        "Diese E-Mail ist vertraulich. Rückfragen: 415 555 0177",
        "<<offer.pdf>>",
        "Please consider the environment before printing. 415 555 0177",
    ],
)
def test_what_programs_and_firms_put_below_is_no_signature(below: str) -> None:
    """A disclaimer, an advertisement or a program's line neither hides the block above nor adds to it."""
    found = of(f"Fine.\n\nJo Diaz\nBuyer\n(415) 555-0123\n\n{below}\n")
    assert (found.name, found.title) == ("Jo Diaz", "Buyer")
    assert [phone.number for phone in found.phones] == ["(415) 555-0123"]


@pytest.mark.parametrize(
    ("leave", "title", "label", "kind"),
    [
        ("Mit freundlichen Grüßen", "Leiterin Vertrieb", "Mobil:", "mobile"),
        ("Cordialement,", "Directrice commerciale", "Tél.", "work"),
        ("Saludos cordiales,", "Gerente de ventas", "Móvil", "mobile"),
        ("Met vriendelijke groet,", "Adviseur", "Telefoon", "work"),
        ("Cordiali saluti", "Avvocato", "Cellulare", "mobile"),
        ("Atenciosamente,", "Advogada", "Telefone:", "work"),
        ("Med vänliga hälsningar", "Konsult", "Mobil", "mobile"),
        ("Z poważaniem", "Dyrektor", "Faks", "fax"),
        ("С уважением,", "Директор", "тел.", "work"),
    ],
)
def test_languages(leave: str, title: str, label: str, kind: str) -> None:
    """Leave, title and what a number is called are read in the languages of business mail."""
    found = of(f"…\n\n{leave}\nJo Diaz\n{title}\n{label} +1 415 555 0123\n")
    assert (found.name, found.title) == ("Jo Diaz", title)
    assert found.phones == (SignedPhone(kind, "+1 415 555 0123"),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("(415) 555-0123 (cell)", "mobile"),
        ("415-555-0123 fax", "fax"),
        ("c: 415-555-0123", "mobile"),
        ("Direct Dial: 415-555-0123", "work"),
        ("Facsimile Transmission No.: 415-555-0123", "fax"),
        ("Home 415-555-0123", "home"),
        ("Pager: 415-555-0123", "pager"),
        ("415-555-0123", "work"),
        ("415-555-0123 office / 415-555-0142 cell", "work"),
    ],
)
def test_what_a_number_is_called(line: str, kind: str) -> None:
    """In front of it, behind it, in brackets, by one letter, or not at all."""
    assert of(f"…\n\nJo Diaz\n{line}\n").phones[0] == SignedPhone(
        kind,  # type: ignore[arg-type]
        "(415) 555-0123" if "(415)" in line else "415-555-0123",
    )


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("VP of People", "VP of People"),
        ("Senior Counsel, Acme", "Senior Counsel"),
        ("Director, Sales & Marketing", "Director, Sales & Marketing"),
        ("President & CEO", "President & CEO"),
        ("Acme Ltd. | Buyer", "Buyer"),
        ("Analyst Program", ""),
        ("Partner Solutions Inc.", ""),
        ("I am the manager of this and will call you", ""),
    ],
)
def test_titles(line: str, title: str) -> None:
    """A title stands alone or beside the company, with its department; a unit or a sentence is none."""
    found = read_signature(f"…\n\nRegards,\nJo Diaz\n{line}\n415-555-0123\n", **JO)
    assert (found.title if found else "") == title


@pytest.mark.parametrize(
    ("sender", "line"),
    [
        ({"name": "Jo Diaz"}, "Jo"),
        ({"name": "", "address": "jdiaz@acme.example"}, "J. Diaz"),
        ({"name": "Diaz, Josephine"}, "Jo Diaz"),
        ({"name": "William Roe", "address": "w.roe@acme.example"}, "Bill Roe"),
        ({"name": "Acme Sales", "address": "diaz@acme.example"}, "Jo Diaz"),
    ],
)
def test_the_block_bears_the_senders_name(sender: dict[str, str], line: str) -> None:
    """By one name, an initial, a nickname or only the local part, the block is known as the sender's."""
    found = of(f"…\n\nThanks,\n{line}\n415-555-0123\n", **sender)
    assert (found.name, len(found.phones)) == (line, 1)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Call 415-555-0123 if you need us.",
        "The room is free.\nDial in: 415-555-0177\nCode 123456\n",
        "Meeting with Jo Diaz at 9, he will bring the papers and call 415-555-0177 before that.",
        "> Jo Diaz\n> 415-555-0123\n",
    ],
)
def test_no_block_no_signature(body: str) -> None:
    """Numbers in running text, in an invitation or in a quote belong to nobody."""
    found = read_signature(body, **JO)
    assert found is None or found.phones == ()


PIECES = st.sampled_from(
    [*FULL.splitlines(), "", "", "On Monday Kim Roe wrote:", "> 415 555 0177", "Thanks,", "-- ", "____",
     "From: Kim Roe", "To: Jo", "Kim Roe", "This e-mail is confidential.", "Jo", "\u00a0", "x" * 400]
)  # fmt: skip


@settings(max_examples=300)
@given(lines=st.lists(st.one_of(PIECES, st.text(max_size=80)), max_size=40))
def test_whatever_stands_there_it_is_read(lines: list[str]) -> None:
    """No text breaks the reader, and everything that it gives stands in the text, on lines that are not
    quoted."""
    body = "\n".join(lines)
    found = read_signature(body, **JO)
    if found is not None:
        own = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith(">"))
        for value in (*(each.number for each in found.phones), *found.emails):
            assert value in own.replace("=20", "").replace("=09", " ").replace("\u00a0", " ")
        numbers = body.splitlines()
        assert all(not numbers[line].lstrip().startswith(">") for line in found.lines)


def test_what_stands_in_one_line_is_told_apart() -> None:
    """Name, job and firm in one line, and numbers whose names stand in brackets behind them."""
    found = of("Best,\nJo Diaz | VP Finance | Acme Corp\n(415) 555-0123 (o) | (415) 555-0177 (m)\n")
    assert (found.name, found.title, found.company) == ("Jo Diaz", "VP Finance", "Acme Corp")
    assert found.phones == (SignedPhone("work", "(415) 555-0123"), SignedPhone("mobile", "(415) 555-0177"))


@pytest.mark.parametrize(
    ("line", "region", "number"),
    [
        ("Mobil: +49 171 5550124", "DE", "+49 171 5550124"),
        ("Tel. 02 5550123 - Cell. 333 5550124", "IT", "333 5550124"),
        ("Port. : 06 55 50 12 34", "FR", "06 55 50 12 34"),
        ("M +14155550177", "US", "+14155550177"),
    ],
)
def test_mobile_numbers_as_countries_write_them(line: str, region: str, number: str) -> None:
    """Long last groups, no spaces at all, and the word that each country has for it."""
    found = of(f"Best regards,\nJo Diaz\n{line}\n", region=region)
    assert SignedPhone("mobile", number) in found.phones


def test_a_firm_and_its_address_in_one_line() -> None:
    """Between rules each piece is what it is: the firm, the street, the town, the number."""
    line = "Acme, Inc. | 1 Pier Street | Springfield, OR 97475 | Direct: 415.555.0123"
    found = of(f"Best,\n\nJo Diaz\nVP Finance\n{line}\n")
    assert found.company == "Acme, Inc."
    assert found.address == ("1 Pier Street", "Springfield, OR 97475")
    assert found.phones == (SignedPhone("work", "415.555.0123"),)
