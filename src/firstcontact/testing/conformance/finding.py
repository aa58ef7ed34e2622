"""Clauses about looking: capabilities, users, find, read, accounts, matters, size."""

from __future__ import annotations

import msgspec

from firstcontact.connectors.contract import Capabilities, Crm, Gone, Moved, TryAgain
from firstcontact.testing.conformance.base import Base
from firstcontact.testing.conformance.clauses import proves
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle


class Finding(Base):
    """What a CRM says when it is asked."""

    @proves("CAPABILITIES-1")
    def test_capabilities_are_constant(self, crm: Crm) -> None:
        """Capabilities are the same at every asking, and survive being written down."""
        offered = crm.capabilities()
        assert crm.capabilities() == offered
        assert msgspec.json.decode(msgspec.json.encode(offered), type=Capabilities) == offered
        assert offered.kind
        assert offered.title

    @proves("USERS-1")
    def test_users_say_who_is_inactive(self, crm: Crm, hands: Hands) -> None:
        """All users are listed, and who is inactive is said to be; else the login's alone."""
        if not crm.capabilities().owners:
            assert [user.active for user in crm.users()] in ([], [True])
            return
        here = hands.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
        left = hands.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
        users = {user.id: user for user in crm.users()}
        assert users[here].active
        assert users[here].email == "ana@firm.example"
        assert not users[left].active

    @proves("FIND-1")
    def test_find_writes_nothing(self, crm: Crm, hands: Hands) -> None:
        """Looking for known and unknown handles leaves the CRM as it was."""
        hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
        before = (hands.dump(), crm.size())
        crm.find([handle(JO), handle("nobody@acme.example"), handle(JO_PHONE)])
        assert (hands.dump(), crm.size()) == before

    @proves("FIND-2")
    def test_all_candidates_are_returned(self, crm: Crm, hands: Hands) -> None:
        """Two contacts that bear one number are both returned."""
        if not self.asked(crm):
            return
        one = hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO_PHONE]})
        two = hands.add("contact", {"first_name": "Al", "last_name": "Diaz", "phones": [JO_PHONE]})
        assert {record.id for record in self.found(crm, JO_PHONE)} == {one, two}

    @proves("FIND-3")
    def test_a_failed_search_is_not_absent(self, crm: Crm, hands: Hands) -> None:
        """With the CRM's search down, handles are unknown, to be asked again, or found in another way."""
        if not self.asked(crm):
            return
        hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
        self.settle(crm)
        asked = [handle(JO), handle("nobody@acme.example")]
        with hands.broken_search():
            try:
                statuses = [finding.status for finding in crm.find(asked).values()]
            except TryAgain:
                statuses = ["unknown"] * 2
        assert statuses in (["unknown", "unknown"], ["found", "absent"])

    @proves("FIND-4")
    def test_every_handle_gets_an_answer(self, crm: Crm, hands: Hands) -> None:
        """The answer has exactly the keys asked for, each once, and none for no handle."""
        hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
        asked = [handle(JO), handle("nobody@acme.example"), handle(JO), handle("Jo+bills@acme.example")]
        assert set(crm.find(asked)) == {one.key for one in asked}
        assert crm.find([]) == {}

    @proves("FIND-5")
    def test_a_handle_of_nobody_is_absent(self, crm: Crm, hands: Hands) -> None:
        """A handle like another's is absent."""
        hands.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})
        assert self.found(crm, "jo@acme-group.example") == ()
        assert self.found(crm, "+14155550124") == ()

    @proves("FIND-6")
    def test_a_page_limit_hides_nobody(self, crm: Crm, hands: Hands) -> None:
        """With more bearers than a page holds, all are returned, or the answer is unknown."""
        if not self.asked(crm):
            return
        ids = {
            hands.add("contact", {"last_name": f"Diaz {n}", "phones": [JO_PHONE]}) for n in range(self.many)
        }
        self.settle(crm)
        finding = crm.find([handle(JO_PHONE)])[handle(JO_PHONE).key]
        assert finding.status == "unknown" or {record.id for record in finding.records} == ids

    @proves("FIND-7")
    def test_writing_does_not_hide_a_handle(self, crm: Crm, hands: Hands) -> None:
        """Fields written in another manner are found by the canonical handle, and the other way round."""
        if not self.asked(crm):
            return
        written = {
            "Jo.Diaz+News@ACME.example": "jo.diaz@acme.example",
            "(415) 555-0101": "+14155550101",
            "415.555.0102 (Jane's number)": "+14155550102",
            "+1 415 555 0103 ext. 12": "+14155550103",
        }
        for number, (field, canonical) in enumerate(written.items()):
            name = "emails" if "@" in field else "phones"
            id = hands.add("contact", {"last_name": f"Diaz {number}", name: [field]})
            assert [record.id for record in self.found(crm, canonical)] == [id], field
        hands.add("contact", {"last_name": "Roe", "emails": ["kim@acme.example"]})
        assert len(self.found(crm, "KIM+travel@Acme.example")) == 1

    @proves("FIND-8")
    def test_unreadable_fields_bear_nothing(self, crm: Crm, hands: Hands) -> None:
        """A contact with a withheld, a short and an overlong number is found by the good one alone."""
        if not self.asked(crm):
            return
        fields = ["anonymous", "101", "437-555-1234567", JO_PHONE]
        id = hands.add("contact", {"last_name": "Diaz", "phones": fields})
        (record,) = self.found(crm, JO_PHONE)
        assert record.id == id
        assert {one.key for one in record.handles} == {JO_PHONE}

    @proves("FIND-9")
    def test_extensions_are_kept_apart(self, crm: Crm, hands: Hands) -> None:
        """Two people behind one main number are both candidates, each with their own extension."""
        if not self.asked(crm):
            return
        for name, extension in (("Diaz", "12"), ("Roe", "34")):
            hands.add("contact", {"last_name": name, "phones": [f"{JO_PHONE} ext. {extension}"]})
        records = self.found(crm, JO_PHONE)
        extensions = {(one.last_name, handle.extension) for one in records for handle in one.handles}
        assert extensions == {("Diaz", "12"), ("Roe", "34")}

    @proves("FIND-10")
    def test_names_come_back_as_written(self, crm: Crm, hands: Hands) -> None:
        """Emoji, right-to-left and East Asian names are returned letter for letter."""
        if not self.asked(crm):
            return
        names = {
            "a@x.example": ("Zoë 🦊", "O’Neil-Ĳ"),
            "b@x.example": ("שרה", "לוי"),
            "c@x.example": ("", "王小明"),
        }
        for address, (first, last) in names.items():
            hands.add("contact", {"first_name": first, "last_name": last, "emails": [address]})
        for address, name in names.items():
            (record,) = self.found(crm, address)
            assert (record.first_name, record.last_name) == name

    @proves("FIND-11")
    def test_records_carry_their_handles(self, crm: Crm, hands: Hands) -> None:
        """A record that is returned carries the handles of all its fields, so that it can be verified."""
        if not self.asked(crm):
            return
        phones = ["(415) 555-0101", "415-555-0102 or 415-555-0103"]
        hands.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": phones})
        (record,) = self.found(crm, JO)
        assert {one.key for one in record.handles} == {JO, "+14155550101", "+14155550102", "+14155550103"}

    @proves("FIND-12")
    def test_leads_are_found_where_offered(self, crm: Crm, hands: Hands) -> None:
        """A lead is found by phone and e-mail, as a lead, exactly where the CRM offers leads."""
        if not self.asked(crm):
            return
        offered = crm.capabilities().leads
        if offered:
            hands.add("lead", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})
        contact = hands.add("contact", {"last_name": "Roe", "phones": [JO_PHONE]})
        by_phone = {(record.type, record.id) for record in self.found(crm, JO_PHONE)}
        assert ("contact", contact) in by_phone
        assert sorted(kind for kind, _ in by_phone) == (["contact", "lead"] if offered else ["contact"])
        assert [record.type for record in self.found(crm, JO)] == (["lead"] if offered else [])

    @proves("FIND-13")
    def test_every_field_is_searched(self, crm: Crm, hands: Hands) -> None:
        """The second address and the second number find the contact as well as the first."""
        if not self.asked(crm):
            return
        addresses, numbers = [JO, "jo@home.example"], ["+14155550101", "+14155550102"]
        id = hands.add("contact", {"last_name": "Diaz", "emails": addresses, "phones": numbers})
        for text in addresses + numbers:
            assert [record.id for record in self.found(crm, text)] == [id], text

    @proves("FIND-14")
    def test_many_handles_in_one_call(self, crm: Crm, hands: Hands) -> None:
        """Each of hundreds of handles gets its own answer."""
        if not self.asked(crm):
            return
        ids = {
            f"p{n}@acme.example": hands.add("contact", {"last_name": "P", "emails": [f"p{n}@acme.example"]})
            for n in range(0, 40)
        }
        self.settle(crm)
        asked = [handle(f"p{n}@acme.example") for n in range(700)]
        for key, finding in crm.find(asked).items():
            assert [record.id for record in finding.records] == ([ids[key]] if key in ids else []), key

    @proves("READ-1")
    def test_read_gives_a_contact_as_it_is(self, crm: Crm, hands: Hands) -> None:
        """Read gives a contact with what a person changed a moment ago."""
        if not self.asked(crm):
            return
        id = hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
        hands.edit("contact", id, {self.telling(crm): "CFO"})
        record = self.read_one(crm, id)
        assert (record.type, record.last_name) == ("contact", "Diaz")
        assert getattr(record, self.telling(crm)) == "CFO"

    @proves("READ-2")
    def test_read_knows_what_is_gone(self, crm: Crm, hands: Hands) -> None:
        """A deleted contact is gone, and so is an id that never was."""
        id = hands.add("contact", {"last_name": "Diaz"})
        hands.delete("contact", id)
        assert crm.read([id, "999999999"]) == {id: Gone(id), "999999999": Gone("999999999")}

    @proves("READ-3")
    def test_read_follows_a_merge(self, crm: Crm, hands: Hands) -> None:
        """A merged contact says into which one it went."""
        loser = hands.add("contact", {"last_name": "Diaz", "emails": [JO]})
        survivor = hands.add("contact", {"last_name": "Diaz"})
        hands.merge(loser, survivor)
        told = Moved(loser, survivor) if crm.capabilities().merges else Gone(loser)
        assert crm.read([loser])[loser] == told

    @proves("ACCOUNTS-1")
    def test_accounts_by_host(self, crm: Crm, hands: Hands) -> None:
        """The website's host and the other domains find the account, written however."""
        if not crm.capabilities().accounts:
            assert crm.accounts(["acme.example"], []) == ()
            return
        website = "HTTPS://www.Acme.example:443/en?x=1"
        id = hands.add("account", {"name": "Acme", "website": website, "domains": ["acme-group.example"]})
        for host in ("acme.example", "acme-group.example", "mail.acme.example"):
            assert [account.id for account in crm.accounts([host], [])] == [id], host
        (account,) = crm.accounts(["acme.example"], [])
        assert account.domains == ("acme.example", "acme-group.example")
        assert account.primary_domains == 1

    @proves("ACCOUNTS-2")
    def test_accounts_come_with_their_people(self, crm: Crm, hands: Hands) -> None:
        """Owner, team and opportunities, open and closed, with their roles, come along where offered."""
        offered = crm.capabilities()
        if not offered.accounts:
            assert crm.accounts([], [JO_PHONE]) == ()
            return
        ana, bo = [hands.add("user", {"id": user, "active": True}) for user in ("ana", "bo")]
        fields = {"name": "Acme", "website": "acme.example", "owner": ana, "team": [bo]}
        id = hands.add("account", fields)
        open_one = hands.add("opportunity", {"account": id, "name": "New", "open": True, "owner": bo})
        closed = hands.add("opportunity", {"account": id, "name": "Old", "open": False, "owner": ana})
        contact = hands.add("contact", {"last_name": "Diaz", "account": id})
        if offered.contact_roles:
            hands.add("contact_role", {"opportunity": open_one, "contact": contact})
        (account,) = crm.accounts(["acme.example"], [])
        assert (account.owner, account.team, account.contacts) == (ana, (bo,), 1)
        opportunities = {one.id: one for one in account.opportunities}
        assert opportunities[open_one].open
        assert not opportunities[closed].open
        assert opportunities[open_one].owner == bo
        assert opportunities[open_one].roles == ((contact,) if offered.contact_roles else ())

    @proves("ACCOUNTS-3")
    def test_other_accounts_stay_out(self, crm: Crm, hands: Hands) -> None:
        """An account without the host asked for is not returned, however alike its name is."""
        if crm.capabilities().accounts:
            hands.add("account", {"name": "Acme", "website": "acme.example", "phones": [JO_PHONE]})
        assert crm.accounts(["notacme.example", "example"], ["+14155550199"]) == ()
        assert crm.accounts([], []) == ()

    @proves("ACCOUNTS-4")
    def test_accounts_by_number(self, crm: Crm, hands: Hands) -> None:
        """An account is found by its own number, written however; none where accounts are not offered."""
        ids = []
        if crm.capabilities().accounts:
            ids = [hands.add("account", {"name": "Acme", "phones": ["(415) 555-0123"]})]
        assert [account.id for account in crm.accounts([], [JO_PHONE])] == ids

    @proves("MATTERS-1")
    def test_matters_of_a_contact(self, crm: Crm, hands: Hands) -> None:
        """A contact's matters come open and closed, nobody else's do; none where they are not offered."""
        contact = hands.add("contact", {"last_name": "Diaz"})
        if not crm.capabilities().matters:
            assert crm.matters([contact]) == ()
            return
        other = hands.add("contact", {"last_name": "Roe"})
        fields = {"contact": contact, "name": "Diaz v. Roe", "opened_at": "2026-01-01"}
        open_one = hands.add("matter", {**fields, "open": True})
        closed = hands.add("matter", {**fields, "open": False})
        hands.add("matter", {**fields, "contact": other, "open": True})
        matters = {matter.id: matter.open for matter in crm.matters([contact])}
        assert matters == {open_one: True, closed: False}

    @proves("SIZE-1")
    def test_size_counts_contacts(self, crm: Crm, hands: Hands) -> None:
        """Size follows contacts that come and go, or says that it cannot tell."""
        assert crm.size() in (0, -1)
        ids = [hands.add("contact", {"last_name": f"Diaz {n}"}) for n in range(3)]
        if crm.capabilities().leads:
            hands.add("lead", {"last_name": "Roe"})
        hands.delete("contact", ids[0])
        assert crm.size() in (2, -1)
