"""Salesforce (Sales Cloud, REST) as an ASGI application: everything it does is said in apis A1."""

from __future__ import annotations

from firstcontact.testing.simulators.salesforce.simulator import SIMULATOR as SIMULATOR
