"""Duplicates: what is merged by itself, and what is suggested, beside a linker without a rule of ours.

Each set is read as contacts of a CRM (SPEC §9), as far as a CRM has such fields: a date of birth, which the
linker alone is given, is none of them.
"""

from __future__ import annotations

import csv
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.quality.sections import Score, Section, shown
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.flow import linker
from firstcontact.identity.duplicates import alike, counts_nothing
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.planning.merges import MOST, one_person

Pairs = frozenset[frozenset[str]]
Row = Mapping[str, str]

LEAST_RECALL = 0.30
"""Of the pairs of `fake_1000` that are one person, at least so many are merged by themselves."""


class Labelled(msgspec.Struct, frozen=True):
    """A set: its contacts, which of them are one person, and the columns as they are in the file."""

    name: str
    records: tuple[Record, ...]
    persons: Mapping[str, str]
    rows: tuple[dict[str, str], ...]

    @property
    def same(self) -> Pairs:
        """Pairs that are one person."""
        by_person: dict[str, list[str]] = defaultdict(list)
        for id, person in self.persons.items():
            by_person[person].append(id)
        return frozenset(
            frozenset(pair) for ids in by_person.values() for pair in combinations(sorted(ids), 2)
        )


# --- the sets ------------------------------------------------------------------------------------------


def _contact(
    id: str,
    region: str,
    *,
    first: str = "",
    last: str = "",
    email: str = "",
    phone: str = "",
    account: str = "",
    city: str = "",
    street: str = "",
    postal_code: str = "",
) -> Record:
    emails, phones = ((email,) if email else ()), ((phone,) if phone else ())
    return Record(
        type="contact", id=id, name=f"{first} {last}".strip(), first_name=first, last_name=last,
        emails=emails, phones=phones, handles=read_fields(emails, phones, region)[0], account=account,
        mailing=MailingAddress(street=street, city=city, postal_code=postal_code) if city or street else None,
        created_by_us=True,
    )  # fmt: skip


def _fake(row: Row, id: str) -> tuple[Record, str]:
    fields = {"first": row["first_name"], "last": row["surname"], "email": row["email"], "city": row["city"]}
    return _contact(id, "GB", **fields), row["cluster"]


def _febrl(row: Row, id: str) -> tuple[Record, str]:
    fields = {
        "first": row["given_name"], "last": row["surname"], "city": row["suburb"],
        "street": f"{row['street_number']} {row['address_1']}".strip(), "postal_code": row["postcode"],
    }  # fmt: skip
    person = row["rec_id"].split("-")[1] if "-" in row["rec_id"] else row["rec_id"][:-1] or "0"
    return _contact(id, "AU", phone=row.get("phone_number", ""), **fields), person


def _rldata(row: Row, id: str) -> tuple[Record, str]:
    given = [row[name] for name in ("fname_c1", "fname_c2") if row[name] != "NA"]
    family = [row[name] for name in ("lname_c1", "lname_c2") if row[name] != "NA"]
    return _contact(id, "DE", first=" ".join(given), last=" ".join(family)), row["ent_id"]


def _restaurant(row: Row, id: str) -> tuple[Record, str]:
    fields = {"last": row["name"], "phone": row["phone"], "city": row["city"], "street": row["addr"]}
    return _contact(id, "US", **fields), row["class"]


def _chicago(row: Row, id: str) -> tuple[Record, str]:
    phone = f"312 {row['Phone']}" if len(row["Phone"]) == 7 else row["Phone"]
    fields = {
        "last": row["Site name"].strip(), "email": row["Email Address"], "account": row["Agency"],
        "street": row["Address"].strip(), "postal_code": row["Zip"],
    }  # fmt: skip
    return _contact(id, "US", phone=phone, **fields), row["True Id"]


_SETS: dict[str, tuple[str, Callable[[Row, str], tuple[Record, str]]]] = {
    "fake_1000": ("splink/fake_1000.csv", _fake),
    "febrl 1": ("febrl/dataset1.csv", _febrl),
    "febrl 2": ("febrl/dataset2.csv", _febrl),
    "febrl C, with phones": ("febrl_phone/dataset_C_10000.csv", _febrl),
    "RLdata500": ("rldata/RLdata500.csv", _rldata),
    "restaurants": ("restaurant_phone/restaurant.csv", _restaurant),
    "Chicago": ("dedupe_chicago/input_with_true_ids.csv", _chicago),
}
_TRUTH = frozenset({"cluster", "rec_id", "ent_id", "class", "True Id", "Id", "unique_id", "blocking_number"})


def labelled(data: Path) -> Iterable[Labelled]:
    """Every labelled set of `data/entity_resolution`, read."""
    for name, (file, read) in _SETS.items():
        with (data / "entity_resolution" / file).open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened, skipinitialspace=True))
        records, persons, told = [], {}, []
        for number, row in enumerate(rows):
            id = f"{number:05}"
            record, persons[id] = read(row, id)
            records.append(record)
            given = {key: value for key, value in row.items() if key and value and key not in _TRUTH}
            told.append({**given, "unique_id": id})
        yield Labelled(name, tuple(records), persons, tuple(told))


# --- ours ----------------------------------------------------------------------------------------------


def merged(records: Iterable[Record]) -> Pairs:
    """Pairs that would be merged by themselves, if all were ours and untouched."""
    return frozenset(
        frozenset(pair)
        for group in _hanging_together(records)
        for person in one_person(group)
        for pair in combinations(sorted(record.id for record in person), 2)
    )


