"""All files of a run appear together, or none does.

A run that is interrupted while it writes would leave a new figure beside an
old table. So everything is written into a folder beside its place, on the
same disk, and moved when all is there; whoever reads meanwhile sees each file
whole, the old one or the new one.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.options import UsageError

_PREFIX = ".writing-"
_LEFT_SECONDS = 3600.0  # so long nobody writes


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A folder to write into; what is in it moves to `out` when the block
    ends well, and is gone otherwise.
    """
    _clear(out)
    with tempfile.TemporaryDirectory(dir=out, prefix=_PREFIX) as name:
        stage = Path(name)
        yield stage
        for path in sorted(stage.rglob("*")):
            place = out / path.relative_to(stage)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            else:
                path.replace(place)


def _clear(out: Path) -> None:
    """What a run left that was killed as it wrote."""
    for left in out.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left)


def write(path: Path, text: str) -> None:
    """One file, whole or not at all. Raises OSError."""
    with staged(path.parent) as stage:
        (stage / path.name).write_text(text, encoding="utf-8")


def make_writable(folder: Path) -> None:
    """Find out before the work, not after it. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror}"
        ) from None
