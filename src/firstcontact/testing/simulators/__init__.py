"""Vendors' APIs as ASGI applications, quirks included, for tests, trials and benchmarks.

A simulator shares no code with the connector of its vendor, so that one misreading is not made twice.
"""
