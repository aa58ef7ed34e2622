"""What a connector declares is heeded: every capability is read by the core or asked about by a clause."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from firstcontact import bootstrap
from firstcontact.interactions.model import Call
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.plan import Links, Logged, plan
from firstcontact.planning.write import ActivityFields, CreatedBy, Existing
from firstcontact.policy.decision import Decision, PersonVerdict
from firstcontact.testing.conformance.making import NOON

SOURCE = Path(bootstrap.__file__).parent
CORE = ("planning", "policy", "flow", "lanes", "ledger", "cli")
SUITE = ("testing/conformance",)
WORDS_FOR_PEOPLE = frozenset({"kind", "title", "logs_as"})
"""What a CRM is called; nothing depends on it."""


def _read(rooms: tuple[str, ...]) -> set[str]:
    """Names of attributes that modules of these rooms read; not where capabilities are declared."""
    names: set[str] = set()
    for path in (path for room in rooms for path in (SOURCE / room).rglob("*.py")):
        if path.name != "capabilities.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names |= {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
            }
    return names


FIELDS = {field.name for field in msgspec.structs.fields(Capabilities)} - WORDS_FOR_PEOPLE


def test_every_capability_is_read_by_the_core_or_a_clause() -> None:
    """No connector declares something that nobody asks: each is read where work is planned or done, or in
    a clause."""
    assert FIELDS - _read(CORE) - _read(SUITE) == set()


REFUSED_WITHOUT = frozenset(
    {"logs", "updates_activity", "updates_contacts", "time_entries", "files", "accounts",
     "several_people_on_activity", "change_feed"}
)  # fmt: skip
"""Where one is not offered, a clause expects NotOffered of whoever asks for it all the same."""


def test_what_a_crm_cannot_do_is_not_planned() -> None:
    """What would be NotOffered is read by the core, which does not ask for it then."""
    assert REFUSED_WITHOUT <= FIELDS
    assert REFUSED_WITHOUT - _read(CORE) == set()


JO = "+14155550123"
CALL = Call(
    id="c1",
    source="test",
    source_id="c1",
    conversation="",
    at=NOON,
    participants=(),
    direction="inbound",
    result="answered",
    seconds=60,
)
DECISION = Decision(interaction="c1", at=NOON, settings_version="", people=(), activity="log", trace=())


@pytest.mark.parametrize("offered", [True, False])
def test_an_activity_is_changed_only_where_that_is_offered(offered: bool) -> None:
    """What was logged and is otherwise now is an update where the CRM takes one, and else no write at all."""
    crm = Capabilities(kind="any", title="Any", updates_activity=offered)
    (log,) = plan(DECISION, CALL, Links(connection="any"), crm).writes
    assert log.kind == "log_activity"
    assert isinstance(log.fields, ActivityFields)
    logged = Logged(log.key, log.fields, log.key)
    longer = replace(CALL, seconds=90)
    again = plan(DECISION, longer, Links(connection="any", logged=logged), crm).writes
    assert [write.kind for write in again] == (["update_activity"] if offered else [])


@pytest.mark.parametrize("offered", [True, False])
def test_a_contact_is_changed_only_where_that_is_offered(offered: bool) -> None:
    """A placeholder's name that has come up is written where the CRM takes it, and else kept here alone; the
    call is logged on the contact either way."""
    crm = Capabilities(kind="any", title="Any", updates_contacts=offered)
    known = PersonVerdict(
        about=JO, verdict="link", record="7", first_name="Jo", last_name="Diaz", rename=True
    )
    writes = plan(replace(DECISION, people=(known,)), CALL, Links(connection="any"), crm).writes
    assert [write.kind for write in writes] == [*(["update_contact"] if offered else []), "log_activity"]
    logged = writes[-1].fields
    assert isinstance(logged, ActivityFields)
    assert logged.people == (Existing("contact", "7"),)


@pytest.mark.parametrize(("leads", "on_lead"), [(False, False), (True, False), (True, True)])
def test_nothing_is_logged_on_whoever_only_becomes_a_lead(leads: bool, on_lead: bool) -> None:
    """Where somebody unknown becomes a lead, the activity waits for a contact, unless leads take logs."""
    crm = Capabilities(kind="any", title="Any", creates_leads=leads, log_on_lead=on_lead)
    new = PersonVerdict(about=JO, verdict="create", last_name="Diaz", phones=(JO,))
    create, log = plan(replace(DECISION, people=(new,)), CALL, Links(connection="any"), crm).writes
    assert create.kind == "create_contact"
    assert isinstance(log.fields, ActivityFields)
    assert log.fields.people == ((CreatedBy(create.key),) if on_lead or not leads else ())
