"""What every simulated step finds, run once for all tests that look at it."""

from __future__ import annotations

import pytest

from tests.lesson.chapters import SIMULATED, Found, run_watched


@pytest.fixture(scope="session")
def found() -> dict[str, Found]:
    """By the title of the step."""
    return {step.title: run_watched(step) for step in SIMULATED}
