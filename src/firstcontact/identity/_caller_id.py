"""Caller ID: what a telephone network shows as the caller's name (SPEC §5 "Name").

North American networks send up to fifteen capital letters, family name first. They also send the place of
the exchange, the kind of line and warnings in the same field; none of these may become a contact's name,
so what is not plainly a person's name is none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from firstcontact.identity._display_names import PersonName, read_name
from firstcontact.identity._name_guards import is_company_like
from firstcontact.identity._name_lexicon import FAMILY, GIVEN
from firstcontact.identity._name_parts import bare, is_initial, is_particle, is_suffix, plain, recased
from firstcontact.interactions.handles import withheld
from firstcontact.interactions.words import word_set

_LINE_WORDS = word_set(
    """
    wireless cellular cell mobile phone telephone caller call calls calling landline pay payphone toll
    free tollfree unknown name number unavailable available out area private restricted anonymous blocked
    withheld incoming outgoing internal external extension ext line lines trunk queue ivr fax voip sip
    pstn conference bridge operator directory assistance voicemail voice mail message test spam scam fraud
    risk likely potential possible suspected telemarketer telemarketing robocall robocaller nuisance junk
    survey political charity verified unverified invalid international long distance local no not id the
    of to from n a
    """
)
_REGIONS = word_set(
    """
    al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd
    oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc pr vi gu ab bc mb nb nl ns nt nu on pe qc sk yt us
    usa can pq nf
    """
)
"""States, provinces and territories of the North American numbering plan, as exchanges are labelled."""
_PLACES = frozenset(
    place.strip()
    for place in """
    alabama| alaska| arizona| arkansas| california| colorado| connecticut| delaware| florida| hawaii|
    idaho| illinois| indiana| iowa| kansas| kentucky| louisiana| maine| maryland| massachusetts|
    michigan| minnesota| mississippi| missouri| montana| nebraska| nevada| new hampshire| new jersey|
    new mexico| new york| north carolina| north dakota| ohio| oklahoma| oregon| pennsylvania|
    rhode island| south carolina| south dakota| tennessee| texas| utah| vermont| virginia| washington|
    west virginia| wisconsin| wyoming| district of columbia| puerto rico| alberta| british columbia|
    manitoba| new brunswick| newfoundland| nova scotia| ontario| prince edward island| quebec|
    saskatchewan| united states| united kingdom| great britain| england| scotland| wales| ireland|
    canada| mexico| germany| france| spain| italy| portugal| netherlands| belgium| switzerland| austria|
    poland| sweden| norway| denmark| finland| greece| turkey| russia| ukraine| romania| hungary| israel|
    egypt| nigeria| kenya| south africa| india| pakistan| bangladesh| china| hong kong| taiwan| japan|
    south korea| korea| singapore| malaysia| thailand| vietnam| philippines| indonesia| australia|
    new zealand| brazil| argentina| chile| colombia| peru| venezuela| cuba| jamaica| haiti|
    dominican republic| dominican rep| bahamas| bermuda| trinidad| chicago| houston| phoenix|
    philadelphia| dallas| austin| boston| denver| seattle| detroit| atlanta| miami| orlando| tampa|
    brooklyn| queens| bronx| manhattan| cleveland| cincinnati| columbus| pittsburgh| baltimore|
    nashville| memphis| indianapolis| milwaukee| minneapolis| sacramento| oakland| portland| tucson|
    albuquerque| tulsa| omaha| raleigh| ann arbor| charlotte| toronto| montreal| vancouver| calgary|
    edmonton| ottawa| winnipeg| london| manchester| birmingham| paris| berlin| munich| madrid| rome|
    sydney| melbourne| dublin| amsterdam| vienna| zurich|
    """.replace("\n", "").split("|")
    if place.strip()
)
_TOWN_PREFIX = word_set("san santa los las new fort ft saint st sainte ste port el mount mt")
"""What hardly any family name is and many towns begin with."""
_TOWN_START = word_set(
    """
    la north south east west n s e w mount mt lake point pt grand palm long baton corpus salt des cedar
    sioux little big great old upper lower high rancho rio boca coral rapid council iowa kansas oklahoma
    atlantic virginia jersey garden king daly redwood huntington newport silver green white black blue red
    rock box eagle bowling
    """
)
_TOWN_END = word_set(
    """
    city cty beach bch springs spgs spg sprg falls fls heights hts hgts hills hls lake lk lakes valley vly
    vlg village grove grv island isl islands rapids bay junction jct creek crk harbor hbr shores town
    township twp county cnty parish borough center ctr ridge rdg point bluff bluffs forge ferry mills
    plains prairie woods gardens gdns terrace landing crossing vista mesa verde grande rouge moines wayne
    worth paso angeles vegas diego jose francisco antonio orleans york haven london brunswick bedford
    rochelle hampton
    """
)
_MASKED = re.compile(r"[a-z]{1,3}[0-9]{6,}|[0-9x*#+ ().-]+", re.IGNORECASE)


@lru_cache(maxsize=8192)
def read_caller_id(text: str, number_key: str = "") -> PersonName | None:
    """The caller's name, or None where the network shows none: kinds of lines, warnings, places, numbers,
    companies.

    Capitals are `FAMILY GIVEN`, unless the words plainly stand the other way round; another writing is
    read as a display name. `number_key` is the caller's number, which is no name either. One word is a
    name only where it is a common given name and not in capitals: it may as well be a place.
    """
    shown = _shown(text)
    if not shown or _is_junk(shown, number_key) or _is_place(shown) or is_company_like(shown):
        return None
    if "," in shown or any(char.islower() for char in shown):
        name = read_name(shown)
        if name is None or _is_place(name.full):
            return None
        return name if name.last or plain(name.first) in GIVEN else None
    words = [word for word in shown.split() if not is_suffix(word)]
    if not 2 <= len(words) <= 4 or read_name(shown) is None or not _plausible(words):
        return None
    family, given = _capitals(words)
    first = next((word for word in given if not is_initial(word)), given[0])
    given_text, family_text = recased(first), recased(" ".join(family), family=True)
    return PersonName(given_text, family_text, f"{given_text} {family_text}", given_text, "", family_text)


def caller_id_company(text: str) -> str:
    """The company that caller ID shows, in mixed case where it came in capitals; "" where it shows none."""
    shown = _shown(text)
    if not shown or _is_junk(shown, "") or _is_place(shown) or not is_company_like(shown):
        return ""
    if "&" in shown and any(plain(word) in GIVEN for word in shown.split()):
        return ""
    if any(char.islower() for char in shown):
        return shown
    return " ".join(recased(word) for word in shown.split())


def _shown(text: str) -> str:
    return " ".join(text.replace("\x00", " ").strip(" \"'<>").split())


def _is_junk(shown: str, number_key: str) -> bool:
    if withheld(shown) or _MASKED.fullmatch(shown) or not any(char.isalpha() for char in shown):
        return True
    digits = re.sub(r"\D", "", shown)
    if len(digits) > 3 or (digits and digits in number_key):
        return True
    words = re.findall(r"[a-z]+", shown.lower())
    said = [word for word in words if word in _LINE_WORDS]
    return len(said) == len(words) or any(word in _TELLING for word in words)


_TELLING = word_set(
    """
    wireless cellular tollfree unknown unavailable anonymous blocked withheld restricted payphone spam
    scam fraud telemarketer telemarketing robocall robocaller caller incoming conference voicemail queue
    """
)


def _is_place(shown: str) -> bool:
    """`SAN FRANCISCO CA`, `BROOKLYN, NY`, `ONTARIO`, `COLORADO SPGS`: the place of an exchange."""
    words = re.findall(r"[^\W\d_]+", shown.lower())
    if not words or " ".join(words) in _PLACES or (len(words) > 1 and words[0] in _TOWN_PREFIX):
        return True
    if len(words) > 1 and words[-1] in _PLACES and (words[0] in _PLACES or words[-1] not in GIVEN):
        return True
    if words[-1] in _REGIONS and len(words) > 1:
        return not _surely_a_name(shown, words)
    if len(words) > 1 and words[-1] in _TOWN_END and plain(words[0]) not in GIVEN | (FAMILY - _TOWN_START):
        return True
    return len(words) > 1 and words[0] in _TOWN_START and not any(word in GIVEN for word in words[1:])


def _surely_a_name(shown: str, words: list[str]) -> bool:
    """Small letters tell a name from a place label: `Al Ma`; a region is written `CA`."""
    last = shown.split()[-1]
    return len(words) == 2 and last[:1].isupper() and last[1:].islower() and "," not in shown


def _plausible(words: list[str]) -> bool:
    """Whether the tables know one of the words as a name, or an initial stands last."""
    return any(plain(word) in GIVEN or plain(word) in FAMILY for word in words) or is_initial(words[-1])


def _capitals(words: list[str]) -> tuple[list[str], list[str]]:
    """Family and given words of a name in capitals."""
    first, last = plain(words[0]), plain(words[-1])
    turned = first in GIVEN and first not in FAMILY and last in FAMILY and last not in GIVEN
    if turned and not is_initial(words[-1]):
        at = next((at for at, word in enumerate(words[1:-1], 1) if is_particle(word)), len(words) - 1)
        return words[at:], words[:at]
    count = 1
    while count < len(words) - 1 and is_particle(bare(words[count - 1])):
        count += 1
    return words[:count], words[count:]
