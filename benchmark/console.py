"""What the terminal shows while the benchmark runs: the report's own blocks,
as soon as each is there, and how far the work is.

Results go to standard output. How far it is goes to standard error: a bar
where that is a terminal, else a line for each part of the work.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchmark.report.as_terminal import WIDTH, terminal
from benchmark.report.blocks import Block
from benchmark.report.document import suite_part, warnings_part
from benchmark.report.looking_back import comparison_part
from lab.options import discard_output
from lab.printable import printable

READ_FIRST = "report.html"


class _Console(Console):
    """Where `head` has seen enough, the run goes on: its reports are still to
    be written.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        discard_output()


class Screen:
    """Standard output, 80 columns wide at most."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a cp1252 pipe must not crash
                stream.reconfigure(errors="replace")
        self._console = _Console(highlight=False)
        self._width = min(self._console.width, WIDTH)
        self._lost: OSError | None = None
        self._progress = Console(stderr=True)

    def header(
        self, machine: Mapping[str, object], seed: int, seeds: int
    ) -> None:
        """Where this runs, and with which chance."""
        for line in (
            "{processor}, {cores} cores, {system}, Python {python}".format(
                **machine
            ),
            f"seed {seed}, {seeds} seeds. Intervals are 95 %; × and ratios "
            "are paired, seed by seed.",
        ):
            self._print(Text(line, style="dim"), width=self._width)

    def suite(
        self, name: str, simulated: Mapping[str, Any], measured: dict[str, Any]
    ) -> None:
        """The simulated table, the verdicts, and the measured table."""
        self._blocks(suite_part(name, simulated, measured))

    def warnings(self, texts: Iterable[str]) -> None:
        """One block, after everything else."""
        self._blocks(warnings_part(list(texts)))

    def comparison(self, comparison: Mapping[str, Any]) -> None:
        """What differs from an earlier report, and what becomes of the
        thresholds.
        """
        self._blocks(comparison_part(comparison))

    def written(self, out: Path, names: Iterable[str]) -> None:
        """Where the files are, the one to read first."""
        first, *others = sorted(names, key=lambda n: (n != READ_FIRST, n))
        self._print()
        # never broken over lines: a path is there to be copied
        self._path(f"written: {out / first}")
        self._path(f"beside it: {', '.join(others)}")

    def stored(self, text: str) -> None:
        """What became of the report that later runs are compared with."""
        self._path(text)

    def _path(self, text: str) -> None:
        self._print(Text(printable(text)), soft_wrap=True)

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for line in terminal(blocks, self._width):
            self._print(line, soft_wrap=True)

    def _print(self, *texts: Any, **how: Any) -> None:
        """A full disk behind standard output must not cost the reports."""
        try:
            self._console.print(*texts, **how)
        except OSError as error:
            self._lost = error
            self._console.quiet = True
            discard_output()

    def check(self) -> None:
        """Raises the OSError that output was lost with."""
        if self._lost:
            raise self._lost

    def progress(self) -> Bar:
        """On standard error."""
        return Bar(self._progress)


class Bar:
    """How far the benchmark is."""

    def __init__(self, console: Console) -> None:
        self._log = None if console.is_terminal else console
        self._bar = Progress(
            TextColumn("{task.description:30}"),
            BarColumn(30),
            TimeElapsedColumn(),
            TextColumn("elapsed"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task("")

    @classmethod
    def silent(cls) -> Bar:
        """One that shows nothing."""
        return cls(Console(file=io.StringIO()))

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way, while results are printed."""
        self._bar.stop()
        yield
        self._bar.start()

    def phase(self, name: str, steps: int) -> None:
        """Begin the next part of the work."""
        self._tell(f"{name} ...")
        self._bar.reset(self._task, total=steps, description=name)

    def step(self) -> None:
        """One more is done."""
        self._bar.advance(self._task)

    def _tell(self, text: str) -> None:
        """Where nobody listens any more, the run goes on."""
        if self._log:
            try:
                self._log.print(Text(text), soft_wrap=True)
            except OSError:
                self._log = None
