"""The objects of the org and their fields: a small part of what a real one has, with its words for them.

Sources of the fields: apis A1, "Lookup by phone", "Create / upsert / batch", "Activities", "Adding custom
fields". One line a field: name, type, length or targets, then what is special about it.
"""

from __future__ import annotations

from typing import Any

import msgspec

COMMON = """
IsDeleted boolean readonly
CreatedDate datetime readonly
CreatedById reference CreatedBy:User readonly
LastModifiedDate datetime readonly
LastModifiedById reference LastModifiedBy:User readonly
SystemModstamp datetime readonly
"""

LINKED = "Account,Contact,Lead,Opportunity,Case,Task,Event,EmailMessage,User"
"""What a file may be linked to."""

OBJECTS: dict[str, tuple[str, str]] = {
    "Account": (
        "001",
        """
        MasterRecordId reference MasterRecord:Account readonly
        Name string 255 required name
        Type picklist 255 pick=Prospect|Customer|Partner
        BillingStreet textarea 255
        BillingCity string 40
        BillingState string 80
        BillingPostalCode string 20
        BillingCountry string 80
        Phone phone 40
        Fax phone 40
        Website url 255
        Industry picklist 255 pick=Legal|Finance|Technology
        NumberOfEmployees int
        Description textarea 32000 nofilter
        OwnerId reference Owner:User default
        LastActivityDate date readonly
        AccountSource picklist 255 pick=Web|Phone_Inquiry|Other
        """,
    ),
    "Contact": (
        "003",
        """
        MasterRecordId reference MasterRecord:Contact readonly
        AccountId reference Account:Account
        LastName string 80 required
        FirstName string 40
        Salutation picklist 40 pick=Mr.|Ms.|Mx.|Dr.
        Name string 121 readonly name
        MailingStreet textarea 255
        MailingCity string 40
        MailingState string 80
        MailingPostalCode string 20
        MailingCountry string 80
        Phone phone 40
        Fax phone 40
        MobilePhone phone 40
        HomePhone phone 40
        OtherPhone phone 40
        AssistantPhone phone 40
        ReportsToId reference ReportsTo:Contact
        Email email 80 idlookup
        Title string 128
        Department string 80
        LeadSource picklist 255 pick=Web|Phone_Inquiry|Other
        Description textarea 32000 nofilter
        OwnerId reference Owner:User default
        LastActivityDate date readonly
        """,
    ),
    "Lead": (
        "00Q",
        """
        MasterRecordId reference MasterRecord:Lead readonly
        LastName string 80 required
        FirstName string 40
        Name string 121 readonly name
        Title string 128
        Company string 255 required
        Street textarea 255
        City string 40
        State string 80
        PostalCode string 20
        Country string 80
        Phone phone 40
        MobilePhone phone 40
        Fax phone 40
        Email email 80 idlookup
        Website url 255
        Description textarea 32000 nofilter
        LeadSource picklist 255 pick=Web|Phone_Inquiry|Other
        Status picklist 255 default=Open pick=Open|Contacted|Qualified|Unqualified
        OwnerId reference Owner:User default
        IsConverted boolean readonly
        ConvertedDate date readonly
        ConvertedAccountId reference ConvertedAccount:Account readonly
        ConvertedContactId reference ConvertedContact:Contact readonly
        ConvertedOpportunityId reference ConvertedOpportunity:Opportunity readonly
        LastActivityDate date readonly
        """,
    ),
    "Opportunity": (
        "006",
        """
        AccountId reference Account:Account
        Name string 120 required name
        Description textarea 32000 nofilter
        StageName picklist 255 required pick=Prospecting|Negotiation|Closed_Won|Closed_Lost
        Amount currency
        Probability percent
        CloseDate date required
        Type picklist 255 pick=New|Existing
        LeadSource picklist 255 pick=Web|Phone_Inquiry|Other
        IsClosed boolean readonly
        IsWon boolean readonly
        OwnerId reference Owner:User default
        LastActivityDate date readonly
        """,
    ),
    "OpportunityContactRole": (
        "00K",
        """
        OpportunityId reference Opportunity:Opportunity required createonly
        ContactId reference Contact:Contact required createonly
        Role picklist 255 pick=Decision_Maker|Influencer|Other
        IsPrimary boolean
        """,
    ),
    "AccountTeamMember": (
        "01M",
        """
        AccountId reference Account:Account required createonly
        UserId reference User:User required createonly
        TeamMemberRole picklist 255 pick=Account_Manager|Support
        AccountAccessLevel picklist 40 pick=Read|Edit
        """,
    ),
    "OpportunityTeamMember": (
        "00q",
        """
        OpportunityId reference Opportunity:Opportunity required createonly
        UserId reference User:User required createonly
        TeamMemberRole picklist 255 pick=Account_Manager|Support
        OpportunityAccessLevel picklist 40 pick=Read|Edit
        """,
    ),
    "Case": (
        "500",
        """
        CaseNumber string 30 readonly name
        ContactId reference Contact:Contact
        AccountId reference Account:Account
        Type picklist 255 pick=Question|Matter
        Status picklist 255 default=New pick=New|Working|Closed
        Origin picklist 255 pick=Phone|Email|Web
        Subject string 255
        Priority picklist 255 default=Medium pick=High|Medium|Low
        Description textarea 32000 nofilter
        IsClosed boolean readonly
        ClosedDate datetime readonly
        OwnerId reference Owner:User default
        """,
    ),
    "Task": (
        "00T",
        """
        WhoId reference Who:Contact,Lead
        WhatId reference What:Account,Opportunity,Case
        Subject string 255 name
        ActivityDate date
        Status picklist 255 default=Not_Started pick=Not_Started|In_Progress|Completed|Waiting|Deferred
        Priority picklist 255 default=Normal pick=High|Normal|Low
        IsHighPriority boolean readonly
        OwnerId reference Owner:User default
        Description textarea 32000 nofilter
        AccountId reference Account:Account readonly
        IsClosed boolean readonly
        IsArchived boolean readonly
        CallDurationInSeconds int
        CallType picklist 255 rpick=Inbound|Internal|Outbound
        CallDisposition string 255
        CallObject string 255
        TaskSubtype picklist 40 createonly rpick=Task|Email|ListEmail|Call|Cadence
        CompletedDateTime datetime readonly
        TaskWhoIds ids Contact,Lead
        """,
    ),
    "Event": (
        "00U",
        """
        WhoId reference Who:Contact,Lead
        WhatId reference What:Account,Opportunity,Case
        Subject string 255 name
        Location string 255
        IsAllDayEvent boolean
        ActivityDateTime datetime
        ActivityDate date
        DurationInMinutes int
        StartDateTime datetime
        EndDateTime datetime
        Description textarea 32000 nofilter
        AccountId reference Account:Account readonly
        OwnerId reference Owner:User default
        IsPrivate boolean
        ShowAs picklist 40 default=Busy rpick=Busy|OutOfOffice|Free
        IsArchived boolean readonly
        EventSubtype picklist 40 createonly rpick=Event
        EventWhoIds ids Contact,Lead
        """,
    ),
    "TaskRelation": (
        "0RT",
        """
        TaskId reference Task:Task required createonly
        RelationId reference Relation:Contact,Lead required createonly
        IsWhat boolean readonly
        """,
    ),
    "EventRelation": (
        "0RE",
        """
        EventId reference Event:Event required createonly
        RelationId reference Relation:Contact,Lead,User required createonly
        IsWhat boolean readonly
        IsParent boolean
        IsInvitee boolean
        Status picklist 40 rpick=New|Declined|Accepted
        """,
    ),
    "EmailMessage": (
        "02s",
        """
        ParentId reference Parent:Case createonly
        ActivityId reference Activity:Task createonly
        RelatedToId reference RelatedTo:Account,Opportunity,Case
        Subject string 3000
        TextBody textarea 131072 nofilter
        HtmlBody textarea 131072 nofilter
        Headers textarea 32000 nofilter
        FromName string 1000
        FromAddress email 1000
        ToAddress string 4000 nofilter
        CcAddress string 4000 nofilter
        BccAddress string 4000 nofilter
        Incoming boolean
        Status picklist 40 default=0 rpick=0|1|2|3|4|5
        MessageDate datetime
        MessageIdentifier string 765
        ThreadIdentifier string 765
        ReplyToEmailMessageId reference ReplyToEmailMessage:EmailMessage
        IsExternallyVisible boolean
        IsClientManaged boolean
        ToIds ids Contact,Lead,User
        CcIds ids Contact,Lead,User
        BccIds ids Contact,Lead,User
        """,
    ),
    "EmailMessageRelation": (
        "0BR",
        """
        EmailMessageId reference EmailMessage:EmailMessage required createonly
        RelationId reference Relation:Contact,Lead,User createonly
        RelationType picklist 40 required createonly rpick=ToAddress|CcAddress|BccAddress|FromAddress
        RelationAddress string 255 createonly
        RelationObjectType string 40 readonly
        """,
    ),
    "ContentVersion": (
        "068",
        """
        ContentDocumentId reference ContentDocument:ContentDocument createonly
        IsLatest boolean readonly
        ContentUrl url 1300
        VersionNumber string 20 readonly
        Title string 255 name
        Description textarea 1000
        PathOnClient string 500 createonly
        FileType string 20 readonly
        VersionData base64 createonly
        ContentSize int readonly
        Origin picklist 40 createonly default=C rpick=C|H
        ContentLocation picklist 40 createonly default=S rpick=S|L|E
        FirstPublishLocationId reference FirstPublishLocation:LINKED createonly
        OwnerId reference Owner:User default
        """,
    ),
    "ContentDocument": (
        "069",
        """
        Title string 255 name
        OwnerId reference Owner:User default
        LatestPublishedVersionId reference LatestPublishedVersion:ContentVersion readonly
        FileType string 20 readonly
        """,
    ),
    "ContentDocumentLink": (
        "06A",
        """
        LinkedEntityId reference LinkedEntity:LINKED required createonly
        ContentDocumentId reference ContentDocument:ContentDocument required createonly
        ShareType picklist 40 default=V rpick=V|C|I
        Visibility picklist 40 default=AllUsers rpick=AllUsers|InternalUsers|SharedUsers
        """,
    ),
    "User": (
        "005",
        """
        Username string 80 required idlookup
        LastName string 80 required
        FirstName string 40
        Name string 121 readonly name
        Alias string 8 required
        Email email 128 required
        Phone phone 40
        Extension phone 40
        MobilePhone phone 40
        Title string 80
        IsActive boolean
        UserType string 40 readonly
        ProfileId reference Profile:Profile
        TimeZoneSidKey picklist 40 pick=America/Los_Angeles|Europe/Berlin
        """,
    ),
    "Profile": ("00e", "Name string 255 required name\nUserType string 40 readonly"),
    "Organization": (
        "00D",
        """
        Name string 80 name
        IsSandbox boolean readonly
        OrganizationType string 40 readonly
        DefaultLocaleSidKey string 40
        TimeZoneSidKey string 40
        """,
    ),
    "PermissionSet": (
        "0PS",
        """
        Name string 80 required name
        Label string 80 required
        Description string 255
        IsOwnedByProfile boolean readonly
        ProfileId reference Profile:Profile readonly
        """,
    ),
    "PermissionSetAssignment": (
        "0Pa",
        """
        AssigneeId reference Assignee:User required createonly
        PermissionSetId reference PermissionSet:PermissionSet required createonly
        """,
    ),
    "FieldPermissions": (
        "01k",
        """
        ParentId reference Parent:PermissionSet required createonly
        SobjectType string 40 required createonly
        Field string 240 required createonly
        PermissionsRead boolean
        PermissionsEdit boolean
        """,
    ),
    "ListView": (
        "00B",
        "Name string 40 name\nDeveloperName string 80\nSobjectType string 40",
    ),
    "Report": (
        "00O",
        "Name string 80 name readonly\nDeveloperName string 80 readonly\nFormat string 40 readonly",
    ),
    "DuplicateRule": (
        "0Bm",
        """
        DeveloperName string 80 name readonly
        MasterLabel string 80 readonly
        SobjectType string 40 readonly
        IsActive boolean readonly
        """,
    ),
}

