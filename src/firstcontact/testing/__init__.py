"""Shipped for connector authors and admins: conformance suite, fakes, the hostile wrapper, the scenario runner."""
