"""`python -m optimizations.server` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from optimizations.errors import UpstreamError
from optimizations.http_model import HTTPModel
from optimizations.mock import Fault, MockModel
from tests.helpers import ask, collect, outcome, read
from tests.raw_http import run_real

COMMAND = [sys.executable, "-m", "optimizations.server"]
SECONDS = 20


@contextmanager
def running(*options: str, **env: str) -> Iterator[tuple[str, Any]]:
    """A server process, its URL first; ended if the test has not."""
    process = subprocess.Popen(
        [*COMMAND, "--exit-with-stdin", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | env,
    )
    with process:
        try:
            assert process.stdout is not None
            word, url = process.stdout.readline().decode().split()
            assert word == "ready"
            yield url, process
        finally:
            process.kill()


def get(url: str) -> dict[str, Any]:
    """The JSON there."""
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        return dict(json.load(response))


def test_it_answers_as_the_same_model_in_process_does() -> None:
    fault = "0-inf error status=503 share=0.5"
    options = ("--seed", "7", "--name", "a", "--profile", "instant")

    async def main(url: str) -> tuple[list[Any], list[Any]]:
        near = MockModel(
            "instant", name="a", seed=7, faults=[Fault.parse(fault)]
        )
        async with HTTPModel(url) as far:
            ends = []
            for model in (near, far):
                seen = []
                for n in range(20):
                    request = ask(f"question {n}", n=n, tenant="public")
                    chunks, error = await outcome(model.stream(request))
                    told = [c.usage for c in chunks if c.usage is not None]
                    text = "".join(chunk.text for chunk in chunks)
                    where = request.trace.served_by
                    seen.append((text, told, str(error), where))
                ends.append(seen)
            return ends[0], ends[1]

    with running(*options, "--fault", fault) as (url, _):
        near, far = run_real(main(url))
    assert near == far
    assert {error for _, _, error, _ in near} == {"None", "a planned fault"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_nothing_but_its_one_line(number: int) -> None:
    with running() as (_, process):
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert process.stdout.read() == process.stderr.read() == b""


def test_it_ends_with_its_parent() -> None:
    with running("--drain-seconds", "60") as (_, process):
        process.stdin.close()
        assert process.wait(SECONDS) == 0


def test_a_signal_lets_open_answers_end() -> None:
    async def main(url: str, process: Any) -> None:
        async with HTTPModel(url) as model:
            stream = model.stream(ask())
            await anext(stream)
            process.send_signal(signal.SIGTERM)
            rest = await collect(stream)
            assert rest[-1].usage is not None

    options = ("--profile", "quick", "--drain-seconds", "15")
    with running(*options) as (url, process):
        run_real(main(url, process))
        assert process.wait(SECONDS) == 0


def test_a_second_signal_does_not_wait_for_answers() -> None:
    async def main(url: str, process: Any) -> Exception | None:
        async with HTTPModel(url) as model:
            stream = model.stream(ask())
            await anext(stream)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(OSError, match="503"):
                while True:  # until the first signal has arrived
                    get(f"{url}/readyz")
            process.send_signal(signal.SIGTERM)
            _, error = await outcome(stream)
            return error

    options = ("--fault", "0-inf stall seconds=600 after_tokens=1")
    with running(*options, "--drain-seconds", "60") as (url, process):
        error = run_real(main(url, process))
        assert type(error).__name__ == "Incomplete"
        assert process.wait(SECONDS) == 0


def test_the_books_are_shown_only_when_asked_for() -> None:
    async def main(url: str) -> None:
        async with HTTPModel(url) as model:
            await read(model, ask())

    with running("--profile", "instant", "--show-ledger") as (url, _):
        run_real(main(url))
        books = get(f"{url}/mock/ledger")
        assert (books["calls"], books["answers"]) == (1, 1)
        assert books["nanodollars"] > 0
    with (
        running() as (url, _),
        pytest.raises(OSError, match="404"),
    ):
        get(f"{url}/mock/ledger")


def test_it_asks_for_the_key_in_the_variable() -> None:
    async def main(url: str) -> None:
        async with HTTPModel(url, api_key="right") as model:
            assert await read(model, ask())
        async with HTTPModel(url) as model:
            with pytest.raises(UpstreamError) as refused:
                await read(model, ask())
            assert refused.value.status == 401

    options = ("--profile", "instant", "--api-key-env", "SERVER_KEY")
    with running(*options, SERVER_KEY="right") as (url, _):
        run_real(main(url))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--profile", "fast"], "invalid choice: 'fast'"),
        (["--fault", "now broken"], "cannot read 'now broken'"),
        (["--fault", "0-1 broken"], "unknown fault 'broken'"),
        (["--fault", "0-1 slow factor=nan"], "needs factor"),
        (["--port", "70000"], "0 to 65535"),
        (["--port", "http"], "0 to 65535"),
        (["--name", "two\nlines"], "printable"),
        (["--drain-seconds", "-1"], "seconds from 0"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--api-key-env", "NOT_SET_ANYWHERE"], "must hold an API key"),
        (["--show-ledger", "--host", "0.0.0.0"], "loopback"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_a_wrong_option_is_one_clear_sentence(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from optimizations.server.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_port_that_is_taken_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [*COMMAND, "--port", str(port)],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines() == [
        f"cannot listen on 127.0.0.1:{port}: Address already in use"
    ]
