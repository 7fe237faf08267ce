"""How similar pairs of texts are."""

from __future__ import annotations

from lab.cosines import cosines
from optimizations.caching.similar.embedding import HashingEmbedder
from optimizations.clock import run_virtual


def test_pairs_of_texts_have_a_cosine_each() -> None:
    pairs = [("my parcel", "my parcel"), ("my parcel", "toasters"), ("", "x")]
    same, other, none = run_virtual(cosines(HashingEmbedder(), pairs))
    assert same == 1
    assert other < 0.5
    assert none == 0
    assert run_virtual(cosines(HashingEmbedder(), [])) == []
