"""Settings: checked at the start, and refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.settings import ROOT, Settings, SettingsError, load_settings

KEY = "sk-canary-0123456789"


def test_without_any_variable_the_defaults_hold() -> None:
    assert load_settings({}) == Settings()


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert load_settings({"REDIS_URL": " ", "OPENAI_MODEL": ""}) == Settings()


def test_every_variable_of_the_example_is_read_and_has_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [line.partition("=")[::2] for line in lines if line[:1].isalpha()]
    assert len(pairs) == 7
    assert load_settings(dict(pairs)) == Settings()


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("OPENAI_MODEL=from-file\nREDIS_URL=redis://file:1/0\n")
    monkeypatch.setenv("OPENAI_MODEL", "from-environment")
    monkeypatch.delenv("REDIS_URL", raising=False)
    settings = load_settings(file=file)
    assert settings.openai_model == "from-environment"
    assert settings.redis_url == "redis://file:1/0"


def test_the_key_is_in_no_repr() -> None:
    settings = load_settings({"OPENAI_API_KEY": KEY})
    assert settings.openai_api_key == KEY
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://localhost:99999"),
        ("REDIS_URL", "redis://"),
        ("OPENAI_BASE_URL", "ftp://example.com"),
        ("OPENAI_BASE_URL", "http:/example"),
        ("OPENAI_BASE_URL", "http://user:password@example"),
        ("OPENAI_BASE_URL", "http://example/?key=1"),
        ("OPENAI_API_KEY", "sk-a b"),
        ("OPENAI_PROMPT_PRICE", "1e308"),
        ("OPENAI_BASE_URL", "https://host:port"),
        ("OPENAI_API_KEY", "sk-\u00e9"),
        ("OPENAI_API_KEY", "sk-a\nb"),
        ("OPENAI_PROMPT_PRICE", "cheap"),
        ("OPENAI_COMPLETION_PRICE", "-1"),
        ("MODULE12_MAX_DOLLARS", "nan"),
        ("MODULE12_MAX_DOLLARS", "inf"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings({name: value})
    assert "sk-" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"OPENAI_MODEL=\xff\xfe\n")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(file=file)
