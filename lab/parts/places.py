"""Where a part's program is found, and where it may put its socket."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def find_binary(package: str, *names: str) -> str | None:
    """The program that a Python package carries, else the one on PATH."""
    spec = importlib.util.find_spec(package)
    root = Path(spec.origin).parent if spec and spec.origin else None
    for name in names:
        for carried in sorted(root.rglob(name)) if root else []:
            if carried.is_file() and os.access(carried, os.X_OK):
                return str(carried)
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def private_directory() -> Iterator[str]:
    """A new folder for sockets, which only this user can enter.

    Its path is short: that of a socket may have 104 characters on macOS.
    """
    place = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(
        prefix="module12-",
        dir=place if len(place) < 60 else "/tmp",
        ignore_cleanup_errors=True,
    ) as directory:
        yield directory
