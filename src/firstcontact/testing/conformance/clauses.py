"""The clauses of the contract for CRMs, by id; each is proved by exactly one test of the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "CAPABILITIES-1": "capabilities are the same at every asking, and survive being written down",
        "USERS-1": "all users are listed, and who is inactive is said to be; without owners, the "
        "login's own at most",
        "FIND-1": "find writes nothing",
        "FIND-2": "find returns all candidates: every contact bearing the handle",
        "FIND-3": "a search that fails says unknown or TryAgain, or is got around; never absent",
        "FIND-4": "find answers every handle asked for and no other, and nothing at all for nothing",
        "FIND-5": "a handle that nobody bears is absent",
        "FIND-6": "more bearers than a page holds are all returned, or the answer is unknown",
        "FIND-7": "upper case, a +tag, national writing, words and an extension do not hide a handle",
        "FIND-8": "a withheld or unreadable number on a record bears no handle and breaks nothing",
        "FIND-9": "two extensions of one number are both candidates, their extensions kept apart",
        "FIND-10": "emoji and right-to-left names come back as they were written",
        "FIND-11": "a returned record carries the handles of all its fields",
        "FIND-12": "leads are found exactly where the CRM offers leads",
        "FIND-13": "every phone-typed and e-mail-typed field is searched, not only the first",
        "FIND-14": "hundreds of handles in one call get each its own answer",
        "READ-1": "read gives a contact as it is now",
        "READ-2": "read says that a deleted record, or one that never was, is gone",
        "READ-3": "read says into which record a merged one went; where that is not told, it is gone",
        "ACCOUNTS-1": "accounts are found by the host of their website and by their other domains, the "
        "website's first; none where accounts are not offered",
        "ACCOUNTS-2": "an account comes with its owner, team, opportunities and their roles",
        "ACCOUNTS-3": "an account that has none of the hosts or numbers asked for is not returned",
        "ACCOUNTS-4": "accounts are found by a number of theirs",
        "MATTERS-1": "a contact's matters come open and closed; none where matters are not offered",
        "APPLY-1": "a repeated write key makes no second record; where the CRM cannot promise that, who "
        "looks for the first one finds it",
        "APPLY-2": "each write has one outcome, in order, and a refused one spoils no other",
        "APPLY-3": "a created contact has the fields given, as far as the CRM offers them",
        "APPLY-4": "an update adds addresses and numbers and sets what is given; the rest stays",
        "APPLY-5": "a placeholder that gets a real name is a placeholder no more",
        "APPLY-6": "an update of a deleted record is Rejected, and brings nothing back",
        "APPLY-7": "an update of a merged record is answered MovedTo, naming the survivor; where that is not "
        "told, Rejected",
        "APPLY-8": "an activity keeps its interaction, people, user, time and length; a kind that it "
        "does not log raises NotOffered",
        "APPLY-9": "an activity is updated in place, and answers to every interaction it was given",
        "APPLY-10": "a deleted activity is gone, and deleting it again is no error",
        "APPLY-11": "an activity without a contact is Rejected exactly where the CRM needs one",
        "APPLY-12": "what the CRM does not offer raises NotOffered and writes nothing",
        "APPLY-13": "a contact has one role on an opportunity, however often it is written",
        "APPLY-14": "time entries and files go onto their activity where they are offered",
        "APPLY-15": "the latest activity of a contact is never moved backwards, where it is told",
        "APPLY-16": "a created contact is read and known as written at once, and found once search caught up",
        "APPLY-17": "threads creating at once get each their own record, and one key still makes one",
        "APPLY-18": "a time an hour ahead or behind is kept as given and hides nothing from the change feed",
        "APPLY-19": "after an answer that was lost the record can be found, and there is one of it",
        "APPLY-20": "a created account is found by its domain",
        "APPLY-21": "any text is taken or Rejected: emoji, right-to-left, NUL, half a surrogate pair",
        "APPLY-22": "an update of an activity touches the fields it names as changed and no other",
        "APPLY-23": "a new contact and an update take every field that the CRM offers, and read tells it",
        "APPLY-24": "an update empties the fields it names as changed, takes addresses and numbers off, and "
        "makes another address the main one; the rest stays",
        "APPLY-25": "merging a contact moves its activities, matters and roles, fills the survivor's blanks "
        "and takes the contact away; merging it again is no error",
        "APPLY-26": "a contact of ours is deleted unless a person has edited it; one of a person's never",
        "APPLY-27": "a contact role is taken away, and taking it away again is no error",
        "APPLY-28": "an activity that a person has edited is not deleted, where the CRM tells that",
        "WRITTEN-1": "written knows the receipt of every write carried out; nothing where it is not offered",
        "WRITTEN-2": "written does not know keys that never came, nor those of refused writes",
        "CHANGES-1": "our own writes appear in the change feed",
        "CHANGES-2": "pages of the change feed leave out nothing, whatever lies across their boundary",
        "CHANGES-3": "a deleted record appears as gone; where that is not told, in no page read anew",
        "CHANGES-4": "behind the last change there is nothing, and the cursor holds still",
        "CHANGES-5": "what a person edited appears, marked as edited by a person",
        "CHANGES-6": "accounts appear in the feed exactly where they are offered",
        "SIZE-1": "size counts the contacts, or says -1",
    }
)

Test = TypeVar("Test", bound=Callable[..., Any])


def proves(clause: str) -> Callable[[Test], Test]:
    """Marks the test of a clause. Raises KeyError for an id that is no clause."""
    CLAUSES[clause]

    def mark(test: Test) -> Test:
        test.proves = clause  # type: ignore[attr-defined]
        return test

    return mark


def proofs(suite: type) -> dict[str, list[str]]:
    """The suite's test methods by the clause they prove; "" for those that prove none."""
    found: dict[str, list[str]] = {}
    for name in dir(suite):
        if name.startswith("test_"):
            found.setdefault(getattr(getattr(suite, name), "proves", ""), []).append(name)
    return found
