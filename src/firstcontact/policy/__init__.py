"""PURE. What we may do: settings, presets, the rules and `decide`."""
