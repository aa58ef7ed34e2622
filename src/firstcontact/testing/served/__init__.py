"""A CRM served over loopback HTTP by a process of its own, which can be told to have bad days.

`serve()` starts one and gives a `Served`: its `client()` is a `ServedCrm`, the contract over real HTTP, with
time limits and lost answers; at its `desk` a test moves the virtual clock on, lets searches lag, cuts answers
off, works in the CRM as a person does, and counts.
"""

from firstcontact.testing.served.client import ServedCrm as ServedCrm
from firstcontact.testing.served.process import Served as Served
from firstcontact.testing.served.process import serve as serve
from firstcontact.testing.served.wire import Habits as Habits
