"""Every decision can be traced to the text of the settings that it was made with."""

from __future__ import annotations

from pathlib import Path

from firstcontact.bootstrap import open_installation
from firstcontact.config import load, set_key, write_initial
from firstcontact.ledger import deciding

TEAM = {"region": "US", "users": [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@ruizlaw.example"]}]}


def test_each_version_of_the_settings_is_kept_as_written(tmp_path: Path) -> None:
    """A changed settings file is a new version; the text of the old one stays in the ledger."""
    home = write_initial(tmp_path / "home", TEAM)
    open_installation(home)
    set_key(tmp_path / "home", "organisation", "free_mail", "create")
    changed = load(tmp_path / "home")
    opened = open_installation(changed)

    assert home.book.version != changed.book.version
    with opened.ledger.read() as tx:
        assert deciding.settings_text(tx, home.book.version) == home.text
        assert deciding.settings_text(tx, changed.book.version) == changed.text
        assert deciding.settings_text(tx, "never kept") == ""
