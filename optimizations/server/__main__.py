"""The simulated model as a server in a process of its own:

    python -m optimizations.server --port 8000 --fault "10-20 error status=500"

It prints one line, `ready http://HOST:PORT`, when it accepts requests. SIGTERM
and SIGINT drain it: `/readyz` says 503 at once, answers on their way may end
for `--drain-seconds`, and it exits with 0; a second signal ends it at once.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import math
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from aiohttp import web

from optimizations.mock import PROFILES, Fault, MockModel
from optimizations.mock.answers import invent
from optimizations.server.app import SERVICE, create_app
from optimizations.server.listening import listening
from optimizations.wire import fits_header, write_object


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence is enough; `--help` has the rest."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end. Returns the exit code."""
    options = _read_options(arguments)
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        place = f"{options.host}:{options.port}"
        sys.stderr.write(f"cannot listen on {place}: {reason}\n")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    answer = options.answer
    model = MockModel(
        options.profile,
        name=options.name,
        answer=invent if answer is None else lambda request: answer,
        faults=options.fault,
        seed=options.seed,
    )
    app = create_app(
        model, name=options.name, api_key=options.api_key, drop_refused=True
    )
    if options.show_ledger:
        app.router.add_get("/mock/ledger", _ledger_of(model))
    ending = _Ending(options.exit_with_stdin)
    async with listening(app, options.host, options.port) as url:
        sys.stdout.write(f"ready {url}\n")
        sys.stdout.flush()
        await ending.asked.wait()
        app[SERVICE].draining = True
        drained = asyncio.create_task(app[SERVICE].idle())
        hurried = asyncio.create_task(ending.insisted.wait())
        await asyncio.wait(
            [drained, hurried],
            timeout=options.drain_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        drained.cancel()
        hurried.cancel()


class _Ending:
    """Who may end the server: a signal, a second one, the parent's death."""

    def __init__(self, with_stdin: bool) -> None:
        self.asked = asyncio.Event()
        self.insisted = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._soon(self._ask))
        if with_stdin:
            threading.Thread(target=self._watch_stdin, daemon=True).start()

    def _ask(self) -> None:
        if self.asked.is_set():
            self.insisted.set()
        self.asked.set()

    def _watch_stdin(self) -> None:
        """In a thread, since not every stdin can be polled. The parent holds
        the other end: however it dies, the operating system closes it.
        """
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        self._soon(self._insist)

    def _insist(self) -> None:
        self.asked.set()
        self.insisted.set()

    def _soon(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(what)


def _ledger_of(
    model: MockModel,
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The books, for whoever compares them with what was answered."""

    async def ledger(http: web.Request) -> web.Response:
        books = model.ledger
        totals = {
            **model.snapshot(),
            "nanodollars": books.nanodollars,
            "prompt_tokens": books.prompt_tokens,
            "completion_tokens": books.completion_tokens,
            "replayed": books.replayed,
        }
        return web.Response(
            body=write_object(totals), content_type="application/json"
        )

    return ledger


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="optimizations.server",
        description="The simulated model as an OpenAI-compatible server.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=_port, default=0, help="0 (default) takes a free one")
    add("--name", type=_name, default="mock", help="who it says it is")
    add("--profile", choices=sorted(PROFILES), default="hosted")
    add("--seed", type=int, default=0)
    add("--answer", metavar="TEXT", help="to every question; else invented")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="'START-END KIND name=value ...'",
        help="seconds since the start; may be given several times",
    )
    add("--drain-seconds", type=_seconds, default=1.0)
    add("--api-key-env", metavar="NAME", help="the variable with the API key")
    add("--exit-with-stdin", action="store_true", help="end when it ends")
    add("--show-ledger", action="store_true", help="GET /mock/ledger")
    options = parser.parse_args(arguments)
    options.api_key = None
    if options.api_key_env is not None:
        options.api_key = os.environ.get(options.api_key_env, "")
        if not fits_header(options.api_key):
            parser.error(
                f"the variable {options.api_key_env} must hold an API key "
                "of 1 to 128 printable ASCII characters"
            )
    if options.show_ledger and not _is_loopback(options.host):
        parser.error("--show-ledger only goes with a loopback --host")
    return options


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _name(text: str) -> str:
    if not fits_header(text):
        raise argparse.ArgumentTypeError(
            "a name is 1 to 128 printable ASCII characters"
        )
    return text


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("a number of seconds from 0")
    return seconds


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
