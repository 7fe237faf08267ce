"""The rules of the house, as functions over source text: each takes a file and
yields what is wrong in it. `test_house_rules` runs them over the project, and
shows each of them something bad that it must notice.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

CHAPTERS = {"caching", "concurrency", "streaming", "balancing", "monitoring"}

OWN = {"optimizations", "lab", "lesson", "benchmark", "tests"} | {
    "module12",
    "module12_benchmark",
}
MAY_IMPORT = {
    "optimizations": {"optimizations"},
    "lab": {"lab", "optimizations"},
    "lesson": {"lesson", "lab", "optimizations"},
    "benchmark": {"benchmark", "lab", "optimizations"},
    "module12": {"lesson", "lab"},
    "module12_benchmark": {"benchmark", "lab"},
    "tests": OWN,
}
JOINS_CHAPTERS = {"stack", "server"}  # of optimizations/: they put it together

FILE_LINES = 300
FUNCTION_LINES = 40

WALL_CLOCK_ALLOWED = {
    "optimizations/monitoring/record.py": "stamps on records",
    "optimizations/monitoring/history.py": "stamps on runs",
    "optimizations/wire/answers.py": "`created` is a stamp",
    "optimizations/wire/failures.py": "Retry-After may be a date",
}
SWALLOWING_ALLOWED = {"tests/raw_http.py": "a server that is told to stop"}
PRINT_ALLOWED = {"optimizations/server/__main__.py": "the ready line"}


@dataclass(frozen=True)
class Source:
    """One file: where it is, with slashes, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The part of the house: the first folder, or the front door."""
        return PurePosixPath(self.path).parts[0].removesuffix(".py")

    @property
    def chapter(self) -> str:
        """The folder or file inside optimizations/, else nothing."""
        parts = PurePosixPath(self.path).parts
        if parts[0] != "optimizations" or len(parts) < 2:
            return ""
        return parts[1].removesuffix(".py")


Rule = Callable[[Source], Iterator[str]]


def who_imports_whom(source: Source) -> Iterator[str]:
    """Rooms use only what lies below them; chapters do not meet."""
    for node, module in _imports(source.tree):
        parts = module.split(".")
        if not parts[0]:
            yield f"{node.lineno}: a relative import"
        elif parts[0] in OWN - MAY_IMPORT[source.room]:
            yield f"{node.lineno}: {source.room} imports {module}"
        elif (
            source.room == parts[0] == "optimizations"
            and source.chapter not in JOINS_CHAPTERS
            and len(parts) > 1
            and parts[1] in CHAPTERS - {source.chapter}
        ):
            yield f"{node.lineno}: {source.chapter} imports {module}"


def opens_with_a_docstring(source: Source) -> Iterator[str]:
    """Each file says first what it is; a test says it by its name."""
    name = PurePosixPath(source.path).name
    if source.room == "tests" and name.startswith(("test_", "__init__")):
        return
    if not ast.get_docstring(source.tree):
        yield "1: no docstring opens the file"


def annotations_are_deferred(source: Source) -> Iterator[str]:
    """Whatever defines something starts with the `__future__` import."""
    defines = any(
        isinstance(node, _Function | ast.ClassDef | ast.AnnAssign)
        for node in source.tree.body
    )
    if defines and not any(
        module == "__future__" for _, module in _imports(source.tree)
    ):
        yield "1: no `from __future__ import annotations`"


def everything_is_typed(source: Source) -> Iterator[str]:
    """Every argument but self, and every result."""
    for node in _functions(source.tree):
        args = node.args
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        named += [arg for arg in (args.vararg, args.kwarg) if arg]
        bare = [
            arg.arg
            for arg in named
            if arg.annotation is None and arg.arg not in ("self", "cls")
        ]
        if bare or node.returns is None:
            what = ", ".join(bare) or "the result"
            yield f"{node.lineno}: {node.name}: no type on {what}"


def what_is_public_is_explained(source: Source) -> Iterator[str]:
    """In what is copied into other programs, a docstring on every public
    function, class, and method: at the first of its name, and not where a base
    class explains it.
    """
    if source.room not in ("optimizations", "lab"):
        return
    told: set[str] = set()
    for node in source.tree.body:
        if not isinstance(node, _Function | ast.ClassDef) or _private(node):
            continue
        if not ast.get_docstring(node):
            yield f"{node.lineno}: {node.name} has no docstring"
        if not isinstance(node, ast.ClassDef):
            continue
        for method in node.body:
            if not isinstance(method, _Function) or _private(method):
                continue
            if ast.get_docstring(method):
                told.add(method.name)
            elif _bare(node) and method.name not in told:
                name = f"{node.name}.{method.name}"
                yield f"{method.lineno}: {name} has no docstring"


def stays_short(source: Source) -> Iterator[str]:
    """Where a file or function is long, there is a second concept in it."""
    if source.room == "tests":
        return
    if (lines := source.text.count("\n")) > FILE_LINES:
        yield f"1: {lines} lines in one file"
    for node in _functions(source.tree):
        body = node.body[1 if ast.get_docstring(node) else 0 :]
        if body and (lines := _span(body)) > FUNCTION_LINES:
            yield f"{node.lineno}: {node.name} has {lines} lines"


def the_wall_clock_decides_nothing(source: Source) -> Iterator[str]:
    """`now()` is the clock; the calendar is for stamps and dates."""
    if source.room != "optimizations" or source.path in WALL_CLOCK_ALLOWED:
        return
    for node, name in _names(source.tree):
        if re.fullmatch(
            r"time\.(time|time_ns|localtime|gmtime)"
            r"|(datetime\.)?(datetime|date)\.(now|utcnow|today)",
            name,
        ):
            yield f"{node.lineno}: {name}"
    for line, name in _imported_names(source.tree, "time"):
        if name in ("time", "time_ns"):
            yield f"{line}: from time import {name}"


def time_is_read_in_one_place(source: Source) -> Iterator[str]:
    """Nothing else has a clock of its own: it would not run virtually."""
    if source.room != "optimizations" or source.path.endswith("/clock.py"):
        return
    for node, name in _names(source.tree):
        if name in ("time.monotonic", "time.sleep", "time.monotonic_ns"):
            yield f"{node.lineno}: {name}"


def nobody_sleeps_for_real_in_a_test(source: Source) -> Iterator[str]:
    """On the real clock one waits for a condition, with `eventually`."""
    if source.room != "tests":
        return
    for node, name in _names(source.tree):
        if name == "time.sleep":
            yield f"{node.lineno}: {name}"
    for test in _functions(source.tree):
        names = {name for _, name in _names(test)}
        if not test.name.startswith("test_") or "asyncio.run" not in names:
            continue
        for call in _calls(test, "asyncio.sleep"):
            if not (
                isinstance(call.args[0], ast.Constant)
                and call.args[0].value == 0
            ):
                yield f"{call.lineno}: {test.name} sleeps on the real clock"


def chance_is_handed_in(source: Source) -> Iterator[str]:
    """The shared generator of `random` makes every run another."""
    if source.room != "optimizations":
        return
    for node, name in _names(source.tree):
        if re.fullmatch(r"random\.[a-z_]+", name):
            yield f"{node.lineno}: {name}"


def nothing_is_executed(source: Source) -> Iterator[str]:
    """No text becomes code: not by pickle, eval, exec or a shell."""
    for node, module in _imports(source.tree):
        if module.split(".")[0] in ("pickle", "marshal", "shelve", "dill"):
            yield f"{node.lineno}: imports {module}"
    for used, name in _names(source.tree):
        if name in ("eval", "exec", "os.system", "os.popen", "__import__"):
            yield f"{used.lineno}: {name}"
    for word in ast.walk(source.tree):
        if isinstance(word, ast.keyword) and word.arg == "shell":
            yield f"{word.value.lineno}: a shell"


def nothing_is_printed(source: Source) -> Iterator[str]:
    """What is copied into another program does not write on its screen."""
    if source.room == "optimizations" and source.path not in PRINT_ALLOWED:
        for call in _calls(source.tree, "print"):
            yield f"{call.lineno}: print"


def no_error_is_swallowed(source: Source) -> Iterator[str]:
    """No bare `except`, and none that takes everything and does nothing."""
    if source.path in SWALLOWING_ALLOWED:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield f"{node.lineno}: a bare except"
            elif _blind(node.type) and all(
                isinstance(step, ast.Pass | ast.Continue) for step in node.body
            ):
                yield f"{node.lineno}: swallows {ast.unparse(node.type)}"
    for call in _calls(source.tree, "suppress", "contextlib.suppress"):
        if any(map(_blind, call.args)):
            yield f"{call.lineno}: {ast.unparse(call)}"


def bounded_by_default(source: Source) -> Iterator[str]:
    """What limits a wait or a size has a finite default."""
    if source.room != "optimizations":
        return
    for node in _functions(source.tree):
        args = node.args
        plain = [*args.posonlyargs, *args.args]
        defaults = [
            *zip(plain[::-1], args.defaults[::-1], strict=False),
            *zip(args.kwonlyargs, args.kw_defaults, strict=True),
        ]
        for arg, default in defaults:
            if default and _BOUND.fullmatch(arg.arg) and _endless(default):
                yield f"{node.lineno}: {arg.arg}={ast.unparse(default)}"


def every_task_is_kept(source: Source) -> Iterator[str]:
    """The loop holds tasks weakly: one that nobody keeps may vanish."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func)
            if re.fullmatch(
                r"(asyncio|loop|.*get_running_loop\(\))\.create_task"
                r"|asyncio\.ensure_future",
                name,
            ):
                yield f"{node.lineno}: nobody keeps the task"


