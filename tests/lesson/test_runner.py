"""Running one demonstration."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from lesson.chapter import Clock, Context, Outcome
from lesson.runner import CannotRun, run_step
from tests.lesson.book import break_down, context, count, step


async def wait_an_hour(context: Context) -> Outcome:
    """An hour on the virtual clock."""
    await asyncio.sleep(3600)
    return await count(context)


def test_a_simulated_hour_takes_no_time(tmp_path: Path) -> None:
    began = time.monotonic()
    run_step(step("x", run=wait_an_hour), context(tmp_path), print)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("clock", list(Clock))
def test_the_knob_has_its_value_unless_it_is_turned(
    tmp_path: Path, clock: Clock
) -> None:
    one = step("x", clock=clock)
    told: list[str] = []
    found = run_step(one, context(tmp_path), told.append)
    assert found.measured == {"found": 8}
    turned = run_step(one, context(tmp_path), told.append, {"how_many": 9})
    assert turned.measured == {"found": 9}
    assert told == ["counting\n"] * 2


def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="nobody listens"):
        run_step(step("x", run=break_down), context(tmp_path), print)


async def need_a_package(context: Context) -> Outcome:
    """A demonstration whose optional package is not installed."""
    raise ModuleNotFoundError("embeddings need `pip install wordllama`")


def test_a_missing_optional_package_costs_one_step(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="pip install wordllama"):
        run_step(step("x", run=need_a_package), context(tmp_path), print)


async def break_down_together(context: Context) -> Outcome:
    """Customers side by side, one of whom is refused."""
    async with asyncio.TaskGroup() as group:
        group.create_task(break_down(context))
    return await count(context)


def test_what_is_missing_for_one_of_many_is_said_as_well(
    tmp_path: Path,
) -> None:
    """A task group wraps the error, and the learner once saw a traceback."""
    with pytest.raises(CannotRun, match="cannot run here: nobody listens"):
        run_step(step("x", run=break_down_together), context(tmp_path), print)


async def be_wrong(context: Context) -> Outcome:
    """A mistake of ours, beside an error that may come."""

    async def divide() -> float:
        return 1 / 0

    async with asyncio.TaskGroup() as group:
        group.create_task(break_down(context))
        group.create_task(divide())
    return await count(context)


def test_a_mistake_is_not_taken_for_something_missing(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup):
        run_step(step("x", run=be_wrong), context(tmp_path), print)
