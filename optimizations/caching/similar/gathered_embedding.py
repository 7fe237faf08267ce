"""Many look-ups, one call for their vectors.

The problem: a hundred questions at once are a hundred calls to an embedding
endpoint, each with its own round trip, and some with the same text. The idea:
a `Batcher` lets the first text wait a moment (`linger_seconds`) for company,
and then one call embeds all that came; the same text goes once.

A call that is refused for the content of one text is halved until that text
fails alone; any other error is everybody's, and nothing is asked twice.
Whoever leaves takes only their own texts along.

When it does not help: for embedders in this process. Theirs costs as much a
text together as alone, and the lingering is added.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from optimizations.batcher import Batcher, blames_content
from optimizations.caching.similar.embedding import Embedder, Matrix


class GatheredEmbedder(Embedder):
    """Asks `inner` for at most `max_texts` in one call, and has at most
    `max_running` calls on their way. While `max_waiting` texts wait, `embed`
    raises `Overloaded`.

    Closing it closes `inner`.
    """

    def __init__(
        self,
        inner: Embedder,
        *,
        max_texts: int = 64,
        linger_seconds: float = 0.002,
        max_running: int = 4,
        max_waiting: int = 1000,
    ) -> None:
        self.inner = inner
        self.width = inner.width
        self.threshold = inner.threshold
        self._max_texts = max_texts
        self._batcher = Batcher(
            self._embed_together,
            max_size=max_texts,
            linger_seconds=linger_seconds,
            max_running=max_running,
            max_waiting=max_waiting,
            is_poison=blames_content,
        )

    @property
    def calls(self) -> int:
        """Of `inner`, so far."""
        return self._batcher.batches

    @property
    def waiting(self) -> int:
        """Texts that wait for their vectors."""
        return self._batcher.pending

    async def embed(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), self.width), np.float32)
        for start in range(0, len(texts), self._max_texts):
            some = texts[start : start + self._max_texts]
            rows[start : start + len(some)] = await self._submit(some)
        return rows

    async def aclose(self) -> None:
        """End at once: whoever still waits gets an error."""
        await self._batcher.aclose()
        await self.inner.aclose()

    async def _submit(self, texts: Sequence[str]) -> list[Matrix]:
        """A row for each. At the first error the others are not waited for."""
        tasks = [
            asyncio.create_task(self._batcher.submit(text)) for text in texts
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _embed_together(
        self, texts: Sequence[str]
    ) -> list[Matrix | Exception]:
        """The batcher's handler: a row for each text, the same text once."""
        distinct = list(dict.fromkeys(texts))
        try:
            rows = await self.inner.embed(distinct)
        except Exception as error:
            if len(distinct) > 1:
                raise
            return [error] * len(texts)  # one text, whose halves are the same
        if rows.shape != (len(distinct), self.width):
            raise ValueError(f"{rows.shape} is not a vector for each")
        row_of = dict(zip(distinct, rows, strict=True))
        return [row_of[text] for text in texts]
