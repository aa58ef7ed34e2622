"""PURE. Who it was: ours and theirs, names, domains, candidates and how they resolve."""
