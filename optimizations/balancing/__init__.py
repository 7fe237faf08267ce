"""Load balancing: several replicas answer as one model, and none is asked that
cannot answer. In reading order:

- `load` what a balancer knows of a replica · `policies` who is chosen ·
  `balanced` the layer
- `verdict` what an error says about a replica · `circuit_breaker` stop asking
  who keeps failing
- `retry` ask again, within a budget
"""

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.load import Load
from optimizations.balancing.policies import (
    AtRandom,
    LeastInFlight,
    PeakEwma,
    Policy,
    RoundRobin,
)
from optimizations.balancing.retry import Retry, RetryBudget

__all__ = [
    "AtRandom",
    "Balanced",
    "Breaker",
    "CircuitBreaker",
    "LeastInFlight",
    "Load",
    "PeakEwma",
    "Policy",
    "Retry",
    "RetryBudget",
    "RoundRobin",
]
