"""IO. Microsoft Dynamics 365."""
