"""OpenAI's chat completions as JSON, in both directions: `HTTPModel` writes
what `server` reads, and the other way round.

- `strict_json` bytes that are one JSON object, or a clear complaint
- `requests` a `Request` to its body and, checked field by field, back
- `answers` chunks to events or one whole body, and back · `deltas` adds up
  what isn't text
- `cache_control` what caches may do, to a header and back
- `failures` errors to status and error object, and back
"""

from optimizations.wire.answers import EventWriter, WholeWriter, read_answer
from optimizations.wire.cache_control import (
    read_cache_control,
    write_cache_control,
)
from optimizations.wire.failures import (
    error_body,
    read_error,
    read_error_object,
)
from optimizations.wire.requests import (
    complain,
    fits_header,
    read_request,
    request_body,
)
from optimizations.wire.strict_json import read_object, write_object

__all__ = [
    "EventWriter",
    "WholeWriter",
    "complain",
    "error_body",
    "fits_header",
    "read_answer",
    "read_cache_control",
    "read_error",
    "read_error_object",
    "read_object",
    "read_request",
    "request_body",
    "write_cache_control",
    "write_object",
]
