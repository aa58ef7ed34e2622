"""The rules for titles that are built in, in the languages of business mail; the first that fires holds."""

from __future__ import annotations

from typing import Literal, NamedTuple

Field = Literal["department", "seniority"]


class Defaults(NamedTuple):
    """words: field, value, words, and words that must not stand there. personas: value, departments,
    seniorities."""

    words: tuple[tuple[Field, str, tuple[str, ...], tuple[str, ...]], ...]
    personas: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.replace("\n", " ").split(",") if each.strip())


_ASSISTING = _words(
    "assistant to, executive assistant, personal assistant, secretary to, assistentin der, assistent der"
)
_SENIORITY: tuple[tuple[Field, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("seniority", "Staff", _ASSISTING, ()),
    (
        "seniority",
        "Vice President",
        _words(
            "vice president, vice-president, vice pres, vp, svp, evp, avp, vicepresidente, vice-président,"
            "vice-présidente,"
            "vizepräsident, vizepräsidentin"
        ),
        (),
    ),
    (
        "seniority",
        "Executive",
        _words(
            "chief * officer, chief executive, chief of, ceo, cfo, cto, coo, cio, cmo, cro, chro, cpo,"
            "ciso, clo, cco, cdo,"
            "president, pres, founder, co-founder, cofounder, owner, managing director, managing partner,"
            "chairman, chairwoman,"
            "chair of the board, general counsel, chief, geschäftsführer, geschäftsführerin, vorstand,"
            "inhaber, inhaberin,"
            "gründer, pdg, directeur général, directrice générale, gérant, gérante, président, présidente,"
            "fondateur,"
            "fondatrice, director general, directora general, consejero delegado, presidente, fundador,"
            "fundadora, dueño,"
            "amministratore delegato, titolare, bestuurder, eigenaar, algemeen directeur,"
            "verkställande direktör, VD,"
            "administrerende direktør, toimitusjohtaja, prezes, generální ředitel, генеральный директор"
        ),
        (),
    ),
    (
        "seniority",
        "Partner",
        _words("partner, equity partner, associé, associée, socio, socia, teilhaber, vennoot"),
        _words(
            "partner manager, channel partner, partner success, business partner, partner marketing,"
            "partner account*"
        ),
    ),
    (
        "seniority",
        "Director",
        _words(
            "director, dir, head of, head, hoofd, dean, directeur, directrice, directora, diretor, diretora,"
            "direttore, direttrice,"
            "leiter*, leitung, bereichsleiter*, abteilungsleiter*, vertriebsleiter*, chef de service,"
            "responsable de, jefe de,"
            "jefa de, direktor, direktør, direktör, dyrektor, ředitel*, директор"
        ),
        _words("art director, funeral director, assistant director"),
    ),
    (
        "seniority",
        "Manager",
        _words(
            "manager, mgr, GM, AGM, DGM, supervisor,"
            "superintendent, foreman, team lead, team leader, lead, controller,"
            "assistant director,"
            "teamleiter*, projektleiter*, filialleiter*, responsable, gerente, encargado, encargada,"
            "responsabile, teamleider,"
            "päällikkö, chef, sjef, leder, kierownik, vedoucí, manažer*, руководитель, менеджер, principal"
        ),
        _words(
            "account manager, office manager, case manager, property manager, community manager,"
            "lead generation"
        ),
    ),
    (
        "seniority",
        "Senior",
        _words(
            "senior, sr, sr., staff engineer, expert, specialist iii, of counsel, counsel, erfahren*,"
            "confirmé, sénior"
        ),
        (),
    ),
    (
        "seniority",
        "Junior",
        _words(
            "junior, jr, jr., trainee, intern, apprentice, graduate, working student, werkstudent*,"
            "praktikant*, stagiaire,"
            "becario, becaria, tirocinante, aide"
        ),
        (),
    ),
    (
        "seniority",
        "Staff",
        _words(
            "account manager, office manager, case manager, property manager, community manager,"
            "art director, funeral director, business partner, analyst, engineer, developer,"
            "consultant, specialist, representative, rep, coordinator, administrator, assistant,"
            "associate, accountant,"
            "attorney, lawyer, paralegal, nurse, teacher, technician, clerk, agent, designer, recruiter,"
            "buyer, planner,"
            "officer, architect, scientist, writer, editor, trader, broker, advisor, adviser, secretary,"
            "receptionist,"
            "bookkeeper, auditor, sachbearbeiter*, referent*, berater*, ingenieur*, entwickler*,"
            "rechtsanwalt, rechtsanwältin,"
            "assistent*, ingénieur*, avocat*, conseiller*, comptable, consultant*, abogado, abogada,"
            "ingeniero, ingeniera,"
            "asesor*, avvocato, consulente, ingegnere, adviseur, medewerker, advocaat, konsult, konsulent,"
            "säljare,"
            "specjalista, adwokat, inżynier, инженер, юрист"
        ),
        (),
    ),
)
_DEPARTMENT: tuple[tuple[Field, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "department",
        "Human Resources",
        _words(
            "human resources, HR, people, people operations, talent, recruiter, recruiting, recruitment,"
            "recursos humanos,"
            "ressources humaines, DRH, risorse umane, personal, personalleiter*, personnel, payroll,"
            "learning and development, chro,"
            "compensation, benefits"
        ),
        _words("people analytics engineer"),
    ),
    (
        "department",
        "Legal",
        _words(
            "legal, counsel, attorney, lawyer, paralegal, compliance, contracts, litigation, rechtsanwalt,"
            "rechtsanwältin,"
            "rechtsabteilung, jurist*, avocat*, juridique, notaire, notar, abogado, abogada, jurídico,"
            "avvocato, legale,"
            "advocaat, advokat, adwokat, юрист, clo, cco"
        ),
        (),
    ),
    (
        "department",
        "Marketing",
        _words(
            "marketing, brand, communications, content, public relations, PR, social media,"
            "demand generation, growth, SEO,"
            "advertising, events, cmo, kommunikation, comunicación, comunicazione, communication, mercadeo"
        ),
        (),
    ),
    (
        "department",
        "Customer Success",
        _words(
            "customer success, customer service, customer support, client services, customer care,"
            "support engineer,"
            "support specialist, help desk, helpdesk, account management, customer experience,"
            "kundenservice, kundendienst,"
            "service client, atención al cliente, klantenservice"
        ),
        (),
    ),
    (
        "department",
        "Sales",
        _words(
            "sales, account executive, account manager, business development, bdr, sdr, presales, revenue,"
            "cro, commercial,"
            "vertrieb*, verkauf*, außendienst, commercial*, comercial, ventes, ventas, vendas, vendite,"
            "verkoop, försäljning, säljare, salg,"
            "myynti*, sprzedaż*, obchod*"
        ),
        (),
    ),
    (
        "department",
        "Finance",
        _words(
            "financ*, accounting, accountant, accounts payable, accounts receivable,"
            "controller, controlling, cfo,"
            "treasurer, treasury, tax, audit, auditor, bookkeeper, comptable, comptabilité, finanz*,"
            "buchhalt*, steuer*, finanzas,"
            "contabilidad, contador, contadora, contabilità, ekonom*, billing,"
            "actuary, underwriter"
        ),
        (),
    ),
    ("department", "Information Technology", _words("information security officer"), ()),
    (
        "department",
        "Information Technology",
        _words(
            "information technology, information officer, information security, information systems,"
            "I.T., IT, cio, ciso, cissp, cism, system administrator, systems administrator, sysadmin,"
            "network, security,"
            "infrastructure, help desk technician, database administrator, DBA, EDV, informatik*,"
            "informatique, informática,"
            "informatica, data protection"
        ),
        _words("IT recruiter, security guard, security officer, social security"),
    ),
    (
        "department",
        "Engineering",
        _words(
            "engineer*, engineering, developer, software, architect, cto, devops, data scientist,"
            "research, r and d, technology,"
            "technical, QA, quality assurance, ingenieur*, entwickl*, ingénieur*, ingeniero, ingeniera,"
            "ingegnere, инженер,"
            "scientist, geologist, chemist"
        ),
        _words("landscape architect"),
    ),
    (
        "department",
        "Product",
        _words("product, UX, user experience, designer, design, cpo, produktmanager*, produit, producto"),
        (),
    ),
    (
        "department",
        "Procurement",
        _words(
            "procurement, purchasing, buyer, sourcing, supply chain, einkauf*, einkäufer*, achats,"
            "acheteur, compras, acquisti, inkoop*"
        ),
        (),
    ),
    (
        "department",
        "Operations",
        _words(
            "operations, operating officer, coo, logistics, production, manufacturing, plant, facilities,"
            "warehouse, betriebs*,"
            "produktion*, logistik*, operaciones, operazioni, project manager, program manager,"
            "projektleiter*, chef de projet,"
            "office manager, quality"
        ),
        (),
    ),
    (
        "department",
        "General Management",
        _words(
            "ceo, chief executive, president, founder, co-founder, owner, managing director,"
            "managing partner, chairman,"
            "chairwoman, general manager, GM, AGM, DGM, executive director,"
            "geschäftsführer*, vorstand, inhaber*, pdg,"
            "directeur général,"
            "directrice générale, gérant*, director general, directora general, presidente, fundador*,"
            "amministratore delegato,"
            "titolare, eigenaar, verkställande direktör, VD, toimitusjohtaja, prezes, генеральный директор"
        ),
        (*_words("vice president, vice-president"), *_ASSISTING),
    ),
)

_TOP = ("Executive", "Partner")
_LEADING = ("Vice President", "Director")
DEFAULTS = Defaults(
    words=(*_DEPARTMENT, *_SENIORITY),
    personas=(
        ("Decision maker", ("General Management",), _TOP),
        ("Economic buyer", ("Finance", "Procurement"), (*_TOP, *_LEADING)),
        ("Technical buyer", ("Information Technology", "Engineering"), (*_TOP, *_LEADING, "Manager")),
        ("Legal", ("Legal",), ()),
        ("Decision maker", (), _TOP),
        ("Champion", (), (*_LEADING, "Manager")),
        ("User", (), ("Senior", "Staff", "Junior")),
    ),
)
