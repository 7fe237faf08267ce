"""Time that jumps, and chance that is keyed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import (
    Deadlock,
    VirtualLoop,
    chance,
    now,
    run_virtual,
)


def test_an_hour_of_waiting_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return now()

    began = time.monotonic()
    assert run_virtual(main()) == 3600
    assert time.monotonic() - began < 5


def test_a_run_starts_at_zero() -> None:
    async def main() -> float:
        return now()

    assert run_virtual(main()) == 0


def test_a_wait_of_months_arrives_exactly() -> None:
    async def main() -> float:
        await asyncio.sleep(100 * 86_400)  # the loop looks once a day
        return now()

    assert run_virtual(main()) == 100 * 86_400


def test_what_blocks_the_loop_makes_a_timer_late() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_later(1, loop.block, 5)
        await asyncio.sleep(2)
        return now()

    assert run_virtual(main()) == pytest.approx(6)


def test_timers_fire_in_the_order_of_their_instants() -> None:
    async def main() -> list[tuple[str, float]]:
        fired: list[tuple[str, float]] = []

        async def wait(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            fired.append((name, now()))

        waits = {"late": 2.0, "early": 0.5, "middle": 1.0}
        await asyncio.gather(*(wait(*item) for item in waits.items()))
        return fired

    assert run_virtual(main()) == [
        ("early", 0.5),
        ("middle", 1.0),
        ("late", 2.0),
    ]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1e6, allow_nan=False), max_size=12))
def test_time_never_runs_backwards_and_nobody_wakes_early(
    delays: list[float],
) -> None:
    async def main() -> list[float]:
        woken: list[float] = []

        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            assert now() >= seconds - 1e-9
            woken.append(now())

        await asyncio.gather(*map(wait, delays))
        return woken

    woken = run_virtual(main())
    assert woken == sorted(woken)
    assert len(woken) == len(delays)


def test_waiting_for_what_can_never_happen_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="no timer is left"):
        run_virtual(main())


def test_a_timer_at_infinity_wakes_nobody() -> None:
    """Such a timer counted as one that would fire: the loop jumped a day at a
    time, for ever.
    """

    async def main() -> None:
        await asyncio.sleep(inf)

    with pytest.raises(Deadlock):
        run_virtual(main())


def test_a_timer_at_infinity_hides_no_other_one() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(inf)
        return now()

    assert run_virtual(main()) == 5


def test_a_deadlock_still_runs_what_must_be_cleaned_up() -> None:
    cleaned: list[str] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("main")

    with pytest.raises(Deadlock):
        run_virtual(main())
    assert cleaned == ["main"]


def test_a_loop_over_a_residue_of_time_ends() -> None:
    """`sleep` wakes within the clock's resolution; a loop that re-checks
    `remaining > 0` then waited for 1e-15 s, and time stood still.
    """

    async def main() -> int:
        due, looks = 0.1 + 0.2, 0
        await asyncio.sleep(0.3 - 1e-10)
        while (remaining := due - now()) > 0:
            looks += 1
            await asyncio.sleep(remaining / 4)
        return looks

    assert run_virtual(main()) < 100


@pytest.mark.parametrize("start", [1e7, 1e9])
def test_time_goes_on_where_a_nanosecond_is_less_than_a_float_can_tell(
    start: float,
) -> None:
    """After a gap of a hundred days the clock stood still for ever."""

    async def main() -> None:
        await asyncio.sleep(start)
        for _ in range(100):
            await asyncio.sleep(1e-9)
            await asyncio.sleep(0.1)
        assert now() > start

    run_virtual(main())


def test_waiting_for_nothing_lets_others_run_and_costs_no_time() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return now()

    assert run_virtual(main()) == 0


def test_a_socket_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="no sockets"):
            await asyncio.open_connection("127.0.0.1", 9)
        with pytest.raises(RuntimeError, match="no sockets"):
            await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        with pytest.raises(RuntimeError, match="no sockets"):
            await asyncio.open_unix_connection("/nowhere")
        with pytest.raises(RuntimeError, match="no sockets"):
            await asyncio.get_running_loop().getaddrinfo("localhost", 9)

    run_virtual(main())


def test_a_child_process_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="no processes"):
            await asyncio.create_subprocess_exec(sys.executable, "-V")

    run_virtual(main())


def test_work_for_a_thread_runs_here_and_now() -> None:
    async def main() -> None:
        assert await asyncio.to_thread(sum, [1, 2, 3]) == 6
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)
        failed = asyncio.get_running_loop().run_in_executor(None, divmod, 1, 0)
        assert isinstance(failed.exception(), ZeroDivisionError)
        assert now() == 0

    run_virtual(main())


def test_a_run_leaves_no_task_behind() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def main() -> asyncio.Task[None]:
        task = asyncio.create_task(forever())
        await asyncio.sleep(1)
        return task

    task = run_virtual(main())
    assert task.cancelled()
    assert ended == ["cancelled"]


def test_an_error_of_the_program_comes_out() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run_virtual(main())


def test_outside_a_loop_now_is_monotonic() -> None:
    before = time.monotonic()
    assert before <= now() <= time.monotonic()


def test_on_a_real_loop_now_is_the_time_of_the_loop() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert before <= now() <= loop.time()

    asyncio.run(main())


def test_the_same_key_draws_the_same() -> None:
    assert chance(7, "r-1", 2).random() == chance(7, "r-1", 2).random()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "r"), (2, "r")),
        ((1, "r", 1), (1, "r", 2)),
        (("a/b", "c"), ("a", "b/c")),  # the parts are not just joined
        (("1",), (1,)),
    ],
)
def test_another_key_draws_something_else(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert chance(*one).random() != chance(*other).random()


def test_chance_is_the_same_in_every_process() -> None:
    """Python salts `hash` anew in each process; chance must not notice."""
    program = (
        "from optimizations.clock import chance;"
        "print(chance(3, 'request', 1).random())"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": salt, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.strip()
        for salt in ("1", "2")
    }
    assert drawn == {repr(chance(3, "request", 1).random())}
