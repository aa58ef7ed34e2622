"""Custom fields of ours, whichever CRM they are in."""

from __future__ import annotations

from firstcontact.connectors.toolkit.own_fields import CustomField, OwnFields, prepared


class Refused(Exception):
    """A CRM's no."""


def test_what_somebody_else_made_is_seen_after_preparing() -> None:
    """Preparing that finds all there, made by another process, forgets that they were missing."""
    there: list[CustomField] = []
    fields = OwnFields({"key": "text"}, lambda: there, lambda _name, _type: None, lambda: 0)
    assert fields.ours() == {}
    there.append(CustomField("1", "key", "text"))
    assert fields.ours() == {}, "it is asked for again after ten minutes only"
    assert prepared(fields, Refused) == []
    assert set(fields.ours()) == {"key"}


def test_missing_fields_are_asked_for_again_after_ten_minutes() -> None:
    """Those that are all there are believed for good."""
    now, asked = [0], []

    def read() -> list[CustomField]:
        asked.append(now[0])
        return [CustomField("1", "key", "text")] if now[0] else []

    fields = OwnFields({"key": "text"}, read, lambda _name, _type: None, lambda: now[0])
    for now[0] in (0, 1, 599_999_999, 600_000_000, 10**15):
        fields.ours()
    assert asked == [0, 600_000_000]
