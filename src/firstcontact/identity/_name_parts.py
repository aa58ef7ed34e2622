"""One person's name as parts: which words are given, which family, whatever the order and the script.

The text has already been judged to be a person's (`_name_guards`). Western names in given-first order go
through `nameparser`; what it gets wrong (docs/decisions/names.md) is decided here: `Family, Given`,
capital-letter conventions, East Asian names without a space, Vietnamese order, titles that are names.
"""

from __future__ import annotations

import re
import unicodedata

from nameparser import HumanName
from nameparser.config import Constants
from nameparser.config.particles import PARTICLES
from nameparser.config.suffixes import SUFFIX_ACRONYMS, SUFFIX_ACRONYMS_AMBIGUOUS, SUFFIX_WORDS
from nameparser.config.surnames import KOREAN_SURNAMES
from nameparser.config.titles import TITLES

from firstcontact.identity._name_lexicon import FAMILY, GIVEN
from firstcontact.interactions.words import word_set

Parts = tuple[str, str, str]
"""Given, middle, family."""

HONORIFICS = word_set(
    """
    mr mrs ms miss mx mister dr drs doctor prof professor rev reverend fr father sister sir dame lord lady
    hon honorable honourable rabbi imam sheikh shaikh herr frau hr fru mme mlle monsieur madame
    mademoiselle sr sra srta rt right his her excellency majesty highness eminence señor señora señorita
    don doña sig signor signora dott dottssa ing ir mag dipl dipl-ing drs mevr dhr pan pani shri smt capt
    captain col colonel gen general lt lieutenant maj major sgt sergeant cpl cmdr commander adm admiral
    congresswoman congressman senator sen rep representative gov governor president chancellor secretary
    judge justice
    """
)
_AMBIGUOUS_HONORIFICS = word_set(
    """
    sr don major general judge justice lord lady father sister president sheikh shaikh imam rabbi pan his
    her right rt king queen
    """
)
"""Honorifics that are also names or suffixes: a title only with a dot or before two more words."""
_BEFORE_HONORIFICS = word_set(
    "the state us district magistrate federal circuit vice deputy former assistant chief"
)
SUFFIXES = word_set(
    """
    jr sr jnr snr ii iii iv vi vii viii esq esquire phd ph.d md m.d dds do dvm jd llm llb mba msc bsc cpa
    cfa pe rn np pa-c qc kc mp obe mbe cbe frcs facs ret cissp pmp edd psyd od dpm mph msw lcsw jnr 2nd
    3rd 4th
    """
)
_MORE_PARTICLES = word_set("el ten van't 't zum zur vander dela delos san santa mc mac ap ab fitz")
_LAST_FIRST_TWO = word_set("li wu xu le ho ng ma yu he lu su du hu ko oh ye xi qi na fu gu xi an bo ok yi do")
_VIETNAMESE = word_set(
    """
    nguyen nguyễn tran trần pham phạm huynh huỳnh hoang hoàng vo võ vu vũ dang đặng bui bùi ngo ngô duong
    dương phan truong trương dinh đinh le lê do đỗ ly lý
    """
)
_CHINESE_COMPOUND = word_set(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 司徒 东方 東方 独孤 獨孤 慕容 夏侯 皇甫 尉迟 尉遲 公孙 公孫 令狐"
)
_JAPANESE_SURNAMES = word_set(
    """
    佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 渡邉 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤
    斉藤 清水 山崎 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木
    坂本 福田 太田 西村 藤井 金子 岡本 藤原 三浦 中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田 森田
    上田 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 安藤 島田 谷口 大野 高田 丸山 今井 河野 村田 武田 上野
    杉山 増田 小島 千葉 久保 松井 岩崎 桜井 野口 松尾 野村 木下 菊地 佐野 大塚 杉本 新井 浜田 菅原 市川
    水野 小松 古川 川口 山内 五十嵐 服部 長尾
    """
)
_DOTTED_DEGREE = re.compile(r"[A-Za-z]{1,4}(?:\.[A-Za-z]{1,4})+\.")
_CAPITAL_ROMAN = re.compile(r"(?:ii|iii|iv|vi{1,3}|ix|xi{0,3})$")
_SUFFIX_DOTLESS = frozenset(
    (set(SUFFIX_WORDS) | set(SUFFIX_ACRONYMS)) - set(SUFFIX_ACRONYMS_AMBIGUOUS) - {"2", "i", "v", "do", "np"}
)
_constants = Constants()
_constants.capitalize_name = False
_constants.prefixes.add("el", "ten", "vander", "delos")


