"""IO. What vendor connectors share."""
