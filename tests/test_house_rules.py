"""The house keeps its rules, and each rule bites."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from tests import house_rules as rules
from tests.house_rules import CHAPTERS, RULES, Rule, Source

ROOT = Path(__file__).parent.parent
ROOMS = ("optimizations", "lab", "lesson", "benchmark", "tests")

# What a file of the same name in tests/ does not test, and which file does.
TESTED_ELSEWHERE = {
    "optimizations/mock/engine.py": "tests/mock/test_model.py",
    "optimizations/server/listening.py": "tests/server/test_app.py",
    "optimizations/wire/deltas.py": "tests/wire/test_answers.py",
    **{
        f"optimizations/caching/similar/{name}.py": (
            f"tests/caching/similar/test_{other}.py"
        )
        for name, other in {"english": "checks", "shop": "vocabulary"}.items()
    },
}

# Each is slow to import, or missing somewhere: only who uses it imports it.
HEAVY = {
    "aiohttp",
    "matplotlib",
    "numpy",
    "prometheus_client",
    "psutil",
    "rapidfuzz",
    "redis",
    "rich",
    "usearch",
    "wordllama",
}
LIGHT = [
    "optimizations.llm",
    "optimizations.pump",
    "optimizations.mock",
    "optimizations.stack",
    "optimizations.wire",
    *(f"optimizations.{chapter}" for chapter in sorted(CHAPTERS)),
]


def project() -> list[Source]:
    """Every Python file of ours."""
    files = sorted(ROOT.glob("module12*.py"))  # not what a reader tries out
    for room in ROOMS:
        files += sorted((ROOT / room).rglob("*.py"))
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in files
    ]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """All of them, parsed. Meanwhile nothing is collected: in Python 3.11 a
    traceback that is formatted then, of some lost error, breaks the parser.
    """
    files = project()
    gc.disable()
    try:
        assert all(source.tree for source in files)
    finally:
        gc.enable()
    return files


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Rule, sources: list[Source]) -> None:
    complaints = [
        f"{source.path}:{complaint}"
        for source in sources
        for complaint in rule(source)
    ]
    assert not complaints, "\n".join(complaints)


def test_the_house_was_looked_at(sources: list[Source]) -> None:
    assert len(sources) > 40
    assert {source.room for source in sources} >= {"optimizations", "tests"}


def test_every_folder_is_a_package() -> None:
    """Without an `__init__.py`, nothing that walks packages sees it."""
    bare = {
        path.parent.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    }
    assert bare == set()


def test_every_module_has_a_test_of_its_name(sources: list[Source]) -> None:
    paths = {source.path for source in sources}
    missing = {
        source.path
        for source in sources
        if source.room == "optimizations"
        and not Path(source.path).name.startswith("__")
        and home_of(source.path) not in paths
    }
    assert missing <= set(TESTED_ELSEWHERE)
    assert set(TESTED_ELSEWHERE.values()) <= paths


def test_nothing_heavy_comes_along() -> None:
    program = f"import sys, {', '.join(LIGHT)}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert HEAVY & set(loaded) == set()


def home_of(path: str) -> str:
    """Where the tests of a module live."""
    inside = Path(path).relative_to("optimizations")
    return f"tests/{inside.parent / f'test_{inside.name}'}".replace("/./", "/")


# --- each rule bites ---------------------------------------------------------

BAD: list[tuple[Rule, str, str]] = [
    (rules.who_imports_whom, path, f"{statement}\n")
    for path, statement in [
        ("optimizations/pump.py", "from lab.traffic import arrivals"),
        ("optimizations/pump.py", "import tests.helpers"),
        ("optimizations/caching/memory/lru.py", "from . import ttl"),
        (
            "optimizations/caching/memory/lru.py",
            "import optimizations.streaming.x",
        ),
        (
            "optimizations/caching/memory/lru.py",
            "from optimizations import balancing",
        ),
        ("optimizations/llm.py", "from optimizations.caching import lru"),
        ("lab/traffic.py", "from lesson import chapter"),
        ("lesson/caching.py", "if 1:\n    import benchmark.report"),
        ("benchmark/report.py", "from lesson import screen"),
        ("module12.py", "from optimizations.llm import LLM"),
        ("module12_benchmark.py", "from lesson import screen"),
    ]
]
BAD += [
    (rules.opens_with_a_docstring, "lab/x.py", "import os\n"),
    (rules.opens_with_a_docstring, "lab/__init__.py", ""),
    (rules.opens_with_a_docstring, "tests/x.py", "import os\n"),
    (rules.annotations_are_deferred, "lab/x.py", "def f(): ...\n"),
    (rules.annotations_are_deferred, "lab/x.py", "class A: ...\n"),
    (rules.everything_is_typed, "tests/x.py", "def f(a) -> None: ...\n"),
    (rules.everything_is_typed, "tests/x.py", "def f(a: int): ...\n"),
    (rules.everything_is_typed, "lab/x.py", "def f(*a) -> None: ...\n"),
    (rules.everything_is_typed, "lab/x.py", "def f(*, a) -> None: ...\n"),
    (rules.what_is_public_is_explained, "lab/x.py", "def f(): ...\n"),
    (rules.what_is_public_is_explained, "lab/x.py", "class A: ...\n"),
    (
        rules.what_is_public_is_explained,
        "lab/x.py",
        "class A:\n    'Fine.'\n    def f(self): ...\n",
    ),
    (rules.stays_short, "lab/x.py", "x = 1\n" * 301),
    (rules.stays_short, "lab/x.py", "def f():\n" + "    x = 1\n" * 41),
    (rules.no_error_is_swallowed, "lab/x.py", "try: f()\nexcept: pass\n"),
    (
        rules.no_error_is_swallowed,
        "lab/x.py",
        "for x in y:\n  try: f()\n  except (OSError, Exception): continue\n",
    ),
    (
        rules.no_error_is_swallowed,
        "lab/x.py",
        "try: f()\nexcept asyncio.CancelledError: pass\n",
    ),
    (rules.no_error_is_swallowed, "lab/x.py", "suppress(BaseException)\n"),
    (
        rules.nothing_cancels_across_a_yield,
        "optimizations/x.py",
        "async def f():\n  async with asyncio.timeout(1):\n    yield 1\n",
    ),
    (
        rules.nothing_cancels_across_a_yield,
        "optimizations/x.py",
        "async def f():\n"
        "  async with asyncio.TaskGroup() as group, other():\n"
        "    for x in y:\n"
        "      yield x\n",
    ),
    (
        rules.who_starts_a_stream_closes_it,
        "optimizations/x.py",
        "async def f():\n  async for x in self.inner.stream(r): yield x\n",
    ),
    (
        rules.who_starts_a_stream_closes_it,
        "lesson/x.py",
        "async def f():\n  return [x async for x in llm.stream(r)]\n",
    ),
    (
        rules.nobody_sleeps_for_real_in_a_test,
        "tests/test_x.py",
        "def test_x():\n"
        "  async def main(): await asyncio.sleep(0.1)\n"
        "  asyncio.run(main())\n",
    ),
]
BAD += [
    (rule, "optimizations/x.py", f"{statement}\n")
    for rule, statements in {
        rules.the_wall_clock_decides_nothing: [
            "time.time()",
            "time.time_ns()",
            "datetime.now(UTC)",
            "datetime.datetime.utcnow()",
            "clock = time.time",
            "from time import time",
        ],
        rules.time_is_read_in_one_place: [
            "time.monotonic()",
            "clock = time.monotonic",
            "time.sleep(1)",
        ],
        rules.chance_is_handed_in: [
            "random.random()",
            "random.shuffle(x)",
            "draw = random.uniform",
        ],
        rules.nothing_is_executed: [
            "import pickle",
            "from pickle import loads",
            "eval('1')",
            "exec(x)",
            "os.system('ls')",
            "subprocess.run(x, shell=True)",
        ],
        rules.nothing_is_printed: ["print('hello')"],
        rules.bounded_by_default: [
            "def f(read_seconds=None): ...",
            "def f(a, limit=inf): ...",
            "def f(*, max_entries=None): ...",
            "def f(*, queue=float('inf')): ...",
            "def f(a, capacity=math.inf, b=1): ...",
        ],
        rules.every_task_is_kept: [
            "asyncio.create_task(f())",
            "loop.create_task(f())",
            "asyncio.get_running_loop().create_task(f())",
            "asyncio.ensure_future(f())",
        ],
        rules.nothing_is_left_to_do: [
            "# TO" + "DO: later",
            "# FIX" + "ME",
            "path = '/ro" + "ot/x'",
        ],
    }.items()
    for statement in statements
]
BAD += [(rules.nobody_sleeps_for_real_in_a_test, "tests/x.py", "time.sleep\n")]


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    BAD,
    ids=[f"{rule.__name__}-{n}" for n, (rule, _, _) in enumerate(BAD)],
)
def test_a_rule_bites(rule: Rule, path: str, text: str) -> None:
    assert len(list(rule(Source(path, text)))) == 1


def test_every_rule_was_shown_something_bad() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)


GOOD = '''"""What this is."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing, suppress

from optimizations.llm import LLM


class Kept:
    """A thing."""

    def __init__(self, inner: LLM, *, read_seconds: float = 5.0) -> None:
        self.rng = random.Random(read_seconds)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(2)

    async def stream(self, request: object) -> object:
        """Passes on."""
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk
        try:
            raise ValueError
        except Exception as error:
            raise LookupError from error
'''


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(
    "path",
    [
        "optimizations/streaming/x.py",
        "optimizations/stack.py",
        "lab/x.py",
        "lesson/x.py",
        "benchmark/x.py",
        "tests/x.py",
    ],
)
def test_no_rule_complains_about_good_work(rule: Rule, path: str) -> None:
    assert list(rule(Source(path, GOOD))) == []
