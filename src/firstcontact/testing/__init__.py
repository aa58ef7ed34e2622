"""Shipped for connector authors and admins: conformance suite, fakes, hostile wrapper, scenario runner."""
