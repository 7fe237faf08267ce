"""How similar pairs of texts are, for whoever looks at many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizations.caching.similar.embedding import Embedder
from optimizations.caching.similar.threshold import SCORE_DIGITS


async def cosines(
    embedder: Embedder, pairs: Sequence[tuple[str, str]]
) -> list[float]:
    """The cosine of the two texts of each pair. Rounded, or two questions of
    the same words would differ by a processor's own arithmetic.
    """
    firsts = await embedder.embed([first for first, _ in pairs])
    seconds = await embedder.embed([second for _, second in pairs])
    similar: list[float] = np.vecdot(firsts, seconds).tolist()
    return [round(cosine, SCORE_DIGITS) for cosine in similar]
