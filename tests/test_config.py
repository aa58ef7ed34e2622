"""settings.toml: read with the line of every fault, written without disturbing what a person wrote."""

from __future__ import annotations

import stat
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from firstcontact.config import home_folder, load, set_key, write_initial
from firstcontact.policy.setting import Problem, SettingsProblem
from firstcontact.policy.warnings import warnings
from firstcontact.settings_text import Engine
from firstcontact.toml_places import places

SETTINGS = """\
# Northwind's settings
[team]
region = "US"
domains = ["northwind.example"]

[[team.users]]
id = "ana"
name = "Ana Ruiz"      # runs the office
emails = ["ana@northwind.example"]
profile = "sales"

[[team.users]]
id = "bo"
name = "Bo Lind"

[organisation]
preset = "app-connect"
unknown_contact.call.inbound.missed = "ask"   # they call back
lock = ["log"]
blocked = [
  "*.gov",
  "acme.example",
]

[organisation.autonomy]
create = "ask"

[connection.clio]
kind = "clio"
options = { region = "us" }
matter_association = false

[profile.sales]
engagement = "any"

[user.bo]
"placeholder_name" = "Mine"
enrich = { title = "always" }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def refused(home: Path, text: str) -> tuple[Problem, ...]:
    (home / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsProblem) as caught:
        load(home)
    return caught.value.problems


def test_a_home_is_read(home: Path) -> None:
    """Team, scopes, maps in every spelling, connections and profiles of users come out as the book says."""
    loaded = load(home)
    ana = loaded.book.effective("ana", "clio")
    assert ana.unknown_contact == {"default": "skip", "call.inbound.missed": "ask"}
    assert ana.engagement == "any"
    assert ana.matter_association is False
    assert ana.autonomy["create"] == "ask"
    assert ana.blocked == ("*.gov", "acme.example")
    assert loaded.book.effective("bo").enrich == {"title": "always"}
    assert loaded.connections["clio"].kind == "clio"
    assert loaded.connections["clio"].options == {"region": "us"}


def test_an_engine_is_read(home: Path) -> None:
    """Where workers meet is read; the rest of it is as usual, and without the table there is none."""
    assert load(home).engine == Engine("", "default", "")
    with (home / "settings.toml").open("a") as file:
        file.write('\n[engine]\ntemporal = "temporal.firm.example:7233"\n')
    assert load(home).engine == Engine("temporal.firm.example:7233", "default", "", "")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('temporl = "x:1"', "unknown key `temporl`; did you mean `temporal`?"),
        ("temporal = 7233", "is a text"),
    ],
)
def test_a_wrong_engine_is_refused(home: Path, line: str, sentence: str) -> None:
    """A key that nobody knows, or a value that is no text, is named with its line."""
    text = (home / "settings.toml").read_text() + f"\n[engine]\n{line}\n"
    (home / "settings.toml").write_text(text)
    with pytest.raises(SettingsProblem) as caught:
        load(home)
    (problem,) = caught.value.problems
    assert sentence in problem.sentence
    assert problem.line == text.count("\n")


def test_what_a_lock_keeps_out_has_file_and_both_lines(home: Path) -> None:
    """An ignored value is listed with its own line and the line of what keeps it out."""
    [problem] = load(home).ignored
    assert problem.file.endswith("settings.toml")
    assert (problem.line, problem.other_line) == (37, 17)
    assert str(problem).endswith("is not used (see line 17)")


def test_warnings_can_be_placed(home: Path) -> None:
    """A warning about a combination gets the line of the value that it is about."""
    (home / "settings.toml").write_text(SETTINGS + 'owner = ["zed"]\n')
    loaded = load(home)
    lines = {problem.key: problem.line for problem in loaded.place(warnings(loaded.book, {}))}
    assert lines["owner"] == 39


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ('preset = "app', 'unknown_contacts = "skip"\npreset = "app', 17, "did you mean `unknown_contact`?"),
        ('"ask"   # they', '"aks"   # they', 18, "`aks` is none of"),
        ("inbound.missed", "inbound.mised", 18, "did you mean `unknown_contact.call.inbound.missed`?"),
        ('"acme.example",\n]', '"acme",\n]', 22, "`*.acme`"),
        ('create = "ask"', 'create = "maybe"', 26, "`maybe` is none of `act` or `ask`"),
        ("matter_association = false", 'matter_association = "off"', 31, "`off` is neither true nor false"),
        ('options = { region = "us" }', "options = 3", 30, "options are a table"),
        ('kind = "clio"', "kind = 3", 29, "the kind of CRM is a text"),
        ('engagement = "any"', "body_days = 3", 34, "can only be set for the organisation or the connection"),
        ("[user.bo]", "[user.zed]", 36, "unknown user `zed`"),
        ('{ title = "always" }', '{ title = "always", owner = "always" }', 38, "owner of a contact is never"),
        ('profile = "sales"', 'profile = "sale"', 10, "unknown profile `sale`; did you mean `sales`?"),
        ('name = "Bo Lind"', 'email = "ana@northwind.example"', 14, "belongs to two users, ana and bo"),
        ('id = "bo"', 'id = "ana"', 12, "two users with the id `ana`"),
        ('region = "US"', 'region = "USA"', 3, "no country code"),
        ("[user.bo]", "[users.bo]", 36, "unknown table `users`; did you mean `user`?"),
        ("[profile.sales]", "[organisation.profile.sales]", 33, "is a table of its own: `[profile.NAME]`"),
        ("# Northwind's settings", "engagement = 'any'", 1, "belongs under `[organisation]`"),
        ("[organisation.autonomy]", "[organisation.engagement]", 25, "not keys of its own"),
        ('lock = ["log"]', 'lock = ["logs"]', 19, "did you mean `log`?"),
    ],
)
def test_what_is_wrong_has_file_key_and_line(
    home: Path, old: str, new: str, line: int, expected: str
) -> None:
    """Each refused form is told with the file, the line where it stands and a sentence."""
    assert SETTINGS.count(old) == 1
    problems = refused(home, SETTINGS.replace(old, new))
    told = [problem for problem in problems if expected in problem.sentence]
    assert [problem.line for problem in told] == [line], [str(problem) for problem in problems]
    assert told[0].file == str(home / "settings.toml")
    assert told[0].key
    assert f"settings.toml:{line}: " in str(told[0])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[team\n", 1),
        ('[team]\nregion = "US"\nregion = "GB"\n', 3),
        ("[team]\nregion = US\n", 2),
        ("[organisation]\nlock = [\n", 2),
        ('[organisation]\nlog.email = true\nlog = "x"\n', 3),
    ],
)
def test_broken_toml_has_its_line(home: Path, text: str, line: int) -> None:
    """A file that is not TOML is refused with the line where it breaks."""
    [problem] = refused(home, text)
    assert problem.line == line
    assert "this is not TOML" in problem.sentence


def test_a_file_that_is_no_text(home: Path) -> None:
    """Bytes that are not UTF-8 are refused with their line; a byte-order mark and CRLF are fine."""
    (home / "settings.toml").write_bytes(b"[team]\nregion = '\xff'\n")
    with pytest.raises(SettingsProblem, match=r"settings\.toml:2: is not UTF-8"):
        load(home)
    (home / "settings.toml").write_bytes(b"\xef\xbb\xbf" + SETTINGS.replace("\n", "\r\n").encode())
    assert load(home).book.effective("ana").engagement == "any"


def test_no_file(tmp_path: Path) -> None:
    """Without a settings file the refusal says how to make one."""
    with pytest.raises(SettingsProblem, match="`firstcontact init` makes one"):
        load(tmp_path)


def test_the_home_folder(tmp_path: Path) -> None:
    """A named folder comes before FIRSTCONTACT_HOME, and that before the user's own."""
    environment = {"FIRSTCONTACT_HOME": str(tmp_path)}
    assert home_folder("/elsewhere", environment) == Path("/elsewhere")
    assert home_folder("", environment) == tmp_path
    assert home_folder("", {}).name == ".firstcontact"


