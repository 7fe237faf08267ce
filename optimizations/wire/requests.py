"""A request as OpenAI's JSON: written for a provider, and read from a client,
where each field is checked and a complaint names it.

A field that only says how the answer shall be sent (`stream`,
`stream_options`) is taken off. Every other one that is not ours to understand
(tools, `response_format`, `stop`, `seed`) stays in `Request.options`: it
changes the answer, so it belongs to a cache's key and to what is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from optimizations.errors import BadRequest
from optimizations.messages import Message, Request

MAX_CHOICES = 8
MAX_TOKENS = 2**31 - 1  # what a provider's own number can hold
_HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_UNDERSTOOD = {
    "messages",
    "model",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "stream",
    "stream_options",
}
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}


def request_body(request: Request, model: str | None = None) -> dict[str, Any]:
    """What to send. `model` is the provider's own name for the model, where it
    differs from the request's.
    """
    body = {
        **request.options,
        "model": model or request.model,
        "messages": [
            {**message.extra, "role": message.role, "content": message.content}
            for message in request.messages
        ],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": request.streamed,
    }
    if request.streamed:
        body["stream_options"] = {"include_usage": True}
    return body


def read_request(
    body: Mapping[str, Any],
    *,
    tenant: str,
    request_id: str,
    idempotency_key: str | None = None,
) -> tuple[Request, bool]:
    """What a client asks, and whether a stream shall end with its usage. Who
    asks is never read from the body. Raises `BadRequest` that names the field.
    """
    body = {name: value for name, value in body.items() if value is not None}
    for name, (least, most) in _RANGES.items():
        _number(body, name, least, most)
    if _whole(body, "n", MAX_CHOICES) == 1:
        del body["n"]  # the same as not saying it
    # OpenAI renamed it; the old name is still what most servers know.
    longest = _whole(body, "max_tokens")
    longest = _whole(body, "max_completion_tokens") or longest
    said: dict[str, Any] = {"max_tokens": longest} if longest else {}
    if "temperature" in body:
        said["temperature"] = float(body["temperature"])
    request = Request(
        _messages(body),
        model=_model(body),
        tenant=tenant,
        request_id=request_id,
        options={name: body[name] for name in body if name not in _UNDERSTOOD},
        streamed=_flag(body, "stream"),
        idempotency_key=idempotency_key,
        **said,
    )
    return request, _wants_usage(body, request.streamed)


def fits_header(value: str) -> bool:
    """Whether an id or a key can travel in a header, and be logged: up to 128
    printable ASCII characters.
    """
    return _HEADER_VALUE.fullmatch(value) is not None


def complain(field: str, demand: str, status: int = 400) -> BadRequest:
    """The error to raise: which field, and what it has to be."""
    return BadRequest(f"{field}: {demand}", status=status, param=field)


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not 1 <= len(model) <= 256:
        raise complain("model", "must be a name of 1 to 256 characters")
    return model


def _messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise complain("messages", "must be a list of at least one message")
    return tuple(
        _message(message, f"messages[{position}]")
        for position, message in enumerate(messages)
    )


def _message(message: Any, field: str) -> Message:
    if not isinstance(message, dict):
        raise complain(field, "must be an object with role and content")
    extra = {
        name: value for name, value in message.items() if value is not None
    }
    role, content = extra.pop("role", None), extra.pop("content", None)
    if role not in _ROLES:
        raise complain(f"{field}.role", f"must be one of {', '.join(_ROLES)}")
    # Whoever calls a tool may have nothing to say.
    if content is None and ("tool_calls" in extra or "function_call" in extra):
        content = ""
    return Message(role, _content(content, f"{field}.content"), extra)


def _content(content: Any, field: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise complain(field, "must be a string or a list of text parts")
    texts = []
    for position, part in enumerate(content):
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str) or part.get("type") != "text":
            raise complain(
                f"{field}[{position}]",
                'must be a text part, {"type": "text", "text": "..."}: '
                "nothing else is understood here",
            )
        texts.append(text)
    return "\n".join(texts)


def _whole(
    body: Mapping[str, Any], name: str, most: int = MAX_TOKENS
) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    # A bool is an int to Python; 16.0 is not one to OpenAI.
    if type(value) is not int or not 1 <= value <= most:
        raise complain(name, f"must be a whole number from 1 to {most}")
    return value


def _number(
    body: Mapping[str, Any], name: str, least: float, most: float
) -> None:
    value = body.get(name)
    if value is None:
        return
    if type(value) not in (int, float) or not least <= value <= most:
        raise complain(name, f"must be a number from {least} to {most}")


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise complain(name, "must be true or false")
    return value


def _wants_usage(body: Mapping[str, Any], streamed: bool) -> bool:
    options = body.get("stream_options", {})
    if not isinstance(options, dict):
        raise complain("stream_options", "must be an object")
    if options and not streamed:
        raise complain("stream_options", "only goes with stream: true")
    usage = options.get("include_usage")
    if not isinstance(usage, bool | None):
        raise complain("stream_options.include_usage", "must be true or false")
    return bool(usage)
