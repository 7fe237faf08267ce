"""A child is ready when we have it, and gone however we leave it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

from lab.parts.errors import PartFailed, PartMissing
from lab.parts.places import find_binary, private_directory
from lab.parts.process import child
from tests.lab.watching import (
    alive,
    command_line,
    eventually,
    nothing_left_behind,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs sh")

SLEEPER = ["sleep", "60"]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


async def never() -> bool:
    return False


def test_a_child_is_the_program_itself_in_a_session_of_its_own() -> None:
    async def main() -> None:
        async with child(SLEEPER) as process:
            assert await eventually(
                lambda: command_line(process.pid) == SLEEPER
            )
            assert (
                os.getsid(process.pid) == process.pid
            )  # Ctrl-C in our terminal passes it by

    with nothing_left_behind():
        asyncio.run(main())


def test_a_child_is_ready_when_it_has_printed_the_line() -> None:
    async def main() -> str:
        script = "echo starting; echo ready http://here; exec sleep 60"
        async with child(shell(script), ready="ready ") as process:
            return process.ready_line

    with nothing_left_behind():
        assert asyncio.run(main()) == "ready http://here"


def test_a_child_that_ends_at_its_start_is_an_error_with_its_last_lines() -> (
    None
):
    async def main() -> None:
        script = "echo one; echo 'cannot open weights' >&2; exit 3"
        async with child(shell(script), name="model", ready=never):
            pass

    with nothing_left_behind(), pytest.raises(PartFailed) as caught:
        asyncio.run(main())
    assert str(caught.value) == (
        "model ended with exit code 3 at its start;"
        " its last lines: one | cannot open weights"
    )


def test_a_program_that_does_not_exist_is_an_error_that_names_it() -> None:
    async def main() -> None:
        async with child(["no-such-program"], ready=never):
            pass

    with (
        nothing_left_behind(),
        pytest.raises(PartFailed, match=r"no-such-program.*not found"),
    ):
        asyncio.run(main())


def test_a_child_that_is_never_ready_is_given_up_in_time() -> None:
    async def main() -> None:
        async with child(SLEEPER, ready=never, start_seconds=0.05):
            pass

    with (
        nothing_left_behind(),
        pytest.raises(PartFailed, match=r"not ready within 0\.05 s"),
    ):
        asyncio.run(main())


def test_a_probe_that_hangs_is_given_up_in_time() -> None:
    async def hang() -> bool:
        return await asyncio.get_running_loop().create_future() is None

    async def main() -> None:
        async with child(SLEEPER, ready=hang, start_seconds=0.05):
            pass

    with nothing_left_behind(), pytest.raises(PartFailed, match="not ready"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "deafness", ["trap '' TERM; echo ready; sleep 60; sleep 60", "paused"]
)
def test_a_child_that_does_not_hear_sigterm_is_killed_after_the_grace(
    deafness: str,
) -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        script = (
            "echo ready; exec sleep 60" if deafness == "paused" else deafness
        )
        async with child(
            shell(script), ready="ready", grace_seconds=0.1
        ) as process:
            if deafness == "paused":
                process.pause()
            begin = loop.time()
        return loop.time() - begin

    with nothing_left_behind():
        assert asyncio.run(main()) < 1.0


def test_a_killed_child_is_noticed_and_a_signal_to_it_does_nothing() -> None:
    async def main() -> int:
        async with child(SLEEPER) as process:
            process.kill()
            code = await process.wait(1.0)
            process.kill()
            process.terminate()
            return code

    with nothing_left_behind():
        assert asyncio.run(main()) == -signal.SIGKILL


def test_what_a_child_has_started_ends_with_it_even_if_it_went_first() -> None:
    async def main() -> None:
        async with child(
            shell("sleep 60 & echo ready; exit 0"), ready="ready"
        ) as process:
            assert await process.wait(1.0) == 0

    with nothing_left_behind():
        asyncio.run(main())


def test_a_child_that_prints_a_lot_is_not_stopped_by_a_full_pipe() -> None:
    async def main() -> str:
        flood = "import sys; print('x' * 10**6); print('y\\n' * 10**5)"
        wait = "print('done', flush=True); sys.stdin.read()"
        script = [sys.executable, "-c", f"{flood}; {wait}"]
        async with child(script, ready="done") as process:
            return str(await process.failed("is fine"))

    with nothing_left_behind():
        assert len(asyncio.run(main())) < 2000


def test_a_cancellation_at_any_step_of_the_start_leaves_nothing() -> None:
    async def use() -> None:
        async with child(SLEEPER, ready=never):
            pass

    async def main(turns: int, times: int) -> None:
        task = asyncio.create_task(use())
        for _ in range(turns):
            await asyncio.sleep(0)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    with nothing_left_behind():
        for turns in range(20):
            asyncio.run(main(turns, times=1))
            asyncio.run(main(turns, times=3))


def test_a_cancellation_while_the_block_is_left_leaves_nothing() -> None:
    async def use(inside: asyncio.Event) -> None:
        async with child(
            shell("trap '' TERM; echo ready; sleep 60; sleep 60"),
            ready="ready",
        ):
            inside.set()
            await asyncio.get_running_loop().create_future()

    async def main() -> None:
        inside = asyncio.Event()
        task = asyncio.create_task(use(inside))
        await inside.wait()
        for _ in range(
            5
        ):  # the first ends the block, the others come while it is left
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    with nothing_left_behind():
        asyncio.run(main())


PARENT = """
import asyncio, json, os
from lab.parts import haproxy, model_servers, redis_server

async def main():
    async with (
        redis_server() as redis,
        model_servers(2, module="tests.lab.stand_in_server") as servers,
        haproxy([server.url for server in servers]) as proxy,
    ):
        servers[0].pause()
        pids = [redis.pid, proxy.pid, *(server.pid for server in servers)]
        folder = os.path.dirname(redis.url.removeprefix("unix://"))
        print(json.dumps([pids, folder]), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_parent_killed_by_sigkill_leaves_no_child_and_no_folder() -> None:
    with nothing_left_behind():
        with subprocess.Popen(
            [sys.executable, "-c", PARENT], stdout=subprocess.PIPE
        ) as parent:
            assert parent.stdout is not None
            pids, folder = json.loads(parent.stdout.readline())
            assert all(map(alive, pids))
            assert os.path.isdir(folder)
            parent.kill()
        assert asyncio.run(eventually(lambda: not any(map(alive, pids))))
        assert asyncio.run(eventually(lambda: not os.path.exists(folder)))


def test_a_private_folder_is_ours_alone_and_short_enough_for_sockets() -> None:
    with private_directory() as directory:
        assert os.stat(directory).st_mode & 0o077 == 0
        assert len(directory) < 90
    assert not os.path.exists(directory)


def test_a_part_that_is_nowhere_is_said_to_be_missing_and_how_to_get_it() -> (
    None
):
    assert find_binary("no_such_package", "no-such-program") is None
    error = PartMissing("HAProxy", "`brew install haproxy` brings it")
    assert (
        str(error)
        == "HAProxy is not on this machine: `brew install haproxy` brings it."
    )


def test_a_child_is_ended_when_its_block_raises() -> None:
    async def main() -> None:
        async with child(SLEEPER):
            raise KeyError("from the lesson")

    with nothing_left_behind(), contextlib.suppress(KeyError):
        asyncio.run(main())