CHILDREN: dict[str, dict[str, tuple[str, str]]] = {
    "Account": {
        "Contacts": ("Contact", "AccountId"),
        "Opportunities": ("Opportunity", "AccountId"),
        "AccountTeamMembers": ("AccountTeamMember", "AccountId"),
        "Cases": ("Case", "AccountId"),
        "Tasks": ("Task", "WhatId"),
        "Events": ("Event", "WhatId"),
    },
    "Contact": {
        "OpportunityContactRoles": ("OpportunityContactRole", "ContactId"),
        "Cases": ("Case", "ContactId"),
        "Tasks": ("Task", "WhoId"),
        "Events": ("Event", "WhoId"),
    },
    "Lead": {"Tasks": ("Task", "WhoId"), "Events": ("Event", "WhoId")},
    "Opportunity": {
        "OpportunityContactRoles": ("OpportunityContactRole", "OpportunityId"),
        "OpportunityTeamMembers": ("OpportunityTeamMember", "OpportunityId"),
        "Tasks": ("Task", "WhatId"),
        "Events": ("Event", "WhatId"),
    },
    "Case": {
        "Tasks": ("Task", "WhatId"),
        "Events": ("Event", "WhatId"),
        "EmailMessages": ("EmailMessage", "ParentId"),
    },
    "Task": {"TaskRelations": ("TaskRelation", "TaskId")},
    "Event": {"EventRelations": ("EventRelation", "EventId")},
    "EmailMessage": {"EmailMessageRelations": ("EmailMessageRelation", "EmailMessageId")},
    "PermissionSet": {
        "FieldPerms": ("FieldPermissions", "ParentId"),
        "Assignments": ("PermissionSetAssignment", "PermissionSetId"),
    },
}
"""Relationships from a record to its children, as subqueries name them."""

