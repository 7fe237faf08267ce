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

    def excerpt(self, begins: str, lines: int) -> str:
        """So many lines from the first that begins so, dedented; without it,
        from the first below the signature; all, where there are no more.
        Raises ValueError where none begins so.
        """
        whole = self.text.splitlines()
        if len(whole) <= lines:
            return self.text
        matches = (
            n
            for n, line in enumerate(whole)
            if line.strip().startswith(begins)
        )
        first = next(matches, None) if begins else _signature_lines(self.text)
        if first is None:
            raise ValueError(f"no line of {self.name} begins with {begins!r}")
        shown = whole[first : first + lines]
        return textwrap.dedent("\n".join(shown)).rstrip()


def find_source(where: str) -> Source:
    """The code of "package.module:Class.function", or the section of a file
    that begins with a word, as "folder/file:word".
    """
    module, _, name = where.partition(":")
    if "/" in module:
        return _find_section(module, name)
    found = find_object(where)
    lines, line = inspect.getsourcelines(found)
    path = Path(inspect.getsourcefile(found) or "").relative_to(ROOT)
    text = _without_docstring(textwrap.dedent("".join(lines)))
    return Source(path.as_posix(), line, name, text)


def find_object(where: str) -> Any:
    """The class or function of "package.module:Class.function" itself."""
    module, _, name = where.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return inspect.unwrap(found)  # what a decorator stands in front of


def _find_section(path: str, word: str) -> Source:
    """From the line that begins with the word to the next that is empty."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    begin = next(n for n, s in enumerate(lines) if s.strip().startswith(word))
    rest = lines[begin:]
    end = rest.index("") if "" in rest else len(rest)
    text = textwrap.dedent("\n".join(rest[:end]))
    return Source(path, begin + 1, word, text)


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


def _signature_lines(text: str) -> int:
    """How many lines stand in front of what a function does."""
    match ast.parse(text).body:
        case [ast.FunctionDef() | ast.AsyncFunctionDef() as function]:
            return function.body[0].lineno - 1
    return 0
