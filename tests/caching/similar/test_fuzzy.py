"""Typing is forgiven, meaning is not guessed."""

from __future__ import annotations

import pytest

from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.clock import run_virtual
from tests.caching.answers import answer
from tests.helpers import ask

KEPT = "Where is my parcel?"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("where is my PARCEL", True),
        ("wheres my parcel", True),
        ("Where is my pacrel?", True),
        ("Where is my parcel??", True),
        ("Where is your parcel?", False),
        ("Track my order", False),
        ("Where is my barrel?", False),
    ],
)
def test_the_same_letters_find_the_answer(asked: str, found: bool) -> None:
    async def main() -> None:
        store = FuzzyStore()
        await store.keep(ask(KEPT), answer())
        assert (await store.find(ask(asked)) is not None) == found

    run_virtual(main())


def test_at_threshold_100_only_case_and_signs_may_differ() -> None:
    async def main() -> None:
        store = FuzzyStore(100)
        await store.keep(ask(KEPT), answer())
        assert await store.find(ask("where is my parcel")) is not None
        assert await store.find(ask("where is my parcels")) is None

    run_virtual(main())
