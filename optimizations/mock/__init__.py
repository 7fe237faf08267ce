"""The simulated model: speed (`profile`), faults, bill (`ledger`), prefix
cache, one answer in the making (`generation`), many of them (`batch`), and the
model that puts them together.
"""

from optimizations.mock.faults import Fault, FaultSchedule
from optimizations.mock.ledger import Entry, Ledger
from optimizations.mock.model import MockModel
from optimizations.mock.profile import PROFILES, Profile

__all__ = [
    "PROFILES",
    "Entry",
    "Fault",
    "FaultSchedule",
    "Ledger",
    "MockModel",
    "Profile",
]
