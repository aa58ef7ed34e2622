"""Likely duplicates by a probabilistic linker (splink on duckdb, the extra `duplicates`): only suggestions.

It learns from the contacts themselves how much an equal name, address, number, company or place says, and so
finds pairs that share no handle. Nothing that it finds is merged by itself (docs/decisions/duplicates.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import msgspec

from firstcontact.flow.problems import FlowProblem
from firstcontact.identity.duplicates import name_words
from firstcontact.identity.records import Record

LIKELY = 0.9
"""From this probability on a pair is suggested."""

SEED = 1
"""The same contacts give the same pairs."""

MOST_PAIRS = 1e6
"""Pairs by which the linker learns how often what is equal is so by chance."""


class Likely(msgspec.Struct, frozen=True):
    """Two contacts, by their ids, and how probable it is that they are one person."""

    one: str
    other: str
    probability: float


def require() -> None:
    """Raises FlowProblem, with what to do, where the extra is not installed."""
    if find_spec("splink") is None or find_spec("duckdb") is None:
        raise FlowProblem(
            "Likely duplicates are found by a linker that is not installed: "
            "`pip install 'firstcontact[duplicates]'` brings it."
        )


def likely(records: Iterable[Record], least: float = LIKELY) -> list[Likely]:
    """Pairs of these contacts that are probably one person, the most probable first.

    Of fewer than three contacts nothing can be learnt, and there are none. Raises FlowProblem where the
    extra is not installed.
    """
    require()
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        connection.execute(
            "CREATE TABLE contacts (unique_id VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR,"
            " local_part VARCHAR, phone VARCHAR, company VARCHAR, place VARCHAR, street VARCHAR,"
            " postal VARCHAR)"
        )
        if _fill(connection, records) < 3:
            return []
        return _linked(connection, least)
    finally:
        connection.close()


def _fill(connection: Any, records: Iterable[Record]) -> int:
    count = 0
    batch: list[tuple[str | None, ...]] = []
    for record in records:
        if record.type == "contact" and record.active:
            batch.append(_row(record))
            count += 1
        if len(batch) == 2000:
            _insert(connection, batch)
            batch = []
    _insert(connection, batch)
    return count


def _insert(connection: Any, batch: list[tuple[str | None, ...]]) -> None:
    if batch:
        # In one statement: duckdb is slow at many small ones.
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(batch))
        connection.execute(f"INSERT INTO contacts VALUES {marks}", [value for row in batch for value in row])


def _row(record: Record) -> tuple[str | None, ...]:
    """What is compared, each None where it is empty: what is not there is not equal to anything."""
    given, family = name_words(record)
    emails = [handle.key for handle in record.handles if handle.kind == "email"]
    phones = [handle.key for handle in record.handles if handle.kind == "phone"]
    mailing = record.mailing
    values = (
        record.id,
        given,
        family,
        emails[0] if emails else "",
        emails[0].partition("@")[0] if emails else "",
        phones[0] if phones else "",
        record.account or record.company.casefold(),
        mailing.city.casefold() if mailing else "",
        " ".join(mailing.street.casefold().split()) if mailing else "",
        mailing.postal_code.casefold() if mailing else "",
    )
    return tuple(value or None for value in values)


def _linked(connection: Any, least: float) -> list[Likely]:
    logging.getLogger("splink").setLevel(logging.ERROR)
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    api = DuckDBAPI(connection)
    there = _columns(connection)
    linker = Linker(api.register("contacts"), _settings(there), log_level=logging.ERROR)
    rules: list[Any] = [f"l.{name} = r.{name}" for name in ("email", "phone") if name in there]
    if {"first_name", "last_name"} <= there:
        rules.append("l.first_name = r.first_name AND l.last_name = r.last_name")
    # A rule teaches by what it does not ask for itself.
    teaching = [rule for rule in rules if len(there - {"local_part"} - _named(rule)) > 0]
    if not teaching:
        return []
    training = linker.training
    training.estimate_probability_two_random_records_match(rules, recall=0.7)
    training.estimate_u_using_random_sampling(max_pairs=MOST_PAIRS, seed=SEED)
    for rule in teaching:
        try:
            training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
        except Exception as error:  # nothing shares what this rule asks for: the others teach
            if "EMTraining" not in type(error).__name__:
                raise
    predicted = linker.inference.predict(threshold_match_probability=least)
    rows = connection.cursor().execute(
        "SELECT unique_id_l, unique_id_r, match_probability FROM "
        f"{predicted.physical_name} ORDER BY match_probability DESC, unique_id_l, unique_id_r"
    )
    return [Likely(one, other, float(probability)) for one, other, probability in rows.fetchall()]


def _columns(connection: Any) -> set[str]:
    """Columns in which anything stands; an empty one teaches nothing."""
    names = (
        "first_name",
        "last_name",
        "email",
        "local_part",
        "phone",
        "company",
        "place",
        "street",
        "postal",
    )
    asked = "SELECT " + ", ".join(f"count({name})" for name in names) + " FROM contacts"
    (counts,) = connection.execute(asked).fetchall()
    return {name for name, count in zip(names, counts, strict=True) if count > 1}


def _settings(there: set[str]) -> Any:
    import splink.comparison_library as comparing
    from splink import SettingsCreator

    comparisons = {
        "first_name": comparing.NameComparison("first_name"),
        "last_name": comparing.NameComparison("last_name"),
        "email": comparing.EmailComparison("email"),
        "phone": comparing.ExactMatch("phone"),
        "company": comparing.JaroWinklerAtThresholds("company", [0.9]),
        "place": comparing.JaroWinklerAtThresholds("place", [0.9]),
        "street": comparing.JaroWinklerAtThresholds("street", [0.9]),
        "postal": comparing.ExactMatch("postal"),
    }
    blocks = [
        "l.email = r.email",
        "l.phone = r.phone",
        "l.local_part = r.local_part",
        "l.first_name = r.first_name AND l.last_name = r.last_name",
        "l.last_name = r.last_name AND l.company = r.company",
        "l.first_name = r.first_name AND l.company = r.company",
        "l.last_name = r.last_name AND l.place = r.place",
        "l.street = r.street AND l.postal = r.postal",
        "l.first_name = r.first_name AND l.postal = r.postal",
        "l.last_name = r.last_name AND l.street = r.street",
        "l.first_name = r.last_name AND l.last_name = r.first_name",
    ]
    usable: list[Any] = [block for block in blocks if _named(block) <= there]
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[one for name, one in comparisons.items() if name in there],
        blocking_rules_to_generate_predictions=usable,
    )


def _named(block: str) -> set[str]:
    return {word.partition(".")[2] for word in block.split() if "." in word}
