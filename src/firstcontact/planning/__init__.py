"""PURE. What to write: `Write`, `write_key` and `plan`."""
