"""Modules, fields, users and the organisation (apis A4, "Create / upsert"; the specification's fields, users,
org)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import listing
from firstcontact.testing.simulators.zoho.errors import (
    Refused,
    ZohoError,
    bad_body,
    lacking,
    missing,
    no_module,
)
from firstcontact.testing.simulators.zoho.schema import ACTIVITIES, NOT_RECORDS, Field, Module, api_name
from firstcontact.testing.simulators.zoho.state import State, User

MOST_FIELDS_A_REQUEST = 5
ORG_ID = "5110000000000000001"
_PROFILE = {"name": "Administrator", "id": "5110000000000000021"}
_ROLE = {"name": "CEO", "id": "5110000000000000022"}
_LENGTHS = {"text": 255, "email": 100, "phone": 30, "website": 450, "textarea": 2000}
_AREAS = {"small": 2_000, "large": 32_000, "rich_text": 50_000}
_MADE = (
    "text",
    "textarea",
    "email",
    "phone",
    "website",
    "boolean",
    "integer",
    "bigint",
    "date",
    "datetime",
    "picklist",
)
_UNIQUE = ("text", "email", "phone", "integer", "bigint", "website")
"""Types that can be unique (apis A4)."""
_KEYS = frozenset(
    {"field_label", "data_type", "length", "unique", "external", "textarea", "tooltip", "profiles", "crypt"}
    | {"pick_list_values", "pick_list_values_sorted_lexically", "decimal_place"}
)
_JSON = {"boolean": "boolean", "integer": "integer", "jsonarray": "jsonarray", "tag": "jsonarray"}
_LABELS = {"Contacts": "Contact", "Leads": "Lead", "Accounts": "Account", "Deals": "Deal"}


def modules_view(state: State) -> dict[str, Any]:
    """`GET /settings/modules`: what there is, and what our user may do there."""
    return {"modules": [_module(state, one) for one in state.modules.values()]}


def _module(state: State, module: Module) -> dict[str, Any]:
    allowed = module.name not in state.quirks.forbidden
    return {
        "api_name": module.name,
        "module_name": module.name,
        "plural_label": module.name,
        "singular_label": _LABELS.get(module.name, module.name.removesuffix("s")),
        "api_supported": True,
        "viewable": allowed,
        "creatable": allowed,
        "editable": allowed,
        "deletable": allowed,
        "visible": allowed,
        "global_search_supported": module.search,
        "generated_type": "default",
        "id": module.fields["id"].id,
    }


def fields_view(state: State, params: Mapping[str, str]) -> dict[str, Any]:
    """`GET /settings/fields?module=`. Raises ZohoError."""
    listing.known_parameters(params, frozenset({"module", "type"}))
    module = _module_asked(state, params)
    return {"fields": [field_view(state, module.name, one) for one in module.fields.values()]}


def _module_asked(state: State, params: Mapping[str, str]) -> Module:
    name = params.get("module")
    if not name:
        raise lacking("module")
    if name not in state.modules or name in state.quirks.forbidden:
        raise no_module()
    return state.modules[name]


def field_view(state: State, module: str, field: Field) -> dict[str, Any]:
    """What is known of a field."""
    writable = not field.computed
    return {
        "api_name": field.name,
        "field_label": field.label,
        "display_label": field.label,
        "data_type": {"duration": "text", "module": "text", "tag": "text"}.get(field.type, field.type),
        "json_type": _JSON.get(field.type, "jsonobject" if "lookup" in field.type else "string"),
        "length": field.length,
        "id": field.id,
        "system_mandatory": field.required or _by_layout(state, module, field),
        "custom_field": field.custom,
        "read_only": field.computed,
        "field_read_only": field.computed,
        "visible": True,
        "searchable": field.type not in ("datetime", "boolean", "tag", "jsonarray"),
        "filterable": field.type not in ("textarea", "tag", "jsonarray"),
        "sortable": field.type not in ("textarea", "tag", "jsonarray"),
        "unique": {state.quirks.unique_word: field.unique == "sensitive"} if field.unique else {},
        "external": {"type": field.external, "show": False} if field.external else None,
        "lookup": {"module": {"api_name": field.module}} if field.module else {},
        "pick_list_values": _picks(state, module, field),
        "operation_type": dict.fromkeys(("web_create", "web_update", "api_create", "api_update"), writable),
        "type": "used",
        "created_source": "default",
    }


def _by_layout(state: State, module: str, field: Field) -> bool:
    needed = module == "Leads" and field.name == "Company" and state.quirks.company == "needed"
    return needed or (field.custom and field.external == "" and field.required)


def _picks(state: State, module: str, field: Field) -> list[dict[str, Any]]:
    picks: list[dict[str, Any]] = []
    for place, value in enumerate(field.picks):
        one = {"display_value": value, "actual_value": value, "sequence_number": place + 1, "type": "used"}
        if module == "Deals" and field.name == "Stage" and state.quirks.forecast == "yes":
            one["forecast_type"] = value if value.startswith("Closed") else "Open"
        picks.append({**one, "id": f"{field.id}{place:02d}"[-19:]})
    return picks


# --- new fields ------------------------------------------------------------------------------------------


def create_fields(state: State, params: Mapping[str, str], body: Any) -> list[dict[str, Any]]:
    """`POST /settings/fields?module=`, up to five: a result each. Raises ZohoError."""
    module = _module_asked(state, params)
    if not isinstance(body, Mapping) or not isinstance(body.get("fields"), list):
        raise missing("fields")
    if not 1 <= len(body["fields"]) <= MOST_FIELDS_A_REQUEST:
        raise bad_body("fields", "jsonarray")
    if state.quirks.field_creation == "refused":
        raise ZohoError(
            403, "NO_PERMISSION", "permission denied", {"permissions": ["Crm_Implied_Customize_Zoho_CRM"]}
        )
    items = []
    for place, given in enumerate(body["fields"]):
        try:
            items.append(_created(state, module, given))
        except Refused as refused:
            items.append(refused.item(f"$.fields[{place}]"))
    return items


def _created(state: State, module: Module, given: Any) -> dict[str, Any]:
    if not module.custom_fields or module.name in NOT_RECORDS:
        raise Refused("NOT_SUPPORTED", "the module has no custom fields", "module")
    field = _new_field(state, module, given)
    made = state.add_field(module.name, field)
    return {"code": "SUCCESS", "details": {"id": made.id}, "message": "field created", "status": "success"}


def _new_field(state: State, module: Module, given: Any) -> Field:
    if not isinstance(given, Mapping):
        raise Refused("INVALID_DATA", "invalid data", "fields", expected_data_type="jsonobject")
    for name in given:
        if name not in _KEYS:
            raise Refused("INVALID_DATA", "invalid data", str(name))
    for name in ("field_label", "data_type"):
        if not given.get(name):
            raise Refused("MANDATORY_NOT_FOUND", "required field not found", name)
    type, label = given["data_type"], str(given["field_label"])
    if type not in _MADE:
        raise Refused("INVALID_DATA", "invalid data", "data_type")
    name = api_name(label)
    if not name or len(label) > 100:
        raise Refused("INVALID_DATA", "invalid data", "field_label")
    if name in module.fields or any(one.label == label for one in module.fields.values()):
        raise Refused("DUPLICATE_DATA", "duplicate data", "field_label")
    return Field(
        name=name,
        label=label,
        type=type,
        length=_length(type, given),
        custom=True,
        unique=_uniqueness(state, module, type, given.get("unique")),
        external=_external(given.get("external")),
        picks=tuple(str(one.get("display_value")) for one in given.get("pick_list_values") or ()),
    )


def _length(type: str, given: Mapping[str, Any]) -> int:
    most = _LENGTHS.get(type, 0)
    if type == "textarea":
        kind = (given.get("textarea") or {}).get("type", "small")
        if kind not in _AREAS:
            raise Refused("INVALID_DATA", "invalid data", "textarea", supported_values=list(_AREAS))
        most = _AREAS[kind]
    length = given.get("length", most)
    if not isinstance(length, int) or length > most or (most and length < 1):
        raise Refused("INVALID_DATA", "invalid data", "length", maximum_length=most)
    return length


def _uniqueness(state: State, module: Module, type: str, given: Any) -> str:
    """`unique: {case_sensitive}` in the specification; Zoho's client library writes it in one word."""
    if not given:
        return ""
    refused = state.quirks.activity_unique == "refused" and module.name in ACTIVITIES
    sent = state.quirks.unique_sent
    words = {"case_sensitive", "casesensitive"} if sent == "either" else {sent}
    known = isinstance(given, Mapping) and set(given) <= words
    if type not in _UNIQUE or refused:
        raise Refused("NOT_ALLOWED", "the field cannot be unique", "unique")
    if not known:
        raise Refused("INVALID_DATA", "invalid data", "unique")
    return "sensitive" if any(given.values()) else "insensitive"


