"""PURE. The worries that may lower how freely we act: one short module per family of rules."""
