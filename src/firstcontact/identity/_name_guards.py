"""What is shown where a name belongs and is none: companies, functions, lists, products, machines.

General words of organisations in the languages of business; a text is judged by its words, by the
address it came with and by the company it is said to belong to. Person names that are also such words
(`Charlotte Church`) are told by the given name before them or by the address.
"""

from __future__ import annotations

import re

from firstcontact.identity._hosts import host_of
from firstcontact.identity._name_lexicon import FAMILY, GIVEN
from firstcontact.identity._name_parts import (
    HONORIFICS,
    SUFFIXES,
    bare,
    is_initial,
    is_particle,
    is_suffix,
    plain,
)
from firstcontact.identity._role_words import NO_REPLY, QUALIFIERS, ROLES
from firstcontact.interactions.words import word_set

LEGAL_FORMS = word_set(
    """
    inc incorporated llc llp lllp lp plc ltd limited corp corporation gmbh mbh ggmbh ohg kgaa gbr eg ug
    sarl sàrl sas sasu srl spa bv bvba sprl nv vof ab oy oyj aps asa kft zrt nyrt doo dd ood eood sro spol
    zoo ooo oao zao pjsc jsc pty pvt kk ltda lda eirl eurl pllc pa pc dba cic scrl sencrl ulc
    """
)
_LEGAL_LAST = word_set("co ag kg as sa se ab pa pc lp spa sas oy nv bv dd ug ek ev ev.")
"""Legal forms only as the last word and in capitals or with a dot; they are names or syllables elsewhere."""
ORGANISATION = word_set(
    """
    svc svcs admin administrative nation implement tribe tribes basilica parsonage convent rectory local
    books bookstore signs photography photo photographers brokerage brokers ins elementary experts
    specialists collision towers plaza parlor plus concepts creations unlimited dynamics works images
    gifts flowers florist floral framing glass windows doors pool pools septic drilling excavating siding
    painters decor decorating upholstery tailors alterations tanning massage acupuncture nutrition
    cannabis tobacco vape cigars mart subs wings bbq sushi tacos burgers chicken seafood steakhouse buffet
    yogurt juice donuts bagels chocolate candy sweets wholesalers liquidators realtors realtor realty
    homeowners hoa estate condos suites company companies group groups holding holdings partners
    partnership associates associated association assoc assn enterprise enterprises industries industrial
    international intl global worldwide national bank banks banking bancorp credit savings financial
    finance capital investments investment investors ventures equity fund funds trust trustees insurance
    assurance mutual mortgage lending loans realty estates properties property homes housing apartments
    condominium condo rentals leasing services service solutions systems system technologies technology
    technical tech software network networks communications communication telecom wireless cable media
    studio studios productions pictures films entertainment records publishing publications press news
    magazine journal times radio tv broadcasting design designs graphics printing marketing advertising
    consulting consultants consultancy advisors advisory management mgmt staffing recruiting training
    coaching academy institute institution university college school schools district education
    educational learning library museum gallery theatre theater orchestra church cathedral chapel
    ministries ministry diocese temple synagogue mosque foundation charities charity fund society club
    league lodge union federation council committee cmte comm commission coalition alliance campaign
    citizens friends pac party department dept division bureau agency authority office offices board
    county city town township village state federal government municipal police sheriff fire court courts
    embassy consulate army navy hospital hospitals clinic clinics medical medicine health healthcare
    wellness dental dentistry orthodontics pharmacy pharmaceuticals pharma laboratory laboratories labs
    lab surgery surgical rehabilitation rehab therapy chiropractic optical vision veterinary animal care
    center centers centre restaurant restaurants cafe café coffee bakery deli pizza pizzeria grill bar pub
    tavern diner bistro kitchen catering foods food wine spirits liquor liquors brewing brewery dairy
    farms farm ranch market markets supermarket grocery store stores shop shops outlet boutique fashion
    fashions jewelry jewelers apparel clothing shoes salon spa nails barber beauty cosmetics fitness gym
    yoga hotel hotels motel inn resort resorts lodge travel tours airlines airways airport cruise auto
    autos automotive motors motor cars tire tires garage towing transport transportation trucking
    logistics freight shipping moving storage delivery express courier taxi limo limousine railway
    construction contractors contracting builders building buildings roofing plumbing electric electrical
    electronics heating cooling hvac mechanical engineering engineers architects architecture flooring
    painting landscaping masonry concrete paving carpentry cabinets interiors furniture hardware lumber
    supply supplies equipment machinery machine tools tool manufacturing mfg products product distributors
    distribution distributing wholesale imports exports import export trading traders chemical chemicals
    steel metals metal plastics paper packaging textiles energy oil gas petroleum power solar utilities
    water waste recycling environmental cleaning cleaners laundry janitorial maintenance repair repairs
    security alarm locksmith pest exterminators vending law attorneys lawyers legal notary accounting
    accountants bookkeeping tax taxes cpas preschool daycare childcare nursery kindergarten montessori
    kids children youth sports games gaming toys pets bikes boats marine music events promotions team
    staff crew squad dba gesellschaft gruppe verlag werke werk stiftung verein versicherung versicherungen
    sparkasse volksbank hausverwaltung immobilien steuerberater steuerberatung rechtsanwälte
    rechtsanwaelte kanzlei praxis klinik krankenhaus apotheke autohaus bäckerei schule universität
    hochschule stadtwerke gemeinde société societe groupe banque assurances cabinet hôpital université
    école mairie ministère sociedad empresa empresas banco seguros grupo hospital universidad colegio
    escuela ayuntamiento ministerio fundación fundacion asociación asociacion instituto comercial
    comercializadora società societa gruppo banca assicurazioni studio scuola università comune fondazione
    empresa prefeitura universidade escola fundação associação indústria comércio bedrijf groep stichting
    vereniging gemeente universiteit verzekeringen makelaardij
    """
)
_SMALL_WORDS = word_set("the of for to at on in our your my with from by about via is are be we you us it")
"""Words of sentences, where they stand in small letters or between others; `To` and `My` are names too."""
_SENTENCE_WORDS = word_set("the of for to at in and")
_ALSO_SURNAMES = word_set(
    """
    kitchen steel town lodge court banks church temple law power root list daily reply bot private bank
    farm sheriff park mills booth marine coffee wine cash waters shipping guest page price day order
    """
)
_NOT_IN_NAMES = word_set(
    """
    newsletter newsletters digest daily weekly monthly alert alerts update updates notification
    notifications notice reminder reminders invitation calendar announcements announce list mailing mailer
    subscription subscriptions membership rewards survey feedback receipt invoice invoices order orders
    confirmation account accounts billing helpdesk desk support sales info information contact
    reservations reception subsystem daemon delivery undisclosed recipients postmaster webmaster
    hostmaster administrator admin admins root nobody noreply no-reply do-not-reply reply robot bot bots
    forum discussion developers users commits issues bugs jira jenkins github gitlab bugzilla people
    everyone everybody hotline switchboard voicemail fax conference meeting room wireless caller toll free
    cell cellular mobile unknown unavailable anonymous private blocked restricted withheld
    """
)
_JOB_WORDS = word_set(
    """
    coord coordinating supvsr examiner trimmer timekeeper emt biologist hourly aide worker librarian
    trainee investigator inspector companion organizer laborer lineman architect electrician plumber
    mechanic driver dispatcher foreman helper apprentice custodian janitor housekeeper attendant guard
    firefighter paramedic detective sergeant lieutenant captain commander planner programmer statistician
    economist chemist biologist scientist researcher physician psychologist psychiatrist therapist
    dietitian nutritionist pharmacist dentist hygienist veterinarian counselor caseworker interpreter
    translator stenographer typist cashier teller auditor bookkeeper buyer estimator surveyor draftsman
    machinist welder blacksmith bricklayer roofer glazier painter plasterer steamfitter boilermaker
    stockhandler storekeeper watchman liaison advocate commissioner alderman mayor asst manager director
    officer executive president vice vp ceo cfo cto coo chief head senior junior lead assistant associate
    coordinator supervisor administrator analyst engineer developer designer consultant specialist
    representative rep agent secretary treasurer accountant receptionist operator technician clerk editor
    attorney lawyer counsel paralegal nurse professor teacher principal marketing operations human
    resources customer success account project product program business general regional deputy acting
    interim founder owner partner chairman chairwoman spokesperson intern trainee
    """
)
_URL = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|co|de|ai|app|dev|edu|gov|info|biz|eu|uk|fr|example)\b", re.I
)
_CAMEL = re.compile(r"^[A-Z]?[a-z]+[A-Z]\w*$")
_NAME_CAMEL = re.compile(
    r"^(?:Mc|Mac|De|Di|Da|Du|La|Le|Van|Von|Fitz|O|San|St|Del|Des|Dos|El|Al|Ab|Jo|Mary|Ann?a?|Lee)[A-Z]"
)
_ODD = re.compile(r"[!?$%=#*+<>\\^{}|~@/:;_™®©]|[0-9]")
MAX_WORDS = 6
"""Words a name may have besides titles, particles, initials and suffixes."""


