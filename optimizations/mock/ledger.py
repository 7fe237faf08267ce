"""The provider's books: every token that it bills, under the request and the
idempotency key that caused it.

A caller's own counters show the answers that it got; the bill also has the
stream that was cut, the reader who left, and whatever a caller asked twice.
The ledger books those as *waste*, so that what an optimization really costs
can be asked. Asked again under the same idempotency key, the provider returns
its first answer and bills nothing.

When it does not help: it lives in memory and forgets its oldest keys, so it is
no bill to settle by. Not every real provider honours the key.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from optimizations.llm import Reply, Request, Usage
from optimizations.tokens import Price


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the books."""

    request_id: str
    tenant: str
    idempotency_key: str | None
    answered: bool  # False: waste
    usage: Usage
    nanodollars: int


class Ledger:
    """Totals that are exact, the newest `keep` entries, and the answers of the
    newest `keep` idempotency keys.
    """

    def __init__(self, price: Price, *, keep: int = 100_000) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.price = price
        self.entries: deque[Entry] = deque(maxlen=keep)
        self.answers = 0
        self.nanodollars = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        # completion tokens of answers that nobody got whole
        self.wasted_tokens = 0
        self.replayed = 0
        self._keep = keep
        self._replies: OrderedDict[tuple[str, str], Reply] = OrderedDict()
        self._claims: dict[tuple[str, str], asyncio.Event] = {}

    @property
    def dollars(self) -> float:
        """The bill so far."""
        return self.nanodollars / 1e9

    @asynccontextmanager
    async def claim(self, request: Request) -> AsyncIterator[Reply | None]:
        """Hold the request's idempotency key: yields the answer already billed
        under it, else None.

        Whoever comes with a key that another holds waits for that one to end;
        requests without a key never wait.
        """
        if request.idempotency_key is None:
            yield None
            return
        key = request.tenant, request.idempotency_key
        while (holder := self._claims.get(key)) is not None:
            await holder.wait()
        self._claims[key] = asyncio.Event()
        try:
            reply = self._replies.get(key)
            self.replayed += reply is not None
            yield reply
        finally:
            self._claims.pop(key).set()

    def book(
        self, request: Request, usage: Usage, reply: Reply | None
    ) -> None:
        """Bill these tokens: as the answer where there is a reply, else as
        waste.
        """
        cost = self.price.nanodollars(usage)
        answered = reply is not None
        entry = Entry(
            request.request_id,
            request.tenant,
            request.idempotency_key,
            answered,
            usage,
            cost,
        )
        self.entries.append(entry)
        self.nanodollars += cost
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        if reply is None:
            self.wasted_tokens += usage.completion_tokens
            return
        self.answers += 1
        if request.idempotency_key is not None:
            self._replies[request.tenant, request.idempotency_key] = reply
            if len(self._replies) > self._keep:
                self._replies.popitem(last=False)
