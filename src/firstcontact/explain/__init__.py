"""PURE. A decision and its trace as sentences, for CLI, web page and API alike."""