def is_host_like(text: str) -> bool:
    """One word that is a web address (`acme.example`)."""
    return " " not in text and _URL.search(text) is not None


def is_company_like(text: str) -> bool:
    """Whether the words are those of an organisation, by legal form or by what organisations are called."""
    words = text.replace(",", " ").split()
    if not words:
        return False
    keys = [bare(word) for word in words]
    if any(key in LEGAL_FORMS and key not in _LEGAL_LAST for key in keys[1:]):
        return True
    if len(words) > 2 and keys[-2:] in (["p", "c"], ["l", "l"]):
        return True
    if len(words) > 1 and keys[-1] in _LEGAL_LAST and (words[-1].isupper() or "." in words[-1]):
        return True
    if keys[0] == "the" or any(re.search(r"[a-z]['’]s$", word, re.I) for word in words):
        return True
    if "&" in words or "and" in keys[1:-1]:
        return text.count(",") > 1 or not _is_couple(keys)
    named = [key for at, key in enumerate(keys) if key in ORGANISATION and not _is_name_there(keys, at)]
    return bool(named) and not (len(named) == 1 and named[0] == keys[-1] and _is_surname(words))


def _is_name_there(keys: list[str], at: int) -> bool:
    """`Candy …` opens a name, and what follows a particle inside a name ends it (`Lee Van De Water`)."""
    return (at == 0 and keys[0] in GIVEN) or (at > 1 and is_particle(keys[at - 1]))


