"""IO. Salesforce."""
