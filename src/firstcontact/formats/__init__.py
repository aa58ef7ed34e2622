"""PURE. Bytes to interactions: mail, iCalendar, vCard, so that a file, IMAP and an API share one reader."""
