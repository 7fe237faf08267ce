"""The README tells the truth: its code runs, its files and targets exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.settings import ROOT
from tests.running import clean_environment, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_of_the_readme_runs(code: str, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(code)
    done = subprocess.run(
        [sys.executable, str(program)],
        env=clean_environment({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "the model was asked 1 time" in done.stdout


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^make (\w+)", SHELL, re.MULTILINE))
    assert targets >= {"lesson", "benchmark", "test", "proof", "check"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_of_the_readme_exists() -> None:
    named = set(re.findall(r"[\w./-]+\.(?:py|txt|cfg|png|example)\b", README))
    folders = [ROOT, ROOT / "optimizations"]
    folders += [f.parent for f in ROOT.rglob("optimizations/**/__init__.py")]
    for name in named - {"example.py"}:  # the reader's own
        assert any((folder / name).exists() for folder in folders), name


def test_every_option_of_the_readme_is_known() -> None:
    known = run("module12.py", "--help").stdout
    known += run("module12_benchmark.py", "--help").stdout
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README)):
        assert option in known, option
