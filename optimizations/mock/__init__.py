"""The simulated model. In reading order:

- `profile` how fast, how many at once, how dear · `faults` what goes wrong and
  when · `answers` what it says
- `prefix` prompts known already · `generation` one answer in the making:
  prefill, then decode · `engine` what all of them share
- `ledger` the bill · `model` puts it together · `batch` many prompts in one
  call
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
