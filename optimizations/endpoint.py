"""Where a provider of OpenAI's API is, and the key it is asked with.

The problem: a key is the one thing here that must never be seen. It goes into
a header and nowhere else: not into the address, where logs would show it, and
not into an error, although some providers quote the key that they refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from yarl import URL


def endpoint_url(base_url: str, path: str) -> URL:
    """The address of `path` below `base_url`, which may leave out its `/v1`.
    Raises `ValueError` for anything but a plain http(s) address.

    >>> str(endpoint_url("https://models.example", "chat/completions"))
    'https://models.example/v1/chat/completions'
    """
    url = URL(base_url.rstrip("/"))
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url must begin with http:// or https://")
    if url.user or url.password or url.query or url.fragment:
        raise ValueError(
            "base_url is a plain address: a key goes into api_key"
        )
    return url / (path if url.path != "/" else f"v1/{path}")


def credential(api_key: str | None) -> Mapping[str, str]:
    """The header that carries the key; none without one. Raises `ValueError`
    for a key that no header can carry.
    """
    if api_key is None:
        return {}
    if not re.fullmatch(r"[!-~]+", api_key):
        raise ValueError("api_key must be printable ASCII without spaces")
    return {"Authorization": f"Bearer {api_key}"}


def forget_key(error: Exception, header: Mapping[str, str]) -> None:
    """Take the key of a `credential` out of what an error says."""
    for value in header.values():
        key = value.removeprefix("Bearer ")
        error.args = tuple(
            str(part).replace(key, "[key]") for part in error.args
        )