def nothing_cancels_across_a_yield(source: Source) -> Iterator[str]:
    """A timeout or task group around a `yield` would cancel a slow reader."""
    if source.room == "tests":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncWith) and _CANCELS.search(
            " ".join(ast.unparse(item.context_expr) for item in node.items)
        ):
            for inner in node.body:
                if any(isinstance(x, ast.Yield) for x in _same_scope(inner)):
                    yield f"{node.lineno}: a yield inside what cancels"


def who_starts_a_stream_closes_it(source: Source) -> Iterator[str]:
    """`async for` over a stream leaves it open where the loop is left."""
    if source.room == "tests":
        return
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.AsyncFor | ast.comprehension)
            and isinstance(node.iter, ast.Call)
            and isinstance(node.iter.func, ast.Attribute)
            and node.iter.func.attr == "stream"
        ):
            yield f"{node.iter.lineno}: a stream without aclosing"


def nothing_is_left_to_do(source: Source) -> Iterator[str]:
    """What is not done is not in the source; nor is anybody's home."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := _UNFINISHED.search(line):
            yield f"{number}: {found.group()}"


RULES: list[Rule] = [
    who_imports_whom,
    opens_with_a_docstring,
    annotations_are_deferred,
    everything_is_typed,
    what_is_public_is_explained,
    stays_short,
    the_wall_clock_decides_nothing,
    time_is_read_in_one_place,
    nobody_sleeps_for_real_in_a_test,
    chance_is_handed_in,
    nothing_is_executed,
    nothing_is_printed,
    no_error_is_swallowed,
    bounded_by_default,
    every_task_is_kept,
    nothing_cancels_across_a_yield,
    who_starts_a_stream_closes_it,
    nothing_is_left_to_do,
]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_BOUND = re.compile(r"\w+_seconds|max_\w+|\w+_limit|limit|queue|capacity")
_CANCELS = re.compile(r"\b(timeout|timeout_at|TaskGroup)\(")
_UNFINISHED = re.compile("TO[D]O|FIX[M]E|XX[X]|/roo[t]/|/hom[e]/")


def _functions(tree: ast.AST) -> Iterator[_Function]:
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            yield node


def _span(body: list[ast.stmt]) -> int:
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Each module that is imported; a relative one begins with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.module == "optimizations":
                for alias in node.names:
                    yield node, f"optimizations.{alias.name}"
            else:
                yield node, "." * node.level + (node.module or "")


def _imported_names(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            for alias in node.names:
                yield node.lineno, alias.name


def _names(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every name and dotted name that is used."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node, _dotted(node)


def _calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) in names:
            yield node


def _dotted(node: ast.expr) -> str:
    """A name as it is written; what it is taken from, where that has none, is
    left out.
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, but not what functions in it do."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _Function | ast.Lambda):
            yield from _same_scope(child)


def _private(node: _Function | ast.ClassDef) -> bool:
    return node.name.startswith("_")


def _bare(node: ast.ClassDef) -> bool:
    """Whether there is no base class that could explain a method."""
    return all(ast.unparse(base) == "Protocol" for base in node.bases)


def _blind(kind: ast.expr) -> bool:
    """Whether this catches everything, a cancellation among it."""
    names = ast.unparse(kind)
    return bool(re.search(r"\b(Base)?Exception\b|\bCancelledError\b", names))


def _endless(default: ast.expr) -> bool:
    text = ast.unparse(default)
    return text in ("None", "inf", "math.inf") or "'inf'" in text
