"""The recommended onion: every optimization in its place, and why there.

Each layer works alone. Together their order decides what they are worth: a
limiter outside the cache makes hits wait; a breaker outside the timeouts never
hears of a silent replica. `ORDER` gives the reason for each arrow, outermost
first, and `tests/test_stack.py` shows for each what the other order loses.

Take it as it is, or copy it and leave out what you do not need: a layer that
is not there costs nothing, and the order of the others stays right. A replica
may itself be an onion; a `Batched` model or one with a `ConcurrencyLimit`
belongs there, innermost.

When it does not help: one replica, little traffic, no repeated questions. Then
`Deadline`, `Retry` and `Timeouts` are all of it that matters. Finagle keeps
its own order in the same way, with the reasons beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from optimizations.arguments import positive
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import PeakEwma
from optimizations.balancing.retry import Retry
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.freshness import Freshness
from optimizations.caching.lease import Leases
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore, Store, answer_bytes
from optimizations.caching.time_limit import STORE_SECONDS
from optimizations.clock import chance
from optimizations.concurrency.rate_limiter import RateLimit, RateLimiter
from optimizations.llm import LLM
from optimizations.monitoring.record import Monitored, Sink
from optimizations.streaming.deadline import Deadline
from optimizations.streaming.timeouts import Timeouts
from optimizations.tokens import Price


@dataclass(frozen=True, slots=True)
class Arrow:
    """One layer around the next, and why not the other way round."""

    outer: str
    inner: str
    reason: str


ORDER = (
    Arrow(
        "Monitored",
        "Deadline",
        "What users see is measured: a missed deadline is one, not a reader "
        "who left.",
    ),
    Arrow(
        "Deadline",
        "Cached",
        "The budget covers every wait, that for a slow store included.",
    ),
    Arrow(
        "Cached",
        "Cached",
        "Exact before semantic: the same words again need no embedding.",
    ),
    Arrow(
        "Cached",
        "SingleFlight",
        "A hit pays for no task; only those who miss need company.",
    ),
    Arrow(
        "SingleFlight",
        "SharedFlight",
        "Of each process one request waits for another process, not all.",
    ),
    Arrow(
        "SharedFlight",
        "CacheFill",
        "Once the lease ends the answer is stored, so who waited finds it.",
    ),
    Arrow(
        "CacheFill",
        "RateLimit",
        "Unused tokens come back before the answer is stored, however slow "
        "the store is.",
    ),
    Arrow(
        "RateLimit",
        "Retry",
        "A request queues once; a further attempt pays at once or is dropped.",
    ),
    Arrow(
        "Retry",
        "Balanced",
        "A second attempt reaches another replica.",
    ),
    Arrow(
        "Balanced",
        "Breaker",
        "Each replica has its own breaker, so one that is ill closes nothing "
        "but itself.",
    ),
    Arrow(
        "Breaker",
        "Timeouts",
        "A replica that falls silent counts as failing; its timeout outside "
        "would look like a caller who left.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The few numbers that a service has to choose; each layer checks its
    own.
    """

    deadline_seconds: float = 60.0  # for a whole request, waits included
    requests_per_minute: float = 500.0  # what the provider allows us
    tokens_per_minute: float = inf
    attempts: int = 3  # at most, the first included
    first_token_seconds: float = 15.0  # for one attempt
    next_token_seconds: float = 10.0
    fresh_seconds: float = 3600.0  # so long an answer may be repeated
    stale_seconds: float = 600.0  # more, while it is asked anew
    store_seconds: float = STORE_SECONDS  # for one look-up; embedding counts
    # of every draw: jitter, lots; in a fleet, each process needs its own
    seed: int = 0


def stack(
    replicas: Sequence[LLM],
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    semantic: Store | None = None,
    leases: Leases | None = None,
    sinks: Sequence[Sink] = (),
    price: Price | None = None,
) -> LLM:
    """The whole onion around `replicas`. Closing it closes all of it.

    Answers are kept in `store`, by default in memory, and renewed early; a
    store of your own has to keep them as long as they may be served. A
    `semantic` store adds a second look-up; its answers may be as old, and no
    older. Where several processes share `store`, `leases` that they share too
    let one of them ask for all; `ValueError` without such a `store`. `sinks`
    get a record of each request, with its cost where there is a `price`.
    """
    if leases is not None and store is None:
        raise ValueError("leases need a store that the processes share")
    given = settings or Settings()
    exact = _memory(given) if store is None else store
    stores = [exact] if semantic is None else [exact, semantic]
    limiter = RateLimiter(
        requests_per_minute=given.requests_per_minute,
        tokens_per_minute=given.tokens_per_minute,
    )
    llm: LLM = Balanced(
        [_guarded(llm, n, given) for n, llm in enumerate(replicas)],
        PeakEwma(),
        rng=chance(given.seed, "balancer"),
    )
    llm = Retry(llm, given.attempts, afford=limiter.afford, seed=given.seed)
    llm = RateLimit(llm, limiter)
    llm = CacheFill(llm, *stores, store_seconds=given.store_seconds)
    if leases is not None:
        llm = SharedFlight(
            llm,
            exact,
            leases,
            store_seconds=given.store_seconds,
            seed=given.seed,
        )
    llm = SingleFlight(llm)
    freshness = Freshness(
        given.fresh_seconds, stale_seconds=given.stale_seconds, early=1.0
    )
    for each in reversed(stores):
        llm = Cached(
            llm,
            each,
            freshness=freshness,
            store_seconds=given.store_seconds,
            seed=given.seed,
        )
    llm = Deadline(llm, given.deadline_seconds)
    return Monitored(llm, sinks, price=price)


def _memory(given: Settings) -> MemoryStore:
    """Answers expire here when they may no longer be served."""
    positive(fresh_seconds=given.fresh_seconds)
    seconds = given.fresh_seconds + given.stale_seconds
    return MemoryStore(TTLCache(seconds, size_of=answer_bytes))


def _guarded(replica: LLM, number: int, given: Settings) -> Breaker:
    """What stands around each replica."""
    timed = Timeouts(
        replica,
        first_token_seconds=given.first_token_seconds,
        next_token_seconds=given.next_token_seconds,
    )
    rng = chance(given.seed, "breaker", number)
    return Breaker(timed, CircuitBreaker(rng=rng))
