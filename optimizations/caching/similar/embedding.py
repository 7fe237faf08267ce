"""Texts as vectors: near in meaning becomes near in space.

An embedder turns each text into a row of numbers of length 1. Two are here,
both offline and quick enough to run on the event loop:

- `HashingEmbedder` needs nothing but numpy. It counts the pieces of three to
  five letters in a text, each at a place given by its hash. It sees spelling:
  typos, plurals and word order hardly matter, but to it "cancel" and "stop"
  have nothing in common.
- `WordLlamaEmbedder` averages one learnt vector a token. It knows that
  "parcel" and "package" are near, and is about as quick.

A model behind a network knows more and takes longer: `endpoint_embedding.py`.

When it does not help: both sum up *words*. Who does what to whom, "not", and a
number among many barely move the sum, so opposite questions lie close
together. That is why a semantic cache needs a second check
(`checks.py`).

Hashed features: Weinberger and others, 2009. WordLlama: the token embeddings
of a large language model, distilled.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from optimizations.arguments import whole

Matrix = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Anything that turns texts into vectors: these two, or a model server.

    `threshold` is the cosine from which two questions may mean the same: each
    embedder has its own scale. One that never waits may say so, and is spared
    the timer.
    """

    width: int
    threshold: float
    waits: bool = True

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text: float32, shape (n, width), each of length 1, or all
        zero where a text has nothing to go by.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and the like; of these two, nothing."""
        return


class HashingEmbedder(Embedder):
    """Pieces of `shortest` to `longest` characters, hashed to `width`
    places.
    """

    threshold = 0.65
    waits = False

    def __init__(
        self, width: int = 1024, *, shortest: int = 3, longest: int = 5
    ) -> None:
        whole(width=width, shortest=shortest, longest=longest)
        if width < 1 or not 1 <= shortest <= longest:
            raise ValueError("width >= 1 and 1 <= shortest <= longest")
        self.width = width
        self._sizes = range(shortest, longest + 1)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        counts = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            np.add.at(counts[row], list(self._places(text)), 1)
        # A piece said ten times is not ten times as important.
        return unit_rows(np.log1p(counts))

    def _places(self, text: str) -> Iterator[int]:
        """Where each piece is counted. `crc32`, because `hash` differs from
        one process to the next.
        """
        for word in text.lower().split():
            data = f" {word.strip('.,;:!?')} "
            for size in self._sizes:
                for start in range(len(data) - size + 1):
                    piece = data[start : start + size]
                    data_bytes = piece.encode("utf-8", "surrogatepass")
                    yield zlib.crc32(data_bytes) % self.width


class WordLlamaEmbedder(Embedder):
    """The small language model of the package `wordllama`, loaded from the
    package's own folder: nothing is downloaded.

    Raises `ModuleNotFoundError` with the remedy where the package is missing.
    """

    threshold = 0.75
    waits = False

    def __init__(self) -> None:
        model = _load_wordllama()
        self._tokenizer = model.tokenizer
        self._tokenizer.no_padding()
        self._vectors: Matrix = model.embedding  # of tokens
        self.width = self._vectors.shape[1]

    async def embed(self, texts: Sequence[str]) -> Matrix:
        return self.vectors(texts)

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """As `embed`, for whoever does not wait."""
        clean = [_calm(text) for text in texts]
        rows = np.zeros((len(texts), self.width), np.float32)
        # What the package's own `embed` does too, in four times as long: it
        # wakes threads for a batch, be it of one.
        for row, text in zip(rows, clean, strict=True):
            tokens = self._tokenizer.encode(text, add_special_tokens=False)
            if tokens.ids and not text.isspace():
                vectors = self._vectors.take(tokens.ids, axis=0, mode="clip")
                row[:] = vectors.mean(axis=0)
        return unit_rows(rows)


def _calm(text: str) -> str:
    """Single spaces, and not all in capitals, whose tokens are others. The
    tokenizer refuses half a surrogate pair; "?" stands in for it.
    """
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text.lower() if text.isupper() else text


def _load_wordllama() -> Any:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        import wordllama
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "semantic caching by WordLlama needs `pip install wordllama`; "
            "HashingEmbedder works without it"
        ) from error
    finally:
        # Its import sets up logging for the whole program: undo that.
        root.setLevel(level)
        root.handlers[:] = handlers
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)


def unit_rows(rows: Matrix) -> Matrix:
    """Each row divided by its length; zero rows stay zero."""
    lengths = np.sqrt(np.vecdot(rows, rows))[:, np.newaxis]
    lengths[lengths == 0] = 1
    unit: Matrix = rows / lengths
    return unit