def _is_surname(words: list[str]) -> bool:
    """Whether the last word, which is also a common noun, stands after a given name or an initial."""
    words = [word for word in words if not is_suffix(word)]
    last = bare(words[-1]) if words else ""
    if not 2 <= len(words) <= 3 or not (last in FAMILY or last in _ALSO_SURNAMES):
        return False
    return plain(words[0]) in GIVEN or any(is_initial(word) for word in words[:-1])


def _is_couple(keys: list[str]) -> bool:
    """`Lou and Jan Moss`: a given name, or a title, on both sides of the `and`."""
    at = next((at for at, key in enumerate(keys) if key in {"&", "and"}), 0)
    if not 0 < at < len(keys) - 1 or len(keys) > 7:
        return False
    before = [key for key in keys[:at] if key not in HONORIFICS and len(key) > 1]
    after = [key for key in keys[at + 1 :] if len(key) > 1]
    left = not before or plain(before[0]) in GIVEN or (keys[0] in HONORIFICS and keys[at + 1] in HONORIFICS)
    right = bool(after) and (after[0] in HONORIFICS or plain(after[0]) in GIVEN)
    return left and right and not any(key in ORGANISATION or key in LEGAL_FORMS for key in keys)


def is_no_person(text: str, address: str, company: str) -> bool:
    """Whether a cleaned display name is something else than a person's name."""
    words = text.replace(",", " ").split()
    if not words or len(words) > 12 or not any(char.isalpha() for char in text):
        return True
    keys = [bare(word) for word in words]
    if _counted(words, keys) > MAX_WORDS or _ODD.search(text) or _URL.search(text):
        return True
    if _same(text, company) or _is_function(keys):
        return True
    if is_company_like(text) and not _given_after_comma(text, keys):
        return True
    if any(key in _NOT_IN_NAMES for key in keys) and not (
        _in_address(words, address) or _is_surname(words) or _given_after_comma(text, keys)
    ):
        return True
    if _is_sentence(text, words, keys):
        return True
    if len(words) == 1:
        return _is_no_mononym(words[0], address)
    return _names_the_host(words, address)


