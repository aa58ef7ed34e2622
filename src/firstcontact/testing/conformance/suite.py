"""`CrmConformance`: all clauses for a CRM, in one class to subclass."""

from __future__ import annotations

from firstcontact.testing.conformance.changing import Changing
from firstcontact.testing.conformance.finding import Finding


class CrmConformance(Finding, Changing):
    """Every clause of the contract for CRMs (`clauses.CLAUSES`)."""
