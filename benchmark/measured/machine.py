"""Where a benchmark ran: measured figures mean nothing without it."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("aiohttp", "matplotlib", "numpy", "redis", "rich", "wordllama")
SOURCES = ("optimizations", "lab", "benchmark")


def machine() -> dict[str, str | int | float]:
    """Processor, cores, system, Python, and how busy it was just now."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1) if _has_load() else -1.0,
    }


def versions() -> dict[str, str]:
    """Of the packages, and of our own source: a digest of every file that
    can change a result.
    """
    return {
        "source": _digest(),
        **{package: _version(package) for package in PACKAGES},
    }


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    )
    return next(names, "") or platform.processor() or platform.machine()


def _has_load() -> bool:
    return hasattr(os, "getloadavg")  # not on Windows


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _digest() -> str:
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
