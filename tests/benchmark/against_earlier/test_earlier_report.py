"""A file that somebody kept for months is read with suspicion."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmark.against_earlier.earlier_report import (
    EarlierReportError,
    read_earlier_report,
)
from benchmark.report.data import as_json
from tests.benchmark.reports import report


def damaged(*path: str | int, value: object) -> str:
    """A report in which one value is another."""
    made: Any = json.loads(as_json(report()))
    inside = made
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return json.dumps(made)


SERIES = ("measured", "suites", "caching", "series", 0)
STRATEGY = ("simulated", "caching", "strategies", 0)


def test_a_report_that_was_written_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "base.json"
    file.write_text(as_json(report()), encoding="utf-8")
    assert read_earlier_report(file) == json.loads(as_json(report()))


def test_none_yet_is_no_error_where_one_can_be_stored(tmp_path: Path) -> None:
    assert read_earlier_report(tmp_path / "base.json") is None


def test_without_a_folder_none_can_be_stored(tmp_path: Path) -> None:
    with pytest.raises(EarlierReportError, match="make its folder first"):
        read_earlier_report(tmp_path / "nowhere" / "base.json")


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(EarlierReportError, match="it is no file"):
        read_earlier_report(tmp_path)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    """The program hung."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(EarlierReportError, match="it is no file"):
            read_earlier_report(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no report"),
        ("not json", "is no report"),
        ("[]", "is no report"),
        ("{}", "is no report"),
        ("3", "is no report"),
        ('"schema"', "is no report"),
        ('{"schema": NaN}', "is no report"),
        ("[" * 100_000, "is no report"),
        ('{"schema": 1}', "has schema '1', this benchmark writes 3"),
        ('{"schema": null}', "has schema 'None'"),
        ('{"schema": 3}', "is a damaged report"),
        ('{"schema": 3.0}', "has schema '3.0'"),
        ('{"schema": 3, "seed": 1' + "0" * 400 + "}", "is a damaged report"),
        (damaged("options", "seeds", value=[1]), "is a damaged report"),
        (damaged("options", "seeds", value="12345"), "is a damaged report"),
        (
            damaged(*STRATEGY, "metrics", "p50", "value", value="x"),
            "is a damaged report: delete it",
        ),
        (
            damaged(*STRATEGY, "metrics", "p50", "seeds", value=[True] * 5),
            "is a damaged report",
        ),
        (damaged(*SERIES, "rounds", value=[]), "is a damaged report"),
        (damaged(*SERIES, "rounds", value=[-1.0]), "is a damaged report"),
        (damaged(*SERIES, "unit", value=3), "is a damaged report"),
        ('{"schema": 3, "seed": 1e999}', "is a damaged report"),
        ('{"schema": 3, "seed": -1e999}', "is a damaged report"),
        (damaged("simulated", value=[]), "is a damaged report"),
        (damaged(*STRATEGY, value=None), "is a damaged report"),
        (damaged(*STRATEGY, "metrics", "mean", value=7), "is a damaged"),
        (
            damaged(*STRATEGY, "metrics", "mean", "seeds", value=5),
            "is a damaged report",
        ),
        (
            damaged(*STRATEGY, "metrics", "mean", "seeds", value=["a"]),
            "is a damaged report",
        ),
        (damaged("measured", "at", value=3), "is a damaged report"),
        (damaged("versions", value={}), "is a damaged report"),
        (
            damaged("measured", "suites", "caching", "series", value=[{}]),
            "is a damaged report",
        ),
    ],
)
def test_what_is_no_report_is_said_in_one_sentence(
    text: str, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "base.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EarlierReportError, match=says) as caught:
        read_earlier_report(file)
    assert "\n" not in str(caught.value)


def test_what_is_no_text_is_no_report(tmp_path: Path) -> None:
    file = tmp_path / "base.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EarlierReportError, match="not UTF-8 text"):
        read_earlier_report(file)
