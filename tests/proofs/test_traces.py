"""The stated number of the traces: an hour of a real service in a minute."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import replace as with_

import pytest

from lab.replay import answer, replay
from lab.traces import read_trace
from lab.traffic import open_loop
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.policies import LeastInFlight
from optimizations.clock import chance, now, run_virtual
from optimizations.llm import Request
from optimizations.mock import PROFILES, Ledger, MockModel
from tests.conftest import Proof
from tests.running import ROOT

pytestmark = pytest.mark.proof

AZURE = ROOT.parent / "shared/data/azure_llm_trace_conversation.csv"
REPLICAS = 4  # with 64 slots each, enough that nobody waits for one
PROFILE = with_(PROFILES["gpu"], capacity=64, tokens_per_chunk=8)


@pytest.mark.skipif(
    not AZURE.exists(), reason=f"the trace {AZURE.name} is not here"
)
def test_a_real_hour_is_replayed_within_a_minute(proof: Proof) -> None:
    began, began_working = time.perf_counter(), time.process_time()
    trace = read_trace(AZURE)
    coming = replay(trace)
    ledger = Ledger(PROFILE.price)

    async def main() -> float:
        models = [
            MockModel(PROFILE, seed=number, answer=answer, ledger=ledger)
            for number in range(REPLICAS)
        ]
        balanced = Balanced(models, LeastInFlight(), rng=chance("trace"))

        async def send(request: Request, due: float) -> None:
            async with aclosing(balanced.stream(request)) as chunks:
                async for _ in chunks:
                    pass

        await open_loop(send, coming)
        return now()

    simulated_seconds = run_virtual(main())
    seconds = time.perf_counter() - began
    working_seconds = time.process_time() - began_working
    tokens = sum(known.output_tokens for known in trace)
    proof(
        "an hour of a real service, replayed within 60 s",
        f"{ledger.answers:,} answers, {ledger.completion_tokens:,} tokens, "
        f"{simulated_seconds / 60:.0f} minutes in {seconds:.0f} s "
        f"({working_seconds:.0f} s of one core)",
        seconds <= 60
        and ledger.answers == len(trace)
        and ledger.completion_tokens == tokens,
    )
