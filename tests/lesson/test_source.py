"""Source found by name."""

from __future__ import annotations

import pytest

from lesson.source import find_source


def test_a_function_is_found_in_its_file_without_its_docstring() -> None:
    source = find_source("lesson.source:find_source")
    assert source.path == "lesson/source.py"
    assert source.line > 1
    assert source.text.startswith("def find_source(where: str) -> Source:")
    assert '"""' not in source.text
    assert "partition" in source.text


def test_a_method_is_dedented_and_keeps_what_is_inside() -> None:
    source = find_source("optimizations.llm:Guard.stream")
    assert source.text.startswith("async def stream(")
    assert "aclosing" in source.text


def test_a_class_loses_the_docstrings_of_its_methods_as_well() -> None:
    source = find_source("optimizations.llm:Layer")
    assert source.text.startswith("class Layer(LLM):")
    assert '"""' not in source.text


@pytest.mark.parametrize("where", ["nowhere:f", "lesson.source:nothing"])
def test_a_name_that_is_gone_is_an_error(where: str) -> None:
    with pytest.raises((ImportError, AttributeError)):
        find_source(where)


def test_an_excerpt_begins_where_it_is_told_to() -> None:
    source = find_source("lesson.source:find_source")
    shown = source.excerpt("module, _, name", 2).splitlines()
    assert shown == [
        'module, _, name = where.partition(":")',
        'if "/" in module:',
    ]
    below = source.excerpt("", 1)
    assert below == shown[0]
    assert source.excerpt("", 99) == source.text
    with pytest.raises(ValueError, match="find_source"):
        source.excerpt("a line that was rewritten", 2)
