"""IO. Lanes on several machines: Temporal wakes, times and retries; the work itself stays in the ledger.

The package `temporalio` (the extra `temporal`) is imported by `workflows`, `activities`, `client` and
`worker` alone, and these by nobody at start: `engine` is the door.
"""
