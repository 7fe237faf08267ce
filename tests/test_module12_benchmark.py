"""The benchmark as its user runs it: in a pipe, and on a terminal."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psutil
import pytest

from tests.running import run, terminal

DOOR = "module12_benchmark.py"
SUITES = ("caching", "concurrency", "streaming", "balancing")
Ran = tuple[CompletedProcess[str], Path]


def quick(out: Path, *more: str) -> CompletedProcess[str]:
    """The smallest suite there is."""
    chosen = ("--quick", "--suite", "streaming", "--seed", "3")
    return run(DOOR, *chosen, "--out", str(out), *more)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One suite, run once."""
    out = tmp_path_factory.mktemp("reports")
    return quick(out), out


def report(out: Path) -> Any:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def test_a_suite_ends_well_with_figures_and_a_report(ran: Ran) -> None:
    done, out = ran
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (out / "figures/streaming.png").stat().st_size > 20_000
    assert (out / "figures/streaming.svg").exists()
    assert report(out)["options"]["seed"] == 3


def test_in_a_pipe_it_is_plain_text_of_at_most_80_columns(ran: Ran) -> None:
    done, _ = ran
    assert "\x1b" not in done.stdout
    lines = (x for x in done.stdout.splitlines() if "written: " not in x)
    assert max(map(len, lines)) <= 80


def test_each_verdict_is_in_words_and_each_clock_is_named(ran: Ran) -> None:
    done, _ = ran
    assert "streamed: faster: first word p50" in done.stdout
    assert "simulated (virtual clock)" in done.stdout
    assert "measured (this machine)" in done.stdout


def test_the_simulated_part_is_the_same_to_the_byte(
    ran: Ran, tmp_path: Path
) -> None:
    _, before = ran
    assert quick(tmp_path).returncode == 0

    def simulated(out: Path) -> bytes:
        return json.dumps(report(out)["simulated"]).encode()

    figure = "figures/streaming.svg"
    assert simulated(tmp_path) == simulated(before)
    assert (tmp_path / figure).read_bytes() == (before / figure).read_bytes()


def test_questions_of_ones_own_take_the_place_of_the_bank(
    ran: Ran, tmp_path: Path
) -> None:
    questions = tmp_path / "mine.csv"
    questions.write_text("text,category\nOpen?,hours\nWhen?,hours\nHi,hello\n")
    assert quick(tmp_path, "--questions", str(questions)).returncode == 0
    assert report(tmp_path)["simulated"] != report(ran[1])["simulated"]


def test_help_comes_at_once() -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        done = run(DOOR, "--help")
        took.append(time.perf_counter() - began)
        assert done.returncode == 0
    assert min(took) < 0.3


def test_the_list_names_every_suite() -> None:
    done = run(DOOR, "--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*SUITES]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suite", "poetry"], "poetry"),
        (["--seed", "-1"], "a seed is a whole number from 0"),
        (["--seed", "many"], "a seed is a whole number from 0"),
        (["--questions", "nowhere.csv"], "cannot read nowhere.csv"),
        (["--out", f"{DOOR}/sub"], f"cannot write to {DOOR}/sub"),
        (["--fast"], "--fast"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], says: str
) -> None:
    done = run(DOOR, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_an_unreadable_line_of_a_questions_file_is_named(
    tmp_path: Path,
) -> None:
    questions = tmp_path / "mine.csv"
    questions.write_text("text,category\nOpen?,hours\nWhen?,\n")
    done = run(DOOR, "--questions", str(questions))
    assert done.returncode == 2
    assert "line 3" in done.stderr


@pytest.mark.parametrize("moment", ["seeds", "simulating", "measuring"])
def test_ctrl_c_ends_it_in_one_line_and_leaves_nothing(
    moment: str, tmp_path: Path
) -> None:
    arguments = ("--quick", "--suite", "streaming", "--out", str(tmp_path))
    with terminal(DOOR, *arguments) as user:
        user.wait_for(moment)
        children = user.children()
        user.signal(signal.SIGINT)
        assert user.exit_code() == 130
    assert "interrupted" in user.output
    assert "Traceback" not in user.output
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert not (tmp_path / "report.json").exists()
