"""The four presets of SPEC §3: ready-made sets of every setting.

A preset stands for all settings that it could set at the scope that names it, so that naming one starts
from a known place whatever was said above. Two lists are nobody's preset and stay: `blocked` and `allowed`
say who is who, not how to act.

Each reproduces its source text: `call-connector` the Contact Creation, Exclusive Contact Association,
Matter Association and Time Entry Creation pages; `app-connect` Lead creation and Creating a placeholder
contact; `backstory` Automatic Contact Creation.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firstcontact.policy.schema import built_in, setting_of
from firstcontact.policy.setting import Leaves, Value


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One ready-made set.

    differs: where it is not `standard`; naming a key of a map replaces that whole map. admins: keys that an
    admin sets (organisation, connection, profile) and a user does not. always_required: fields that stay in
    `required_fields` whatever the list says, by kind.
    """

    name: str
    meaning: str
    differs: Mapping[str, Value] = {}
    admins: tuple[str, ...] = ()
    always_required: Mapping[str, tuple[str, ...]] = {}

    def values(self) -> Leaves:
        """Every leaf that the preset sets, by dotted key."""
        replaced = {leaf.partition(".")[0] for leaf in self.differs if setting_of(leaf).is_map}
        leaves = {
            leaf: value
            for leaf, value in built_in().items()
            if setting_of(leaf).preset
            and not (setting_of(leaf).is_map and leaf.partition(".")[0] in replaced)
        }
        leaves.update(self.differs)
        return leaves


_NAME_AND_ADDRESS = ("first_name", "last_name", "email")
_EVERY_KIND_IS_LOGGED: Mapping[str, Value] = {
    "log.call": True,
    "log.voicemail": True,
    "log.sms": True,
    "log.fax": True,
    "log.email": True,
    "log.meeting": True,
}

_ALL = (
    Preset(
        name="standard",
        meaning="The recommended mix: calls and texts make contacts but missed calls do not, mail does once "
        "both sides have written, and a person is asked where the evidence is weak.",
    ),
    Preset(
        name="call-connector",
        meaning="Every call, text and fax is logged, an unknown number becomes a contact (a fax never does), "
        "matters are linked and calls make time entries.",
        differs={
            "unknown_contact.default": "create",
            "fax_may_create": False,
            "exclusive_contact_association": False,
            **_EVERY_KIND_IS_LOGGED,
            "matter_association": True,
            "time_entry": True,
            "time_entry_billable": False,
        },
    ),
    Preset(
        name="app-connect",
        meaning="Nothing happens with an unknown caller until a user chooses to create placeholder contacts; "
        "their name is the admin's.",
        differs={
            "unknown_contact.default": "skip",
            "several_contacts": "skip",
            "placeholder_name": "Unknown Caller",
        },
        admins=("placeholder_name",),
    ),
    Preset(
        name="backstory",
        meaning="Mail and meetings make contacts at known accounts, for people whose name and address are "
        "known, when the account's owner, an opportunity's owner or the account team takes part.",
        differs={
            "required_fields.email": _NAME_AND_ADDRESS,
            "required_fields.meeting": _NAME_AND_ADDRESS,
            "account_match": "required",
            "account_subdomains": False,
            "user_must_be": ("account_owner", "opportunity_owner", "account_team"),
            "engagement": "any",
            "cc_creates": True,
            "free_mail": "skip",
            "lead_blocks_creation": True,
            "owner": ("triggering_user", "integration_user"),
        },
        always_required={"email": _NAME_AND_ADDRESS, "meeting": _NAME_AND_ADDRESS},
    ),
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}
