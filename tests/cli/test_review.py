"""`review`, `log`, `replay`: questions, answers, and what would have been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WEEK = Path(__file__).resolve().parents[2] / "examples" / "week"
MARISOL = "marisol_vega@gmail.com"


def test_one_person_is_asked_about_once(seen: Any) -> None:
    """Marisol is on two mails and the switchboard on one call: two questions, not three."""
    asked = seen.json("review")
    assert [(each["about"], len(each["interactions"])) for each in asked] == [
        (MARISOL, 2),
        ("+14155550140", 1),
    ]
    assert asked[1]["candidates"] == [
        {"id": "c2", "name": "Helen Marsh, Bayline Insurance"},
        {"id": "c3", "name": "Omar Said, Bayline Insurance"},
        {"id": "c4", "name": "Julie Tran, Bayline Insurance"},
    ]
    said = seen.done("review")
    assert said.out.count(f"{MARISOL} waits") == 1
    assert "2 questions." in said.out
    assert "gmail.com is a free-mail host" in said.out
    assert seen.json("status")["waiting"] == 2


def test_an_answer_settles_all_of_a_persons_questions(week: Any) -> None:
    """Created by whichever of the question's numbers, Marisol is one contact with both mails logged."""
    number = week.json("review")[0]["numbers"][1]
    said = week.done("review", "create", str(number), "--first", "Marisol", "--last", "Vega")
    assert "1 contact created" in said.out
    assert "1 question still open." in said.out
    (contact,) = week.json("contacts", "--search", "marisol")
    assert contact["name"] == "Marisol Vega"
    assert len(week.json("activities", "--contact", contact["id"])) == 2


def test_choosing_links_and_ignoring_leaves(week: Any) -> None:
    """The chosen candidate takes the call; the ignored person stays out, and nothing is asked again."""
    marisol, switchboard = week.json("review")
    week.done("review", "choose", str(switchboard["no"]), "c3")
    assert [each["kind"] for each in week.json("activities", "--contact", "c3")] == ["call"]
    said = week.done("review", "ignore", str(marisol["no"]))
    assert "No question is open any more." in said.out
    assert week.json("contacts", "--search", "marisol") == []
    assert week.done("review").out == "Nothing waits for you.\n"
    assert "settled" not in week.done("review").out


def test_by_hand_with_a_new_contact(week: Any) -> None:
    """A missed call is logged by hand on a contact made in the same step; the story names the user."""
    said = week.done(
        "log", "ringcentral-call-9100000011", "--user", "mia", "--first", "Ruth", "--last", "Calder"
    )
    assert "One contact was created." in said.out
    (contact,) = week.json("contacts", "--search", "calder")
    assert [each["kind"] for each in week.json("activities", "--contact", contact["id"])] == ["call"]
    assert "mia logged it by hand" in week.done("explain", "ringcentral-call-9100000011").all


def test_by_hand_on_a_chosen_contact_teaches_only_when_told(week: Any) -> None:
    """Without `--learn` the contact does not take the caller's number, with it it does."""
    call = ("log", "ringcentral-call-9100000011", "--user", "mia", "--contact", "c5")
    week.done(*call)
    assert "+14155550178" not in week.json("contacts", "--search", "peg")[0]["phones"]
    week.done(*call, "--learn")
    assert "+14155550178" in week.json("contacts", "--search", "peg")[0]["phones"]


def test_somebody_who_may_never_be_created_is_not_created_by_hand(week: Any) -> None:
    """A withheld number is refused, with the reason."""
    said = week("log", "ringcentral-call-9100000004", "--user", "mia", "--last", "Nobody")
    assert said.status == 2
    assert "no_usable_handle" in said.err


def test_a_replay_writes_nothing(week: Any) -> None:
    """Other settings are tried on what is stored; counts and lines agree, and the home is as it was."""
    before = week.done("export", "--json").out
    result = week.json("replay", "--with", WEEK / "app-connect.toml")
    assert len(result["differences"]) == result["summary"]["differences"] > 20
    assert result["summary"]["after"].get("create", 0) == 0
    now = result["summary"]["before"]["create"]
    assert f"would create 0 contacts (now {now})" in result["summary"]["would"]
    said = week.done("replay", "--with", WEEK / "app-connect.toml", "--examples", "3")
    assert f"3 of {result['summary']['differences']} shown" in said.out
    assert "Nothing was written." in said.out
    assert f"would create 0 contacts (now {now})" in said.out
    assert week.done("export", "--json").out == before


def test_a_replay_takes_a_file_that_says_only_what_differs(week: Any, tmp_path: Path) -> None:
    """One key in a file is enough to ask what it would change; with none, nothing differs."""
    file = tmp_path / "other.toml"
    file.write_text('[organisation]\nfree_mail = "create"\n')
    result = week.json("replay", "--with", file)
    assert {each["about"] for each in result["differences"]} == {"", MARISOL}
    file.write_text("")
    assert week.json("replay", "--with", file)["differences"] == []
    file.write_text('[organisation]\nfree_mial = "create"\n')
    said = week("replay", "--with", file)
    assert said.status == 2
    assert f"{file}:2" in said.err
