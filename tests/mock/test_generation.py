"""One answer in the making."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optimizations.clock import chance
from optimizations.errors import Incomplete
from optimizations.mock import PROFILES, Fault
from optimizations.mock.generation import Generation
from tests.helpers import ask

STEADY = replace(PROFILES["quick"], jitter=0.0, itl_growth=0.5)


def generation(
    text: str = "one two three", load: int = 1, **rest: Any
) -> Generation:
    """An answer of three tokens, as many sequences running."""
    fault = rest.pop("fault", None)
    cached_tokens = rest.pop("cached_tokens", 0)
    return Generation(
        ask(**rest),
        text,
        cached_tokens,
        STEADY,
        Fault.parse(f"0-inf {fault}") if fault else None,
        chance("any"),
        load=lambda: load,
    )


def test_it_is_whole_once_all_was_said() -> None:
    one = generation()
    for _, piece in one.pieces(0.0):
        assert one.reply is None
        list(one.say(piece))
    assert one.reply is not None
    assert one.reply.text == "one two three"
    assert one.reply.usage == one.usage


def test_what_was_said_is_what_is_billed() -> None:
    one = generation(options={"n": 2})
    billed = [one.usage.completion_tokens]
    for _, piece in one.pieces(0.0):
        list(one.say(piece))
        billed.append(one.usage.completion_tokens)
    assert billed == [0, 2, 4, 6]


def test_the_usage_rides_on_the_very_last_chunk() -> None:
    one = generation(options={"n": 2})
    chunks = [c for _, piece in one.pieces(0.0) for c in one.say(piece)]
    assert [c.index for c in chunks] == [0, 1] * 3
    assert [c.usage is not None for c in chunks] == [False] * 5 + [True]


def test_the_first_token_waits_for_the_prompt_and_the_others_for_it() -> None:
    seconds = [s for s, _ in generation().pieces(7.0)]
    assert seconds == pytest.approx([7.0, 0.004, 0.004])


@pytest.mark.parametrize(("load", "gap"), [(1, 0.004), (2, 0.006), (5, 0.012)])
def test_every_further_sequence_makes_the_gap_longer(
    load: int, gap: float
) -> None:
    seconds = [s for s, _ in generation(load=load).pieces(0.0)]
    assert seconds[1:] == pytest.approx([gap, gap])


def test_what_is_cached_need_not_be_read() -> None:
    question = "word " * 200
    fresh = generation(n=1, messages=ask(question).messages)
    known = generation(n=2, messages=ask(question).messages, cached_tokens=100)
    saved = fresh.first_gap() - known.first_gap()
    assert saved == pytest.approx(100 / STEADY.prompt_tokens_per_second)
    assert known.usage.cached_tokens == 100


def test_no_more_is_cached_than_the_prompt_has() -> None:
    one = generation(cached_tokens=10_000)
    assert one.fresh_tokens == 0


def test_in_a_batch_the_other_prompts_are_read_as_well() -> None:
    one = generation()
    more = one.first_gap(others_tokens=2000) - one.first_gap()
    assert more == pytest.approx(2000 / STEADY.prompt_tokens_per_second)


def test_an_answer_nobody_reads_along_comes_in_larger_pieces() -> None:
    long = generation("w " * 20, streamed=False)
    assert [len(piece) for _, piece in long.pieces(0.0)] == [8, 8, 5]


def test_a_cut_comes_after_the_tokens_it_names() -> None:
    one = generation(fault="cut after_tokens=2")
    said = []
    with pytest.raises(Incomplete) as caught:
        for _, piece in one.pieces(0.0):
            said += piece
    assert said == ["one", " two"]
    assert caught.value.partial == "one two"


def test_a_stall_pauses_before_the_token_after_those_it_names() -> None:
    one = generation(fault="stall seconds=9 after_tokens=1")
    seconds = [s for s, _ in one.pieces(0.0)]
    assert seconds == pytest.approx([0.0, 9.004, 0.004])
