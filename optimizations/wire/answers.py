"""An answer as OpenAI's JSON: chunks to events or to one whole body, and back.

Both bodies have the same bones: `choices`, each with an index, a finish reason
and either a `delta` (a piece) or a `message` (all of it). So one reader does
for both. Whatever a choice carries besides text (tool calls, reasoning,
log probabilities) travels in `Chunk.extra` and comes out at its place.

Strict where it counts: a piece of the wrong type, or for a choice that nobody
asked for, is the provider's error and no answer. Lenient where nothing is
lost: a usage that makes no sense is as good as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from optimizations.errors import UpstreamError
from optimizations.messages import (
    Choice,
    Chunk,
    Draft,
    Endings,
    Request,
    Usage,
)
from optimizations.wire.deltas import merge

_PLAIN = {"role", "content"}  # all that most pieces have


def read_answer(body: Mapping[str, Any], choices: int) -> list[Chunk]:
    """The chunks in one event, or in a whole body. None for an event that
    says nothing, such as the one that only announces the role. Raises
    `UpstreamError` for what is no answer.
    """
    found = body.get("choices")
    if not isinstance(found, list):
        raise _nonsense("an answer without choices")
    chunks = [
        chunk
        for choice in found
        if (chunk := _read_choice(choice, choices)) is not None
    ]
    usage = _read_usage(body.get("usage"))
    if usage is None:
        return chunks
    return [
        *chunks[:-1],
        replace(chunks[-1] if chunks else Chunk(), usage=usage),
    ]


class EventWriter:
    """Writes one answer event by event."""

    def __init__(self, request: Request) -> None:
        self._head = _head(request, "chat.completion.chunk")
        self._endings = Endings(request)
        self._greeted = [False] * request.choices
        self._usage: Usage | None = None

    @property
    def finished(self) -> bool:
        """Whether each choice has said why it ended."""
        return self._endings.whole

    def event(self, chunk: Chunk) -> dict[str, Any] | None:
        """The event for this chunk; None where it only tells the usage, which
        comes last.
        """
        self._usage = chunk.usage or self._usage
        if not (chunk.text or chunk.finish_reason or chunk.extra):
            return None
        if not 0 <= chunk.index < len(self._greeted):
            return None  # a choice that nobody asked for
        delta = {**_numbered(chunk.extra)}
        if chunk.text:
            delta["content"] = chunk.text
        if not self._greeted[chunk.index]:
            self._greeted[chunk.index] = True
            delta = {"role": "assistant", "content": "", **delta}
        self._endings.add(chunk)
        choice = {
            "index": chunk.index,
            "delta": delta,
            "logprobs": delta.pop("logprobs", None),
            "finish_reason": chunk.finish_reason,
        }
        return {**self._head, "choices": [choice]}

    def usage_event(self) -> dict[str, Any] | None:
        """The last event, for a client that asked; None if nobody told."""
        if self._usage is None:
            return None
        return {**self._head, "choices": [], "usage": _usage(self._usage)}


class WholeWriter:
    """Gathers chunks into one whole body."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._draft = Draft(request)
        self._extras: list[dict[str, Any]] = [
            {} for _ in range(request.choices)
        ]

    def add(self, chunk: Chunk) -> None:
        """Take one more chunk."""
        self._draft.add(chunk)
        if chunk.extra and 0 <= chunk.index < len(self._extras):
            merge(self._extras[chunk.index], chunk.extra)

    def body(self) -> dict[str, Any]:
        """The answer. Raises `Incomplete` where it is not whole."""
        reply = self._draft.reply()
        choices = [
            _whole_choice(index, choice, extra)
            for index, (choice, extra) in enumerate(
                zip(reply.choices, self._extras, strict=True)
            )
        ]
        usage = reply.usage and _usage(reply.usage)
        head = _head(self._request, "chat.completion")
        return {**head, "choices": choices, "usage": usage}


def _read_choice(choice: Any, choices: int) -> Chunk | None:
    try:
        piece = choice["delta"] if "delta" in choice else choice["message"]
        index, reason = choice.get("index", 0), choice.get("finish_reason")
        text = piece.get("content") or ""
        extra = {} if piece.keys() <= _PLAIN else _extra(piece)
        if choice.get("logprobs") is not None:
            extra["logprobs"] = choice["logprobs"]
    except (AttributeError, KeyError, TypeError):
        raise _nonsense("a choice without delta or message") from None
    if not isinstance(text, str) or not isinstance(reason, str | None):
        raise _nonsense("a text or finish_reason of the wrong type")
    if type(index) is not int or not 0 <= index < choices:
        raise _nonsense(f"choice {index!r} of {choices}")
    if not (text or reason or extra):
        return None
    return Chunk(text, index, reason or None, extra=extra)


def _extra(piece: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in piece.items()
        if name not in _PLAIN and value is not None
    }


def _read_usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    try:
        prompt = _count(usage["prompt_tokens"])
        completion = _count(usage.get("completion_tokens"))
        cached = _count(details.get("cached_tokens"))
    except (KeyError, ValueError):
        return None
    estimated = usage.get("estimated") is True
    return Usage(prompt, completion, min(cached, prompt), estimated)


def _count(tokens: Any) -> int:
    if tokens is None:
        return 0
    if type(tokens) is not int or tokens < 0:
        raise ValueError("not a count of tokens")
    return tokens


def _usage(usage: Usage) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
    if usage.estimated:  # ours: OpenAI always knows
        body["estimated"] = True
    return body


def _head(request: Request, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{request.request_id}",
        "object": kind,
        "created": int(datetime.now(UTC).timestamp()),
        "model": request.model,
    }


def _whole_choice(
    index: int, choice: Choice, extra: Mapping[str, Any]
) -> dict[str, Any]:
    message = {"role": "assistant", "content": choice.text, **extra}
    return {
        "index": index,
        "message": message,
        "logprobs": message.pop("logprobs", None),
        "finish_reason": choice.finish_reason,
    }


def _nonsense(what: str) -> UpstreamError:
    return UpstreamError(f"the provider sent {what}", status=502)


def _numbered(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """A whole message's tool calls have no index; in a stream each needs its
    own.
    """
    calls = extra.get("tool_calls")
    if not isinstance(calls, list):
        return extra
    numbered = [{"index": i, **call} for i, call in enumerate(calls)]
    return {**extra, "tool_calls": numbered}
