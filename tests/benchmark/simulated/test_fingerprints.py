"""What a strategy is sent, as a few digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmark.simulated.fingerprints import DIGITS, fingerprints
from benchmark.simulated.simulate import Job

JOB = Job("caching", 0, 50)


def test_the_same_requests_have_the_same_digits() -> None:
    found = fingerprints(JOB)
    assert found == fingerprints(Job("caching", 0, 50))
    assert {len(digits) for digits in found.values()} == {DIGITS}


def test_another_size_is_something_else() -> None:
    found, other = fingerprints(JOB), fingerprints(replace(JOB, requests=51))
    assert not set(found.values()) & set(other.values())


def test_other_questions_are_something_else(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("text,category\nOpen?,hours\nWhen?,hours\n")
    other = fingerprints(replace(JOB, questions=str(mine)))
    assert not set(fingerprints(JOB).values()) & set(other.values())


def test_strategies_with_the_same_customers_are_equal() -> None:
    found = fingerprints(Job("streaming", 0, 50))
    assert len(set(found.values())) == 1
