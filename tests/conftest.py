"""What all tests share: the proofs, and the table that they end in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Proof = Callable[[str, str, bool], None]
_ROWS: list[tuple[str, str, str]] = []


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Proofs take their time: they run only when asked for by `-m proof`."""
    if "proof" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("proof")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def proof() -> Proof:
    """Call with what was asked, what was measured, and whether that holds."""

    def record(asked: str, measured: str, holds: bool) -> None:
        _ROWS.append((asked, measured, "yes" if holds else "NO"))
        assert holds, f"asked: {asked}; measured: {measured}"

    return record


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> None:
    """The table asked / measured."""
    if not _ROWS:
        return
    width = max(len(asked) for asked, _, _ in _ROWS)
    terminalreporter.section("asked / measured")
    for asked, measured, holds in _ROWS:
        terminalreporter.line(f"{asked:<{width}}  {holds:<3}  {measured}")
