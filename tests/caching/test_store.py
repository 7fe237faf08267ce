"""What may be kept, and how a mapping becomes a store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optimizations.caching.keys import squeeze
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.store import (
    Answer,
    MemoryStore,
    answer_bytes,
    cacheable,
    reusable,
)
from optimizations.clock import run_virtual
from optimizations.llm import CacheControl, Choice
from tests.caching.answers import answer, reply
from tests.helpers import ask


def test_an_answer_that_was_said_to_its_end_may_be_kept() -> None:
    assert cacheable(ask(), reply())


@pytest.mark.parametrize(
    "reason", ["length", "content_filter", "tool_calls", "", "STOP"]
)
def test_an_answer_that_ended_otherwise_may_not(reason: str) -> None:
    assert not cacheable(ask(), reply(reason=reason))


def test_one_choice_cut_short_spoils_the_reply() -> None:
    choices = (Choice("a", "stop"), Choice("b", "length"))
    assert not cacheable(
        ask(options={"n": 2}), replace(reply(), choices=choices)
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.7},
        {"options": {"tools": [{"type": "function"}]}},
        {"options": {"functions": [{"name": "f"}]}},
        {"options": {"store": False}},
        {"cache": CacheControl(no_store=True)},
    ],
)
def test_sampled_tooled_and_private_requests_are_not_reusable(
    fields: dict[str, Any],
) -> None:
    assert not reusable(ask(**fields))
    assert not cacheable(ask(**fields), reply())


def test_no_tools_are_no_obstacle() -> None:
    assert reusable(ask(options={"tools": [], "store": True}))


def test_what_is_looked_up_on_the_web_changes() -> None:
    assert not reusable(ask(options={"web_search_options": {"size": "low"}}))


def test_any_temperature_may_be_asked_for() -> None:
    any_ = CacheControl(any_temperature=True)
    assert cacheable(ask(temperature=0.7, cache=any_), reply())
    private = {"store": False}
    assert not reusable(ask(temperature=0.7, cache=any_, options=private))


@pytest.mark.parametrize(
    "mapping",
    [None, {}, LRUCache(10), TTLCache(60)],
    ids=["default", "dict", "lru", "ttl"],
)
def test_any_mapping_is_a_store(mapping: Any) -> None:
    async def main() -> None:
        store = MemoryStore(mapping)
        request = ask()
        assert await store.find(request) is None
        await store.keep(ask(n=2), answer())
        found = await store.find(request)
        assert found is not None
        assert found.reply.text == "On its way."
        assert await store.find(ask("another")) is None
        assert store.snapshot()["entries"] == 1
        await store.delete(request)
        await store.delete(request)  # not there: no trouble
        assert await store.find(request) is None

    run_virtual(main())


def test_a_store_may_be_told_to_normalise() -> None:
    async def main() -> None:
        store = MemoryStore(normalise=squeeze)
        await store.keep(ask("Where is it?"), answer())
        assert await store.find(ask(" where IS it?")) is not None

    run_virtual(main())


def test_an_empty_mapping_is_still_the_one_to_use() -> None:
    """`mapping or default` would quietly take another: both are empty."""
    mapping: dict[str, Answer] = {}
    assert MemoryStore(mapping).mapping is mapping


def test_long_answers_weigh_more() -> None:
    async def main() -> None:
        short, long = answer("x"), answer("x" * 1000)
        assert answer_bytes(long) == answer_bytes(short) + 999
        assert answer_bytes(answer("€" * 1000)) >= 600 + 2 * 1000
        assert answer_bytes(answer("\N{PARTY POPPER}" * 9)) >= 600 + 4 * 9

    run_virtual(main())
