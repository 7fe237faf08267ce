"""One answer in the making: what the model will say to a request, piece by
piece, and how long it takes for each.

Reading the prompt comes first (prefill): what the prefix cache does not know
takes time. Then token follows token (decode), the more slowly the more
sequences run at that moment. The fault that the request met bends this, or
breaks it off.

When it does not help: a real engine's prefill also holds up the decodes beside
it; here each answer reads its prompt alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from optimizations.llm import Chunk, Draft, Reply, Request, Usage
from optimizations.mock.faults import Fault
from optimizations.mock.profile import Profile
from optimizations.tokens import count_prompt, split_tokens

_STEP = 8  # tokens between two looks at the load, where nobody reads along


@dataclass(eq=False, slots=True)
class Generation:
    """What is said, and billed, so far. `load` tells how many sequences run,
    this one included.
    """

    request: Request
    text: str  # all that it would say
    cached_tokens: int  # of the prompt, what the prefix cache knows
    profile: Profile
    fault: Fault | None
    rng: Random
    load: Callable[[], int]
    reply: Reply | None = None  # once it is whole
    usage: Usage = field(init=False)
    _tokens: list[str] = field(init=False)
    _reason: str = field(init=False)
    _draft: Draft = field(init=False)
    _said: int = 0

    def __post_init__(self) -> None:
        tokens = split_tokens(self.text)
        most = self.request.max_tokens
        self._tokens = tokens[:most]
        self._reason = "stop" if len(tokens) <= most else "length"
        self._draft = Draft(self.request)
        prompt = count_prompt(self.request.messages)
        cached = min(self.cached_tokens, prompt)
        self.usage = Usage(prompt, 0, cached_tokens=cached)

    @property
    def fresh_tokens(self) -> int:
        """Of the prompt, what has to be read."""
        return self.usage.prompt_tokens - self.usage.cached_tokens

    def first_gap(self, others_tokens: int = 0) -> float:
        """Seconds from slot to first token; in a batch, the others' prompts
        are read as well.
        """
        fresh_tokens = self.fresh_tokens + others_tokens
        reading = fresh_tokens / self.profile.prompt_tokens_per_second
        seconds = (self.profile.ttft_seconds + reading) * self._slowness()
        if self.fault is not None and self.fault.kind == "silent":
            seconds += self.fault.seconds
        return seconds

    def pieces(self, first_gap: float) -> Iterator[tuple[float, list[str]]]:
        """What to say next, and how many seconds after the piece before.
        Raises where the fault breaks it off.
        """
        streamed = self.request.streamed
        step = self.profile.tokens_per_chunk if streamed else _STEP
        seconds = first_gap
        for start in range(0, max(len(self._tokens), 1), step):
            piece = self._tokens[start : start + step]
            seconds += self._gaps(len(piece[start == 0 :]))
            seconds += self._trouble(start, step)
            yield seconds, piece
            seconds = 0.0

    def say(self, piece: list[str]) -> Iterator[Chunk]:
        """The same piece for each choice. From here on it is billed."""
        self._said += len(piece)
        last = self._said == len(self._tokens)
        completion = self._said * self.request.choices
        prompt, cached = self.usage.prompt_tokens, self.usage.cached_tokens
        self.usage = Usage(prompt, completion, cached)
        text, reason = "".join(piece), self._reason if last else None
        for index in range(self.request.choices):
            very_last = last and index == self.request.choices - 1
            usage = self.usage if very_last else None
            chunk = Chunk(text, index, reason, usage)
            self._draft.add(chunk)
            if self._draft.finished:
                self.reply = self._draft.reply()
            yield chunk

    def _gaps(self, tokens: int) -> float:
        """Seconds for so many tokens after the last, as many running as run
        now. One draw for all: a sum of `n` gaps varies less than one gap does,
        by the square root of `n`.
        """
        if tokens == 0:
            return 0.0
        if self.fault is not None and self.fault.kind == "drip":
            return tokens * self.fault.seconds
        crowd = 1 + self.profile.itl_growth * (self.load() - 1)
        seconds = tokens * self.profile.itl_seconds * crowd
        return seconds * self._slowness(sqrt(tokens))

    def _slowness(self, steadiness: float = 1.0) -> float:
        factor = 1.0
        if self.fault is not None and self.fault.kind == "slow":
            factor = self.fault.factor
        if self.profile.jitter:
            sigma = self.profile.jitter / steadiness
            factor *= self.rng.lognormvariate(0, sigma)
        return factor

    def _trouble(self, start: int, step: int) -> float:
        """Raise, or pause, if the fault strikes within these tokens."""
        if self.fault is None:
            return 0.0
        last = max(len(self._tokens) - 1, 0)
        if not start <= min(self.fault.after_tokens, last) < start + step:
            return 0.0
        return self.fault.inside_the_answer("".join(self._tokens[:start]))
