"""PURE. What happened: calls, voicemails, texts, faxes, e-mails and meetings, and who took part.

The types are frozen and complete: an interaction is a fact, never edited, only superseded
(`merge`). Nothing here looks anything up, reads a clock or knows a CRM.
"""
