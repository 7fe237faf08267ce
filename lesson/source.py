"""Source found by name, so the lesson shows what runs and never a copy."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.settings import ROOT


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of a real file."""

    path: str  # from the project's root
    line: int  # where it begins
    name: str
    text: str  # dedented, without its docstring


def find_source(where: str) -> Source:
    """The code of "package.module:Class.function", or the section of a file
    that begins with a word, as "folder/file:word".
    """
    module, _, name = where.partition(":")
    if "/" in module:
        return _find_section(module, name)
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    found = inspect.unwrap(found)  # what a decorator stands in front of
    lines, line = inspect.getsourcelines(found)
    path = Path(inspect.getsourcefile(found) or "").relative_to(ROOT)
    text = _without_docstring(textwrap.dedent("".join(lines)))
    return Source(path.as_posix(), line, name, text)


def _find_section(path: str, word: str) -> Source:
    """From the line that begins with the word to the next that is empty."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    begin = next(n for n, s in enumerate(lines) if s.strip().startswith(word))
    rest = lines[begin:]
    end = rest.index("") if "" in rest else len(rest)
    return Source(path, begin + 1, word, "\n".join(rest[:end]))


def _without_docstring(text: str) -> str:
    """The same lines less the docstrings: on the screen the step itself has
    said why.
    """
    lines = text.splitlines()
    drop: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            continue
        first = node.body[0]
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            drop |= set(range(first.lineno, (first.end_lineno or 0) + 1))
    kept = [line for n, line in enumerate(lines, 1) if n not in drop]
    return "\n".join(kept).strip("\n")
