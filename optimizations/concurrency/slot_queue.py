"""One queue and one alarm clock before a budget: each waiter sleeps once.

Whoever wants more than is there must wait until it is. To ask again and again
burns the processor; to wake all when something is there, so that one may take
it, burns it too. But *when* it will be there can be computed. So all wait in
one queue, an alarm is set for the slot of the first, and it wakes that one
alone. Nobody overtakes, or a stream of small requests would starve a big one.

What is taken is taken when the slot comes, not on arrival: with two buckets,
slots booked on arrival in one would bunch up behind a wait for the other, and
break its limit. So who leaves the queue leaves no gap, and what is given back
moves everybody forward.

When it does not help: the slot of one far behind is an estimate, a little too
early where one bucket overflows while the other is waited for. Its deadline is
therefore looked at twice: on arrival, and when it is first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from math import inf

from optimizations.clock import now
from optimizations.concurrency.token_bucket import Budget
from optimizations.errors import BadRequest, RateLimited

_CATCH_UP_SECONDS = 0.1
"""A busy loop rings the alarm late. So much lateness costs no throughput: the
slots stay where they were planned. Time lost beyond it stays lost.
"""

Turn = asyncio.Future[None]
Cost = tuple[float, ...]
Due = Callable[[], float]
"""Says until when a slot is of use, on the clock of `now()`. That may become
later while one waits, so it is asked each time.
"""


class SlotQueue:
    """One queue before a budget. `max_waiting` may wait, each at most
    `max_wait_seconds`; whoever could only wait longer is refused on arrival.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        max_waiting: int = 1000,
        max_wait_seconds: float = 60,
    ) -> None:
        if not (max_waiting >= 0 and 0 < max_wait_seconds < inf):
            raise ValueError(
                "max_waiting must be from 0, max_wait_seconds positive and "
                f"finite, not {max_waiting} and {max_wait_seconds}"
            )
        self.budget = budget
        self.admitted = self.refused = 0
        self._max_waiting = max_waiting
        self._max_wait_seconds = max_wait_seconds
        # first come first; each with its cost and its deadline
        self._queue: OrderedDict[Turn, tuple[Cost, Due]] = OrderedDict()
        self._queued = [0.0] * len(budget.buckets)  # the costs of all of them
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their slot."""
        return len(self._queue)

    async def acquire(self, *cost: float, due: Due = lambda: inf) -> None:
        """Wait for the slot of something that costs this much of each bucket.

        Raises `RateLimited` at once where the slot comes too late or too many
        wait, and `BadRequest` where there will never be one.
        """
        if self.try_acquire(*cost):
            return
        turn = self._line_up(cost, due)
        try:
            await turn
        except asyncio.CancelledError:
            self._leave(turn, cost)
            raise

    def try_acquire(self, *cost: float) -> bool:
        """Take now, or take nothing: for a retry, which must not wait, nor
        push past those who do.
        """
        at = now()
        ready_at = self.budget.ready_at(cost)
        if ready_at > at or self._queue:
            if ready_at == inf:
                raise self._impossible(cost)
            return False
        self._take(cost, at)
        return True

    def correct(self, *difference: float) -> None:
        """Book what was used beyond the reservation; what is negative is given
        back. Never waits, and may leave a debt.
        """
        self.budget.take(difference, now())
        self._serve()

    def _take(self, cost: Cost, at: float) -> None:
        self.budget.take(cost, at)
        self.admitted += 1

    def _line_up(self, cost: Cost, due: Due) -> Turn:
        """A place at the end of the queue, if its slot comes in time."""
        at = now()
        latest = at + self._max_wait_seconds
        with_those_ahead = list(map(sum, zip(self._queued, cost, strict=True)))
        slot = self.budget.earliest(with_those_ahead, at)
        full = len(self._queue) >= self._max_waiting
        if full or slot > min(latest, due()):
            raise self._refusal(slot - at)
        turn: Turn = asyncio.get_running_loop().create_future()
        self._queue[turn] = cost, lambda: min(latest, due())
        self._queued = with_those_ahead
        if len(self._queue) == 1:
            self._serve()
        return turn

    def _refusal(self, seconds: float) -> RateLimited:
        self.refused += 1
        return RateLimited(
            f"the budget has room in {seconds:.3g} s at the earliest",
            retry_after=seconds,
        )

    def _impossible(self, cost: Cost) -> BadRequest:
        most = _text(bucket.burst for bucket in self.budget.buckets)
        return BadRequest(
            f"costs {_text(cost)}, more than the budget ever holds: {most}"
        )

    def _serve(self, planned: float | None = None) -> None:
        """Admit from the front all whose slot has come; set the alarm for the
        next. The alarm itself says for when it was `planned`.
        """
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        since = clock = now()
        if planned is not None:
            since = max(planned, clock - _CATCH_UP_SECONDS)
        while self._queue:
            turn, (cost, due) = next(iter(self._queue.items()))
            slot, deadline = self.budget.ready_at(cost), due()
            # An alarm may ring a tick early: then `since` is its own time.
            if not turn.done() and max(clock, since) < slot <= deadline:
                self._alarm = turn.get_loop().call_at(slot, self._serve, slot)
                return
            self._forget(turn)
            if turn.done():
                continue  # cancelled, and not gone yet
            if slot > deadline:  # others used more than they had reserved
                turn.set_exception(self._refusal(slot - clock))
                continue
            self._take(cost, max(slot, since))
            turn.set_result(None)

    def _leave(self, turn: Turn, cost: Cost) -> None:
        """Give back the place in the queue, or the slot that came in the same
        moment as the cancellation.
        """
        if turn in self._queue:
            self._forget(turn)
            self._serve()
        elif not turn.cancelled() and turn.exception() is None:
            self.admitted -= 1
            self.correct(*(-amount for amount in cost))

    def _forget(self, turn: Turn) -> None:
        cost, _ = self._queue.pop(turn)
        self._queued = [
            queued - amount
            for queued, amount in zip(self._queued, cost, strict=True)
        ]


def _text(amounts: Iterable[float]) -> str:
    return " and ".join(f"{amount:.3g}" for amount in amounts)
