"""Settings: what the environment and `.env` say, checked once, at the start.

A value that makes no sense is refused here in one sentence that names the
variable, rather than as a traceback an hour later. The key is never in a
repr, and nothing here makes a paid endpoint be used: that takes
`--model endpoint`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent


class SettingsError(ValueError):
    """A variable with a value that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a variable of `.env.example`, where each is explained."""

    redis_url: str | None = None  # None: a server of our own
    openai_base_url: str = "https://api.openai.com/v1"
    openai_api_key: str | None = field(default=None, repr=False)
    openai_model: str = "gpt-4o-mini"
    prompt_price: float = 0.15  # dollars for a million tokens
    completion_price: float = 0.60
    max_dollars: float = 0.05  # what one run may cost at an endpoint


def load_settings(
    environment: Mapping[str, str] | None = None, file: Path = ROOT / ".env"
) -> Settings:
    """The environment wins over the file. Raises SettingsError."""
    values = _read_file(file) if environment is None else {}
    values |= os.environ if environment is None else environment
    default = Settings()
    return Settings(
        redis_url=_url(values, "REDIS_URL", ("redis", "rediss", "unix")),
        openai_base_url=_endpoint(values) or default.openai_base_url,
        openai_api_key=_secret(values, "OPENAI_API_KEY"),
        openai_model=_text(values, "OPENAI_MODEL") or default.openai_model,
        prompt_price=_dollars(
            values, "OPENAI_PROMPT_PRICE", default.prompt_price
        ),
        completion_price=_dollars(
            values, "OPENAI_COMPLETION_PRICE", default.completion_price
        ),
        max_dollars=_dollars(
            values, "MODULE12_MAX_DOLLARS", default.max_dollars
        ),
    )


def state_folder() -> Path:
    """Where what outlives a run is kept: the user's own state folder."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or Path.home()
    else:
        base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    try:
        return Path(base).expanduser() / "module12"
    except RuntimeError:  # a home that nobody knows
        raise SettingsError(
            "no home folder is known: set XDG_STATE_HOME to a folder"
        ) from None


def _read_file(file: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        if not file.exists():
            return {}
        text = file.read_text(encoding="utf-8")
        found = dotenv_values(stream=StringIO(text), interpolate=False)
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"{file.name} cannot be read: make it UTF-8 text, as .env.example"
        ) from None
    return {name: value for name, value in found.items() if value is not None}


def _text(values: Mapping[str, str], name: str) -> str | None:
    return values.get(name, "").strip() or None


def _secret(values: Mapping[str, str], name: str) -> str | None:
    secret = _text(values, name)
    if secret and not re.fullmatch(r"[!-~]{1,512}", secret):
        raise SettingsError(
            f"{name} has characters that no key has: paste it again"
        )
    return secret


def _url(
    values: Mapping[str, str], name: str, schemes: tuple[str, ...]
) -> str | None:
    url = _text(values, name)
    if url is None:
        return None
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number, or none that exists
    except ValueError:
        raise SettingsError(f"{name} has no valid port: check it") from None
    named = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in schemes or not named:
        raise SettingsError(f"{name} should begin with {wanted}, and go on")
    return url


def _endpoint(values: Mapping[str, str]) -> str | None:
    """Where the endpoint is: what belongs elsewhere is refused here."""
    url = _url(values, "OPENAI_BASE_URL", ("http", "https"))
    parts = urlsplit(url or "")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise SettingsError(
            "OPENAI_BASE_URL takes no user, password, ? or #: "
            "the key goes into OPENAI_API_KEY"
        )
    return url


def _dollars(values: Mapping[str, str], name: str, default: float) -> float:
    text = _text(values, name)
    if text is None:
        return default
    try:
        dollars = float(text)
    except ValueError:
        dollars = math.nan
    if not 0 <= dollars <= 1_000_000:
        raise SettingsError(f"{name} should be dollars, such as 0.15")
    return dollars
