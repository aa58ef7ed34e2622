"""FirstContact keeps a team's CRM complete, and can say for every single person why."""

__version__ = "0.1.0"
