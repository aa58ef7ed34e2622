"""The contract of connectors as tests: an author subclasses `CrmConformance` and gives it two fixtures.

    class TestMyCrm(CrmConformance):
        @pytest.fixture
        def crm(self): ...        # an empty CRM behind the contract

        @pytest.fixture
        def hands(self, crm): ... # what people do in that CRM itself (`Hands`)

Every clause has an id and a test (`clauses.CLAUSES`). Differences between CRMs are their capabilities: a
clause says what holds with and without one, and nothing is skipped.
"""

from firstcontact.testing.conformance.clauses import CLAUSES as CLAUSES
from firstcontact.testing.conformance.clauses import proves as proves
from firstcontact.testing.conformance.hands import Hands as Hands
from firstcontact.testing.conformance.suite import CrmConformance as CrmConformance
