"""Pages of the reference that are written from the code: settings and reasons (`make docs`)."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.explain.catalogue import reference_page
from firstcontact.policy.presets import PRESETS
from firstcontact.policy.schema import SETTINGS, setting_of
from firstcontact.policy.scopes import written
from firstcontact.policy.setting import SCOPES, Setting

_HEAD = """\
# Settings

Settings say what FirstContact may do. They are kept in `settings.toml`, in the home folder (`--home`, else
FIRSTCONTACT_HOME, else `~/.firstcontact`); scenarios take the same keys under `settings:`. A map may be
written nested (`log: {email: false}`) or with dotted keys (`log.email`).

## Where a value comes from

The more specific scope wins: built-in, then the organisation, the CRM connection, the profile (a named group
of users), the user. `firstcontact settings show --for USER --kind call` tells each value and its origin.

- A map is merged key by key over the scopes; then its most specific key decides.
- `preset = "NAME"` sets every setting that may be set at that scope, maps whole; the keys of the same scope
  come on top. The lists `blocked` and `allowed` belong to no preset and stay.
- `lock = ["KEY", …]` keeps every more specific scope from changing a key, or all keys of a map. What such a
  scope says is not used, and a warning names both places. `preset` may be locked too.

```toml
[team]
region = "US"
domains = ["northwind.example"]

[[team.users]]
name = "Ana Ruiz"
emails = ["ana@northwind.example"]

[organisation]
preset = "standard"
lock = ["blocked"]

[profile.sales]
members = ["ana-ruiz"]
engagement = "any"

[user.ana-ruiz]
"log.email" = false
```
"""

_PATTERNS = """\
## Entries of `blocked` and `allowed`

| entry | covers |
| --- | --- |
| `jo@acme.example` | that address, with or without a `+tag` |
| `acme.example`, `@acme.example`, `*@acme.example` | every address at exactly that host |
| `*.acme.example`, `*.gov` | every address at that host and at every host under it |
| `jo*@acme.example`, `*bot@*` | addresses of that shape: `*` is any text, `?` one character |
| `+1 415 555 0123`, `(415) 555-0123` | that number; without a country code it is read in the team's region |
| `+1900*`, `900*` | every number that starts so |
| `subject:*unsubscribe*` | mails and meetings with such a subject, in any letter case |
"""


def settings_page() -> str:
    """Every setting with its values, default and meaning; keys of maps, forms of patterns, the presets."""
    parts = [_HEAD, "## Every setting\n", _settings_table(), *_maps(), _PATTERNS, *_presets()]
    return "\n".join(parts)


def reasons_page() -> str:
    """Every reason name of the decision trace."""
    return reference_page()


def _settings_table() -> str:
    rows = ["| setting | values | built-in | what it does |\n| --- | --- | --- | --- |\n"]
    for setting in SETTINGS:
        name = f"{setting.name}.<key>" if setting.is_map else setting.name
        meaning = setting.meaning
        if setting.scopes != SCOPES:
            meaning += f" Set for the {' or the '.join(setting.scopes)} only."
        if set(setting.kinds) < set(_KINDS):
            meaning += f" Concerns {', '.join(f'`{kind}`' for kind in setting.kinds)}."
        rows.append(f"| `{name}` | {_cell(setting.allowed)} | {_default(setting)} | {_cell(meaning)} |\n")
    return "".join(rows)


_KINDS = setting_of("log.call").keys


def _default(setting: Setting) -> str:
    if not isinstance(setting.default, Mapping):
        return f"`{written(setting.default)}`" if setting.default != () else "empty"
    values = list(setting.default.items())
    if not values:
        return "no key"
    if len(values) == len(setting.keys) and len({value for _, value in values}) == 1:
        return f"each `{written(values[0][1])}`"
    return "; ".join(f"`{key}`: `{written(value)}`" for key, value in values)


def _maps() -> list[str]:
    parts = ["## Keys of maps\n"]
    for setting in SETTINGS:
        if setting.is_map:
            keys = " ".join(f"`{key}`" for key in setting.keys)
            parts.append(f"`{setting.name}.<key>`: {setting.key_note}\n\n> {keys}\n")
    return parts


def _presets() -> list[str]:
    parts = ["## Presets\n"]
    for preset in PRESETS.values():
        parts.append(f"### `{preset.name}`\n\n{preset.meaning}\n")
        if not preset.differs:
            parts.append("Every setting has its built-in value.\n")
            continue
        rows = [f"| `{key}` | `{written(value)}` |\n" for key, value in preset.differs.items()]
        parts.append("| setting | value |\n| --- | --- |\n" + "".join(rows))
        for key in preset.admins:
            parts.append(f"`{key}` is the admin's: a user cannot change it.\n")
        if preset.always_required:
            kinds = " and ".join(f"`{kind}`" for kind in preset.always_required)
            fields = " ".join(f"`{field}`" for field in next(iter(preset.always_required.values())))
            parts.append(f"For {kinds}, {fields} stay required whatever `required_fields` says.\n")
        parts.append("Every other setting has its built-in value.\n")
    return parts


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
