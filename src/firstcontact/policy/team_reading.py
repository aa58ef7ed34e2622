"""The team as somebody wrote it, to the `Team` that is asked for every participant (SPEC §1).

Written form (SCENARIOS.md `team:`, settings.toml `[team]`): `region`, `timezone`, `domains`, `lines`,
`fallback_user`, `mail_hosts`, and `users`, each with `id`, `name`, `emails`, `phones`, `extension`,
`crm_user`, `profile`, `timezone`, `reviewer`. A user without an id gets one from the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec
import phonenumbers

from firstcontact.identity.team import Team, User
from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.policy.setting import Place, Problem, unknown_key

TEAM_KEYS = ("region", "timezone", "domains", "users", "lines", "fallback_user", "mail_hosts")
USER_KEYS = (
    "id", "name", "emails", "email", "phones", "phone", "extension", "crm_user", "profile", "timezone",
    "reviewer",
)  # fmt: skip


class TeamReading(msgspec.Struct, frozen=True):
    """The team as far as it could be read, and what could not be."""

    team: Team
    problems: tuple[Problem, ...]
    places: Mapping[str, Place]
    """Where each user stands, by id."""


def read_team(written: Mapping[str, object], place: Place = ("team",)) -> TeamReading:
    """The team; `place` is where the mapping stands in its file."""
    reader = _TeamReader(written, place)
    return TeamReading(reader.read(), tuple(reader.problems), reader.user_places)


def slug(text: str) -> str:
    """An id from a name: lower-case letters and digits of its Latin base letters, joined by hyphens."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return "-".join(re.findall(r"[a-z0-9]+", folded))


