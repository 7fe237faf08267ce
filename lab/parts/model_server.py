"""Model servers in processes of their own: one can be killed or hung while the others go on.

The problem: failover, retries and breakers can't be believed from a simulated failure alone. The
idea: the module's own OpenAI-compatible server, started as a user would start it, on a port that it
chooses itself and tells on its first line; then a crash is a real SIGKILL and a hang a real SIGSTOP.

    async with model_servers(3) as servers:
        servers[0].kill()

When not: to measure exact figures. A process on a shared machine is *measured*, never *simulated*;
the mock model in our own process, on the virtual clock, is exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from lab.parts.process import ChildProcess, child

ROOT = Path(__file__).resolve().parents[2]


class ModelServer:
    """One running server and the things that can be done to it."""

    def __init__(self, name: str, process: ChildProcess) -> None:
        self.name = name
        self.url = process.ready_line.partition(" ")[2]
        self.terminate, self.kill = process.terminate, process.kill
        self.pause, self.resume = process.pause, process.resume
        self.pid = process.pid


@contextlib.asynccontextmanager
async def model_server(
    name: str = "a",
    options: Sequence[str] = (),
    *,
    module: str = "optimizations.server",
    start_seconds: float = 20.0,
) -> AsyncIterator[ModelServer]:
    """`python -m module` with these options, once it has printed `ready http://127.0.0.1:PORT`."""
    argv = [
        sys.executable,
        "-m",
        module,
        "--port",
        "0",
        "--name",
        name,
        "--exit-with-stdin",
        *options,
    ]
    async with child(
        argv,
        name=f"model server {name}",
        ready="ready http",
        start_seconds=start_seconds,
        cwd=str(ROOT),
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
    """`count` servers named a, b, c …, started side by side: all of them, or none and an error."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            async with asyncio.TaskGroup() as starting:
                tasks = [
                    starting.create_task(
                        stack.enter_async_context(
                            model_server(
                                chr(ord("a") + i),
                                options,
                                module=module,
                                start_seconds=start_seconds,
                            )
                        )
                    )
                    for i in range(count)
                ]
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        servers = [task.result() for task in tasks]
        try:
            yield servers
        finally:
            for server in servers:  # all are asked before the first is waited for
                server.terminate()
