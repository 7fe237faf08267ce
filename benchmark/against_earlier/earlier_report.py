"""The report of an earlier run, to compare with.

A file that somebody kept for months, or that a build copied halfway, is read
with suspicion: whatever is wrong with it is said in one sentence, before the
work begins. One that is not there yet is no error: the first run stores it.
"""

from __future__ import annotations

import json
import os
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from benchmark.against_earlier.comparison import compared
from benchmark.against_earlier.soundness import check_figures
from benchmark.report.data import SCHEMA, Report

MAX_BYTES = 256 * 1024 * 1024


DAMAGE = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
)
_DAMAGED = "is a damaged report: delete it, and the next run stores a new one"


class EarlierReportError(Exception):
    """Nothing can be compared with this; the message says why."""


def read_earlier_report(path: Path) -> Report | None:
    """None where there is none yet, and one can be stored. Raises
    EarlierReportError.
    """
    try:
        if path.exists() and not path.is_file():
            raise EarlierReportError(f"cannot read {path}: it is no file")
        if path.stat().st_size > MAX_BYTES:
            raise EarlierReportError(f"{path} is too large to be a report")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise EarlierReportError(
                f"there is no {path}, and none can be stored there: make its "
                "folder first"
            ) from None
        return None
    except UnicodeDecodeError:
        raise EarlierReportError(
            f"{path} is no report: not UTF-8 text"
        ) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "links in a circle"
        raise EarlierReportError(f"cannot read {path}: {reason}") from None
    return _checked(path, text)


def _checked(path: Path, text: str) -> Report:
    try:
        report: Any = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_countable,
        )
        schema = report["schema"]
    except _TooLarge:
        raise EarlierReportError(f"{path} {_DAMAGED}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EarlierReportError(
            f"{path} is no report of this benchmark"
        ) from None
    if type(schema) is not int or schema != SCHEMA:
        raise EarlierReportError(
            f"{path} has schema {str(schema)[:20]!r}, this benchmark writes "
            f"{SCHEMA}: they do not compare, so store a new one"
        )
    try:  # whatever a comparison reads of it is there, if it is its own equal
        check_figures(report)
        compared(report, report, str(path), ())
    except DAMAGE:
        raise EarlierReportError(f"{path} {_DAMAGED}") from None
    assert isinstance(report, dict)
    return report


class _TooLarge(ValueError):
    """A number that no report has."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _countable(number: str) -> int:
    if len(number) > 18:
        raise _TooLarge(number[:18])
    return int(number)


def _finite(number: str) -> float:
    """1e999 is well-formed, and Python reads it as infinite."""
    value = float(number)
    if not isfinite(value):
        raise _TooLarge(number)
    return value
