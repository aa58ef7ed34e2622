"""What may not be in the project: paths of a machine, registry hosts, and anything of a real person."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from prose import ROOT, tracked

WORDS = [
    ("a path of this machine", re.compile(r"(?<![\w.])/(?:work|farm)/")),
    ("somebody's home", re.compile(r"(?<![\w.])/(?:home|Users)/[a-z]\w+|(?<![\w.])/root/")),
    (
        "a registry host",
        re.compile("files[.]python" + "hosted|registry[.]npm" + "js|deb[.]deb" + "ian[.]org"),
    ),
    ("a secret", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bghp_\w{20,}|\bAKIA[0-9A-Z]{16}\b")),
]
ADDRESS = re.compile(r"(?<![\\\w.%+/=-])[\w.%+-]+@((?:[\w-]+\.)+[A-Za-z]{2,})(?![\w-])")
RESERVED = re.compile(r"(?:^|\.)(?:example|invalid|test|localhost)$|(?:^|\.)example\.(?:com|org|net|edu)$")
FREE_MAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de",
        "gmx.net", "web.de", "proton.me", "protonmail.com", "mailinator.com", "aol.com", "mail.gmail.com",
    }
)  # fmt: skip
"""Hosts that a test must name, since a free-mail or disposable domain cannot be invented."""
OF_NOBODY = frozenset({"c.us", "xn--example.com", "state.gov"})
"""A chat network's suffix for numbers, a malformed A-label, a `.gov` host for patterns on `*.gov`."""
MACHINES = re.compile(
    r"(?:^|\.)(?:calendar\.google\.com|amazonses\.com|reply\.github\.com|fireflies\.ai|otter\.ai)$"
)
"""Hosts of shared calendars, senders and note-takers, which a rule knows by name."""
NOT_HOSTS = frozenset({"py", "md", "toml", "json", "yaml", "ics", "mbox", "txt", "csv", "setter", "property"})
NOT_HOSTS |= {"bind", "lookuplogicalname", "formattedvalue", "count"}
"""Ends of file names, of decorators, and of annotations of OData (`ownerid@odata.bind`)."""
NUMBER = re.compile(
    r"(?<![\w.+])\+\d{9,15}(?!\w)|\(\d{3}\) ?\d{3}-\d{4}|(?<![\w.-])\d{3}-\d{3}-\d{4}(?![\w-])"
)
INVENTED = (
    re.compile(r"1?\d{3}55501\d\d$"),  # North America: 555-0100 to 555-0199, any area code
    re.compile(r"1?(?:800|888|877|866|855|844|833)555\d{4}$"),
    re.compile(r"44(?:20794601|1632960|7700900|8081570|9098790|3069990)\d+$"),  # Ofcom's drama numbers
    re.compile(r"61(?:2|3|7|8)(?:5550|7010)\d{4}$|61491570\d{3}$"),  # ACMA's
    re.compile(r"33(?:199|261|353|465|536)(?:00|01|91|71|49)\d+$|336399[89]\d+$"),  # ARCEP's
    re.compile(r"49(?:30|40|69|89|221)(?:23125|66969|90009|99998|4710)\d*$|49(?:152|171|176)\d{7,8}$"),
    re.compile(r"35301(?:0000|5550)\d*$|353(?:20|1)91[0-9]\d+$"),
)
"""Ranges that the authorities keep for drama and documentation, as digits."""
TEXT = frozenset(
    {".py", ".md", ".toml", ".txt", ".in", ".yaml", ".yml", ".json", ".mbox", ".ics", ".csv", ".sh", ""}
)


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        if path.suffix in TEXT and path.name not in {"LICENSE"} and path != Path(__file__).resolve():
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace")))
    return found


TEXTS = _texts()


def leaks(text: str) -> list[str]:
    """What of a text names this machine, a registry or a secret."""
    return [f"{what}: {hit.group()}" for what, pattern in WORDS for hit in pattern.finditer(text)]


def real_addresses(text: str) -> list[str]:
    """E-mail addresses that could be somebody's: on no reserved domain and no named free-mail host."""
    found = []
    for hit in ADDRESS.finditer(text):
        host = hit.group(1).lower()
        last = host.rpartition(".")[2]
        invented = RESERVED.search(host) or MACHINES.search(host) or host in FREE_MAIL | OF_NOBODY
        if not invented and last not in NOT_HOSTS:
            found.append(hit.group())
    return found


def test_no_file_names_this_machine_or_a_registry() -> None:
    """No tracked file has a path of a machine, a registry host or a secret."""
    assert {name: found for name, text in TEXTS if (found := leaks(text))} == {}


def test_every_address_is_invented() -> None:
    """Every e-mail address in a tracked file is on a domain that nobody can have, or on a free-mail host."""
    assert {name: found for name, text in TEXTS if (found := real_addresses(text))} == {}


@pytest.mark.parametrize("folder", ["examples", "docs", "README.md"])
def test_every_number_shown_is_invented(folder: str) -> None:
    """Every phone number in the examples and the docs is in a range kept for fiction."""
    found = {
        (name, hit)
        for name, text in TEXTS
        if name.startswith(folder)
        for hit in NUMBER.findall(text)
        if not any(pattern.match(re.sub(r"\D", "", hit)) for pattern in INVENTED)
    }
    assert found == set()


def test_the_checks_see_what_they_are_for() -> None:
    """A planted path, host, address and number is found; invented ones are left alone."""
    assert leaks("see /wo" + "rk/main") != []
    assert leaks("see /ho" + "me/ann/x") != []
    assert leaks("files.python" + "hosted.org") != []
    assert leaks("frame/work/rules and docs/home/x") == []
    assert real_addresses("ann@" + "acme-corp.com, b@x.example, c@gmail.com, @dataclass.py") == [
        "ann@acme-corp.com"
    ]
    assert not any(pattern.match("14155551234") for pattern in INVENTED)
    assert any(pattern.match("14155550123") for pattern in INVENTED)


def test_no_address_of_the_shared_data_is_in_the_project(shared: Path) -> None:
    """Of the real mail that the project is measured on, no sender's address is in a tracked file."""
    project = "\n".join(text for _, text in TEXTS).lower()
    real: set[str] = set()
    for path in sorted((shared / "data").rglob("*.mbox*")):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw)[:2_000_000].decode("utf-8", "replace")
        senders = "\n".join(re.findall(r"^From: .*$", text, re.M))
        real |= {hit.group().lower() for hit in ADDRESS.finditer(senders)}
    assert len(real) > 50
    assert sorted(address for address in real if address in project) == []