TEAM: dict[str, Any] = {
    "region": "GB",
    "domains": ["northwind.example"],
    "users": [
        {"name": "Zoë “Z” Lind", "emails": ["zoe@northwind.example"], "extension": "101"},
        {"id": "bo"},
    ],
}


def test_a_first_file_is_written_and_read_back(tmp_path: Path) -> None:
    """The first file holds the team and the preset, belongs to its user alone, and is never overwritten."""
    made = write_initial(tmp_path / "new" / "home", TEAM, "backstory")
    again = load(made.folder)
    assert again.book.version == made.book.version
    assert again.book.effective().preset == "backstory"
    assert [user.id for user in again.book.team.users] == ["zoe-z-lind", "bo"]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    with pytest.raises(SettingsProblem, match="is there already"):
        write_initial(made.folder, TEAM, "standard")
    assert load(made.folder).book.effective().preset == "backstory"


def test_a_wrong_first_file_is_not_written(tmp_path: Path) -> None:
    """A team that cannot be read leaves no file behind."""
    with pytest.raises(SettingsProblem, match="no country code"):
        write_initial(tmp_path / "home", {"region": "Narnia"}, "standard")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("scope", "key", "value"),
    [
        ("organisation", "unknown_contact.call.inbound.missed", "skip"),
        ("organisation", "unknown_contact.default", "create"),
        ("organisation", "unknown_contact.call", "ask"),
        ("organisation", "autonomy.create", "act"),
        ("organisation", "autonomy.merge", "ask"),
        ("organisation", "brakes.creates_per_hour", 7),
        ("organisation", "brakes.share_of_unknown", 0.5),
        ("organisation", "blocked", ["*.gov", "x.example"]),
        ("organisation", "preset", "backstory"),
        ("organisation", "lock", ["log", "blocked"]),
        ("organisation", "required_fields", ["email", "title"]),
        ("organisation", "required_fields.call", ["phone"]),
        ("organisation", "dedupe_at", "04:30"),
        ("connection:clio", "matter_association", True),
        ("connection:other", "classify.persona", "always"),
        ("profile:sales", "engagement", "outbound"),
        ("profile:sales", "unknown_contact.sms", "skip"),
        ("user:bo", "enrich.title", "never"),
        ("user:bo", "enrich.phone", "always"),
        ("user:ana", "cc_creates", True),
    ],
)
def test_a_key_is_set_and_nothing_else_changes(home: Path, scope: str, key: str, value: object) -> None:
    """Setting a key changes that key at that scope, keeps every comment and every other line, and gives the
    settings before and after; taking it away again gives the settings from before the key was there."""
    before = load(home)
    change = set_key(home, scope, key, value)
    text = (home / "settings.toml").read_text(encoding="utf-8")
    assert change.old == before.book.effective_at(scope)
    assert change.new == load(home).book.effective_at(scope) != change.old
    layer = next(each for each in change.home.book.layers() if each.label == scope)
    written = {**layer.values, "preset": layer.preset, "lock": layer.lock}
    wanted = tuple(value) if isinstance(value, list) else value
    leaves = ["required_fields.email", "required_fields.meeting"] if key == "required_fields" else [key]
    assert [written[leaf] for leaf in leaves] == [wanted] * len(leaves)
    for comment in ("# Northwind's settings", "# runs the office", "# they call back"):
        assert comment in text
    lost = set(SETTINGS.splitlines()) - set(text.splitlines())
    assert len(lost) <= (4 if key == "blocked" else 1)
    taken = set_key(home, scope, key, None)
    after = next((each for each in taken.home.book.layers() if each.label == scope), None)
    assert after is None or not set(leaves) & {*after.values, *(["preset"] if after.preset else [])}


