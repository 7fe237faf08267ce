"""What a caller allows caches to do, as the HTTP header `Cache-Control` says
it, in both directions. Directives that are not ours are passed over, as HTTP
wants it (RFC 9111); an age that is no whole number counts as 0: rather ask
once too often.
"""

from __future__ import annotations

from math import inf

from optimizations.llm import CacheControl


def read_cache_control(header: str) -> CacheControl:
    """The allowance in a header; the empty string allows all.

    >>> allowed = read_cache_control("no-cache, max-age=60")
    >>> allowed == CacheControl(no_cache=True, max_age_seconds=60.0)
    True
    """
    said: dict[str, str] = {}
    for directive in header.lower().split(","):
        name, _, value = directive.partition("=")
        said.setdefault(name.strip(), value.strip().strip('"'))
    age = said.get("max-age")
    return CacheControl(
        no_store="no-store" in said,
        no_cache="no-cache" in said,
        max_age_seconds=inf if age is None else _seconds(age),
    )


def write_cache_control(control: CacheControl) -> str:
    """The header for an allowance; the empty string where all is allowed.

    >>> write_cache_control(CacheControl(no_store=True, max_age_seconds=9.5))
    'no-store, max-age=9'
    """
    said = ["no-store"] * control.no_store + ["no-cache"] * control.no_cache
    if control.max_age_seconds < inf:
        said.append(f"max-age={int(control.max_age_seconds)}")
    return ", ".join(said)


def _seconds(age: str) -> float:
    """More digits than that would be more than a lifetime."""
    return float(age[:12]) if age.isascii() and age.isdigit() else 0.0
