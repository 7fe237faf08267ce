"""What a profile may say."""

from __future__ import annotations

from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest

from optimizations.mock import PROFILES, Profile
from optimizations.mock.profile import find_profile

QUICK = PROFILES["quick"]


def changed(name: str, value: Any) -> Profile:
    """The quick profile with another figure."""
    changes: dict[str, Any] = {name: value}
    return replace(QUICK, **changes)


def test_each_preset_says_where_its_figures_come_from() -> None:
    assert set(PROFILES) == {"hosted", "gpu", "quick", "instant"}
    assert all(len(profile.source) > 20 for profile in PROFILES.values())
    assert all(find_profile(name).name == name for name in PROFILES)


def test_an_unknown_preset_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(ValueError, match="hosted, gpu, quick, instant"):
        find_profile("hostel")


NUMBERS = [
    field.name
    for field in fields(Profile)
    if field.name not in ("name", "source", "price")
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-1, nan, -inf])
def test_a_figure_that_cannot_be_is_refused_by_name(
    name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"quick: {name} must be"):
        changed(name, value)


@pytest.mark.parametrize(
    "name",
    [
        "capacity",
        "prompt_tokens_per_second",
        "tokens_per_chunk",
        "prefix_block_tokens",
    ],
)
def test_none_at_all_is_refused_where_nothing_would_ever_happen(
    name: str,
) -> None:
    with pytest.raises(ValueError, match=name):
        changed(name, 0)


@pytest.mark.parametrize(
    "name",
    ["ttft_seconds", "itl_seconds", "jitter", "queue", "prefix_blocks"],
)
def test_zero_is_allowed_where_it_means_something(name: str) -> None:
    assert getattr(changed(name, 0), name) == 0


def test_only_reading_may_be_infinitely_fast() -> None:
    assert changed("prompt_tokens_per_second", inf)
    with pytest.raises(ValueError, match="capacity must be finite"):
        changed("capacity", inf)