def test_a_shared_list_is_taken_apart(home: Path) -> None:
    """Setting the required fields of one kind leaves what a plain list said for the other."""
    set_key(home, "organisation", "required_fields", ["email"])
    set_key(home, "organisation", "required_fields.meeting", ["title"])
    values = load(home).book.organisation.values
    assert values["required_fields.email"] == ("email",)
    assert values["required_fields.meeting"] == ("title",)
    set_key(home, "organisation", "required_fields.call", ["phone"])
    set_key(home, "organisation", "required_fields", ["company"])
    values = load(home).book.organisation.values
    assert [values[f"required_fields.{kind}"] for kind in ("email", "meeting", "call")] == [
        ("company",),
        ("company",),
        ("phone",),
    ]


@pytest.mark.parametrize(
    ("scope", "key", "value", "expected"),
    [
        ("organisation", "engagement", "sometimes", "`sometimes` is none of"),
        ("organisation", "engagment", "any", "did you mean `engagement`?"),
        ("organisation", "blocked", ["gov"], r"`\*.gov`"),
        ("user:bo", "log.call", False, "`log.call` is locked by organisation"),
        ("user:ana", "placeholder_name", "Mine", "is the admin's under the preset `app-connect`"),
        ("user:bo", "body_days", 3, "can only be set for the organisation"),
        ("user:zed", "engagement", "any", "unknown user `zed`"),
        ("profile:sale", "engagement", "any", "did you mean `sales`?"),
        ("team", "region", "GB", "unknown scope `team`"),
        ("organisation:x", "engagement", "any", "a scope is `organisation`"),
        ("user", "engagement", "any", "a scope is `organisation`"),
    ],
)
def test_a_refused_change_writes_nothing(
    home: Path, scope: str, key: str, value: object, expected: str
) -> None:
    """A bad value, an unknown key or scope, and a locked key are refused, and the file stays as it was."""
    with pytest.raises(SettingsProblem, match=expected) as caught:
        set_key(home, scope, key, value)
    assert caught.value.problems[0].file == str(home / "settings.toml")
    if "locked" not in expected and "admin's" not in expected:
        assert caught.value.problems[0].line == 0, "a line of a text that nobody can look at"
    assert (home / "settings.toml").read_text(encoding="utf-8") == SETTINGS


