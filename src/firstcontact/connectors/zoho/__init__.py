"""IO. Zoho CRM."""
