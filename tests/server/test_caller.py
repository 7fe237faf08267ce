"""Who asks: tenant, request id and key, from the headers alone."""

from __future__ import annotations

import pytest

from optimizations.errors import BadRequest
from optimizations.llm import CacheControl
from optimizations.server.caller import identify, request_id_of, tenant_of


def test_the_tenant_comes_from_the_key_and_does_not_show_it() -> None:
    caller = identify({"Authorization": "Bearer sk-1"}, None)
    assert caller.tenant == tenant_of("sk-1")
    assert "sk-1" not in caller.tenant
    assert tenant_of("sk-1") != tenant_of("sk-2")


def test_without_a_key_one_is_the_public() -> None:
    assert identify({}, None).tenant == tenant_of(None) == "public"


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer r\u00efght", "Basic right"]
)
def test_a_server_with_a_key_lets_nobody_else_in(
    authorization: str | None,
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    with pytest.raises(BadRequest) as refused:
        identify(headers, "right")
    assert refused.value.status == 401
    assert identify({"Authorization": "bearer right"}, "right")


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer  ", "Basic x", ""]
)
def test_a_credential_of_another_kind_is_not_the_public(
    authorization: str,
) -> None:
    """Who meant to say who they are must not share the public's cache."""
    with pytest.raises(BadRequest, match="Bearer"):
        identify({"Authorization": authorization}, None)


def test_an_idempotency_key_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        identify({"Idempotency-Key": "x" * 129}, None)


def test_a_sane_request_id_is_kept_and_another_replaced() -> None:
    assert request_id_of({"X-Request-ID": "mine"}) == "mine"
    fresh = {request_id_of({"X-Request-ID": bad}) for bad in ("", "\x07", "é")}
    assert len(fresh) == 3


def test_what_caches_may_do_comes_along() -> None:
    assert identify({"Cache-Control": "no-cache"}, None).cache.no_cache
    assert identify({}, None).cache == CacheControl()
