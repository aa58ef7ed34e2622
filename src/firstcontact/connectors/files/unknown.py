"""What to say about a file that no reader knows: what it is, by its beginning, and what to do."""

from __future__ import annotations

from pathlib import Path

from firstcontact.connectors.files.detect import first_bytes
from firstcontact.connectors.files.problems import cannot_read

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "this is a zip archive; unpack it, and import the folder that comes out."),
    (b"!BDN", "this is an Outlook data file; export the mailbox as mbox or eml, and import that."),
    (
        b"\xd0\xcf\x11\xe0",
        "this is an Outlook message or an old Office file; save mails as .eml, contact lists as CSV.",
    ),
    (b"%PDF", "this is a PDF; export the data itself (mbox, ics, CSV, vCard, JSON)."),
    (b"BZh", "this is compressed with bzip2; unpack it first. gzip is read as it is."),
    (b"\xfd7zXZ", "this is compressed with xz; unpack it first. gzip is read as it is."),
    (b"(\xb5/\xfd", "this is compressed with zstd; unpack it first. gzip is read as it is."),
    (b"7z\xbc\xaf", "this is a 7z archive; unpack it, and import the folder that comes out."),
)
_KNOWN = (
    "mbox, eml, Maildir, ics, call logs and messages of RingCentral, Twilio and Asterisk, JSON Lines, CSV, "
    "vCard"
)


def unknown_format(path: Path) -> str:
    """One sentence. Raises FileProblem where the file cannot be read."""
    if path.is_dir():
        return f"{path}: this folder holds nothing that can be read."
    try:
        with path.open("rb") as file:
            raw = file.read(512)
    except OSError as error:
        raise cannot_read(path, error) from None
    return f"{path}: {_sentence(path, raw)}"


def _sentence(path: Path, raw: bytes) -> str:
    if not raw:
        return "this file is empty."
    for beginning, sentence in _BEGINNINGS:
        if raw.startswith(beginning):
            return sentence
    if raw.startswith(b"\x1f\x8b"):
        head = first_bytes(path)
        if not head:
            return "the gzip data is damaged from its beginning; get an intact copy."
        raw = head[:512]
        if raw[257:262] == b"ustar":
            return "this is a tar archive; unpack it, and import the folder that comes out."
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return (
            "this is JSON, but neither calls or messages of RingCentral or Twilio nor JSON Lines of ours "
            "(docs/reference/jsonl.md)."
        )
    what = "this is a binary file, and none" if b"\0" in raw else "this is none"
    return f"{what} of the files that can be read: {_KNOWN} (docs/reference/formats.md)."
