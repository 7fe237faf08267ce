"""The provider's prefix cache: a prompt that begins like an earlier one is
read faster and costs less.

Model servers keep the attention state of each block of tokens, found by that
block *and everything before it*. So a long system prompt is read once, and a
conversation's second turn pays only for what is new. One changed word at the
front loses all that follows it: put what changes last.

When it does not help: where prompts share no beginning, or one that is shorter
than a block; and it shortens the prefill alone, never the answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from optimizations.llm import Request
from optimizations.tokens import split_tokens


class PrefixCache:
    """Remembers the blocks of prompts it has read; the blocks least recently
    used go first.
    """

    def __init__(self, block_tokens: int, capacity: int) -> None:
        self._block_tokens = block_tokens
        self._capacity = capacity
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def read(self, request: Request) -> int:
        """Read a prompt: how many of its first tokens were known already.
        Remembers all of it.
        """
        known, unbroken = 0, True
        for block in self._chain(request):
            unbroken = unbroken and block in self._blocks
            known += unbroken
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)
        return known * self._block_tokens

    def _chain(self, request: Request) -> Iterator[int]:
        """One number for each full block of the tenant's prompt, standing for
        it and all before it.
        """
        tokens = [
            token
            for message in request.messages
            for token in (message.role, *split_tokens(message.content))
        ]
        size, before = (
            self._block_tokens,
            hash((request.tenant, request.model)),
        )
        for start in range(0, len(tokens) - size + 1, size):
            before = hash((before, *tokens[start : start + size]))
            yield before