def _hanging_together(records: Iterable[Record]) -> list[list[Record]]:
    """Records that are duplicates of one another, directly or by way of others."""
    by_id = {record.id: record for record in records}
    root = {id: id for id in by_id}

    def found(id: str) -> str:
        while root[id] != id:
            id = root[id]
        return id

    for group in _sharing(by_id.values()):
        for one, other in combinations(group, 2):
            if alike(one, other).duplicates:
                root[found(one.id)] = found(other.id)
    groups: dict[str, list[Record]] = defaultdict(list)
    for id, record in by_id.items():
        groups[found(id)].append(record)
    return [group for group in groups.values() if len(group) > 1]


def _sharing(records: Iterable[Record]) -> Iterable[list[Record]]:
    by_handle: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for key in {handle.key for handle in record.handles}:
            if not ("@" in key and counts_nothing(key)):
                by_handle[key].append(record)
    return (group for group in by_handle.values() if 1 < len(group) <= MOST)


def suggested(records: Iterable[Record]) -> Pairs:
    """Pairs that a person would be shown: what is weaker by our rules, and what the linker adds of its own
    where the names are not two people's."""
    by_id = {record.id: record for record in records}
    weaker = {
        frozenset((one.id, other.id))
        for group in _sharing(by_id.values())
        for one, other in combinations(group, 2)
        if alike(one, other).suggested
    }
    for pair in linker.likely(by_id.values()):
        likeness = alike(by_id[pair.one], by_id[pair.other])
        if not {"names_differ", "given_names_differ"} & set(likeness.against):
            weaker.add(frozenset((pair.one, pair.other)))
    return frozenset(weaker)


# --- the linker by itself ------------------------------------------------------------------------------


def untuned(rows: Iterable[dict[str, str]]) -> Pairs:
    """What splink says of the file's own columns, as its first steps have it: names compared as names, the
    rest as equal or not, blocked by each two columns that stand side by side; probability .9 and more."""
    import duckdb
    import pyarrow as pa  # type: ignore[import-untyped]
    import splink.comparison_library as comparing
    from splink import Linker, SettingsCreator
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    rows = list(rows)
    filled = Counter(name for row in rows for name in row if name != "unique_id")
    names = [name for name, count in filled.most_common(8) if count > len(rows) / 10]
    columns = {name: f"c{number}" for number, name in enumerate(sorted(names))}
    table = pa.table(
        {
            "unique_id": [row["unique_id"] for row in rows],
            **{column: [row.get(name) for row in rows] for name, column in columns.items()},
        }
    )
    comparisons = [
        comparing.NameComparison(column)
        if "name" in name
        else comparing.EmailComparison(column)
        if "mail" in name.casefold()
        else comparing.ExactMatch(column)
        for name, column in columns.items()
    ]
    used = list(columns.values())
    rules: list[Any] = [
        f"l.{one} = r.{one} AND l.{other} = r.{other}" for one, other in combinations(used, 2)
    ]
    api = DuckDBAPI(duckdb.connect(":memory:"))
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=list(comparisons), blocking_rules_to_generate_predictions=rules
    )
    model = Linker(api.register(table), settings, log_level=logging.ERROR)
    model.training.estimate_probability_two_random_records_match(rules[:3], recall=0.7)
    model.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (rules[0], rules[-1]):
        try:
            model.training.estimate_parameters_using_expectation_maximisation(
                rule, record_sample_proportion=1.0
            )
        except Exception as error:  # nothing shares what the rule asks for
            if "EMTraining" not in type(error).__name__:
                raise
    found = model.inference.predict(threshold_match_probability=linker.LIKELY)
    query = f"SELECT unique_id_l, unique_id_r FROM {found.physical_name}"
    return frozenset(frozenset(pair) for pair in api._con.cursor().execute(query).fetchall())


# --- the section ---------------------------------------------------------------------------------------


def score(said: Pairs, so: Pairs) -> Score:
    """Of the pairs said, which are so."""
    return Score(len(said & so), len(said), len(so))


def measure(data: Path) -> Section:
    """What is merged, what is found at all, and what the linker finds by itself, on every set."""
    rows: list[tuple[str, ...]] = [
        ("set", "contacts", "pairs", "merged", "wrong", "recall", "found: precision", "recall",
         "splink alone: precision", "recall"),
    ]  # fmt: skip
    wrong = 0
    floors: list[tuple[str, float, float]] = []
    for each in labelled(data):
        so = each.same
        by_itself = merged(each.records)
        ours = score(by_itself, so)
        found = score(by_itself | suggested(each.records), so)
        theirs = score(untuned(each.rows), so)
        wrong += ours.said - ours.right
        rows.append(
            (each.name, f"{len(each.records):,}", f"{len(so):,}", f"{ours.said:,}",
             f"{ours.said - ours.right}", shown(ours.recall), shown(found.precision), shown(found.recall),
             shown(theirs.precision), shown(theirs.recall))
        )  # fmt: skip
        if each.name == "fake_1000":
            floors.append(("pairs of fake_1000 merged by themselves", ours.recall, LEAST_RECALL))
    floors.append(("no wrong merge on any set", float(wrong == 0), 1.0))
    text = (
        "Pairs of contacts that are one person. *Merged*: by itself, by an address and a compatible name, or "
        "by a number, a last name and an account; a set without addresses or accounts has none. *Found*: "
        "merged, or suggested to a person by our rules and the linker of the extra `duplicates`. *splink "
        "alone*: the same linker on the file's own columns, dates of birth and street addresses among them, "
        "as its first steps have it."
    )
    return Section("Duplicates", text, [rows], floors)
