"""The benchmark as its user runs it: in a pipe, and on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psutil
import pytest

from benchmark import SUITES
from tests.benchmark.report.test_as_html import Page
from tests.running import ROOT, run, terminal

DOOR = "module12_benchmark.py"
Ran = tuple[CompletedProcess[str], Path]


def quick(out: Path, *more: str) -> CompletedProcess[str]:
    """The smallest suite there is."""
    chosen = ("--quick", "--suite", "streaming", "--seed", "3")
    return run(DOOR, *chosen, "--out", str(out), *more)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One suite, run once, and stored to compare with."""
    out = tmp_path_factory.mktemp("reports")
    return quick(out, "--compare", str(base(out))), out


@pytest.fixture(scope="module")
def again(ran: Ran) -> Ran:
    """The same once more, compared with the first."""
    _, out = ran
    copy = out.parent / f"{out.name} again"
    shutil.copytree(out, copy)
    limits = ("--fail-on", "end p50:10%")
    return quick(copy, "--compare", str(base(out)), *limits), copy


def base(out: Path) -> Path:
    """Where the first run is stored."""
    return out.parent / f"{out.name}.json"


def report(out: Path) -> Any:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


PHASES = ["simulating ...", "streaming: measuring ...", "drawing ..."]


def test_a_suite_ends_well_with_figures_and_a_report(ran: Ran) -> None:
    done, out = ran
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == PHASES
    assert (out / "figures/streaming.png").stat().st_size > 20_000
    assert (out / "figures/streaming.svg").exists()
    assert report(out)["options"]["seed"] == 3


def test_the_report_comes_in_four_formats_and_a_line_of_history(
    ran: Ran,
) -> None:
    done, out = ran
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("report.json", "report.csv", "report.md", "report.html"),
        *("history.jsonl", "figures"),
    }
    assert len((out / "history.jsonl").read_text().splitlines()) == 1
    assert "](figures/streaming.png)" in (out / "report.md").read_text()
    assert f"written: {out / 'report.html'}" in done.stdout


def test_the_page_has_its_figures_inside_and_loads_nothing(ran: Ran) -> None:
    page = Page((ran[1] / "report.html").read_text(encoding="utf-8"))
    assert page.outside() == []
    assert page.running() == []
    pictures = [Page(picture) for picture in page.pictures()]
    assert len(pictures) >= 1
    for picture in pictures:
        assert picture.all("svg")
        assert picture.outside() == []
        assert picture.running() == []
    assert all(len(image["alt"]) > 80 for image in page.all("img"))


def test_in_a_pipe_it_is_plain_text_of_at_most_80_columns(ran: Ran) -> None:
    done, out = ran
    assert "\x1b" not in done.stdout
    paths = str(out.parent)  # they are there to be copied, and never broken
    lines = (x for x in done.stdout.splitlines() if paths not in x)
    assert max(map(len, lines)) <= 80


def test_each_verdict_is_in_words_and_each_clock_is_named(ran: Ran) -> None:
    done, _ = ran
    assert "streamed: faster: first word p50" in done.stdout
    assert "Simulated (virtual clock)" in done.stdout
    assert "Measured (this machine)" in done.stdout


def test_the_simulated_part_is_the_same_to_the_byte(
    ran: Ran, again: Ran
) -> None:
    def simulated(out: Path) -> bytes:
        return json.dumps(report(out)["simulated"]).encode()

    def rows(out: Path) -> list[str]:
        lines = (out / "report.csv").read_text().splitlines()
        return [line for line in lines if ",virtual," in line]

    def figure(out: Path) -> bytes:
        return (out / "figures/streaming.svg").read_bytes()

    for part in (simulated, rows, figure):
        assert part(again[1]) == part(ran[1])


def test_help_comes_at_once() -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        done = run(DOOR, "--help")
        took.append(time.perf_counter() - began)
        assert done.returncode == 0
    assert min(took) < 0.3


