"""Options of the front doors."""

from __future__ import annotations

import pytest

from lab.options import USAGE, Parser, missing_package, seed


def test_a_complaint_is_one_line_with_the_code_for_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser(prog="lesson").parse_args(["--nothing"])
    assert ended.value.code == USAGE
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "--nothing" in complaint


@pytest.mark.parametrize("text", ["-1", "4294967296", "x", "1.5", ""])
def test_a_seed_that_a_generator_cannot_take_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seed(text)


def test_a_seed_is_a_whole_number() -> None:
    assert seed("4294967295") == 2**32 - 1


def test_a_missing_package_is_named_with_the_remedy() -> None:
    told = missing_package("lesson", ModuleNotFoundError(name="rich"))
    assert "rich" in told
    assert "requirements.txt" in told
