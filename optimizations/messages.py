"""What travels through an onion: a request inwards, chunks outwards, and the
reply that they make.

All are values: frozen, so that a layer which wants another one makes it with
`dataclasses.replace`, and a request can be shared by a cache, a flight and a
retry without anybody looking over a shoulder. The one thing that changes on
its way is `Trace`. Whatever is not ours to understand (names, tool calls,
reasoning) travels in `extra` and comes out as it went in.

The shape is that of OpenAI's chat completions; `wire` translates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from optimizations.errors import BadRequest, Incomplete


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as in OpenAI's chat format."""

    role: str
    content: str
    # name, tool calls: passed on untouched
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider bills them; `estimated` where it did not say and
    we counted ourselves.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0  # of the prompt, what the provider knew already
    estimated: bool = False


@dataclass(slots=True)
class Trace:
    """How a request was served: the one mutable thing that travels with it.
    Layers write, records read.
    """

    served_by: str = ""  # who gave the answer: a cache, a replica
    age_seconds: float = 0.0  # of an answer that comes from a cache
    attempts: int = 0  # how often a model was asked
    queued_seconds: float = 0.0  # spent waiting for a permit, a slot, a token
    # when it was meant to be sent, if known: latency counts from then
    sent_at: float | None = None
    # of a flight: the latest deadline of its readers, later as more join
    due: float = inf
    # the replicas asked so far: a balancer turns to others first
    tried: list[object] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class CacheControl:
    """What a caller lets caches do with one request; the words are HTTP's,
    but for the last. Raises `ValueError` for an age below 0, or NaN.
    """

    no_store: bool = False  # private: neither looked up, shared nor kept
    no_cache: bool = False  # asked anew, and the answer replaces the old one
    max_age_seconds: float = inf  # no answer older than that
    # above 0, too, where one good answer is as good as another
    any_temperature: bool = False

    def __post_init__(self) -> None:
        if not self.max_age_seconds >= 0:
            raise ValueError(
                f"max_age_seconds must be from 0, not {self.max_age_seconds}"
            )


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Frozen: a layer that wants another request makes one with
    `dataclasses.replace`.
    """

    messages: tuple[Message, ...]
    model: str
    tenant: str  # whose data this is: no cache, batch or flight crosses it
    request_id: str  # given by whoever asks: bills, logs, chance go by it
    max_tokens: int = 512
    temperature: float = 0.0
    # all else that changes the answer
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    streamed: bool = True  # the caller's wish; not part of a cache key
    cache: CacheControl = CacheControl()
    # on the clock of `now()`: one budget over every wait and attempt; this
    # is when to end it, `due` what to ask before beginning anything
    deadline: float | None = None
    # asked again under the same key, the provider bills once
    idempotency_key: str | None = None
    trace: Trace = field(default_factory=Trace, compare=False)

    @classmethod
    def ask(
        cls,
        text: str,
        *,
        tenant: str,
        request_id: str,
        model: str = "mock",
        **rest: Any,
    ) -> Request:
        """A conversation of one question."""
        return cls(
            (Message("user", text),),
            model=model,
            tenant=tenant,
            request_id=request_id,
            **rest,
        )

    @property
    def due(self) -> float:
        """Until when an answer is of use to anybody, `inf` where nobody said:
        what cannot end before need not begin. Look again at each decision; it
        may be later than it was.
        """
        deadline = inf if self.deadline is None else self.deadline
        return min(deadline, self.trace.due)

    @property
    def question(self) -> str:
        """The last message of the user, or the empty string."""
        return next(
            (m.content for m in reversed(self.messages) if m.role == "user"),
            "",
        )

    @property
    def choices(self) -> int:
        """How many answers are wanted side by side (OpenAI's `n`). Raises
        `BadRequest` where that is no number from 1.
        """
        wanted = self.options.get("n")
        if wanted is None:
            return 1
        if type(wanted) is not int or wanted < 1:
            raise BadRequest(f"n must be a whole number from 1, not {wanted}")
        return wanted


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. Any field may be empty; `extra` passes through
    what is not ours to understand.
    """

    text: str = ""
    index: int = 0  # which of the choices this belongs to
    finish_reason: str | None = None  # stop, length, ...: once for each choice
    usage: Usage | None = None
    # role, tool calls, reasoning
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_token(self) -> bool:
        """Whether this is a part of the answer: text, a tool call, its end. An
        announced role, an empty piece or a heartbeat is none.
        """
        return bool(self.text or self.finish_reason) or any(
            value for key, value in self.extra.items() if key != "role"
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers of a reply."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: what `complete` makes of the chunks."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    trace: Trace

    @property
    def text(self) -> str:
        """The first answer; with one choice, the answer."""
        return self.choices[0].text

    @property
    def finish_reason(self) -> str:
        """Why the first answer ended."""
        return self.choices[0].finish_reason

    def chunks(self) -> Iterator[Chunk]:
        """The answer as a stream again: a chunk for each choice, the usage on
        the very last.
        """
        last = len(self.choices) - 1
        for index, choice in enumerate(self.choices):
            usage = self.usage if index == last else None
            yield Chunk(choice.text, index, choice.finish_reason, usage)


class Endings:
    """Which of the choices asked for have said why they ended: only when all
    have is there an answer. A choice that was not asked for is not ours.
    """

    def __init__(self, request: Request) -> None:
        self.reasons: dict[int, str] = {}
        self._request = request

    def add(self, chunk: Chunk) -> None:
        """Look at one more chunk."""
        if chunk.finish_reason is None:
            return
        if 0 <= chunk.index < self._request.choices:
            self.reasons[chunk.index] = chunk.finish_reason

    @property
    def whole(self) -> bool:
        """Whether each has."""
        # Asked for nothing first: `choices` raises where `n` is nonsense.
        return bool(self.reasons) and (
            len(self.reasons) == self._request.choices
        )


class Draft:
    """A reply in the making: takes chunks, knows when the answer is whole."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._texts: list[list[str]] = [[] for _ in range(request.choices)]
        self._endings = Endings(request)
        self._usage: Usage | None = None

    def add(self, chunk: Chunk) -> None:
        """Take one more chunk. A choice that was not asked for is not ours."""
        if chunk.usage is not None:
            self._usage = chunk.usage
        if not 0 <= chunk.index < len(self._texts):
            return
        self._texts[chunk.index].append(chunk.text)
        self._endings.add(chunk)

    @property
    def finished(self) -> bool:
        """Whether this is an answer: each choice has said why it ended."""
        return self._endings.whole

    @property
    def partial(self) -> str:
        """What there is of the first choice so far."""
        return "".join(self._texts[0])

    def reply(self) -> Reply:
        """The whole answer. Raises `Incomplete` with the part that came, where
        it is not whole.
        """
        if not self.finished:
            raise Incomplete(self.partial)
        texts = ("".join(pieces) for pieces in self._texts)
        choices = tuple(
            Choice(text, self._endings.reasons[index])
            for index, text in enumerate(texts)
        )
        return Reply(choices, self._usage, self._request.trace)
