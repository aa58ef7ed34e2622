"""Bytes of mail to text: declared charsets that lie, transfer encodings that are cut, RFC 2047 words.

Nothing here raises for bad input: what cannot be decoded as declared is decoded as something likely,
and in the end as Windows-1252 or with replacement characters.
"""

from __future__ import annotations

import binascii
import re

_ALIASES = {
    # A superset decodes everything its subset does, and what senders label wrongly besides.
    "ascii": "us-ascii",
    "us-ascii": "us-ascii",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "big5": "big5hkscs",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "iso-2022-jp": "iso-2022-jp-2",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
}
_NO_CHARSETS = frozenset(
    # Python calls these text encodings too; none is a charset (RFC 2978), and some take quadratic time.
    {"idna", "punycode", "undefined", "unicode_escape", "unicode-escape", "unicodeescape"}
    | {"raw_unicode_escape", "raw-unicode-escape", "rawunicodeescape", "mbcs", "oem"}
)

_WORD = re.compile(r"=\?([^?\s=]+)\?([bBqQ])\?((?:(?!=\?[^=]).)*?)\?=", re.S)
"""A word ends at the latest where another begins, so that unclosed ones cost no more than one pass."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_PROSE_LINE = re.compile(rb"\n[^\n]*(?:[^\s=] +\S|__)")
"""A list's footer, put in plain text behind a text in base64."""
_BASE64_NOISE = re.compile(rb"[^A-Za-z0-9+/]+")


def to_text(data: bytes, charset: str = "") -> str:
    """The bytes as text in `charset`, or in what they most likely are where that is unknown or wrong."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if name and name != "us-ascii" and name not in _NO_CHARSETS:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            if name == "utf-8":
                return (
                    _guessed(data, ("cp1252",)) if _is_mislabelled(data) else data.decode("utf-8", "replace")
                )
            if name not in ("cp1252", "cp1254"):
                return _guessed(data, ("utf-8",)) if _is_utf8(data) else data.decode(name, "replace")
        except (LookupError, ValueError):
            pass  # unknown name, or one with a NUL in it
    return _guessed(data, ("utf-8", "cp1252"))


def _guessed(data: bytes, names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_mislabelled(data: bytes) -> bool:
    """Whether what calls itself UTF-8 has more broken bytes than whole characters beyond ASCII."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 2 > len(text) - len(text.encode("ascii", "ignore"))


def from_base64(data: bytes) -> bytes:
    """Base64 read as far as it goes: line noise is skipped, missing padding supplied, half a group cut."""
    footer = _PROSE_LINE.search(data)
    if footer:
        data = data[: footer.start()]
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    clean = _BASE64_NOISE.sub(b"", data.partition(b"=")[0] if data.rstrip().endswith(b"=") else data)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    try:
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def decode_words(value: str) -> str:
    """Header text with its RFC 2047 words decoded, folding undone and control characters dropped.

    Adjacent words lose the space between them (RFC 2047 §6.2); those of one charset and encoding are
    joined before decoding, since broken senders cut inside a character.
    """
    if "\n" in value:
        value = " ".join(line.strip(" \t") for line in value.split("\n"))
    if "=?" in value:
        value = _decoded(value)
    if not value.isprintable():
        value = _CONTROL.sub("", value.replace("\t", " "))
    return value.strip()


def _decoded(value: str) -> str:
    out: list[str] = []
    run: list[bytes] = []
    run_kind = ("", "")
    end = 0
    for match in _WORD.finditer(value):
        gap = value[end : match.start()]
        charset, encoding, payload = match.group(1), match.group(2).lower(), match.group(3)
        kind = (charset.partition("*")[0].lower(), encoding)
        adjacent = bool(run) and not gap.strip()
        if not adjacent or kind != run_kind:
            out.append(to_text(b"".join(run), run_kind[0]))
            run = []
        if not adjacent:
            out.append(gap)
        run.append(_payload(payload, encoding, kind[0]))
        run_kind = kind
        end = match.end()
    out.append(to_text(b"".join(run), run_kind[0]))
    out.append(value[end:])
    return "".join(out)


def _payload(text: str, encoding: str, charset: str) -> bytes:
    data = text.encode("ascii") if text.isascii() else _in_charset(text, charset)
    if encoding == "b":
        return from_base64(data)
    return binascii.a2b_qp(data, header=True)


def _in_charset(text: str, charset: str) -> bytes:
    """Raw 8-bit characters inside an encoded word, back in the bytes that the word's charset gives them."""
    try:
        return text.encode(_ALIASES.get(charset, charset))
    except (LookupError, ValueError):
        return text.encode("utf-8", "surrogatepass")
