"""The stated numbers of the two front doors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from module12 import CHAPTERS
from tests.conftest import Proof
from tests.lesson.chapters import SIMULATED
from tests.running import ROOT, clean_environment, run
from tests.test_module12 import simulated

pytestmark = pytest.mark.proof


@pytest.mark.parametrize(
    "arguments",
    [
        ("module12.py", "--help"),
        ("module12.py", "--no-input"),
        ("module12_benchmark.py", "--help"),
    ],
)
def test_the_first_line_comes_at_once(
    arguments: tuple[str, ...], proof: Proof
) -> None:
    seconds = min(seconds_to_first_line(*arguments) for _ in range(3))
    proof(
        f"first line of `{' '.join(arguments)}` within 0.3 s",
        f"{seconds:.2f} s",
        seconds <= 0.3,
    )


def seconds_to_first_line(*arguments: str) -> float:
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        seconds = time.monotonic() - began
        program.terminate()
    return seconds


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_is_walked_through_quickly_and_on_a_page(
    chapter: str, proof: Proof
) -> None:
    began = time.monotonic()
    done = run("module12.py", "--chapter", chapter)
    seconds = time.monotonic() - began
    lines = len(done.stdout.partition("Chapter")[2].splitlines())
    proof(
        f"walk of {chapter}: at most 60 lines and 10 s",
        f"{lines} lines, {seconds:.1f} s",
        done.returncode == 0 and lines <= 60 and seconds <= 10,
    )


def test_two_walks_simulate_the_same(proof: Proof) -> None:
    first, second = (simulated(run("module12.py").stdout) for _ in range(2))
    same = sum(a == b for a, b in zip(first, second, strict=True))
    proof(
        "two walks with one seed: the same simulated numbers",
        f"{same} of {len(first)} simulated steps the same",
        same == len(first) == len(SIMULATED),
    )


def test_the_quick_benchmark_is_quick(tmp_path: Path, proof: Proof) -> None:
    began = time.monotonic()
    done = run("module12_benchmark.py", "--quick", "--out", str(tmp_path))
    seconds = time.monotonic() - began
    figures = len(list((tmp_path / "figures").glob("*.png")))
    report = json.loads((tmp_path / "report.json").read_text())
    proof(
        "quick benchmark: all suites, 6 seeds, within 30 s",
        f"{figures} figures, {seconds:.0f} s, "
        f"load average {os.getloadavg()[0]:.1f}",
        done.returncode == 0
        and figures == len(report["drawn"])
        and all(s["seeds"] == 6 for s in report["simulated"].values())
        and seconds <= 30,
    )
