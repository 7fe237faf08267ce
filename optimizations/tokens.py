"""Tokens and money: what a text counts, and what that costs.

Providers bill by tokens, so limits, estimates and bills all start from a
count. A model's exact tokenizer is a download and differs by model;
`count_tokens` is an offline stand-in which cuts English into about 1.3 pieces
a word, as they do. It is only a default: whatever counts takes a
`TokenCounter`, and with a tokenizer at hand one passes that.

When it does not help: for code, or for languages written without spaces, the
estimate can be off by a factor of two. What the provider reports as `usage`
always wins over what is counted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from optimizations.llm import Message, Usage

TokenCounter = Callable[[str], int]

_SHORT = 2048  # characters
_TOKEN = re.compile(r"\s*(?:\w{1,7}|[^\w\s])|\s+$")
# role and separators, as OpenAI's chat format adds them to each message
_PER_MESSAGE = 4


def split_tokens(text: str) -> list[str]:
    """Cut a text into token-like pieces, leading space included: joined again
    they are the text.

    >>> split_tokens("Where is my parcel?")
    ['Where', ' is', ' my', ' parcel', '?']
    """
    return list(_pieces(text))


def count_tokens(text: str) -> int:
    """How many pieces `split_tokens` would make."""
    return len(_pieces(text))


def _pieces(text: str) -> Sequence[str]:
    """A short text is often counted again: a system prompt with each request,
    a turn of a conversation with each turn after it.
    """
    return _known(text) if len(text) <= _SHORT else _TOKEN.findall(text)


@lru_cache(maxsize=1024)
def _known(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


def count_prompt(
    messages: Iterable[Message], count: TokenCounter = count_tokens
) -> int:
    """Tokens of a whole conversation as a provider bills them."""
    return sum(count(message.content) + _PER_MESSAGE for message in messages)


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens: of the prompt, of its cached part, of the
    completion.
    """

    prompt: float
    cached: float
    completion: float

    def __post_init__(self) -> None:
        for dollars in (self.prompt, self.cached, self.completion):
            if not 0 <= dollars < inf:  # nor is it for a NaN
                raise ValueError(f"a price is finite, from 0, not {dollars}")

    def nanodollars(self, usage: Usage) -> int:
        """What a reply costs, in billionths of a dollar: whole numbers, so
        that sums never depend on their order.
        """
        fresh = usage.prompt_tokens - usage.cached_tokens
        dollars_per_million = (
            fresh * self.prompt + usage.cached_tokens * self.cached
        )
        dollars_per_million += usage.completion_tokens * self.completion
        return round(dollars_per_million * 1000)