def bare(word: str) -> str:
    """The word in lower case without dots, for table look-ups."""
    return word.lower().replace(".", "").strip(",'’\"")


def plain(word: str) -> str:
    """The word as the lexicon has it: lower case, without diacritics."""
    if word.isascii():
        return word.lower().strip(".,'\"")
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower().strip(".,'’\"")


def is_suffix(word: str) -> bool:
    """Whether the word follows a name and is no part of it (`Jr.`, `PhD`, `III`)."""
    key = bare(word)
    if is_particle(key) or word == "J.R.":
        return False
    if _DOTTED_DEGREE.fullmatch(word) and any(len(part) > 1 for part in word.split(".")[:2]):
        return True
    return key in SUFFIXES or (key in _SUFFIX_DOTLESS and (len(key) > 2 or "." in word or word.isupper()))


def without_titles(text: str) -> str:
    """The name without the honorifics before it, so that they are not taken for words of a company."""
    words = text.split()
    while len(words) > 1 and _is_honorific(words):
        words = words[1:]
    return " ".join(words)


def is_particle(word: str) -> bool:
    """Whether the word belongs to the family name after it (`van`, `de la`, `al-`)."""
    key = word.lower()
    return key in PARTICLES or key in _MORE_PARTICLES


def is_initial(word: str) -> bool:
    """`A`, `A.`, `J.R.`"""
    letters = word.replace(".", "")
    return (len(letters) == 1 and letters.isalpha()) or bool(re.fullmatch(r"(?:[^\W\d_]\.){2,3}", word))


def split_name(text: str, pieces: list[str]) -> Parts:
    """The parts of a name: `text` as a whole, `pieces` its parts between commas, suffix parts taken off."""
    if len(pieces) > 1:
        return _family_first(pieces[0], pieces[1])
    words = _without_ends(pieces[0].split())
    if not words:
        return ("", "", "")
    if _is_east_asian(text):
        return _east_asian(words)
    order = _capital_family(words)
    if order is not None:
        return order
    if len(words) > 2 and plain(words[0]) in _VIETNAMESE and plain(words[-1]) not in _VIETNAMESE:
        return " ".join(words[1:]), "", words[0]
    return _given_first(pieces[0], words)


def _family_first(family: str, given: str) -> Parts:
    family_words = family.split()
    while len(family_words) > 1 and is_suffix(family_words[-1]):
        family_words = family_words[:-1]
    given_words = _without_ends(given.split())
    if not given_words:
        return _given_first(family, family_words)
    return given_words[0], " ".join(given_words[1:]), " ".join(family_words)


def _without_ends(words: list[str]) -> list[str]:
    """Honorifics taken off the front and suffixes off the end, as long as a name is left."""
    while len(words) > 1 and _is_honorific(words):
        words = words[1:]
    while len(words) > 1 and is_suffix(words[-1]) and not (len(words) == 2 and plain(words[-1]) in FAMILY):
        words = words[:-1]
    if len(words) > 2 and words[-1].lower() in {"i", "v"} and len(words[-2]) > 1:
        words = words[:-1]
    return words


def _is_honorific(words: list[str]) -> bool:
    key = bare(words[0])
    if len(words) > 2 and plain(words[1]) in GIVEN and key not in GIVEN and key in TITLES:
        return True
    if "." in words[0] and (key == "hc" or key.startswith("dipl-")):  # `Dr. h.c.`, `Dipl.-Ing.`
        return True
    key = key.rpartition("-")[2]
    if "." in words[0][:-1] and len(words) > 2:
        return all(part in TITLES for part in words[0].lower().strip(".").split("."))
    if key in _BEFORE_HONORIFICS:
        return len(words) > 2 and any(bare(word) in HONORIFICS for word in words[1:3])
    if key not in HONORIFICS:
        return False
    return words[0].endswith(".") or key not in _AMBIGUOUS_HONORIFICS or (len(words) > 2 and key not in GIVEN)


def _given_first(text: str, words: list[str]) -> Parts:
    if len(words) == 1:
        title = len(text.split()) > 1 and bare(text.split()[0]) in HONORIFICS - {"sir", "dame", "sister"}
        return ("", "", words[0]) if title else (words[0], "", "")
    if len(words) == 2:
        return words[0], "", words[1]
    name = HumanName(" ".join(words), constants=_constants)
    first, middle, last = name.first, name.middle, name.last
    if name.suffix or name.title or name.nickname or not first or not last:
        family_at = next((at for at, word in enumerate(words[1:-1], 1) if is_particle(word)), len(words) - 1)
        return words[0], " ".join(words[1:family_at]), " ".join(words[family_at:])
    return first, middle, last


