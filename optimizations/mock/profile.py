"""How a simulated model behaves: its speed, its capacity, its price. Each
preset says where its figures come from.

A request waits for a slot, then for its prompt to be read (TTFT grows with the
prompt's length), then for each token (the gap grows with the number of
sequences that run at the same time, since they share one accelerator).

When it does not help: a preset is somebody else's model on somebody else's
hardware. Before you believe a figure, put in what you measured yourself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from optimizations.tokens import Price

GPT_4O_MINI = Price(prompt=0.15, cached=0.075, completion=0.60)
"""OpenAI's list price for gpt-4o-mini, dollars a million tokens, read in
November 2026.
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """Seconds, tokens and dollars of one kind of model server."""

    name: str
    source: str  # where the figures come from
    # to the first token of an empty prompt, nothing else running
    ttft_seconds: float
    prompt_tokens_per_second: float  # how fast an uncached prompt is read
    itl_seconds: float  # from token to token, nothing else running
    itl_growth: float  # of the gap, added for each further running sequence
    capacity: int  # sequences that run at once
    # requests that may wait for a slot; one more is refused with 503
    queue: int
    # sigma of the log-normal factor on each TTFT and each gap
    jitter: float = 0.1
    tokens_per_chunk: int = 1
    prefix_block_tokens: int = 16  # granularity of the prefix cache
    prefix_blocks: int = 4096  # how many blocks it holds
    price: Price = GPT_4O_MINI

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not least <= value < inf:  # nor is it for a NaN
                raise ValueError(
                    f"profile {self.name}: {name} must be finite and "
                    f"at least {least}, not {value}"
                )
        if not self.prompt_tokens_per_second > 0:
            raise ValueError(
                f"profile {self.name}: prompt_tokens_per_second must be "
                f"above 0, not {self.prompt_tokens_per_second}"
            )


_LEAST = {
    "ttft_seconds": 0,
    "itl_seconds": 0,
    "itl_growth": 0,
    "capacity": 1,
    "queue": 0,
    "jitter": 0,
    "tokens_per_chunk": 1,
    "prefix_block_tokens": 1,
    "prefix_blocks": 0,
}

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="hosted",
            source="GuideLLM's chat objective for 99 % of requests is TTFT "
            "200 ms and ITL 50 ms: this one meets it until its slots fill. "
            "Capacity, queue and growth are ours",
            ttft_seconds=0.2,
            prompt_tokens_per_second=5000,
            itl_seconds=0.02,
            itl_growth=0.05,
            capacity=32,
            queue=256,
        ),
        Profile(
            name="gpu",
            source="Llama2-70B on H100s, medians of the conversation trace "
            "(Splitwise, ISCA 2024): TTFT 84 ms at about 1,000 prompt tokens, "
            "28 ms a token. Capacity 5 and queue 1,000 are the defaults of "
            "llm-d-inference-sim",
            ttft_seconds=0.02,
            prompt_tokens_per_second=16_000,
            itl_seconds=0.028,
            itl_growth=0.05,
            capacity=5,
            queue=1000,
        ),
        Profile(
            name="quick",
            source="ours: quick enough to watch on the real clock",
            ttft_seconds=0.05,
            prompt_tokens_per_second=20_000,
            itl_seconds=0.004,
            itl_growth=0.02,
            capacity=16,
            queue=256,
        ),
        Profile(
            name="instant",
            source="ours: no waiting at all, so that only what is around the "
            "model is measured",
            ttft_seconds=0.0,
            prompt_tokens_per_second=inf,
            itl_seconds=0.0,
            itl_growth=0.0,
            capacity=100_000,
            queue=100_000,
            jitter=0.0,
        ),
    )
}


def find_profile(name: str) -> Profile:
    """The preset of this name. Raises ValueError that lists them."""
    if name not in PROFILES:
        raise ValueError(
            f"unknown profile {name!r}: one of {', '.join(PROFILES)}"
        )
    return PROFILES[name]
