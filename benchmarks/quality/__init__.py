"""Precision and recall on labelled sets, beside what existing libraries make of the same (`make quality`)."""
