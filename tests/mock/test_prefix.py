"""What the provider knows of a prompt already."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.llm import Message
from optimizations.mock.prefix import PrefixCache
from tests.helpers import ask

LONG = " ".join(f"w{number}" for number in range(40))
SYSTEM = Message("system", LONG)


def test_a_new_prompt_is_not_known() -> None:
    assert PrefixCache(4, 100).read(ask(LONG)) == 0


def test_the_same_prompt_again_is_known_in_whole_blocks() -> None:
    cache = PrefixCache(16, 100)
    cache.read(ask(LONG))
    known = cache.read(ask(LONG))
    assert known % 16 == 0
    assert 40 - 16 < known <= 41


def test_a_shared_beginning_is_known_up_to_what_differs() -> None:
    cache = PrefixCache(4, 100)
    cache.read(ask(messages=(SYSTEM, Message("user", "first question"))))
    known = cache.read(ask(messages=(SYSTEM, Message("user", "another one"))))
    assert known == 40


def test_one_changed_word_at_the_front_loses_all_that_follows() -> None:
    cache = PrefixCache(4, 100)
    cache.read(ask(f"today {LONG}"))
    assert cache.read(ask(f"now {LONG}")) == 0


def test_a_second_turn_pays_only_for_what_is_new() -> None:
    cache = PrefixCache(1, 1000)
    first = (SYSTEM, Message("user", "one two"))
    cache.read(ask(messages=first))
    more = Message("assistant", "three"), Message("user", "four")
    known = cache.read(ask(messages=first + more))
    assert known == len(["system"]) + 40 + len(["user", "one", "two"])


def test_a_prefix_crosses_neither_tenant_nor_model() -> None:
    cache = PrefixCache(4, 100)
    cache.read(ask(LONG, tenant="a"))
    assert cache.read(ask(LONG, tenant="b")) == 0
    assert cache.read(ask(LONG, tenant="a", model="other")) == 0
    assert cache.read(ask(LONG, tenant="a")) > 0


def test_what_was_read_last_stays_longest() -> None:
    cache = PrefixCache(4, 12)  # one prompt has ten full blocks
    cache.read(ask(LONG))
    cache.read(ask("x " * 40))
    assert cache.read(ask("x " * 40)) > 0
    assert cache.read(ask(LONG)) == 0


def test_what_is_read_again_stays_longer() -> None:
    cache = PrefixCache(4, 25)  # room for two prompts of ten full blocks
    for prompt in (LONG, "x " * 40, LONG, "y " * 40):
        cache.read(ask(prompt))
    assert cache.read(ask(LONG)) == 40


def test_a_cache_without_room_knows_nothing() -> None:
    cache = PrefixCache(4, 0)
    cache.read(ask(LONG))
    assert cache.read(ask(LONG)) == 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.text("ab ", max_size=60), max_size=20),
    st.integers(1, 5),
    st.integers(0, 8),
)
def test_it_never_holds_more_than_its_capacity(
    prompts: list[str], block_tokens: int, capacity: int
) -> None:
    cache = PrefixCache(block_tokens, capacity)
    for prompt in prompts:
        known = cache.read(ask(prompt))
        assert 0 <= known <= len(prompt) + 1  # the role is a token too
        assert len(cache._blocks) <= capacity