@pytest.mark.parametrize("door", ["module12.py", DOOR])
def test_help_nobody_reads_is_no_failure(door: str) -> None:
    command = f"'{sys.executable}' {door} --help >&-"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_the_list_names_every_suite() -> None:
    done = run(DOOR, "--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*SUITES]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suite", "poetry"], "poetry"),
        (["--seed", "-1"], "'-1' is no whole number from 0 to"),
        (["--seed", "many"], "'many' is no whole number from 0 to"),
        (["--questions", "nowhere.csv"], "cannot read nowhere.csv"),
        (["--trace", "nowhere.csv"], "nowhere.csv"),
        (["--time-scale", "0"], "'0' is not from 0.001 to 1000"),
        (["--time-scale", "nan"], "'nan' is not from 0.001 to 1000"),
        (["--time-scale", "fast"], "'fast' is not from 0.001 to 1000"),
        (["--time-scale", "1_0"], "'1_0' is not from 0.001 to 1000"),
        (["--time-scale", "2"], "--time-scale needs --trace FILE"),
        (["--out", DOOR], f"cannot write to {DOOR}"),
        (["--out", f"{DOOR}/sub"], f"cannot write to {DOOR}/sub"),
        (["--fail-on", "p99:10%"], "--fail-on needs --compare FILE"),
        (["--compare", "x", "--fail-on", "p99"], "such as p99:10%"),
        (["--compare", "x", "--fail-on", "p99:-1%"], "such as p99:10%"),
        (["--compare", "x", "--fail-on", "p99:nan%"], "such as p99:10%"),
        (["--compare", "x", "--fail-on", "speed:1%"], "the metrics are"),
        (["--out", ""], "an empty value is none"),
        (["--questions", ""], "an empty value is none"),
        (["--fast"], "--fast"),
        (["--qui"], "--qui"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    if "--out" not in arguments:
        arguments = [*arguments, "--out", str(tmp_path)]
    done = run(DOOR, *arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_links_in_a_circle_are_nothing_to_compare_with(
    tmp_path: Path,
) -> None:
    """A traceback, and exit code 1: as if something had become slower."""
    circle = tmp_path / "base.json"
    circle.symlink_to(circle)
    done = quick(tmp_path / "out", "--compare", str(circle))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_no_columns_and_a_name_that_is_no_text_are_no_crash(
    tmp_path: Path,
) -> None:
    """After all the work, the report could not be written."""
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J.csv")
    Path(strange).write_text("text,category\nWhen?,hours\nWhere?,place\n")
    out = tmp_path / "out"
    done = run(
        *(DOOR, "--quick", "--suite", "measuring", "--out", str(out)),
        *("--questions", strange),
        COLUMNS="0",
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert report(out)["options"]["questions"].endswith("??[2J.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no report of this benchmark"),
        ('{"schema": 0}', "has schema '0'"),
        (None, "make its folder first"),
    ],
)
def test_what_cannot_be_compared_with_is_exit_code_3_at_once(
    text: str | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "base.json"
    if text is None:
        file = tmp_path / "nowhere" / "base.json"
    else:
        file.write_text(text)
    done = quick(tmp_path, "--compare", str(file))
    assert done.returncode == 3
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_the_first_run_is_stored_and_the_next_compared_with_it(
    ran: Ran, again: Ran
) -> None:
    first, second = ran[0], again[0]
    assert f"{base(ran[1])} is stored" in first.stdout
    assert second.returncode == 0, second.stdout
    assert "the same as before: 2 strategies" in second.stdout
    page = (again[1] / "report.html").read_text(encoding="utf-8")
    assert "Compared with the earlier report" in page


def test_the_second_run_is_a_second_line_of_history(again: Ran) -> None:
    _, out = again
    assert len((out / "history.jsonl").read_text().splitlines()) == 2
    assert report(out)["history"]["earlier_runs"] == 1


def test_a_version_that_is_slower_fails(ran: Ran, tmp_path: Path) -> None:
    """The earlier report says that the same requests took a fifth less."""
    earlier = report(ran[1])
    for strategy in earlier["simulated"]["streaming"]["strategies"]:
        end = strategy["metrics"]["end p50"]
        end["seeds"] = [0.8 * seconds for seconds in end["seeds"]]
    file = tmp_path / "base.json"
    file.write_text(json.dumps(earlier))
    limits = ("--fail-on", "end p50:10%", "--fail-on", "measured end:900%")
    done = quick(tmp_path, "--compare", str(file), *limits)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "Failed: end p50:10%: slower: end p50 1.25" in said


def test_who_reads_only_the_beginning_gets_the_reports_all_the_same(
    tmp_path: Path,
) -> None:
    """`| head -1` was exit code 1, which means a wrong answer."""
    program = f"{sys.executable} {DOOR} --quick --suite streaming --out"
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{program} {tmp_path} | head -1; exit ${{PIPESTATUS[0]}}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == PHASES
    assert (tmp_path / "report.html").exists()


def test_what_cannot_be_written_is_one_sentence_before_the_work(
    tmp_path: Path,
) -> None:
    """A traceback, after a minute of work."""
    (tmp_path / "figures").write_text("a file, of all things")
    done = quick(tmp_path)
    assert done.returncode == 2
    where = f"cannot write {tmp_path / 'figures'}: it is no folder"
    assert done.stderr == f"{DOOR}: {where}\n"
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full here"
)
def test_an_output_that_is_full_is_one_sentence_and_exit_code_3(
    tmp_path: Path,
) -> None:
    program = f"{sys.executable} {DOOR} --quick --suite streaming --out"
    done = subprocess.run(
        ["bash", "-c", f"{program} {tmp_path} > /dev/full"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3
    *phases, said = done.stderr.splitlines()
    assert phases == PHASES
    assert said == f"{DOOR}: No space left on device"
    assert (tmp_path / "report.html").exists()


def test_questions_of_ones_own_are_asked_and_are_only_text(
    ran: Ran, tmp_path: Path
) -> None:
    folder = tmp_path / "<script>alert(1)<"
    folder.mkdir()
    questions = folder / "script>.csv"
    text = "text,category\n<script>a()</script>,<b>\nWhen?,hours\n"
    questions.write_text(text)
    assert quick(tmp_path, "--questions", str(questions)).returncode == 0
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.running() == []
    assert "<script>alert(1)</script>.csv" in page.text
    assert report(tmp_path)["simulated"] != report(ran[1])["simulated"]


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
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_to_end_gives_the_cursor_back(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    arguments = ("--quick", "--suite", "streaming", "--out", str(tmp_path))
    with terminal(DOOR, *arguments) as user:
        user.wait_for("simulating")
        children = user.children()
        user.signal(number)
        assert user.exit_code() == code
    assert user.output.rfind("\x1b[?25h") > user.output.rfind("\x1b[?25l")
    assert "Traceback" not in user.output
    assert "leaked" not in user.output
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


@pytest.mark.parametrize("door", [DOOR, "module12.py"])
def test_ctrl_c_while_modules_are_loaded_is_no_traceback(
    door: str, tmp_path: Path
) -> None:
    """A module of another's name, that is interrupted while it is loaded."""
    (tmp_path / "argparse.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = run(door, "--list", PYTHONPATH=str(tmp_path))
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
