"""A child process that ends with its parent, however the parent ends.

The problem: a lesson that starts a database, a proxy and three servers must leave nothing behind:
not after an error, not after Ctrl-C, and not after `kill -9`, when no line of ours runs any more.

The idea: a pipe that only the parent can write to. The operating system closes it when the parent
dies, whatever the cause, and whoever reads it then sees its end. A tiny shell starts first, leaves a
*watcher* in the background that reads this pipe, and becomes the real program by `exec`, so the pid
we hold is the program's own. At the end of the pipe the watcher kills the process group. That can't
hit a stranger: the group's number is not given out again while the watcher itself is in it.

    async with child(["valkey-server", "--port", "0"], ready=answers_ping) as process:
        print(process.pid)

The child has a session of its own, so Ctrl-C in the terminal reaches us alone and we end it in order.
Its standard input is the same pipe, for programs that watch it themselves (on Windows they have to,
there is no watcher).

When not: for what has to outlive the program, or to be restarted when it fails. That is the work of a
supervisor (systemd, a container).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path

INHERITED_SOCKET = 4  # the number under which a child finds the socket handed to it
POLL_SECONDS = 0.01

Ready = str | Callable[[], Awaitable[bool]]
"""How a child says it is ready: an output line that begins so, or a probe that answers true."""

# 3 is the parent's pipe, 4 a socket to inherit. The socket comes in as standard error and is moved,
# because the watcher has to let go of it, or the port would stay open after the program's death,
# and a POSIX shell can close the numbers below 10 only: `pass_fds` gives whatever number it had.
WATCHER = """
exec 3<&0 4<&2 2>&1
directory=$1; shift
{
    read -r _ <&3
    kill -s KILL $$
    [ -z "$directory" ] || rm -rf -- "$directory"
    kill -s KILL 0
} 4<&- >/dev/null 2>&1 &
exec "$@" 3<&-
"""


class PartError(Exception):
    """A real part is not there or does not work. The message is one sentence, meant to be shown."""


class PartMissing(PartError):
    """A part is not on this machine."""

    def __init__(self, part: str, how_to_get_it: str) -> None:
        super().__init__(f"{part} is not on this machine: {how_to_get_it}.")


class PartFailed(PartError):
    """A part is there but did not start or does not answer; the message ends with its last lines."""

    def __init__(self, part: str, problem: str, output: str = "") -> None:
        super().__init__(f"{part} {problem}" + (f"; its last lines: {output}" if output else "."))


@contextlib.asynccontextmanager
async def child(
    argv: Sequence[str],
    *,
    name: str = "",
    ready: Ready | None = None,
    start_seconds: float = 10.0,
    grace_seconds: float = 0.3,
    directory: str = "",
    listener: socket.socket | None = None,
    cwd: str | None = None,
) -> AsyncIterator[ChildProcess]:
    """Run `argv` as long as the block lasts; `PartFailed` if not `ready` within `start_seconds`.

    Leaving the block sends SIGTERM, then SIGKILL after `grace_seconds` (0: at once, for what has
    nothing to save). `directory` is removed if we are killed before we could do it ourselves.
    `listener` becomes the child's `INHERITED_SOCKET` and is closed on our side.
    """
    process = ChildProcess(name or os.path.basename(argv[0]), ready)
    try:
        await _undisturbed(process._start(argv, directory, listener, cwd))
        await process._until_ready(start_seconds)
        yield process
    finally:
        await _undisturbed(process._stop(grace_seconds))


class ChildProcess:
    """A running child. After its death the signals do nothing, so nobody has to ask first."""

    def __init__(self, name: str, ready: Ready | None) -> None:
        self.name = name
        self.ready_line = ""  # the whole line that said so
        self._ready = ready
        self._tail: deque[str] = deque(maxlen=5)
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the negative signal number if a signal ended it."""
        return self._running.returncode

    def terminate(self) -> None:
        """SIGTERM: ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: it is gone without a word, as in a crash."""
        self._signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it keeps its sockets and answers nobody, as a hung process does."""
        if sys.platform == "win32":
            raise PartMissing("pausing a process", "it takes Linux or macOS")
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on where it was paused."""
        if sys.platform == "win32":
            raise PartMissing("resuming a process", "it takes Linux or macOS")
        self._signal(signal.SIGCONT)

    async def wait(self, timeout_seconds: float) -> int:
        """Its exit code, once it has ended by itself; `TimeoutError` if it doesn't in time."""
        async with asyncio.timeout(timeout_seconds):
            # Not `Process.wait`: in older Pythons it also waits for whoever else holds the pipes.
            while (code := self.exit_code) is None:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        return code

    async def failed(self, problem: str) -> PartFailed:
        """The error to raise, with the last lines it printed."""
        if self._listening and self.exit_code is not None:
            await asyncio.wait(
                [self._listening], timeout=0.3
            )  # what it printed last is still on its way
        return PartFailed(self.name, problem, " | ".join(self._tail))

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "used outside its block"
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._running.send_signal(number)

    async def _start(
        self, argv: Sequence[str], directory: str, listener: socket.socket | None, cwd: str | None
    ) -> None:
        watched = ["sh", "-c", WATCHER, "sh", directory, *argv]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(argv if sys.platform == "win32" else watched),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=listener.fileno() if listener else asyncio.subprocess.STDOUT,
                start_new_session=True,
                cwd=cwd,
            )
        except OSError as error:
            raise PartFailed(self.name, f"could not be started ({error.strerror})") from None
        finally:
            if listener:
                listener.close()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Read all it prints (a full pipe would stop it) and keep the end."""
        output = self._running.stdout
        assert output is not None
        while True:
            try:
                line = await output.readline()
            except ValueError:  # longer than asyncio's buffer, and dropped by it
                continue
            if not line:
                return
            text = line.decode(errors="replace").strip()
            if text:
                self._tail.append(text[:300])
            if isinstance(self._ready, str) and text.startswith(self._ready):
                self.ready_line = self.ready_line or text

    async def _until_ready(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await self._is_ready():
                    if self.exit_code is not None:
                        raise await self.failed(
                            f"ended with exit code {self.exit_code} at its start"
                        )
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise await self.failed(f"was not ready within {seconds:g} s") from None

    async def _is_ready(self) -> bool:
        if self._ready is None:
            return True
        if isinstance(self._ready, str):
            return bool(self.ready_line)
        try:
            return await self._ready()
        except OSError:  # nothing listens yet
            return False

    async def _stop(self, grace_seconds: float) -> None:
        process = self._process
        if process is None:
            return
        if grace_seconds and self.exit_code is None:
            self.terminate()
            with contextlib.suppress(TimeoutError):
                await self.wait(grace_seconds)
        if self.exit_code is None:
            self._kill_group()
        assert process.stdin is not None
        process.stdin.close()  # if it had ended by itself, the watcher now ends what it left behind
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 2.0)  # reaped, and both pipes closed
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    def _kill_group(self) -> None:
        """All of it at once: the program, what it started, the watcher."""
        if sys.platform == "win32":
            self.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


async def _undisturbed(work: Coroutine[None, None, None]) -> None:
    """Await short `work` to its end. A cancellation is raised after it, not into it.

    Half a start could not be undone, and half an end would leave a process behind.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled:
        raise cancelled


@contextlib.contextmanager
def private_directory() -> Iterator[str]:
    """A new folder for sockets, which only this user can enter.

    Its path is short, for a socket's path may have 104 characters on macOS.
    """
    place = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(
        prefix="module12-", dir=place if len(place) < 60 else "/tmp", ignore_cleanup_errors=True
    ) as directory:
        yield directory


def find_binary(package: str, *names: str) -> str | None:
    """The program of one of these names that the Python package carries, else the one on PATH."""
    spec = importlib.util.find_spec(package)
    root = Path(spec.origin).parent if spec and spec.origin else None
    for name in names:
        for carried in sorted(root.rglob(name)) if root else []:
            if carried.is_file() and os.access(carried, os.X_OK):
                return str(carried)
    return next((path for name in names if (path := shutil.which(name))), None)
