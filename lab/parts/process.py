"""A child process that ends with its parent, however the parent ends.

The problem: a lesson that starts a database, a proxy and three servers must
leave nothing behind: not after an error, not after Ctrl-C, and not after
`kill -9`, when no line of ours runs any more.

The idea: a pipe that only the parent can write to. The operating system
closes it when the parent dies, whatever the cause, and whoever reads it then
sees its end. A tiny shell starts first, leaves a *watcher* in the background
that reads this pipe, and becomes the real program by `exec`, so the pid we
hold is the program's own. At the end of the pipe the watcher kills the
process group. That can't hit a stranger: the group's number is not given out
again while the watcher itself is in the group.

    async with child(["valkey-server"], ready=answers_ping) as process:
        print(process.pid)

The child has a session of its own: Ctrl-C in the terminal reaches us alone,
and we end it in order. Its standard input is the same pipe, for programs
that watch it themselves (on Windows, where there is no watcher, they must).

When not: for what has to outlive the program or to be restarted when it
fails. That is the work of a supervisor (systemd, a container).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Sequence,
)
from typing import TypeVar, cast

from lab.parts.errors import PartFailed, PartMissing
from lab.parts.output import Output

T = TypeVar("T")
Ready = str | Callable[[], Awaitable[bool]]
"""An output line that begins so, or a probe that answers true."""

POLL_SECONDS = 0.01
REAP_SECONDS = 2.0  # a killed process is gone in less, unless the disk hangs
INHERITED_SOCKET = 4  # the number under which a child finds its `listener`

# 3 is the parent's pipe, 4 the socket to inherit. It comes in as standard
# error and is moved, because the watcher has to let go of it (or the port
# would outlive the program), and a POSIX shell closes only numbers below 10:
# with `pass_fds` it could have any.
WATCHER = """
exec 3<&0 4>&2 2>&1
directory=$1; shift
{
    read -r _ <&3
    kill -s KILL $$
    [ -z "$directory" ] || rm -rf -- "$directory"
    kill -s KILL 0
} 4>&- >/dev/null 2>&1 &
exec "$@" 3<&-
"""


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
    """Run `argv` as long as the block lasts.

    `PartFailed` if it is not `ready` within `start_seconds`. Leaving sends
    SIGTERM, then SIGKILL after `grace_seconds` (0: at once, for what has
    nothing to save). `directory` is removed if we are killed before we could
    do it. `listener` becomes its `INHERITED_SOCKET` and is closed here.
    """
    process = ChildProcess(name or os.path.basename(argv[0]), ready)
    try:
        await undisturbed(process._start(argv, directory, listener, cwd))
        await process._until_ready(start_seconds)
        yield process
    finally:
        await undisturbed(process._stop(grace_seconds))


class ChildProcess:
    """A running child. Signals to one that has ended do nothing."""

    def __init__(self, name: str, ready: Ready | None) -> None:
        self.name = name
        self._ready = ready
        self._output = Output(ready if isinstance(ready, str) else None)
        self._transport: asyncio.SubprocessTransport | None = None

    @property
    def pid(self) -> int:
        """The program's own, not a shell's."""
        return self._running.get_pid()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if one ended it."""
        return self._running.get_returncode()

    @property
    def ready_line(self) -> str:
        """The whole line by which it said that it is ready."""
        return self._output.ready_line

    def terminate(self) -> None:
        """SIGTERM: ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: it is gone without a word, as in a crash."""
        if sys.platform == "win32":
            self._signal(signal.SIGTERM)  # the same thing there
        else:
            self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it keeps its sockets and answers nobody, as if hung."""
        if sys.platform == "win32":
            raise PartMissing("pausing a process", "it takes Linux or macOS")
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on where it was paused."""
        if sys.platform == "win32":
            raise PartMissing("resuming a process", "it takes Linux or macOS")
        self._signal(signal.SIGCONT)

    async def wait(self, timeout_seconds: float) -> int:
        """Its exit code once it has ended; `TimeoutError` if it does not."""
        async with asyncio.timeout(timeout_seconds):
            await self._output.exited.wait()
        return cast(int, self.exit_code)

    async def failed(self, problem: str) -> PartFailed:
        """The error to raise, with the last lines that it printed."""
        if self.exit_code is not None:  # its last words may be on their way
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    await self._output.silent.wait()
        return PartFailed(self.name, problem, " | ".join(self._output.tail))

    @property
    def _running(self) -> asyncio.SubprocessTransport:
        assert self._transport, f"{self.name} is used outside of its block"
        return self._transport

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._running.send_signal(number)

    async def _start(
        self,
        argv: Sequence[str],
        directory: str,
        listener: socket.socket | None,
        cwd: str | None,
    ) -> None:
        watched = ["sh", "-c", WATCHER, "sh", directory, *argv]
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.subprocess_exec(
                lambda: self._output,
                *(argv if sys.platform == "win32" else watched),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=listener.fileno()
                if listener
                else asyncio.subprocess.STDOUT,
                start_new_session=True,
                cwd=cwd,
            )
        except OSError as error:
            problem = f"could not be started ({error.strerror})"
            raise PartFailed(self.name, problem) from None
        finally:
            if listener:
                listener.close()

    async def _until_ready(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await self._is_ready():
                    if self.exit_code is not None:
                        code = self.exit_code
                        problem = f"ended with exit code {code} at its start"
                        raise await self.failed(problem)
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            problem = f"was not ready within {seconds:g} s"
            raise await self.failed(problem) from None

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
        if self._transport is None:
            return
        if grace_seconds and self.exit_code is None:
            self.terminate()
            with contextlib.suppress(TimeoutError):
                await self.wait(grace_seconds)
        if self.exit_code is None:
            self._kill_group()
            with contextlib.suppress(TimeoutError):
                await self.wait(REAP_SECONDS)
        # This ends the pipe: had the program ended by itself, the watcher now
        # kills what it left behind.
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REAP_SECONDS):
                await self._output.closed.wait()

    def _kill_group(self) -> None:
        """At once the program, what it has started, and the watcher."""
        if sys.platform == "win32":
            self.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


async def undisturbed(work: Coroutine[None, None, T]) -> T:
    """Await short `work` to its end; a cancellation is raised only then.

    Half a start could not be undone, and half an end leaves a process behind.
    The work has to have a timeout of its own.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    try:
        return task.result()
    finally:
        if cancelled:
            raise cancelled
