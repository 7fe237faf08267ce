"""Who asks, as far as headers tell: a tenant, a request id, an idempotency
key, and what caches may do.

The tenant decides whose cache entries and whose bill an answer touches, so it
comes from the credential and from nothing that a client could write about
itself. Not the key is the tenant's name but its hash: names end up in caches,
ledgers and logs, where no key may be.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from optimizations.errors import Unauthorized
from optimizations.llm import CacheControl
from optimizations.wire import complain, fits_header, read_cache_control

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, under which idempotency key, and what caches may do."""

    tenant: str
    idempotency_key: str | None
    cache: CacheControl


def identify(headers: Mapping[str, str], api_key: str | None) -> Caller:
    """Who sent these headers. Where the server has an `api_key`, nobody
    without it passes. Raises `Unauthorized`.
    """
    authorization = headers.get("Authorization")
    key = _bearer_key(authorization) if authorization is not None else None
    if api_key is not None and not hmac.compare_digest(
        (key or "").encode(errors="replace"), api_key.encode()
    ):
        raise Unauthorized("this server asks for another API key")
    idempotency_key = headers.get("Idempotency-Key")
    if idempotency_key is not None and not fits_header(idempotency_key):
        raise complain("Idempotency-Key", "up to 128 printable characters")
    cache = read_cache_control(headers.get("Cache-Control", ""))
    return Caller(tenant_of(key), idempotency_key, cache)


def tenant_of(key: str | None) -> str:
    """The tenant who uses this key; without one, the public."""
    if key is None:
        return PUBLIC
    return "key-" + sha256(key.encode(errors="replace")).hexdigest()[:32]


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's own id for the request if it is sane, else a fresh one."""
    given = headers.get("X-Request-ID", "")
    return given if fits_header(given) else uuid4().hex


def _bearer_key(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise Unauthorized("Authorization: must be 'Bearer' and an API key")
    return key
