"""Words of local parts that name a function and not a person, in the languages of business mail."""

from __future__ import annotations

from firstcontact.interactions.words import word_set

ROLES = word_set(
    """
    info infos information informationen infodesk inquiry inquiries enquiry enquiries enquire contact
    contactus kontakt contato contacto contatti contactenos hello hi hallo hola welcome willkommen ask
    office buero buro bureau oficina ufficio escritorio kontor kantoor biuro kancelaria zentrale reception
    frontdesk frontoffice backoffice recepcion receptie empfang accueil secretary secretariat sekretariat
    secretaria segreteria secretariaat sekretariaat sekretarz

    sales sale salesteam presales insidesales vertrieb verkauf ventas vendas vendite vente ventes
    commercial commerciale comercial handel sprzedaz forsaljning salg verkoop myynti prodej business
    bizdev newbusiness marketing mktg mkt press presse prensa stampa media pr publicrelations
    communications comms kommunikation communication comunicacion comunicacao advertising ads werbung
    promo promotions campaign campaigns events event news newsletter newsletters updates offers deals
    partners partner partnerships affiliates sponsorship referrals leads

    support supportteam techsupport technicalsupport itsupport customersupport helpdesk help servicedesk
    service services customerservice customerservices customercare customersuccess clientservices client
    customer customers clients care kundenservice kundendienst kundeservice kundservice soporte suporte
    supporto assistance assistenza asistencia ayuda hilfe aide serviceclient sac atendimento
    atencionalcliente klantenservice asiakaspalvelu obsluga technik tech technical feedback complaints
    complaint suggestions questions reklamation claims sinistres siniestros schaden

    billing bills invoice invoices invoicing accounts accounting accountspayable accountsreceivable
    accountpayable payable receivable payables receivables ap ar payments payment payroll finance finances
    financial treasury tax taxes bookkeeping buchhaltung rechnung rechnungen rechnungswesen lohn mahnung
    facturacion factures facturation comptabilite compta contabilidad contabilidade contabilita
    fatturazione amministrazione administracion administracao administration boekhouding ksiegowosc
    faktury faktura ekonomi credit credits collections collect orders order ordering bestellung
    bestellungen bestellen pedidos commande commandes ordini zamowienia purchasing purchase purchases
    procurement einkauf compras achats acquisti inkoop shipping delivery dispatch logistics logistik
    logistica lager warehouse returns quotes quote rfp rfq estimates estimating tenders bids bid

    admin admins administrator administrators administrador administrateur webmaster hostmaster postmaster
    abuse noc soc security secure root sysadmin system systems sysop server daemon mailer mailerdaemon
    maildaemon usenet uucp ftp www web webadmin website domains domain domainadmin dns hosting it edv
    itdept ithelp itservice informatica dev developers devops devnull development engineering qa
    monitoring monitor nagios alert alerts alarm alarms notification notifications notify notices notice
    notificaciones benachrichtigung reminder reminders report reports reporting status digest bot robot
    git svn cvs gerrit buildbot jenkins hudson jira bugzilla gitlab github
    automation automated automatic auto autoreply autoresponder system-messages messages mailbox mail
    email emails post inbox incoming mailroom poczta correo courrier bounce bounces returned
    undisclosed-recipients nobody null noone

    hr humanresources humanresource personal personnel personalabteilung rh rrhh recursoshumanos
    recrutement recruiting recruitment recruiter recruiters jobs job career careers karriere bewerbung
    bewerbungen emploi empleo kariera talent hiring people benefits training learning

    legal compliance privacy datenschutz dpo gdpr dsgvo copyright dmca trademarks permissions licensing
    licences licenses contracts regulatory audit risk corporate investors investor investorrelations ir
    shareholders board management geschaeftsfuehrung geschaeftsleitung gf vorstand direction direccion
    direzione direcao directie gerencia headoffice hq

    team teams staff everyone everybody all allstaff allhands allusers employees members member membership
    community group groups list lists listserv majordomo mailman subscribe subscriptions unsubscribe
    subscription moderator moderators owner request requests volunteers volunteer alumni students faculty
    parents donations donate donors fundraising

    shop store webshop webstore onlineshop tienda boutique loja sklep retail wholesale ecommerce booking
    bookings reservations reservation reserva reservas reservierung prenotazioni rezervari appointments
    appointment termine calendar schedule scheduling events rsvp conference meeting meetings registration
    registrations register registrar signup tickets ticket ticketing desk intake voicemail fax faxes
    scanner scan printer copier kopierer editor editors editorial redaktion redaction redazione redaccion
    redacao letters submissions production operations ops facilities maintenance building property
    properties parking safety emergency library biblioteca archives archive survey surveys research test
    testing tester demo example user guest anonymous docs documents download downloads uploads app apps
    api drive cloud accountservices

    agency agents brand branding content creative design digital growth outreach social socialmedia trade
    update affiliate ambassadors publisher publishers publishing retailers resellers dealers distributors
    admissions enrollment application applications apply academy school college course courses classes
    education teacher teachers student instructor trainers trainer coach coaching coaches workshop
    workshops webinar webinars clinic pharmacy practice patients nurses doctors catering kitchen
    restaurant hotel concierge leasing rentals rental insurance investment investments loans mortgage
    mortgages lending project projects program programs product products platform planning strategy
    innovation solutions software network networks infrastructure data database analytics insights backup
    login account signups onboarding offboarding integrations implementation consulting consultants
    consultant advisors advisory contractors contractor suppliers supplier vendors vendor merchants
    tenants residents users council committee trustees mayor parish church ministry charity foundation
    director directors president ceo cfo cto coo chairman chair principal manager managers supervisor
    supervisors coordinator coordinators superintendent treasurer pastor officers executive executives
    leadership leaders founders owners partnersupport announce announcements bulletin bulletins chat
    comments discuss discussion errors error bugs bug crash faq spam junk phishing fraud trust outage
    incident incidents response chatbot clientes equipo equipe finanzas financeiro operaciones operacoes
    proveedores fornecedores sistemas tecnologia consultas consultoria tesoreria presidencia prefeitura
    diretoria faturamento suprimentos informatique informacion informacoes bibliotheque engenharia
    ingenieria produccion producao calidad qualidade capacitacion reservaciones inscripciones matriculas
    colegio escuela escola ecole ufficiotecnico tecnico tecnica technique logistiek inschrijving
    administratie administratif leden employment grants internship internships engineers accountant
    accountants controller advisor adviser expenses travel fulfillment commissions auctions customs
    directory associates crew exec execs expert experts general enq enquires companies verwaltung
    vorzimmer disposition auftrag auftraege angebot angebote anfrage anfragen bestellservice praxis
    kanzlei hausverwaltung werkstatt schule kita gemeinde rathaus stadt termin versand export import
    """
)
QUALIFIERS = word_set(
    """
    team teams dept department abteilung desk office group the my our us usa uk eu emea apac latam na
    americas europe asia global international intl world worldwide north south east west central local
    online web site main general new digital center centre centrum hub line hotline direct corp corporate
    company firm legal hq internal external external ext int public private only mailbox mail email box
    address de at ch fr it es pt nl be pl cz sk hu se no dk fi ie gr ru ua tr br mx ar cl co ca au nz jp
    cn hk sg in za ae il kr tw en english deutsch german french spanish espanol italiano account accounts
    customer client user users product products tech it and und a b c of for web business management
    services service central junior senior head lead
    """
)
"""Words that may stand beside a role without making it a person's name (`sales-us`, `hr.department`)."""

NO_REPLY = word_set(
    """
    noreply noreplies donotreply dontreply doesnotreply donotrespond noresponse noanswer nicht-antworten
    nichtantworten keineantwort nepasrepondre noresponder naoresponda norespondas nonrispondere ikkesvar
    svaraej odpowiedzniewymagana neodpovidat noreplay noreplymail
    """
)
