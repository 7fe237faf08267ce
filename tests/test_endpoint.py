"""Where a provider is, and a key that nobody sees."""

from __future__ import annotations

import pytest

from optimizations.endpoint import credential, endpoint_url, forget_key


@pytest.mark.parametrize(
    ("base", "whole"),
    [
        ("http://h", "http://h/v1/embeddings"),
        ("http://h/", "http://h/v1/embeddings"),
        ("http://h:8/v1", "http://h:8/v1/embeddings"),
        ("https://h/api/v3/", "https://h/api/v3/embeddings"),
    ],
)
def test_the_version_may_be_left_out(base: str, whole: str) -> None:
    assert str(endpoint_url(base, "embeddings")) == whole


@pytest.mark.parametrize(
    "base",
    ["", "h", "ftp://h", "http://", "http://u:p@h", "http://h?key=k"],
)
def test_what_is_no_plain_address_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        endpoint_url(base, "embeddings")


def test_a_key_is_a_header_and_without_one_there_is_none() -> None:
    assert credential("sk-1") == {"Authorization": "Bearer sk-1"}
    assert credential(None) == {}


@pytest.mark.parametrize("key", ["", "a b", "k\n", "ключ"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="api_key"):
        credential(key)


def test_a_key_that_was_quoted_is_taken_out() -> None:
    error = ValueError("wrong key sk-1", 7)
    forget_key(error, credential("sk-1"))
    assert error.args == ("wrong key [key]", "7")
