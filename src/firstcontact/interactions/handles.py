"""Reading handles: text as a vendor or a person wrote it, to canonical e-mail addresses and numbers.

Filled by the reading functions below; see SPEC §1 "Handles".
"""

from __future__ import annotations
