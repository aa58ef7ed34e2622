"""IO. Engine and migrations: SQLite by default, PostgreSQL for teams."""
