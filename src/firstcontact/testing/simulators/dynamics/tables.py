"""The tables that an environment with Sales and Customer Service has, as far as they are offered (apis A5).

Names, lengths and option values are those of Microsoft's table reference; what apis A5 leaves out is from
there and not seen on a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstcontact.testing.simulators.dynamics.schema import Column, Table, Type


def _texts(spec: str) -> Iterator[Column]:
    for word in spec.split():
        name, _, most = word.partition(":")
        yield Column(name=name, type="String", most=int(most))


def _lookup(name: str, *targets: str, write: bool = True, type: Type = "Lookup") -> Column:
    """With one target the navigation property is named as the column, else after each target."""
    named = {one: f"{name}_{one}" if len(targets) > 1 else name for one in targets}
    return Column(name=name, type=type, targets=named, create=write, update=write)


def _read_only(name: str, type: Type, most: int = 0) -> Column:
    return Column(name=name, type=type, most=most, create=False, update=False)


_STAMPS = (
    _read_only("createdon", "DateTime"),
    _read_only("modifiedon", "DateTime"),
    _lookup("createdby", "systemuser", write=False),
    _lookup("modifiedby", "systemuser", write=False),
    _lookup("createdonbehalfby", "systemuser", write=False),
    _lookup("modifiedonbehalfby", "systemuser", write=False),
    _read_only("versionnumber", "BigInt"),
)
_OWNED = (
    *_STAMPS,
    Column(name="overriddencreatedon", type="DateTime", update=False),
    Column(
        name="ownerid",
        type="Owner",
        targets={"systemuser": "ownerid", "team": "ownerid"},
        required="SystemRequired",
    ),
    _lookup("owninguser", "systemuser", write=False),
)
_ADDRESS = (
    "address1_line1:250 address1_line2:250 address1_line3:250 address1_city:80 address1_stateorprovince:50 "
    "address1_postalcode:20 address1_country:80 address1_telephone1:50 address2_telephone1:50"
)
_PHONES = "telephone1:50 telephone2:50 telephone3:50 fax:50"
_EMAILS = "emailaddress1:100 emailaddress2:100 emailaddress3:100 websiteurl:200"
_MEMO = Column(name="description", type="Memo", most=2000)
_SOURCES = tuple(range(1, 11))
_MERGED = _read_only("merged", "Boolean")


def _state(states: Mapping[int, tuple[int, ...]]) -> tuple[Column, Column]:
    """`statecode` is not valid for create (apis A5)."""
    return (
        Column(name="statecode", type="State", create=False, options=tuple(states)),
        Column(name="statuscode", type="Status", options=tuple(sorted(sum(states.values(), ())))),
    )


def _table(
    name: str,
    set: str,
    title: str,
    *columns: Column,
    states: Mapping[int, tuple[int, ...]] | None = None,
    owned: bool = True,
    id: str = "",
    change_tracking: bool = True,
    read_only: bool = False,
) -> Table:
    key = Column(name=id or f"{name}id", type="Uniqueidentifier", update=False, required="SystemRequired")
    everything = (key, *columns, *(_state(states) if states else ()), *(_OWNED if owned else _STAMPS))
    return Table(
        name=name,
        set=set,
        id=key.name,
        title=title,
        columns={one.name: one for one in everything},
        states=states or {},
        change_tracking=change_tracking,
        read_only=read_only,
    )


_ACTIVE = {0: (1,), 1: (2,)}
ACTIVITIES: Mapping[str, tuple[str, tuple[int, ...], Mapping[int, tuple[int, ...]]]] = {
    "phonecall": ("phonecalls", (1, 2), {0: (1,), 1: (2, 4), 2: (3,)}),
    "email": ("emails", (1, 2, 3, 4), {0: (1, 8), 1: (2, 3, 4, 6, 7), 2: (5,)}),
    "fax": ("faxes", (1, 2), {0: (1,), 1: (2, 3, 4), 2: (5,)}),
    "appointment": ("appointments", (5, 6, 7), {0: (1, 2), 1: (3,), 2: (4,), 3: (5, 6)}),
    "task": ("tasks", (), {0: (2, 3, 4, 7), 1: (5,), 2: (6,)}),
}
"""Set, kinds of parties (apis A5: phone call 1 and 2; e-mail 1 to 4; appointment 5, 6, 7; fax from and to; a
task has none), states with their reasons."""
REGARDING = ("account", "contact", "lead", "opportunity", "incident")
PARTIES = ("account", "contact", "lead", "systemuser")
_DIRECTION = Column(name="directioncode", type="Boolean", default=True)
_SPECIAL: Mapping[str, tuple[Column, ...]] = {
    "phonecall": (
        *_texts("phonenumber:200"),
        _DIRECTION,
        Column(name="leftvoicemail", type="Boolean", default=False),
    ),
    "email": (
        *_texts("messageid:320 mimetype:256"),
        *(_read_only(name, "String", 500) for name in ("sender", "torecipients")),
        _DIRECTION,
        _read_only("senton", "DateTime"),
    ),
    "fax": (*_texts("faxnumber:200 coverpagename:100 billingcode:50 tsid:50"), _DIRECTION),
    "appointment": (
        *_texts("location:200 globalobjectid:300"),
        Column(name="isalldayevent", type="Boolean", default=False),
    ),
    "task": (
        Column(name="percentcomplete", type="Integer"),
        Column(name="crmtaskassigneduniqueid", type="Uniqueidentifier"),
    ),
}
BODY_MOST = {"email": 1_073_741_823}
"""Characters of a description: 2,000 on a phone call (apis A5); of the others the table reference says so."""


def _activity(name: str) -> Table:
    set, masks, states = ACTIVITIES[name]
    regarding = {one: f"regardingobjectid_{one}_{name}" for one in REGARDING}
    timed = ("actualstart", "actualend") if name != "appointment" else ()
    columns = (
        Column(name="activityid", type="Uniqueidentifier", update=False, required="SystemRequired"),
        Column(name="subject", type="String", most=200, required="ApplicationRequired"),
        Column(name="description", type="Memo", most=BODY_MOST.get(name, 2000)),
        *(Column(name=one, type="DateTime", day=one in timed) for one in ("actualstart", "actualend")),
        *(
            Column(
                name=one,
                type="DateTime",
                required="ApplicationRequired" if name == "appointment" else "None",
            )
            for one in ("scheduledstart", "scheduledend")
        ),
        Column(name="actualdurationminutes", type="Integer"),
        _read_only("scheduleddurationminutes", "Integer"),
        Column(name="prioritycode", type="Picklist", options=(0, 1, 2), default=1),
        *_texts("category:250 subcategory:250"),
        _read_only("activitytypecode", "EntityName"),
        Column(name="regardingobjectid", type="Lookup", targets=regarding),
        *_SPECIAL[name],
        *_state(states),
        *_OWNED,
    )
    return Table(
        name=name,
        set=set,
        id="activityid",
        title=name.capitalize(),
        columns={one.name: one for one in columns},
        activity=True,
        states=states,
        masks=masks,
    )


def _activity_pointer() -> Table:
    """What all activities have in common, to be read only."""
    every = _activity("phonecall").columns
    left_out = {column.name for column in _SPECIAL["phonecall"]}
    columns = {name: column for name, column in every.items() if name not in left_out}
    return Table(
        name="activitypointer",
        set="activitypointers",
        id="activityid",
        title="Activity",
        columns=columns,
        activity=True,
        states={},
        read_only=True,
        change_tracking=False,
    )


ANNOTATED = {one: f"objectid_{one}" for one in (*REGARDING, *ACTIVITIES)}
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "contact",
            "contacts",
            "Contact",
            *_texts("firstname:50 middlename:50 salutation:100 nickname:100 jobtitle:100 department:100"),
            Column(name="lastname", type="String", most=50, required="ApplicationRequired"),
            _read_only("fullname", "String", 160),
            *_texts(f"{_PHONES} mobilephone:50 company:50 home2:50 business2:50 callback:50 pager:50"),
            *_texts("assistantphone:50 managerphone:50 assistantname:100 managername:100"),
            *_texts(f"{_EMAILS} {_ADDRESS} address3_telephone1:50 externaluseridentifier:50"),
            _MEMO,
            Column(name="leadsourcecode", type="Picklist", options=(1,), default=1),
            Column(
                name="parentcustomerid",
                type="Customer",
                targets={"account": "parentcustomerid_account", "contact": "parentcustomerid_contact"},
            ),
            _lookup("originatingleadid", "lead"),
            _lookup("masterid", "contact", write=False),
            _MERGED,
            states=_ACTIVE,
        ),
        _table(
            "account",
            "accounts",
            "Account",
            Column(name="name", type="String", most=160, required="ApplicationRequired"),
            *_texts(f"accountnumber:20 {_PHONES} {_EMAILS} {_ADDRESS}"),
            _MEMO,
            _lookup("parentaccountid", "account"),
            _lookup("primarycontactid", "contact"),
            _lookup("originatingleadid", "lead"),
            _lookup("masterid", "account", write=False),
            _MERGED,
            states=_ACTIVE,
        ),
        _table(
            "lead",
            "leads",
            "Lead",
            *_texts("firstname:50 middlename:50 salutation:100 jobtitle:100 companyname:100"),
            Column(name="lastname", type="String", most=50, required="ApplicationRequired"),
            Column(name="subject", type="String", most=300, required="ApplicationRequired"),
            _read_only("fullname", "String", 160),
            *_texts(f"{_PHONES} mobilephone:50 pager:50 {_EMAILS} {_ADDRESS}"),
            _MEMO,
            Column(name="leadsourcecode", type="Picklist", options=_SOURCES),
            _lookup("parentcontactid", "contact"),
            _lookup("parentaccountid", "account"),
            _lookup("qualifyingopportunityid", "opportunity"),
            _lookup("masterid", "lead", write=False),
            _MERGED,
            states={0: (1, 2), 1: (3,), 2: (4, 5, 6, 7)},
        ),
        _table(
            "opportunity",
            "opportunities",
            "Opportunity",
            Column(name="name", type="String", most=300, required="ApplicationRequired"),
            _MEMO,
            Column(name="estimatedclosedate", type="DateTime", date=True),
            Column(name="actualclosedate", type="DateTime", date=True),
            _lookup("customerid", "account", "contact", type="Customer"),
            _lookup("parentaccountid", "account"),
            _lookup("parentcontactid", "contact"),
            _lookup("originatingleadid", "lead"),
            states={0: (1, 2), 1: (3,), 2: (4, 5)},
        ),
        _table(
            "incident",
            "incidents",
            "Case",
            Column(name="title", type="String", most=200, required="ApplicationRequired"),
            _MEMO,
            *_texts("ticketnumber:100"),
            Column(
                name="customerid",
                type="Customer",
                targets={"account": "customerid_account", "contact": "customerid_contact"},
                required="SystemRequired",
            ),
            _lookup("primarycontactid", "contact"),
            Column(name="prioritycode", type="Picklist", options=(1, 2, 3), default=2),
            _lookup("masterid", "incident", write=False),
            _MERGED,
            states={0: (1, 2, 3, 4), 1: (5, 1000), 2: (6, 2000)},
        ),
        *(_activity(name) for name in ACTIVITIES),
        _activity_pointer(),
        _table(
            "activityparty",
            "activityparties",
            "Activity Party",
            Column(
                name="activityid",
                type="Lookup",
                targets={one: f"activityid_{one}" for one in ACTIVITIES},
            ),
            Column(name="partyid", type="Lookup", targets={one: f"partyid_{one}" for one in PARTIES}),
            Column(name="participationtypemask", type="Picklist", options=tuple(range(1, 13))),
            *_texts("addressused:320"),
            _read_only("ispartydeleted", "Boolean"),
            owned=False,
            read_only=True,
            change_tracking=False,
        ),
        _table(
            "annotation",
            "annotations",
            "Note",
            *_texts("subject:500 filename:255 mimetype:256"),
            Column(name="notetext", type="Memo", most=100_000),
            Column(name="documentbody", type="String", most=1_073_741_823),
            Column(name="isdocument", type="Boolean", default=False),
            _read_only("filesize", "Integer"),
            Column(name="objectid", type="Lookup", targets=ANNOTATED),
            _read_only("objecttypecode", "EntityName"),
        ),
        _table(
            "systemuser",
            "systemusers",
            "User",
            *_texts("firstname:256 lastname:256 internalemailaddress:100 domainname:1024 title:128"),
            _read_only("fullname", "String", 200),
            Column(name="isdisabled", type="Boolean", create=False, default=False),
            Column(name="azureactivedirectoryobjectid", type="Uniqueidentifier"),
            Column(name="applicationid", type="Uniqueidentifier"),
            _lookup("businessunitid", "businessunit"),
            Column(name="accessmode", type="Picklist", options=tuple(range(6)), default=0),
            owned=False,
            read_only=True,
        ),
        _table(
            "team",
            "teams",
            "Team",
            *_texts("name:160 emailaddress:100"),
            Column(name="teamtype", type="Picklist", options=(0, 1, 2, 3), update=False, default=0),
            _lookup("regardingobjectid", "account", "opportunity"),
            owned=False,
            read_only=True,
        ),
        _table(
            "duplicaterule",
            "duplicaterules",
            "Duplicate Rule",
            *_texts("name:160 baseentityname:160 matchingentityname:160"),
            Column(name="statecode", type="State", options=(0, 1)),
            Column(name="statuscode", type="Status", options=(0, 1, 2)),
            owned=False,
            read_only=True,
            change_tracking=False,
        ),
        _table(
            "businessunit",
            "businessunits",
            "Business Unit",
            *_texts("name:160"),
            owned=False,
            read_only=True,
            change_tracking=False,
        ),
        _table(
            "publisher",
            "publishers",
            "Publisher",
            *_texts("uniquename:256 friendlyname:256 customizationprefix:8"),
            Column(name="customizationoptionvalueprefix", type="Integer"),
            Column(name="description", type="Memo", most=2000),
            owned=False,
            change_tracking=False,
        ),
        _table(
            "solution",
            "solutions",
            "Solution",
            *_texts("uniquename:65 friendlyname:256 version:256"),
            _lookup("publisherid", "publisher"),
            _read_only("ismanaged", "Boolean"),
            owned=False,
            change_tracking=False,
        ),
    )
}
SETS: Mapping[str, Table] = {table.set: table for table in TABLES.values()}
