"""One run of the benchmark, in order: simulate each suite, measure it, show
it, draw it, and write the report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.console import Bar, Screen
from benchmark.machine import cores, machine, versions
from benchmark.report import write_report
from benchmark.results import SuiteResult, judge, warnings
from benchmark.rounds import Bench, Measured
from benchmark.simulate import Job, Outcome
from benchmark.suite import Suite, load_suite
from benchmark.workers import workers
from lab.parts import PartError
from lab.questions import Bank, load_bank
from lab.settings import Settings
from optimizations.errors import LLMError

OK, WRONG, UNJUDGED = 0, 1, 3  # exit codes
QUICK_SEEDS, FULL_SEEDS = 5, 20
SEEDS_APART = 1000  # so that --seed 1 and --seed 2 have no seed in common


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    suites: tuple[str, ...]
    seed: int
    quick: bool
    questions: str | None
    out: Path

    @property
    def seeds(self) -> range:
        """Of each suite."""
        first = self.seed * SEEDS_APART
        return range(
            first, first + (QUICK_SEEDS if self.quick else FULL_SEEDS)
        )

    def requests(self, suite: Suite) -> int:
        """So many a seed."""
        return suite.quick_requests if self.quick else suite.requests


def run(
    options: Options, settings: Settings, processes: int | None = None
) -> int:
    """Do all of it; returns the exit code."""
    screen, here = Screen(), machine()
    bank = load_bank(options.questions)
    screen.header(here, options.seed, len(options.seeds))
    results: list[SuiteResult] = []
    with screen.progress() as bar:
        for simulated in _simulated(options, processes, bar):
            result = measured(simulated, options, settings, bank, bar)
            results.append(result)
            with bar.paused():
                screen.suite(result)
        bar.phase("drawing", len(results))
        figures, paths, problems = _drawn(results, options.out, bar)
    notes = warnings(results) + problems
    report = options.out / "report.json"
    write_report(
        report,
        options={**asdict(options), "out": None},
        versions=versions(),
        machine=here,
        results=results,
        figures=figures,
        warnings=notes,
    )
    screen.warnings(notes)
    screen.written([str(path) for path in (*paths, report)])
    return exit_code(results)


def _simulated(
    options: Options, processes: int | None, bar: Bar
) -> list[SuiteResult]:
    """All suites, before anything is measured: that wants a quiet machine."""
    suites = [load_suite(name) for name in options.suites]
    jobs = [
        Job(suite.name, seed, options.requests(suite), options.questions)
        for suite in suites
        for seed in options.seeds
    ]
    outcomes: dict[str, list[Mapping[str, Outcome]]] = {
        suite.name: [] for suite in suites
    }
    bar.phase("simulating", len(jobs))
    with workers(processes or min(cores(), 8)) as crew:
        for job, outcome in zip(jobs, crew.run(jobs), strict=True):
            outcomes[job.suite].append(outcome)
            bar.step()
    return [
        judge(suite, options.requests(suite), outcomes[suite.name])
        for suite in suites
    ]


def measured(
    result: SuiteResult,
    options: Options,
    settings: Settings,
    bank: Bank,
    bar: Bar,
) -> SuiteResult:
    """What is not there, or breaks, becomes a warning: the rest goes on."""
    bench = Bench(
        bank, options.seed, options.quick, settings.redis_url, bar.step
    )
    name = result.suite.name
    bar.phase(f"{name}: measuring", bench.rounds + 1)
    try:
        found = asyncio.run(result.suite.measure(bench))
    except (PartError, LLMError, ImportError, OSError) as error:
        found = Measured("", warnings=(f"{name}, not measured. {error}",))
    return replace(result, measured=found)


def _drawn(
    results: Sequence[SuiteResult], out: Path, bar: Bar
) -> tuple[Mapping[str, Mapping[str, Any]], list[Path], list[str]]:
    """The data of the figures, their files, and what went wrong."""
    try:
        from benchmark.figures import gallery  # matplotlib takes a second
    except ImportError as error:
        return {}, [], [f"no figures. {error}: `pip install matplotlib`"]
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    figures, paths = {}, []
    for result in results:
        name = result.suite.name
        figures[name] = gallery.figure_data(result)
        paths += gallery.draw(name, figures[name], folder)
        bar.step()
    return figures, paths, []


def exit_code(results: Sequence[SuiteResult]) -> int:
    if any(result.wrong for result in results):
        return WRONG
    return UNJUDGED if any(r.unjudged for r in results) else OK
