"""IO. What an installation is seen to do: logs, metrics, and whether it is healthy. It decides nothing."""
