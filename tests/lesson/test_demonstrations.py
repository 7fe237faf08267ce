"""What the demonstrations say: true of the run that they describe, whatever
the knob.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from math import inf

import pytest

from lesson.balancing import ended
from lesson.chapter import Outcome, Step
from lesson.runner import run_step
from lesson.timing import Timing
from optimizations.errors import ConnectionFailed, Incomplete
from optimizations.monitoring.alerts import AlertState
from tests.lesson.chapters import CONTEXT, SIMULATED, Found

STEPS = {step.title: step for step in SIMULATED}
STALL = "The stall that a load test hides"
TAIL = "What a tail is made of"
LIMITS = "Limits, batches, conversations"
WORDS = "The same question in other words"
LIVE = "A live view, and an alert that fires"


def run(step: Step, **knobs: float) -> Outcome:
    return run_step(step, CONTEXT, lambda text: None, knobs)


def row(outcome: Outcome, name: str) -> Mapping[str, str]:
    """The cells of one row, by column."""
    (found,) = (r for r in outcome.table.rows if r[0].strip() == name)
    return dict(zip(outcome.table.columns, found, strict=True))


def test_a_faster_model_takes_waiting_away(found: dict[str, Found]) -> None:
    """The lesson once said that waiting is "what no faster model takes
    away": it is what falls most.
    """
    outcome = found[TAIL].outcome
    slowest = row(outcome, "slowest 1 %")
    faster = row(outcome, "model twice as fast")
    assert slowest["waiting"].endswith(" s")
    assert faster["waiting"].endswith(" ms")
    assert re.search(r"takes \d\d % of the waiting away", outcome.says)


@pytest.mark.parametrize(("lane", "pause"), [("closed loop", 2), ("open", 0)])
def test_a_stalled_load_test_leaves_a_gap(
    found: dict[str, Found], lane: str, pause: float
) -> None:
    """Its marks once stood at the planned times: the stall, in which it sent
    nothing, could not be seen.
    """
    events = found[STALL].outcome.events
    times = [event.at for event in events if event.lane.startswith(lane)]
    longest = max(later - earlier for earlier, later in pairwise(times))
    assert longest == pytest.approx(pause, abs=0.06)


def test_without_a_stall_nothing_is_said_to_be_hidden() -> None:
    outcome = run(STEPS[STALL], stall=0)
    assert "nothing was held up" in outcome.says
    assert row(outcome, "open loop")["over 0.1 s"] == "0"


def test_a_model_that_lets_all_wait_refuses_nobody() -> None:
    """What the next layer refused once stood there instead."""
    outcome = run(STEPS[LIMITS], queue=64)
    assert outcome.measured == {"refused": 0}
    assert row(outcome, "no limit of ours")["refused"] == "0"
    assert "the model refused 0;" in outcome.says


def test_each_frame_of_the_live_view_keeps_its_moment(
    found: dict[str, Found],
) -> None:
    frames = found[LIVE].outcome.frames
    states = [{alert.state for alert in frame.alerts} for frame in frames]
    assert states[0] == {AlertState.INACTIVE}
    assert {AlertState.FIRING} in states
    assert states[-1] == {AlertState.RESOLVED}


def test_how_lost_answers_ended_is_counted() -> None:
    errors = [Incomplete(), Incomplete(), ConnectionFailed("gone")]
    lost = [Timing(inf, 1.0, "", error) for error in errors]
    assert "Incomplete 2, ConnectionFailed 1" in ended(lost)
    assert "error" not in ended([])


def test_the_false_hits_of_a_threshold_are_there_to_read() -> None:
    """Even at 1 the cosine alone takes "71" and "17" for one."""
    for threshold in (0.3, 1.0):
        details = run(STEPS[WORDS], threshold=threshold).details
        headings = [d for d in details if not d.startswith("- ")]
        assert headings[-1].startswith("without the second check")
        pairs = [d for d in details if d not in headings]
        assert pairs
        for line in pairs:
            assert re.fullmatch(r"- “.+” got the answer to “.+”", line)