def test_a_change_at_the_end_ends_its_line(tmp_path: Path) -> None:
    """As editors and shells expect of a text file."""
    write_initial(tmp_path, {"region": "US", "domains": ["northwind.example"]})
    set_key(tmp_path, "organisation", "engagement", "any")
    assert (tmp_path / "settings.toml").read_text(encoding="utf-8").endswith('"any"\n')


def test_an_admin_may_lock_what_users_have_set(home: Path) -> None:
    """Locking a key that a user has set is no refusal: the user's value is then ignored, and listed."""
    change = set_key(home, "organisation", "lock", ["enrich"])
    assert {problem.key for problem in change.home.ignored} == {"enrich.title", "placeholder_name"}
    assert change.home.book.effective("bo").enrich == {}


def test_writing_keeps_permissions_and_links(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A settings file behind a symbolic link stays behind it, with the permissions that it had."""
    real = tmp_path_factory.mktemp("kept") / "northwind.toml"
    (home / "settings.toml").rename(real)
    real.chmod(0o640)
    (home / "settings.toml").symlink_to(real)
    set_key(home, "organisation", "engagement", "any")
    assert (home / "settings.toml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert 'engagement = "any"' in real.read_text(encoding="utf-8")
    assert [path.name for path in real.parent.iterdir()] == ["northwind.toml"]


def test_two_editors_lose_nothing(home: Path) -> None:
    """Changes made at the same time are all in the file afterwards."""
    acts = ("create", "log", "enrich", "merge", "contact_role")
    threads = [
        threading.Thread(target=set_key, args=(home, "connection:clio", f"autonomy.{act}", "ask"))
        for act in acts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load(home).book.effective(connection="clio").autonomy == dict.fromkeys(acts, "ask")


# --- lines of a TOML text ---

TRICKY = '''\
# [not.a.table]
top = "a # no comment" # but this is
[a."b.c"]                       # a quoted key
"x y".z = \'\'\'
[neither = this
\'\'\'
list = [ # comment ]
  1, "two, ]", # }
  { k = [3,
         4], l = \'\\\' },
]
[[a.many]]
q = """one \\"""
two"""
[[a.many]]
[a.many.under]
w = """"quoted""""
t = 1979-05-27 07:32:00Z
'''


def test_places_of_everything_toml_can_say() -> None:
    """Comments, quoted and dotted keys, strings over lines, arrays, inline tables and lists of tables are all
    followed: each place has the line where it stands."""
    assert tomllib.loads(TRICKY)
    lines = places(TRICKY)
    expected = {
        ("top",): 2,
        ("a", "b.c"): 3,
        ("a", "b.c", "x y", "z"): 4,
        ("a", "b.c", "list"): 7,
        ("a", "b.c", "list", 0): 8,
        ("a", "b.c", "list", 1): 8,
        ("a", "b.c", "list", 2): 9,
        ("a", "b.c", "list", 2, "k", 1): 10,
        ("a", "b.c", "list", 2, "l"): 10,
        ("a", "many", 0, "q"): 13,
        ("a", "many", 1): 15,
        ("a", "many", 1, "under", "w"): 17,
        ("a", "many", 1, "under", "t"): 18,
    }
    assert {place: lines.get(place) for place in expected} == expected


def _paths(value: Any, place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {place} if place else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found |= _paths(item, (*place, key))
    return found


scalars = st.one_of(st.booleans(), st.integers(-99, 99), st.text("ab\"'\\#[]{},.\n= é", max_size=6))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text("ab. \"'#]", min_size=1, max_size=4), inner, max_size=3),
    ),
    max_leaves=12,
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("ab. \"'#]", min_size=1, max_size=4), trees, max_size=4))
def test_every_place_of_any_document_is_found(document: dict[str, Any]) -> None:
    """Whatever a TOML text holds, the places found are exactly those of what tomllib reads from it, and each
    line lies within the text."""
    import tomlkit

    text = tomlkit.dumps(document)
    parsed = tomllib.loads(text)
    lines = places(text)
    assert set(lines) == _paths(parsed)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
