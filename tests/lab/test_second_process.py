"""Another process of the same chatbot."""

from __future__ import annotations

import asyncio

import pytest

from lab.parts import PartFailed, redis_server
from lab.second_process import ask_from_another_process


def test_another_process_finds_what_was_kept_before() -> None:
    async def main() -> None:
        async with redis_server() as server:
            ask = ("module12:test", "Where is my parcel?")
            first, _ = await ask_from_another_process(server.url, *ask)
            then, seconds = await ask_from_another_process(server.url, *ask)
        assert (first, then) == ("model", "redis")
        assert 0 < seconds < 5

    asyncio.run(main())


def test_a_process_that_fails_is_said_to() -> None:
    async def main() -> None:
        with pytest.raises(PartFailed, match="second process"):
            await ask_from_another_process("not-a-url", "n", "q")

    asyncio.run(main())
