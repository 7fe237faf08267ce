"""A store that may fail and may be slow, and takes nobody along.

The problem: a cache is a convenience. A store that is down must not make the
chatbot fail, nor one that is slow make every reader wait. The idea: three
things around each use of it. It has a time limit. What goes wrong is counted,
and is a miss, or an answer not kept. And after it was late nobody asks it for
a second: else each request would wait for the time limit, one after the other.

Deleting is the exception: whoever deletes has to know whether it is gone, so
that raises, and is tried also while the store is left alone.

When it does not help: for a store that is needed. It hides failures from
everybody but the counters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from optimizations.arguments import positive
from optimizations.caching.cooldown import Cooldown
from optimizations.caching.store import Answer, Store
from optimizations.caching.time_limit import within
from optimizations.llm import Request

T = TypeVar("T")

_PAUSE_SECONDS = 1.0


class GuardedStore:
    """`store`, used for at most `seconds` at a time."""

    def __init__(self, store: Store, seconds: float) -> None:
        positive(store_seconds=seconds)
        self.failures = self.timeouts = 0
        self.store = store
        self._seconds = seconds
        self._cooldown = Cooldown(_PAUSE_SECONDS)

    async def find(self, request: Request) -> Answer | None:
        """None also where it failed, was late, or is left alone."""
        if not self._cooldown.may_ask():
            return None
        _, answer = await self._try(lambda: self.store.find(request))
        return answer

    async def keep(self, request: Request, answer: Answer) -> bool:
        """Whether the store took it without complaint."""
        if not self._cooldown.may_ask():
            return False
        worked, _ = await self._try(lambda: self.store.keep(request, answer))
        return worked

    async def delete(self, request: Request) -> Sequence[str]:
        """What the store returns. Raises what it raises, and `TimeoutError`:
        then the answer may still be there.
        """
        return await within(self._seconds, self.store.delete(request))

    async def _try(
        self, use: Callable[[], Awaitable[T]]
    ) -> tuple[bool, T | None]:
        """Whether it went well, and what came of it."""
        try:
            done = await within(self._seconds, use())
        except TimeoutError:
            self._cooldown.failed()
            self.timeouts += 1
        except Exception:  # whatever it is, the model can still answer
            self.failures += 1
        else:
            self._cooldown.worked()
            return True, done
        return False, None
