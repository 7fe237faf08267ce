"""What another machine's clock says, read now and then.

The problem: how old is an entry that another machine wrote? Two machines' own
clocks differ by anything; only a clock that both can read will do, such as
that of the server between them. To ask it each time would cost a round trip
each time. The idea: ask once, and note by how much it is ahead of `now()`. The
answer was read somewhere between asking and hearing, so the middle of the two
is wrong by half a round trip at most (Cristian, "Probabilistic clock
synchronization", 1989).

When it does not help: where milliseconds count. And a clock that is set anew
is believed only after `valid_seconds`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from optimizations.arguments import positive
from optimizations.clock import now


class RemoteClock:
    """Translates between `now()` and a clock that `read` asks for, in seconds;
    it is asked again after `valid_seconds`.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[float]],
        *,
        valid_seconds: float = 60.0,
    ) -> None:
        positive(valid_seconds=valid_seconds)
        self._read = read
        self._valid_seconds = valid_seconds
        self.error_seconds = 0.0  # what `ahead_seconds` may be wrong by
        self._ahead_seconds: float | None = None
        self._learn_again_at = 0.0

    def forget(self) -> None:
        """Another server may answer next: ask it before believing anything."""
        self._ahead_seconds = None

    async def ahead_seconds(self) -> float:
        """By how much it is ahead of `now()`. Raises what `read` raises."""
        known, asked_at = self._ahead_seconds, now()
        if known is not None:
            if asked_at < self._learn_again_at:
                return known
            # Whoever comes meanwhile takes what is known.
            self._learn_again_at = asked_at + self._valid_seconds
        said, heard_at = await self._read(), now()
        self._ahead_seconds = said - (asked_at + heard_at) / 2
        self.error_seconds = (heard_at - asked_at) / 2
        self._learn_again_at = heard_at + self._valid_seconds
        return self._ahead_seconds
