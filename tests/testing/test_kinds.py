"""What each kind of CRM offers is what the table "What each CRM requires" says (SPEC §3)."""

from __future__ import annotations

import pytest

from firstcontact.connectors import kinds
from firstcontact.interactions.model import KINDS

TABLE = """
kind         | contact | phone search | leads | accounts | roles | matters | time entries | files
address_book | never   | own          | yes   | yes      | yes   | yes     | yes          | all
clio         | never   | index        | no    | no       | no    | yes     | yes          | fax
clio_grow    | always  | index        | yes   | no       | no    | yes     | no           | no
lawmatics    | always  | index        | yes   | no       | no    | yes     | yes          | all
zoho         | sms     | direct       | yes   | yes      | no    | no      | no           | all
dynamics     | sms     | direct       | yes   | yes      | no    | yes     | no           | all
salesforce   | never   | direct       | yes   | yes      | yes   | yes     | no           | all
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
SETS = {"no": set(), "never": set(), "always": set(KINDS), "all": set(KINDS), "sms": {"sms"}, "fax": {"fax"}}


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row[0])
def test_each_kind_offers_its_row(row: list[str]) -> None:
    """The capabilities of a kind are its row of the table."""
    kind, contact, search, leads, accounts, roles, matters, time_entries, files = row
    offered = kinds.capabilities(kind)
    assert offered.kind == kind
    assert offered.contact_required_for == SETS[contact]
    assert offered.phone_search == search
    assert offered.leads == (leads == "yes")
    assert offered.accounts == offered.opportunities == (accounts == "yes")
    assert offered.contact_roles == (roles == "yes")
    assert offered.matters == (matters == "yes")
    assert offered.time_entries == (time_entries == "yes")
    assert offered.files == SETS[files]
    assert set(offered.logs_as) == set(KINDS)
    assert not offered.matter_required


def test_the_table_is_complete() -> None:
    """Every kind has its row."""
    assert tuple(row[0] for row in ROWS[1:]) == kinds.KINDS


def test_only_where_leads_are_can_they_be_logged_on() -> None:
    """A kind that logs on leads offers leads; Clio Grow's inbox leads take no log."""
    for kind in kinds.KINDS:
        offered = kinds.capabilities(kind)
        assert offered.leads or not offered.log_on_lead
    assert not kinds.capabilities("clio_grow").log_on_lead


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    """A kind that does not exist is an error that lists what does."""
    with pytest.raises(kinds.UnknownKind, match=r"'notes'.*address_book, clio"):
        kinds.capabilities("notes")