def _counted(words: list[str], keys: list[str]) -> int:
    return sum(
        not (is_particle(word) or is_initial(word) or is_suffix(word) or key in HONORIFICS)
        for word, key in zip(words, keys, strict=True)
    )


def _given_after_comma(text: str, keys: list[str]) -> bool:
    """`Root, Christina R`: a given name after the comma says more than the noun before it."""
    after = text.partition(",")[2].split()
    return bool(after) and plain(after[0]) in GIVEN and not any(key in LEGAL_FORMS for key in keys)


def _is_sentence(text: str, words: list[str], keys: list[str]) -> bool:
    small = _SENTENCE_WORDS if text.isupper() else _SMALL_WORDS
    if len(words) > 2 and words[0][:1].isupper() and plain(words[0]) not in GIVEN:
        uncapped = [word for word in words[1:] if word.islower() and len(word) > 1 and not is_particle(word)]
        if len([word for word in uncapped if word != "and"]) > 1:
            return True
    inner = zip(words[1:-1], keys[1:-1], strict=True)
    return any(key in small and (word.islower() or text.isupper()) for word, key in inner if key != "and")


def _is_function(keys: list[str]) -> bool:
    """Whether every word names a function (`Sales Team`, `Accounts Payable`, `Vice President`)."""
    joined = "".join(keys).replace("-", "").replace("'", "")
    if joined in NO_REPLY or joined in ROLES or any(key.replace("-", "") in NO_REPLY for key in keys):
        return True
    if len(keys) > 1 and plain(keys[0]) not in GIVEN and _is_job(keys):
        return True
    known = [key for key in keys if key in ROLES or key in QUALIFIERS or key in _JOB_WORDS]
    if len(known) < len(keys):
        return False
    return any(key in ROLES or key in _JOB_WORDS for key in keys) and not (
        len(keys) > 1 and plain(keys[0]) in GIVEN and plain(keys[-1]) in FAMILY
    )


def _is_job(keys: list[str]) -> bool:
    """`Legislative Aide`, `Librarian II`: the last word but a numeral is what somebody works as."""
    words = [key for key in keys if not re.fullmatch(r"i{1,3}|iv|v", key)]
    if not words or words[-1] in FAMILY:
        return False
    return words[-1] in _JOB_WORDS or words[-1].endswith(("ologist", "ician", "visor"))


def _is_no_mononym(word: str, address: str) -> bool:
    local = address.rpartition("@")[0].lower()
    if word.lower() in (local, local.split("+", 1)[0]) and not (word[:1].isupper() and word[1:].islower()):
        return True
    if word.islower() and "-" in word:
        return True
    if _CAMEL.match(word) and not _NAME_CAMEL.match(word) and any(char.isupper() for char in word[1:]):
        return True
    key = bare(word)
    if (len(key) < 2 and word.isascii()) or key in SUFFIXES or key in HONORIFICS or is_particle(word):
        return True
    return _letters(word) in _host_labels(address) and plain(word) not in GIVEN


def _names_the_host(words: list[str], address: str) -> bool:
    """Whether the name is the host's own (`Acme Tools <jo@acme-tools.example>`), and not a person's whose
    own domain it is: then the local part has one of its words."""
    if _letters("".join(words)) not in _host_labels(address):
        return False
    return not _in_address(words, address) and plain(words[0]) not in GIVEN


def _in_address(words: list[str], address: str) -> bool:
    """Whether the local part is made of these words: at least the last, and the first or its initial."""
    local = _letters(address.rpartition("@")[0])
    if not local or len(words) < 2:
        return False
    first, last = _letters(plain(words[0])), _letters(plain(words[-1]))
    return bool(first and last) and local in {
        *(first + last, last + first, first[0] + last, last + first[0], last, first + last[0], first)
    }


def _host_labels(address: str) -> frozenset[str]:
    return frozenset(_letters(label) for label in host_of(address).split(".")[:-1])


def _same(text: str, company: str) -> bool:
    return bool(company) and _letters(text) == _letters(company)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())
