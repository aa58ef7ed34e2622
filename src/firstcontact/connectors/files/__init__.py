"""IO. Sources from files: mailboxes, calendars, call logs, JSON Lines."""
