"""Texts as vectors: near in meaning becomes near in space.

An embedder turns each text into a row of numbers of length 1. Two are here,
both offline and quick enough to run on the event loop:

- `HashingEmbedder` needs nothing but numpy. It counts the pieces of three to
  five letters in a text, each at a place given by its hash. It sees spelling:
  typos, plurals and word order hardly matter, but to it "cancel" and "stop"
  have nothing in common.
- `WordLlamaEmbedder` averages one learnt vector a token. It knows that
  "parcel" and "package" are near, and is about as quick.

When it does not help: both sum up *words*. Who does what to whom, "not", and a
number among many barely move the sum, so opposite questions lie close
together. That is why a semantic cache needs a second look (`checks.py`).

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

Matrix = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Anything that turns texts into vectors: these two, or a model server.

    `threshold` is the cosine from which two questions may mean the same: each
    embedder has its own scale.
    """

    width: int
    threshold: float

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text: float32, shape (n, width), each of length 1, or all
        zero where a text has nothing to go by.
        """


class HashingEmbedder:
    """Pieces of `shortest` to `longest` characters, hashed to `width`
    places.
    """

    threshold = 0.65

    def __init__(
        self, width: int = 1024, *, shortest: int = 3, longest: int = 5
    ) -> None:
        if width < 1 or not 1 <= shortest <= longest:
            raise ValueError("width >= 1 and 1 <= shortest <= longest")
        self.width = width
        self._sizes = range(shortest, longest + 1)

    def embed(self, texts: Sequence[str]) -> Matrix:
        counts = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            np.add.at(counts[row], list(self._places(text)), 1)
        # A piece said ten times is not ten times as important.
        return _unit_rows(np.log1p(counts))

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


class WordLlamaEmbedder:
    """The small language model of the package `wordllama`, loaded from the
    package's own folder: nothing is downloaded.

    Raises `ModuleNotFoundError` with the remedy where the package is missing.
    """

    threshold = 0.75

    def __init__(self) -> None:
        self._model = _load_wordllama()
        self.width = int(self._model.embedding.shape[1])

    def embed(self, texts: Sequence[str]) -> Matrix:
        # The tokenizer refuses half a surrogate pair; "?" stands in for it.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        rows = np.zeros((len(texts), self.width), np.float32)
        spoken = [i for i, text in enumerate(clean) if text.strip()]
        if spoken:
            rows[spoken] = self._model.embed([clean[i] for i in spoken])
        return _unit_rows(rows)


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


def _unit_rows(rows: Matrix) -> Matrix:
    """Each row divided by its length; zero rows stay zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: Matrix = (rows / lengths).astype(np.float32, copy=False)
    return unit
