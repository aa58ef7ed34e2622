"""Guestbook, an invented CRM, as a plugin of FirstContact."""
