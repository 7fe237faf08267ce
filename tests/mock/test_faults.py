"""A written schedule of what goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import pytest

from optimizations.clock import chance
from optimizations.errors import ConnectionFailed, Incomplete, UpstreamError
from optimizations.mock import Fault, FaultSchedule


def meets(faults: Iterable[Fault], seconds: float) -> str | None:
    """The kind of fault a request meets that arrives then."""
    fault = FaultSchedule(faults).meet(seconds, chance("any"))
    return fault.kind if fault else None


def test_a_window_opens_and_closes_at_its_instants() -> None:
    faults = [Fault.parse("10-20 error")]
    fates = [meets(faults, seconds) for seconds in (9.999, 10, 19.999, 20)]
    assert fates == [None, "error", "error", None]


def test_the_first_fault_that_applies_is_met() -> None:
    faults = [Fault.parse("5-10 refuse"), Fault.parse("0-inf error")]
    fates = [meets(faults, seconds) for seconds in (0, 5, 10)]
    assert fates == ["error", "refuse", "error"]


def test_flapping_is_ill_for_the_first_part_of_every_period() -> None:
    faults = [Fault.parse("4-20 refuse period=8 duty=0.25")]
    ill = [second for second in range(30) if meets(faults, second)]
    assert ill == [4, 5, 12, 13]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_the_share_is_kept_over_many_requests(share: float) -> None:
    faults = FaultSchedule([Fault("error", share=share)])
    met = sum(
        faults.meet(0, chance("share", number)) is not None
        for number in range(10_000)
    )
    assert met / 10_000 == pytest.approx(share, abs=0.015)


def test_each_request_meets_the_same_fate_in_every_run() -> None:
    faults = FaultSchedule([Fault("error", share=0.5)])
    runs = [
        [faults.meet(0, chance(3, number)) for number in range(100)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_a_line_is_read_as_it_is_written() -> None:
    line = "20-inf error status=429 retry_after=2.5 share=0.3"
    assert Fault.parse(line) == Fault(
        "error", 20, inf, share=0.3, status=429, retry_after=2.5
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "START-END KIND"),
        ("0-10", "START-END KIND"),
        ("10 error", "START-END KIND"),
        ("soon-later error", "START-END KIND"),
        ("0-10 error status", "START-END KIND"),
        ("0-10 error status=", "START-END KIND"),
        ("0-10 error after_tokens=1.5", "START-END KIND"),
        ("0-10 explode", "unknown fault 'explode': one of error, refuse"),
        ("0-10 error colour=3", "no setting colour"),
        ("0-10 error start=3", "no setting start"),
        ("10-10 error", "0 <= start < end"),
        ("20-10 error", "0 <= start < end"),
        ("nan-10 error", "0 <= start < end"),
        ("0-10 error share=1.1", "share within"),
        ("0-10 error share=nan", "share within"),
        ("0-10 error status=200", "status within"),
        ("0-10 error status=429 retry_after=-1", "retry_after"),
        ("0-10 slow factor=-1", "factor from 0"),
        ("0-10 slow factor=nan", "factor from 0"),
        ("0-10 stall seconds=nan", "seconds from 0"),
        ("0-10 cut after_tokens=-1", "after_tokens from 0"),
        ("0-10 error period=0", "period above 0"),
        ("0-10 error period=nan", "period above 0"),
        ("0-10 error period=4 duty=0", "duty above 0"),
        ("0-10 error period=4 duty=1.5", "duty above 0"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_a_reason(
    line: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fault.parse(line)


def test_an_error_comes_with_its_status_and_its_advice() -> None:
    fault = Fault.parse("0-1 error status=429 retry_after=2")
    with pytest.raises(UpstreamError) as caught:
        fault.before_the_answer()
    assert caught.value.status == 429
    assert caught.value.retry_after == 2
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.retryable


def test_a_refusal_lets_no_answer_begin() -> None:
    with pytest.raises(ConnectionFailed):
        Fault("refuse").before_the_answer()


@pytest.mark.parametrize(
    "kind", ["slow", "silent", "stall", "drip", "cut", "error_in_stream"]
)
def test_every_other_kind_lets_the_answer_begin(kind: str) -> None:
    Fault(kind).before_the_answer()


def test_a_cut_tells_what_came_before_it() -> None:
    with pytest.raises(Incomplete) as caught:
        Fault("cut").inside_the_answer("so far")
    assert caught.value.partial == "so far"


def test_only_a_stall_pauses_inside_an_answer() -> None:
    kinds = ["slow", "silent", "stall", "drip"]
    pauses = [Fault(k, seconds=7).inside_the_answer("") for k in kinds]
    assert pauses == [0, 0, 7, 0]
