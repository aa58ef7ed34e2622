"""IO. Engine and migrations: SQLite by default, PostgreSQL for teams.

`engine.open_engine`, `engine.begin`, `engine.read`; `columns` for tables that both databases accept;
`migrations.History`, `migrate` and `check`; `problems.StoreProblem` for everything a person must hear.
"""
