"""Runs the front doors as a user does: in a pipe or on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
_STATE = tempfile.TemporaryDirectory()  # never the state of who tests
RUN_SECONDS = 120
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run(
    *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A program of the project in a pipe, with nobody at its input."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_SECONDS,
        check=False,
    )


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, less what would change what is tested."""
    ours = ("REDIS_", "OPENAI_", "MODULE12_", "NO_COLOR", "COLUMNS", "TERM")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    fixed = {"TERM": "xterm-256color", "PYTHONUTF8": "1"}
    return kept | fixed | {"XDG_STATE_HOME": _STATE.name, **extra}


class Terminal:
    """A program on a terminal of 80 by 24, and somebody who types."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self.output = ""
        self._handle = handle
        self._seen = 0  # of the text, what a `wait_for` has returned

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Read until this text has come since the last such call; returns all
        up to it. Fails when the program ends or the time is up.
        """
        until = time.monotonic() + seconds
        while (at := self.text.find(text, self._seen)) < 0:
            if not self._read(until - time.monotonic()):
                raise AssertionError(
                    f"{text!r} did not come; the end of what came: "
                    f"{self.output[-500:]!r}"
                )
        start, self._seen = self._seen, at + len(text)
        return self.text[start : self._seen]

    @property
    def text(self) -> str:
        """All output so far, without what only moves or colours."""
        return ESCAPE.sub("", self.output)

    def type(self, keys: str) -> None:
        os.write(self._handle, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.pid).children(
            recursive=True
        )
        return found

    def exit_code(self, seconds: float = 30) -> int:
        """Read to the end, and return the code it exits with."""
        until = time.monotonic() + seconds
        while self._read(until - time.monotonic()):
            pass
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        """Take what the program has written; False at its end."""
        ready, _, _ = select.select([self._handle], [], [], max(seconds, 0))
        if not ready:
            raise AssertionError(
                f"nothing came for {seconds:.0f} s after "
                f"{self.output[-500:]!r}"
            )
        try:
            data = os.read(self._handle, 65536)
        except OSError:  # Linux tells the end of a terminal so
            return False
        self.output += data.decode(errors="replace")
        return bool(data)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    """A program of the project on a terminal; killed if it outlives the
    block.
    """
    pid, handle = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        variables = clean_environment(environment)
        variables |= {"COLUMNS": "80", "LINES": "24"}
        os.execve(sys.executable, [sys.executable, *arguments], variables)
    try:
        yield Terminal(pid, handle)
    finally:
        os.close(handle)
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
