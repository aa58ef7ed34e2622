"""The address book's revisions, `0001_first.py` and on (`firstcontact.store.migrations`)."""
