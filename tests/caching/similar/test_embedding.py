"""Rows of length 1, the same in every process, nearer for nearer texts."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from optimizations.caching.similar.embedding import (
    Embedder,
    HashingEmbedder,
    Matrix,
    WordLlamaEmbedder,
)
from optimizations.clock import run_virtual

llama = cache(WordLlamaEmbedder)

every_embedder = pytest.mark.parametrize(
    "make", [HashingEmbedder, llama], ids=["hashing", "wordllama"]
)
Make = Callable[[], Embedder]


def embed(embedder: Embedder, texts: Sequence[str]) -> Matrix:
    return run_virtual(embedder.embed(texts))


@every_embedder
def test_each_row_has_length_one(make: Make) -> None:
    embedder = make()
    texts = ["Where is my parcel?", "a", "\ud800", "日本語", "x" * 5000]
    rows = embed(embedder, texts)
    assert rows.shape == (len(texts), embedder.width)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)


@every_embedder
def test_where_there_is_nothing_to_go_by_the_row_is_zero(make: Make) -> None:
    assert not embed(make(), ["", "  \n"]).any()
    assert embed(make(), []).shape == (0, make().width)


@every_embedder
def test_a_text_has_the_same_row_alone_and_among_others(make: Make) -> None:
    embedder = make()
    texts = ["one question", "a much longer question about a parcel"]
    together = embed(embedder, texts)
    alone = np.concatenate([embed(embedder, [text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-6)


@every_embedder
def test_a_typo_is_nearer_than_another_question(make: Make) -> None:
    embedder = make()
    asked, typo, other = embed(
        embedder,
        ["where is my parcel", "wheres my parcle", "do you sell toasters"],
    )
    assert asked @ typo > asked @ other + 0.2


def test_learnt_vectors_know_a_question_that_is_shouted() -> None:
    """In capitals its tokens were others, and it was found by none."""
    asked, *typed = embed(
        llama(),
        [
            "where is my parcel?",
            "WHERE IS MY PARCEL?",
            " where is\nmy  parcel?",
        ],
    )
    assert [float(asked @ row) for row in typed] == pytest.approx([1, 1])


def test_learnt_vectors_know_synonyms() -> None:
    asked, same, other = embed(
        llama(),
        ["where is my parcel", "where is my package", "where is my toaster"],
    )
    assert asked @ same > asked @ other


def test_wordllama_says_what_its_package_says() -> None:
    """It is asked for its parts, because that is several times as quick."""
    import wordllama

    model = wordllama.WordLlama.load(
        cache_dir=Path(wordllama.__file__).parent, disable_download=True
    )
    texts = ["Where is my parcel?", "a", "日本語 and 🙂", "x x" * 1500]
    theirs = model.embed(texts, norm=True)
    assert embed(llama(), texts) == pytest.approx(theirs, abs=1e-6)


def test_hashes_are_the_same_in_another_process() -> None:
    """`hash` of a text is seeded anew in each process; a cache shared by
    vectors would never hit.
    """
    code = (
        "from asyncio import run;"
        "from optimizations.caching.similar import embedding;"
        "H = embedding.HashingEmbedder;"
        "rows = run(H(64).embed(['where is my parcel']));"
        "print(rows.tobytes().hex())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    here = embed(HashingEmbedder(64), ["where is my parcel"])
    assert run.stdout.strip() == here.tobytes().hex()


def test_loading_wordllama_leaves_logging_as_it_was() -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    WordLlamaEmbedder()
    assert (root.level, list(root.handlers)) == before


def test_a_missing_package_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)  # as if not there
    with pytest.raises(ModuleNotFoundError, match="pip install wordllama"):
        WordLlamaEmbedder()


@pytest.mark.parametrize(
    "bad",
    [
        {"width": 0},
        {"width": float("nan")},
        {"width": 2.5},
        {"shortest": 0},
        {"longest": float("inf")},
        {"shortest": 4, "longest": 3},
    ],
)
def test_bad_sizes_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        HashingEmbedder(**bad)