class _TeamReader:
    def __init__(self, written: Mapping[str, object], place: Place) -> None:
        self.written = written
        self.place = place
        self.problems: list[Problem] = []
        self.user_places: dict[str, Place] = {}
        self.owners: dict[str, tuple[str, Place]] = {}
        self.region = ""

    def read(self) -> Team:
        self._known_keys(self.written, TEAM_KEYS, self.place)
        self.region = self._region()
        users = self._users()
        fallback = self._text(self.written, "fallback_user", self.place)
        if fallback and fallback not in self.user_places:
            sentence = unknown_key(fallback, self.user_places, "user")
            self._problem("fallback_user", (*self.place, "fallback_user"), sentence)
        return Team(
            region=self.region,
            timezone=self._timezone(self.written, self.place) or "UTC",
            domains=self._domains(),
            users=users,
            lines=self._numbers(self.written, ("lines",), self.place, "a line of the team"),
            fallback_user=fallback,
            mail_hosts=tuple(
                host.lower() for _, host in self._texts(self.written, ("mail_hosts",), self.place)
            ),
        )

    # --- the team's own values ---

    def _region(self) -> str:
        region = self._text(self.written, "region", self.place).upper() or Team().region
        if region not in phonenumbers.SUPPORTED_REGIONS:
            sentence = f"`{region}` is no country code of two letters, such as `US` or `GB`"
            self._problem("region", (*self.place, "region"), sentence)
            return Team().region
        return region

    def _timezone(self, written: Mapping[str, object], place: Place) -> str:
        zone = self._text(written, "timezone", place)
        if zone:
            try:
                ZoneInfo(zone)
            except (ValueError, OSError, KeyError):
                sentence = f"`{zone}` is no time zone, such as `UTC` or `America/New_York`"
                self._problem("timezone", (*place, "timezone"), sentence)
                return ""
        return zone

    def _domains(self) -> tuple[str, ...]:
        domains: list[str] = []
        for place, text in self._texts(self.written, ("domains",), self.place):
            host = text.strip().lower().removeprefix("*.").removeprefix("@")
            handle = read_email(f"x@{host}") if re.fullmatch(r"[^\s@/:*]+\.[^\s@/:*]+", host) else None
            if handle is None:
                self._problem("domains", place, f"`{text}` is no e-mail domain, such as `acme.example`")
            else:
                domains.append(handle.key.rpartition("@")[2])
        return tuple(dict.fromkeys(domains))

    # --- users ---

    def _users(self) -> tuple[User, ...]:
        written = self.written.get("users")
        if written is None:
            return ()
        place = (*self.place, "users")
        if not isinstance(written, list | tuple):
            self._problem("users", place, "`users` is a list of users, each with its own keys")
            return ()
        users = (self._user(user, (*place, index)) for index, user in enumerate(written))
        return tuple(user for user in users if user is not None)

    def _user(self, written: object, place: Place) -> User | None:
        if not isinstance(written, Mapping):
            self._problem("users", place, "a user is written with keys, such as `name` and `emails`")
            return None
        self._known_keys(written, USER_KEYS, place, "users")
        name = self._text(written, "name", place)
        written_emails = self._texts(written, ("emails", "email"), place)
        user_id = self._text(written, "id", place) or slug(name)
        if not user_id and written_emails:
            user_id = slug(written_emails[0][1].partition("@")[0])
        if not user_id:
            self._problem("id", place, "a user needs an `id`, or a `name` or e-mail address to make one from")
            return None
        if user_id in self.user_places:
            sentence = f"there are two users with the id `{user_id}`"
            self._problem("id", place, sentence, self.user_places[user_id])
            return None
        self.user_places[user_id] = place
        emails = self._emails(written_emails, user_id)
        phones = self._numbers(written, ("phones", "phone"), place, f"the user {user_id}")
        extension = self._extension(written, place, user_id)
        for key, key_place in (*emails, *((phone, place) for phone in phones)):
            self._claim(key, key_place, user_id)
        return User(
            id=user_id,
            name=name,
            emails=tuple(key for key, _ in emails),
            phones=phones,
            extension=extension,
            crm_user=self._text(written, "crm_user", place),
            profile=self._text(written, "profile", place),
            timezone=self._timezone(written, place),
            reviewer=self._reviewer(written, place),
        )

    def _emails(self, written: Sequence[tuple[Place, str]], user: str) -> tuple[tuple[str, Place], ...]:
        keys: dict[str, Place] = {}
        for place, text in written:
            handle = read_email(text)
            if handle is None:
                self._problem("emails", place, f"`{text}`, of the user {user}, is no e-mail address")
            else:
                keys.setdefault(handle.key, place)
        return tuple(keys.items())

    def _numbers(
        self, written: Mapping[str, object], names: tuple[str, ...], place: Place, whose: str
    ) -> tuple[str, ...]:
        keys: list[str] = []
        for here, text in self._texts(written, names, place):
            handle = read_phone(text, self.region)
            if handle is None:
                sentence = (
                    f"`{text}`, of {whose}, cannot be read as a telephone number in {self.region}; write it "
                    "with its country code (an extension alone goes into `extension`)"
                )
                self._problem(names[0], here, sentence)
            else:
                keys.append(handle.key)
        return tuple(dict.fromkeys(keys))

    def _extension(self, written: Mapping[str, object], place: Place, user: str) -> str:
        extension = self._text(written, "extension", place)
        if extension:
            self._claim(f"extension {extension}", (*place, "extension"), user)
        return extension

    def _claim(self, key: str, place: Place, user: str) -> None:
        first, first_place = self.owners.setdefault(key, (user, place))
        if first != user:
            sentence = (
                f"{key} belongs to two users, {first} and {user}; a number that is shared goes into `lines`"
            )
            self._problem("users", place, sentence, first_place)

    def _reviewer(self, written: Mapping[str, object], place: Place) -> bool:
        value = written.get("reviewer")
        if value is not None and not isinstance(value, bool):
            self._problem("reviewer", (*place, "reviewer"), "`reviewer` is true or false, without quotes")
        return value is not False

    # --- reading values ---

    def _known_keys(
        self, written: Mapping[str, object], known: tuple[str, ...], place: Place, prefix: str = ""
    ) -> None:
        for name in written:
            if name not in known:
                where = f"{prefix}.{name}" if prefix else str(name)
                self._problem(where, (*place, name), unknown_key(str(name), known))

    def _text(self, written: Mapping[str, object], name: str, place: Place) -> str:
        value = written.get(name)
        if value is None:
            return ""
        # An id or extension of digits is a number to YAML and TOML alike.
        if isinstance(value, bool) or not isinstance(value, str | int):
            self._problem(name, (*place, name), f"`{name}` is a text; write it in quotes")
            return ""
        return str(value).strip()

    def _texts(
        self, written: Mapping[str, object], names: tuple[str, ...], place: Place
    ) -> list[tuple[Place, str]]:
        found: list[tuple[Place, str]] = []
        for name in names:
            value = written.get(name)
            if value is None:
                continue
            items = value if isinstance(value, list | tuple) else [value]
            for index, item in enumerate(items):
                here = (*place, name, index) if isinstance(value, list | tuple) else (*place, name)
                if isinstance(item, str):
                    found.append((here, item))
                else:
                    self._problem(name, here, f"`{name}` holds texts; write {item!r} in quotes")
        return found

    def _problem(self, key: str, place: Place, sentence: str, other: Place = ()) -> None:
        dotted = f"team.{key}"
        self.problems.append(Problem(sentence=sentence, key=dotted, place=place, other=other))
