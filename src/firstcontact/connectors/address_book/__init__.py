"""IO. The built-in address book: a small CRM in one database file, behind the contract of every other."""