# --- capital letters -------------------------------------------------------------------------------


def _capital_family(words: list[str]) -> Parts | None:
    """`SMITH John`, `John SMITH`: capitals mark the family name where other words have small letters."""
    capital = [_is_capital(word) for word in words]
    if not any(capital) or not any(char.islower() for word in words for char in word):
        return None
    if capital[0]:
        count = next(at for at, is_capital in enumerate(capital) if not is_capital)
        # A family name of two words keeps its particle in small letters: `VAN der Berg` is no case.
        if any(capital[count:]) and not all(
            is_initial(word) or not _is_capital(word) for word in words[count:]
        ):
            return None
        given = [word for word in words[count:] if not is_initial(word)]
        if not given:
            return None
        return given[0], " ".join(words[count + words[count:].index(given[0]) + 1 :]), " ".join(words[:count])
    count = len(words) - next(at for at, is_capital in enumerate(reversed(capital)) if not is_capital)
    if count == len(words):
        return None
    while count > 1 and is_particle(words[count - 1]):
        count -= 1
    return words[0], " ".join(words[1:count]), " ".join(words[count:])


def _is_capital(word: str) -> bool:
    letters = [char for char in word if char.isalpha()]
    if (
        len(letters) < 2
        or not all(char.isupper() for char in letters)
        or word.endswith(".")
        or is_suffix(word)
    ):
        return False
    if len(letters) == 2:
        return word.lower() in _LAST_FIRST_TWO
    return any(char in "AEIOUYÄÖÜÅØÆÉÈÁÀÍÓÚ" for char in letters) or len(letters) > 4 or not word.isascii()


def recased(words: str, family: bool = False) -> str:
    """A part written all in capitals or all in small letters, in mixed case; another is left alone."""
    letters = [char for char in words if char.isalpha()]
    if not letters or not (
        all(char.isupper() for char in letters) or all(char.islower() for char in letters)
    ):
        return words
    if len(letters) == 1:
        return words.upper()
    out = []
    for at, word in enumerate(words.split()):
        particle = is_particle(word) and (family or at > 0) and len(words.split()) > at + 1
        out.append(word.lower() if particle else _capitalised(word))
    return " ".join(out)


def _capitalised(word: str) -> str:
    lowered = word.lower()
    if _CAPITAL_ROMAN.fullmatch(lowered):
        return word.upper()
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]?", word):
        return word.upper()
    titled = re.sub(r"(^|[-–.'’])([^\W\d_])", lambda match: match.group(1) + match.group(2).upper(), lowered)
    titled = re.sub(
        r"(['’])([A-Z])(?=$|[^\w])", lambda match: match.group(1) + match.group(2).lower(), titled
    )
    return re.sub(r"\bMc([a-z])(?=[a-z]{2})", lambda match: "Mc" + match.group(1).upper(), titled)


# --- East Asian ------------------------------------------------------------------------------------


def _script(char: str) -> str:
    code = ord(char)
    if 0x3040 <= code <= 0x30FF or code == 0x3005:
        return "kana"
    if 0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x2FFFF or 0xF900 <= code <= 0xFAFF:
        return "han"
    if 0xAC00 <= code <= 0xD7AF or 0x1100 <= code <= 0x11FF:
        return "hangul"
    return "other"


def _is_east_asian(text: str) -> bool:
    scripts = {_script(char) for char in text if char.isalpha()}
    return bool(scripts) and "other" not in scripts


def _east_asian(words: list[str]) -> Parts:
    """Family name first: at the space, else by the table of compound and Japanese family names."""
    if len(words) > 1:
        return " ".join(words[1:]), "", words[0]
    word = words[0]
    scripts = [_script(char) for char in word if char.isalpha()]
    if len(scripts) < len(word) or len(word) == 1 or set(scripts) == {"kana"}:
        middle_dot = re.split(r"[・·･]", word)
        if len(middle_dot) > 1:
            return middle_dot[0], "", " ".join(middle_dot[1:])
        return word, "", ""
    if set(scripts) == {"hangul"}:
        length = 2 if len(word) > 2 and word[:2] in KOREAN_SURNAMES else 1
        return word[length:], "", word[:length]
    if "kana" in scripts:
        length = next((at for at, script in enumerate(scripts) if script == "kana" and word[at] != "々"), 2)
        return (word[length:], "", word[:length]) if length else (word, "", "")
    for length in (3, 2):
        if len(word) > length and (word[:length] in _JAPANESE_SURNAMES or word[:length] in _CHINESE_COMPOUND):
            return word[length:], "", word[:length]
    length = 2 if len(word) > 3 else 1
    return word[length:], "", word[:length]