POLYMORPHIC = ("Id", "Name", "Type", "FirstName", "LastName", "Email", "Phone", "Title", "IsActive")
"""Fields that may be asked for through a reference that has several targets (the object `Name`)."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: its name, type as describe has it (`ids` is a JunctionIdList) and what may be done with it.

    relation, targets: of a reference. values: of a picklist; restricted: it takes no other.
    write: `cu` created and updated, `c` created only, "" neither.
    """

    name: str
    type: str
    length: int = 0
    relation: str = ""
    targets: tuple[str, ...] = ()
    write: str = "cu"
    required: bool = False
    default: Any = None
    values: tuple[str, ...] = ()
    restricted: bool = False
    unique: bool = False
    external: bool = False
    id_lookup: bool = False
    filterable: bool = True
    is_name: bool = False
    custom: bool = False
    label: str = ""
    has_default: bool = False


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """An object: its name, the beginning of its ids, its fields by lower-case name."""

    name: str
    prefix: str
    fields: dict[str, Field]


def read_kinds() -> dict[str, Kind]:
    """All objects, by name."""
    return {name: _kind(name, prefix, text) for name, (prefix, text) in OBJECTS.items()}


def _kind(name: str, prefix: str, text: str) -> Kind:
    lines = ["Id id readonly idlookup", *text.strip().splitlines(), *COMMON.strip().splitlines()]
    fields = [_field(line.split()) for line in lines]
    return Kind(name=name, prefix=prefix, fields={field.name.lower(): field for field in fields})


