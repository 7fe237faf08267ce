"""Rows of length 1, the same in every process, nearer for nearer texts."""

from __future__ import annotations

import builtins
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from optimizations.caching.embedding import (
    Embedder,
    HashingEmbedder,
    WordLlamaEmbedder,
)

llama = cache(WordLlamaEmbedder)

every_embedder = pytest.mark.parametrize(
    "make", [HashingEmbedder, llama], ids=["hashing", "wordllama"]
)
Make = Callable[[], Embedder]


@every_embedder
def test_each_row_has_length_one(make: Make) -> None:
    embedder = make()
    texts = ["Where is my parcel?", "a", "\ud800", "日本語", "x" * 5000]
    rows = embedder.embed(texts)
    assert rows.shape == (len(texts), embedder.width)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)


@every_embedder
def test_where_there_is_nothing_to_go_by_the_row_is_zero(make: Make) -> None:
    assert not make().embed(["", "  \n"]).any()
    assert make().embed([]).shape == (0, make().width)


@every_embedder
def test_a_text_has_the_same_row_alone_and_among_others(make: Make) -> None:
    embedder = make()
    texts = ["one question", "a much longer question about a parcel"]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-6)


@every_embedder
def test_a_typo_is_nearer_than_another_question(make: Make) -> None:
    embedder = make()
    asked, typo, other = embedder.embed(
        ["where is my parcel", "wheres my parcle", "do you sell toasters"]
    )
    assert asked @ typo > asked @ other + 0.2


def test_learnt_vectors_know_synonyms() -> None:
    asked, same, other = llama().embed(
        ["where is my parcel", "where is my package", "where is my toaster"]
    )
    assert asked @ same > asked @ other


def test_hashes_are_the_same_in_another_process() -> None:
    """`hash` of a text is seeded anew in each process; a cache shared by
    vectors would never hit.
    """
    code = (
        "from optimizations.caching.embedding import HashingEmbedder as H;"
        "print(H(64).embed(['where is my parcel']).tobytes().hex())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    here = HashingEmbedder(64).embed(["where is my parcel"])
    assert run.stdout.strip() == here.tobytes().hex()


def test_loading_wordllama_leaves_logging_as_it_was() -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    WordLlamaEmbedder()
    assert (root.level, list(root.handlers)) == before


def test_a_missing_package_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **rest: Any) -> Any:
        if name == "wordllama":
            raise ModuleNotFoundError(name)
        return real(name, *args, **rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="pip install wordllama"):
        WordLlamaEmbedder()


@pytest.mark.parametrize(
    "bad", [{"width": 0}, {"shortest": 0}, {"shortest": 4, "longest": 3}]
)
def test_bad_sizes_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        HashingEmbedder(**bad)
