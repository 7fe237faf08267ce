"""Leave alone what has just failed.

The problem: a server that is down is asked by every request, and each pays for
a connection that fails or a wait that ends in nothing. The idea: after a
failure nobody asks for a while. Then one may, and its luck decides for all.

This is the smallest circuit breaker there is: one failure opens it. That suits
something one can do without, such as a cache.

When it does not help: for something that is needed, one failure says too
little; there, count them (a circuit breaker in full).
"""

from __future__ import annotations

from optimizations.arguments import positive
from optimizations.clock import now


class Cooldown:
    """After a failure nobody may ask for `seconds`, then one in each such
    period, until it has worked.
    """

    def __init__(self, seconds: float) -> None:
        positive(seconds=seconds)
        self.cooling = False
        self._seconds = seconds
        self._until = 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. Who may ask after a failure decides for all;
        if that attempt is cancelled, the next one does.
        """
        if not self.cooling:
            return True
        if now() < self._until:
            return False
        self._until = now() + self._seconds
        return True

    def failed(self) -> None:
        """Nobody asks from now on."""
        self.cooling = True
        self._until = now() + self._seconds

    def worked(self) -> None:
        """It is well again."""
        self.cooling = False
