"""Model servers in processes of their own, to be killed or hung one by one.

The problem: failover, retries and breakers can't be believed from a simulated
failure alone. The idea: the module's own OpenAI-compatible server, started as
a user would start it, on a port that it chooses itself and tells on its first
line; then a crash is a real SIGKILL and a hang a real SIGSTOP.

    async with model_servers(3) as servers:
        servers[0].kill()

When not: to measure exact figures. A process on a shared machine is
*measured*, never *simulated*; the mock model in our own process, on the
virtual clock, is exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from lab.parts.process import ChildProcess, child

ROOT = str(Path(__file__).resolve().parents[2])


class ModelServer:
    """One running server, and what can be done to it."""

    def __init__(self, name: str, process: ChildProcess) -> None:
        self.name = name
        self.url = process.ready_line.partition(" ")[2]
        self.pid = process.pid
        self.terminate = process.terminate
        self.kill = process.kill
        self.pause = process.pause
        self.resume = process.resume


@contextlib.asynccontextmanager
async def model_server(
    name: str = "a",
    options: Sequence[str] = (),
    *,
    module: str = "optimizations.server",
    start_seconds: float = 20.0,
) -> AsyncIterator[ModelServer]:
    """`python -m module`, once it has printed `ready http://…:PORT`."""
    argv = [sys.executable, "-m", module, "--port", "0", "--name", name]
    async with child(
        [*argv, "--exit-with-stdin", *options],
        name=f"model server {name}",
        ready="ready http",
        start_seconds=start_seconds,
        cwd=ROOT,
    ) as process:
        yield ModelServer(name, process)


@contextlib.asynccontextmanager
async def model_servers(
    count: int,
    options: Sequence[str] = (),
    *,
    module: str = "optimizations.server",
    start_seconds: float = 20.0,
) -> AsyncIterator[list[ModelServer]]:
    """`count` servers named a, b, c …: all of them, or none and an error."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(name: str) -> ModelServer:
            server = model_server(
                name, options, module=module, start_seconds=start_seconds
            )
            return await stack.enter_async_context(server)

        names = [chr(ord("a") + number) for number in range(count)]
        try:
            async with asyncio.TaskGroup() as group:
                starting = [group.create_task(start(name)) for name in names]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        servers = [task.result() for task in starting]
        try:
            yield servers
        finally:
            for server in servers:  # ask all before waiting for the first
                server.terminate()
