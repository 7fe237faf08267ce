"""One turn at a time within a conversation, many side by side."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.concurrency.conversation import Conversation, Conversations
from optimizations.errors import (
    BadRequest,
    Incomplete,
    Overloaded,
    UpstreamError,
)
from optimizations.llm import LLM, Message, Request
from optimizations.mock import MockModel
from optimizations.tokens import count_prompt
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    collect,
    other_tasks,
    says,
    take,
    turns,
)


def echo(request: Request) -> list[Step]:
    """After a second, how many messages it was shown, and the question."""
    return [1.0, f"{len(request.messages)}: {request.question}", STOP]


def talk(llm: LLM, **settings: object) -> Conversation:
    """A conversation of tenant t."""
    return Conversation(llm, tenant="t", name="talk", **settings)  # type: ignore[arg-type]


def texts(conversation: Conversation) -> list[str]:
    """What was said, by whom it may."""
    return [message.content for message in conversation.history]


def test_each_turn_knows_those_before_it() -> None:
    async def main() -> None:
        model = Scripted(play=echo)
        chat = talk(model, system="Be kind.")
        await chat.complete("one")
        await collect(chat.stream("two"))
        assert texts(chat) == ["one", "2: one", "two", "4: two"]
        assert [m.role for m in model.requests[1].messages] == [
            "system",
            "user",
            "assistant",
            "user",
        ]
        assert [r.request_id for r in model.requests] == ["talk/1", "talk/2"]

    run_virtual(main())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    gaps=st.lists(st.integers(0, 15), min_size=2, max_size=8),
    leaves=st.sets(st.integers(0, 7), max_size=3),
)
def test_turns_never_overlap_and_keep_their_order(
    gaps: list[int], leaves: set[int]
) -> None:
    async def main() -> None:
        model = Scripted(play=echo)
        chat = talk(model)
        callers = []
        for n, gap in enumerate(gaps):
            await asyncio.sleep(gap / 10)
            callers.append(asyncio.create_task(chat.complete(f"{n}")))
            if n in leaves:
                asyncio.get_running_loop().call_later(0.5, callers[-1].cancel)
        await asyncio.gather(*callers, return_exceptions=True)
        assert model.peak == 1
        asked = [int(text) for text in texts(chat)[::2]]
        assert asked == sorted(asked)
        assert set(asked) >= set(range(len(gaps))) - leaves
        for before, after in pairwise(model.requests):
            assert len(after.messages) - len(before.messages) in (0, 2)
        assert not chat.busy

    run_virtual(main())


@pytest.mark.parametrize(
    "end",
    [[UpstreamError("in the middle")], []],
    ids=["an error", "no end at all"],
)
def test_an_answer_that_failed_leaves_the_history_as_it_was(
    end: list[Step],
) -> None:
    async def main() -> None:
        model = Scripted(says("first"), ["half", *end], says("second"))
        chat = talk(model)
        await chat.complete("one")
        before = chat.history
        with pytest.raises((UpstreamError, Incomplete)):
            await chat.complete("two")
        with pytest.raises((UpstreamError, Incomplete)):
            model.calls = 1
            await collect(chat.stream("two"))
        assert chat.history == before
        await chat.complete("two again")
        assert texts(chat) == ["one", "first", "two again", "second"]

    run_virtual(main())


def test_a_reader_who_leaves_halfway_undoes_the_turn() -> None:
    async def main() -> None:
        chat = talk(Scripted(says("half", "whole")))
        async with aclosing(chat.stream("one")) as chunks:
            await take(chunks, 1)
        assert chat.history == ()
        assert not chat.busy

    run_virtual(main())


def test_a_reader_who_has_seen_the_end_need_not_read_on() -> None:
    async def main() -> None:
        chat = talk(Scripted(says("whole")))
        async with aclosing(chat.stream("one")) as chunks:
            await take(chunks, 2)
        assert texts(chat) == ["one", "whole"]

    run_virtual(main())


def test_an_abandoned_turn_lets_the_next_begin_at_once() -> None:
    async def main() -> None:
        model = MockModel("hosted")
        chat = talk(model)
        async with aclosing(chat.stream("one")) as chunks:
            await take(chunks, 3)
            waiting = asyncio.create_task(chat.complete("two"))
            await turns(3)
            assert model.calls == 1
            left_at = now()
        await asyncio.sleep(0)
        assert now() == left_at
        await turns(2)
        assert model.calls == 2
        await waiting
        assert model.peak == 1

    run_virtual(main())


def test_so_many_turns_wait_and_the_others_are_told() -> None:
    async def main() -> None:
        chat = talk(Scripted(play=echo), max_waiting=1)
        callers = [asyncio.create_task(chat.complete("a")) for _ in range(2)]
        await turns(1)
        with pytest.raises(Overloaded):
            await chat.complete("b")
        await asyncio.gather(*callers)

    run_virtual(main())


def test_the_oldest_turns_are_forgotten_in_pairs_and_it_says_so() -> None:
    async def main() -> None:
        model = Scripted(says("answer"))
        chat = talk(model, system="Be kind.", max_history_tokens=100)
        for n in range(40):
            await chat.complete(f"question {n}")
        forgot = 0
        for before, after in pairwise(model.requests):
            assert count_prompt(after.messages) <= 100
            assert after.messages[0] == Message("system", "Be kind.")
            assert [m.role for m in after.messages[1:3]] == [
                "user",
                "assistant",
            ]
            forgot += after.messages[1] != before.messages[1]
        assert chat.forgotten_turns == 40 - len(chat.history) // 2
        # Rarely, and then many: the prompt begins as the one before.
        assert forgot - 1 <= chat.forgotten_turns / 2

    run_virtual(main())


def test_a_question_that_alone_is_too_long_is_refused() -> None:
    async def main() -> None:
        model = Scripted(says("answer"))
        chat = talk(model, max_history_tokens=50)
        await chat.complete("short")
        before = chat.history
        with pytest.raises(BadRequest, match="50 are allowed"):
            await chat.complete("word " * 60)
        assert chat.history == before
        assert model.calls == 1

    run_virtual(main())


def test_fields_of_the_request_can_be_given_for_all_turns_or_for_one() -> None:
    async def main() -> None:
        model = Scripted(says("answer"))
        chat = talk(model, model="large", temperature=0.5)
        await chat.complete("one", request_id="mine", deadline=9.0)
        request = model.requests[0]
        assert (request.model, request.temperature) == ("large", 0.5)
        assert (request.request_id, request.deadline) == ("mine", 9.0)

    run_virtual(main())


def test_conversations_go_on_side_by_side() -> None:
    async def main() -> None:
        model = Scripted(play=echo)
        chats = Conversations(model)
        await asyncio.gather(
            *(
                chats.complete(tenant, f"{name}", f"turn {turn}")
                for turn in range(3)
                for name in range(10)
                for tenant in "ab"
            )
        )
        assert now() == 3
        assert model.peak == 20
        for tenant in "ab":
            assert [m.content for m in chats.history(tenant, "7")] == [
                "turn 0",
                "1: turn 0",
                "turn 1",
                "3: turn 1",
                "turn 2",
                "5: turn 2",
            ]
        assert {r.tenant for r in model.requests} == {"a", "b"}

    run_virtual(main())


def test_the_one_that_rested_longest_is_pushed_out() -> None:
    async def main() -> None:
        chats = Conversations(Scripted(says("yes")), max_conversations=2)
        for name in ("a", "b", "a", "c"):
            await collect(chats.stream("t", name, "hello"))
        assert len(chats.history("t", "a")) == 4
        assert chats.history("t", "b") == ()
        assert len(chats.history("t", "c")) == 2

    run_virtual(main())


def test_a_conversation_with_a_turn_under_way_is_never_pushed_out() -> None:
    """Pushed out while it was answered, it came back empty beside the old
    one, and two turns ran at once.
    """

    async def main() -> None:
        chats = Conversations(Scripted(play=echo), max_conversations=2)
        running = [
            asyncio.create_task(chats.complete("t", name, "hello"))
            for name in "ab"
        ]
        await turns(2)
        with pytest.raises(Overloaded, match="every conversation"):
            await chats.complete("t", "c", "hello")
        await asyncio.gather(*running)
        await chats.complete("t", "c", "hello")
        assert len(chats.history("t", "b")) == 2
        assert not other_tasks()

    run_virtual(main())


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="max_history_tokens"):
        talk(Scripted(), max_history_tokens=0)
    with pytest.raises(ValueError, match="max_conversations"):
        Conversations(Scripted(), max_conversations=0)
