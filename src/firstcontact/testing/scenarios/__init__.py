"""Scenarios: behaviour that anyone can write down and run (`firstcontact check`).

`schema` reads and checks a file, `runner` plays a scenario against an in-memory CRM, `matching` compares
what is with what was expected.
"""
