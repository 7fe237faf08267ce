"""Options of the front doors."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError

import pytest

from lab.options import (
    COULD_NOT_JUDGE,
    INTERRUPTED,
    USAGE,
    Parser,
    guarded,
    missing_package,
    not_empty,
    path,
    seed,
)
from tests.running import run


def test_a_complaint_is_one_line_with_the_code_for_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser(prog="lesson").parse_args(["--nothing"])
    assert ended.value.code == USAGE
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "--nothing" in complaint


@pytest.mark.parametrize(
    "text", ["-1", "4294967296", "x", "1.5", "", "1_0", "٣"]
)
def test_a_seed_that_a_generator_cannot_take_is_refused(text: str) -> None:
    """ "invalid seed value" did not say which ones are valid."""
    with pytest.raises(ArgumentTypeError, match="from 0 to 4294967295"):
        seed(text)


def test_a_seed_is_a_whole_number() -> None:
    assert seed("4294967295") == 2**32 - 1


def test_a_missing_package_is_named_with_the_remedy() -> None:
    told = missing_package("lesson", ModuleNotFoundError(name="rich"))
    assert "rich" in told
    assert "requirements.txt" in told


@pytest.mark.parametrize("text", ["", "  "])
def test_a_variable_that_is_not_set_is_no_path(text: str) -> None:
    """`--reset --state "$UNSET"` forgot the progress in the usual place."""
    for kind in (not_empty, path):
        with pytest.raises(ArgumentTypeError, match="empty"):
            kind(text)


def test_what_was_typed_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        Parser(prog="lesson").parse_args(["--\x1b[2Jx" + "y" * 9999])
    complaint = capsys.readouterr().err
    assert "\x1b" not in complaint
    assert len(complaint) < 600


def raising(error: BaseException) -> int:
    def fails() -> int:
        raise error

    before = {n: signal.getsignal(n) for n in SIGNALS}
    try:
        return guarded("lesson", fails)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def test_without_a_package_nothing_can_be_judged() -> None:
    """It was exit code 2, which is for wrong usage."""
    missing = ModuleNotFoundError(name="rich")
    assert raising(missing) == COULD_NOT_JUDGE


def test_an_interrupt_has_a_code_of_its_own() -> None:
    assert raising(KeyboardInterrupt()) == INTERRUPTED


UNWINDING = """
import os, signal
from lab.options import guarded

def run():
    try:
        os.kill(os.getpid(), signal.{name})
        signal.pause()
    finally:
        print("unwound")

guarded("lesson", run)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_to_end_unwinds_like_an_exit(name: str, code: int) -> None:
    """The cursor stayed hidden."""
    done = run("-c", UNWINDING.format(name=name))
    assert (done.returncode, done.stdout, done.stderr) == (
        code,
        "unwound\n",
        "",
    )


@pytest.mark.parametrize("text", ["²", "9" * 20, "wide", "-3"])
def test_a_width_that_is_none_is_no_width(text: str) -> None:
    """Libraries read it, and crashed on it."""
    program = "import os; from lab.options import guarded; guarded('x', "
    program += "lambda: print(os.environ.get('COLUMNS')) or 0)"
    assert run("-c", program, COLUMNS=text).stdout == "None\n"
    assert run("-c", program, COLUMNS="120").stdout == "120\n"