def _field(words: list[str]) -> Field:
    name, type, *rest = words
    said: dict[str, Any] = {"name": name, "type": type, "length": 18 if type in ("id", "reference") else 0}
    for word in rest:
        said |= _attribute(word, said)
    if type == "boolean":
        said |= {"has_default": True, "default": said.get("default", False)}
    return Field(**said)


def _attribute(word: str, said: dict[str, Any]) -> dict[str, Any]:
    if word.isdigit():
        return {"length": int(word)}
    simple: dict[str, dict[str, Any]] = {
        "required": {"required": True},
        "readonly": {"write": ""},
        "createonly": {"write": "c"},
        "name": {"is_name": True},
        "idlookup": {"id_lookup": True},
        "nofilter": {"filterable": False},
        "default": {"has_default": True},
    }
    if word in simple:
        return simple[word]
    key, _, value = word.partition("=")
    if key == "default":
        return {"default": value.replace("_", " "), "has_default": True}
    if key in ("pick", "rpick"):
        values = tuple(one.replace("_", " ") for one in value.split("|"))
        return {"values": values, "restricted": key == "rpick"}
    relation, _, targets = word.replace("LINKED", LINKED).rpartition(":")
    if said["type"] in ("reference", "ids"):
        return {"relation": relation, "targets": tuple(targets.split(","))}
    raise ValueError(f"{said['name']}: {word}")
