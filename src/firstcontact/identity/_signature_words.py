"""Words that signatures are made of, in the languages of business mail."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from firstcontact.interactions.words import word_set

CLOSING = re.compile(
    r"""\W*(?:
    (?:with\s+)?(?:(?:best|kind|kindest|warm|warmest|many|very\s+best|my\s+best|our\s+best)\s+)?
        (?:regards|wishes|thanks)(?:\s+to\s+(?:all|you))?
    | (?:many\s+)?thanks(?:\s+(?:again|so\s+much|very\s+much|a\s+lot|a\s+million|in\s+advance|much
    |and\s+(?:best\s+)?regards|
        for\s+(?:your|the|all)\s+\w+(?:\s+\w+){0,2}|guys|all|everyone|team|folks|and\s+have\s+a\s+\w+\s+\w+))*
    | thank\s+you(?:\s+(?:again|all|very\s+much|so\s+much|in\s+advance|and\s+(?:best\s+)?regards|
        for\s+(?:your|the|all)\s+\w+(?:\s+(?:and\s+)?\w+){0,2}))*
    | thx | tks | ty | cheers | best | rgds | brgds | br | kr | sincerely(?:\s+yours)? | warmly | love
    | xo+ | later
    | (?:yours\s+)?(?:very\s+)?(?:truly|faithfully|sincerely|respectfully)(?:\s+yours)?
    | respectfully(?:\s+\w+)? | cordially | all\s+(?:the\s+|my\s+)?best | take\s+care
    | talk\s+(?:to\s+you\s+)?soon
    | see\s+(?:you|ya)(?:\s+\w+)? | have\s+a\s+(?:great|good|nice|wonderful)\s+\w+
    | looking\s+forward[^.]{0,30}
    | mit\s+(?:freundlichen|besten|herzlichen|lieben|vielen|sonnigen)\s+gr(?:ü|ue)(?:ß|ss)en
    | (?:freundliche|viele|liebe|beste|herzliche|schöne)\s+gr(?:ü|ue)(?:ß|ss)e | gru(?:ß|ss) | mfg | vg | lg
    | hochachtungsvoll | danke(?:\s+und\s+gru(?:ß|ss))? | (?:vielen|besten)\s+dank
    | (?:bien\s+|très\s+)?(?:cordialement|amicalement) | (?:sincères\s+|meilleures\s+)?salutations(?:\s+\w+)?
    | bien\s+à\s+(?:vous|toi) | merci(?:\s+(?:d'avance|beaucoup|et\s+\w+\s+\w+))? | cdlt | bonne\s+journée
    | (?:un\s+)?(?:cordial\s+)?saludos?(?:\s+cordial(?:es)?)? | (?:cordiales|atentos)\s+saludos | atentamente
    | (?:muchas\s+)?gracias | un\s+abrazo | (?:com\s+os\s+)?(?:melhores\s+)?cumprimentos | atenciosamente
    | att
    | abraços? | (?:muito\s+)?obrigad[oa] | (?:cordiali|distinti|cari)\s+saluti | saluti | grazie(?:\s+mille)?
    | met\s+vriendelijke\s+groet(?:en)? | (?:vriendelijke|hartelijke)\s+groet(?:en)? | groet(?:en|jes)? | mvg
    | (?:med\s+)?(?:venlig|vennlig)\s+hilsen | (?:de\s+)?bedste\s+hilsner | mvh
    | (?:med\s+)?(?:vänliga|bästa)\s+hälsningar | hälsningar | (?:ystävällisin\s+)?terveisin | terv
    | pozdrawiam | z\s+poważaniem | pozdrowienia | s\s+pozdravem | с\s+уважением | saygılar(?:ımla)?
    )\W*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A line that takes leave. What may follow it in the same line is a name (`Thanks, Jo`)."""

LEAVE_WORDS = word_set(
    """
    with best kind kindest warm warmest many very my our regards wishes thanks thank thx tks ty cheers rgds
    brgds br
    kr sincerely warmly love later yours truly faithfully respectfully cordially all take talk see have
    looking
    mit freundliche viele liebe beste herzliche gruss mfg vg lg hochachtungsvoll danke vielen besten bien
    cordialement amicalement meilleures salutations merci cdlt bonne un cordial saludo saludos cordiales
    atentos atentamente muchas gracias com melhores cumprimentos atenciosamente att
    abraco abracos muito obrigado obrigada cordiali distinti cari saluti grazie met vriendelijke hartelijke
    groet groeten groetjes mvg med venlig vennlig de bedste mvh terveisin terv pozdrawiam z pozdrowienia s
    saygilar saygilarimla
    """
)
"""The first words of leaves, of those that are ASCII; of `xo` with more behind it, see `may_take_leave`."""

_FIRST_WORD = re.compile(r"\W*(\w+)")


def may_take_leave(text: str) -> bool:
    """Whether CLOSING can match the text, or the text up to any cut behind its first word: told by that word.
    Beside ASCII, letters are one another's in ways that only the pattern knows."""
    first = _FIRST_WORD.match(text)
    if first is None:
        return False
    word = first[1].lower()
    return word in LEAVE_WORDS or word.startswith("xo") or not word.isascii()


DELIMITER = re.compile(r"\s*(?:--\s?|[-_*=~#—–+]{3,})\s*")
"""A line of nothing but a rule, such as `-- ` (RFC 3676 §4.3)."""

SENT_FROM = re.compile(
    r"\W*(?:sent (?:from|via|with|using|by) (?:my|a|an|the)?\s*\w|get outlook for|von meinem|"
    r"gesendet (?:von|mit|über)|"
    r"diese nachricht wurde von|envoyé (?:de|depuis|à partir)|télécharger outlook|enviado (?:desde|do|de|"
    r"a partir)|"
    r"inviato da|verzonden (?:vanaf|met)|sendt fra|skickat från|lähetetty|wysłan[eo] z|отправлено с)",
    re.IGNORECASE,
)
"""What a program puts under a mail, about itself."""

DISCLAIMER = re.compile(
    r"""(?:this|the\s+information\s+(?:contained\s+|transmitted\s+)?in\s+this|the\s+contents\s+of\s+this)\s+
        (?:e-?mail|message|communication|electronic|transmission|information)
    | confidential | intended\s+(?:solely|only|for\s+the) | privileged
    | if\s+you\s+(?:are\s+not|have\s+received|receive) | unauthori[sz]ed | disclaimer | any\s+views
    | diese\s+(?:e-?mail|nachricht) | ce\s+(?:message|courriel|mail)\b | este\s+(?:mensaje|correo|e-mail
    |mensagem)
    | questo\s+messaggio | dit\s+(?:e-mail)?bericht | denna\s+e-post | denne\s+e-mail | vertraulich
    | confidentiel
    | do\s+you\s+yahoo | get\s+your\s+free | join\s+msn | please\s+consider\s+the\s+environment
    | print\s+this\s+e-?mail
    | \bvirus | scanned | amtsgericht | handelsregister | \bHRB\b | ust-?id | registered\s+(?:office
    |in\s+england)
    | unsubscribe | click\s+here | to\s+post\s+to | mailing\s+list
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A line of a text that a firm, a provider or a mailing list puts under every mail."""

DISCLAIMING = (
    *("this", "you", "mail", "messag", "any", "confidenti", "intended", "privileged", "unauthori"),
    *("disclaimer", "diese", "courriel", "este", "bericht", "denn", "vertraulich", "msn", "environment"),
    *("virus", "scanned", "amtsgericht", "handelsregister", "hrb", "ustid", "ust-id", "registered"),
    *("unsubscribe", "click", "post"),
)
"""What a line of ASCII has one of, where DISCLAIMER finds something in it."""


@lru_cache(maxsize=1024)
def disclaims(text: str) -> bool:
    """Whether such a text begins with the line; asked of the lines below every block of a mail."""
    small = text.lower()
    if small.isascii():
        for word in DISCLAIMING:
            if word in small:
                break
        else:
            return False
    return DISCLAIMER.search(text) is not None


ATTACHED = re.compile(
    r"\s*(?:<<.*>>|\(?see attached file.*|\[(?:cid|image|attachment)[^\]]*\]|-? ?[^\s@]+\.(?:pdf|docx?|"
    r"xlsx?|pptx?|jpe?g|png|gif|tiff?|zip|txt|wpd|vcf|ics|csv|rtf|html?|eml|msg))\s*",
    re.I,
)
"""A line that only names what is attached."""

ADDRESS = re.compile(
    r"""\b(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|suite|ste|floor|fl|room|rm
    |building|bldg|
        plaza|parkway|pkwy|highway|hwy|p\.?\s?o\.?\s*box|postfach|court|ct|square|sq|terrace|way|circle|tower|
        platz|allee|rue|calle|via|piazza|laan|vej)\b\.?
    | (?:stra(?:ß|ss)e|str\.|weg|straat|gatan|gade|gasse|ring)\s+\d
    | \b[A-Z]{2}\.?,?\s+\d{5}(?:-\d{4})?\b | \b(?:[A-Z]-)?\d{4,5}\s+[A-ZÄÖÜ]\w+
    | \b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b
    | ,\s*(?:[A-Z][a-z]+\s+){0,2}\d{5}\b
    | ,\s*(?:[A-Z]{2}|usa|u\.s\.a\.|canada|germany|france|uk|united\s+kingdom)\s*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Something of a postal address: a street, a house, a postal code with its town."""

JOBS = word_set(
    """
    manager mgr director officer president counsel consultant engineer analyst attorney trader geologist
    specialist
    coordinator associate assistant partner lawyer recruiter broker administrator controller supervisor
    representative
    planner scheduler scientist professor head lead leader paralegal ceo cfo cto coo cio cmo cro vp svp evp
    avp
    founder co-founder owner principal originator editor writer producer programmer developer designer
    architect
    technician secretary treasurer accountant receptionist operator clerk nurse teacher advisor adviser
    executive
    chairman chairwoman chair chief buyer agent auditor trainer superintendent fellow researcher strategist
    underwriter
    realtor investigator chemist physicist economist actuary negotiator marketer intern dean lecturer pastor

    geschäftsführer geschäftsführerin geschäftsleiter leiter leiterin referent referentin vorstand prokurist
    rechtsanwalt rechtsanwältin berater beraterin vertriebsleiter projektleiter projektleiterin assistentin
    sachbearbeiter sachbearbeiterin abteilungsleiter teamleiter ingenieur ingenieurin entwickler
    steuerberater notar
    directeur directrice gérant gérante responsable ingénieur avocat avocate comptable conseiller conseillère
    président présidente assistante consultante notaire
    directora gerente jefe jefa abogado abogada ingeniero ingeniera asesor asesora presidente director diretor
    diretora advogado advogada engenheiro consultor consultora coordinador coordinadora
    direttore direttrice responsabile avvocato avvocata ingegnere consulente amministratore
    bestuurder adviseur advocaat medewerker directielid projectleider hoofd inkoper verkoper boekhouder
    toimitusjohtaja myyntipäällikkö vd säljare konsult advokat ekonom sjef leder konsulent direktør rådgiver
    部長 課長 社長 取締役 代表取締役 経理 总经理 经理 总监 主管
    kierownik dyrektor prezes specjalista adwokat ředitel manažer директор менеджер руководитель юрист инженер
    """
)
"""What somebody works as; in other languages than English also as one word of two."""

UNITS = word_set(
    """
    program programme team group department dept division desk office center centre unit committee association
    services solutions partners associates institute foundation council society network bureau agency
    abteilung
    """
)
"""What the words of a unit or a firm end with, though a job stands among them (`Analyst Program`)."""

DEPARTMENTS = word_set(
    """
    sales marketing operations finance legal engineering hr it human resources accounting research development
    trading risk procurement purchasing support service services customer client communications relations
    strategy
    product products design technology business planning compliance tax treasury logistics administration
    systems
    affairs government regulatory markets public investor corporate commercial global international regional
    north south east west america americas europe emea apac asia structuring origination training facilities
    vertrieb einkauf buchhaltung personal rechtsabteilung entwicklung ventes achats comptabilité ventas
    compras
    """
)
"""What may stand behind a job (`Director, Sales`), and alone names no job."""

PhoneKind = Literal["work", "mobile", "home", "fax", "pager"]

PHONE_LABELS: tuple[tuple[PhoneKind, str], ...] = (
    ("fax", r"fax|facsimile|telefax|fx|f|télécopie|faks|faxe"),
    ("pager", r"pager|page|beeper"),
    (
        "mobile",
        r"cell|cellular|cellphone|mobile|mob|mobil|mobiltelefon|wireless|m|c|handy|portable|gsm|cel|"
        r"celular|móvil|"
        r"movil|cellulare|mobiel|matkapuhelin|моб|wa|whatsapp|port|natel|tlm|telemóvel|携帯|手机",
    ),
    ("home", r"home|h|residence|privat|res|domicile|casa"),
    (
        "work",
        r"office|phone|ph|tel|telephone|work|direct|dir|desk|d|o|p|t|w|b|off|main|voice|telefon|tél|"
        r"téléphone|"
        r"teléfono|telefono|telefone|telefoon|tlf|puhelin|dial|line|number|durchwahl|zentrale|тел|bus|"
        r"business",
    ),
)
"""What a number is called by, in front of it or behind it."""
