"""Time and chance: the two things that make a run different each time, held in
one place.

Everything in this project waits with `asyncio.sleep` and reads `now()`. So a
whole program, unchanged, also runs on a *virtual clock*: an event loop that
starts at 0 and, when every task waits, jumps to the next timer instead of
waiting for it. Waiting costs nothing, so an hour of traffic takes as long as
the work that it makes, and the same seed gives the same result to the byte.

Chance comes from `chance(seed, request_id, ...)`: a generator keyed by *what
is decided*, never one stream that all tasks draw from, because then the order
in which tasks happen to run would change every result.

When it does not help: whatever waits on the outside world (a socket, a thread,
a child process) needs real time, and the virtual loop refuses it rather than
mix the two. The idea comes from trio's autojump clock and FoundationDB's
simulation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from math import inf, nextafter
from random import Random
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


def now() -> float:
    """Seconds on the running loop's clock, else on the monotonic one, which is
    that of every real loop. Only differences mean anything.
    """
    if not VirtualLoop.running:  # so often asked that one question counts
        return time.monotonic()
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()


def chance(*key: object) -> Random:
    """A generator for one decision: the same key gives the same draws,
    whatever else runs meanwhile, in every process.
    """
    return Random(repr(key))  # a text is hashed the same everywhere


class Deadlock(RuntimeError):
    """Every task waits and no timer is left: on a virtual clock nothing can
    ever happen again.
    """


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time jumps. Use it through `run_virtual`."""

    running = 0  # how many of them, in all threads

    def __init__(self) -> None:
        super().__init__()
        # Fixed, for the system's own differs: 1 ns here, 16 ms elsewhere.
        self._clock_resolution = 1e-9
        self._seconds = 0.0
        self._selector = self  # asked what happened outside: nothing does

    def run_forever(self) -> None:
        VirtualLoop.running += 1
        try:
            super().run_forever()
        finally:
            VirtualLoop.running -= 1

    def time(self) -> float:
        return self._seconds

    def block(self, seconds: float) -> None:
        """Lose time, as a call does that never awaits: what is due meanwhile
        comes late.
        """
        self._seconds += seconds

    def select(self, timeout: float | None) -> list[Any]:
        """Called once a turn with the seconds until the next timer: 0 if
        something is ready, None if there is none.
        """
        if self._ready or self._stopping:  # type: ignore[attr-defined]
            return []
        timers = self._scheduled  # type: ignore[attr-defined]
        if timeout is None or timers[0].when() == inf:
            raise Deadlock(
                "every task waits, and no timer is left that could wake one"
            )
        # At least 1 ns, and always a later moment, even after months, when
        # 1 ns is less than a float can tell: a wait too short to move the
        # clock would otherwise be re-checked for ever.
        self._seconds = max(
            self._seconds + max(timeout, 1e-9), nextafter(self._seconds, inf)
        )
        return []

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it here and now: a thread would live on another clock."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def create_connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            "the virtual clock has no sockets and no processes: "
            "what talks to the world runs on the real clock"
        )

    create_server = create_datagram_endpoint = create_connection
    create_unix_connection = create_unix_server = create_connection
    subprocess_exec = subprocess_shell = getaddrinfo = create_connection

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, on a virtual clock that starts at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