def _external(given: Any) -> str:
    if not given:
        return ""
    if not isinstance(given, Mapping) or given.get("type") not in ("org", "user"):
        raise Refused("INVALID_DATA", "invalid data", "external")
    return str(given["type"])


# --- people ----------------------------------------------------------------------------------------------

_STATUS = {
    "ActiveUsers": ("active",),
    "DeactiveUsers": ("inactive", "disabled"),
    "DeletedUsers": ("deleted",),
}
_TYPES = ("AllUsers", "CurrentUser", "AdminUsers", *_STATUS)


def users_view(state: State, me: User, params: Mapping[str, str]) -> dict[str, Any]:
    """`GET /users?type=`. Raises ZohoError, Nothing."""
    listing.known_parameters(params, frozenset({"type", "page", "per_page"}))
    kind = listing.choice(params, "type", _TYPES)
    users = [me] if kind in ("CurrentUser", "AdminUsers") else list(state.users.values())
    users = [user for user in users if user.status in _STATUS.get(kind, (user.status,))]
    page = listing.number(params, "page", 1)
    per_page = min(listing.number(params, "per_page", 200, 200), state.quirks.page_size)
    part = users[(page - 1) * per_page : page * per_page]
    if not part:
        raise listing.Nothing(204)
    more = len(users) > page * per_page
    info = {"per_page": per_page, "count": len(part), "page": page, "more_records": more}
    return {"users": [user_view(user) for user in part], "info": info}


def user_view(user: User) -> dict[str, Any]:
    """A user as the API tells it."""
    first, _, last = user.name.rpartition(" ")
    return {
        "id": user.id,
        "full_name": user.name,
        "first_name": first or None,
        "last_name": last,
        "email": user.email,
        "status": user.status,
        "confirm": user.status == "active",
        "profile": _PROFILE,
        "role": _ROLE,
        "zuid": user.id[-8:],
        "time_zone": "America/Los_Angeles",
        "locale": "en_US",
        "country_locale": "us",
    }


def org_view(state: State) -> dict[str, Any]:
    """`GET /org`."""
    users = sum(1 for user in state.users.values() if user.status == "active")
    licence = {"paid": True, "paid_type": "enterprise", "users_license_purchased": users, "trial_type": None}
    known = {
        "id": ORG_ID,
        "company_name": "Firm",
        "domain_name": "org511000000",
        "country_code": "US",
        "time_zone": "America/Los_Angeles",
        "license_details": licence,
        "mc_status": False,
        "zgid": ORG_ID[-8:],
    }
    return {"org": [known]}
