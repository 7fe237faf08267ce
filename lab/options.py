"""Options of both front doors: what is wrong is said in one sentence."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

OK, WRONG_ANSWER, USAGE, COULD_NOT_JUDGE, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """What was asked for cannot be done; the message says what can."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (--help shows all)\n")


def seed(text: str) -> int:
    """A seed from 0 to 2**32 - 1, which every generator takes."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise ValueError
    return value


def discard_output() -> None:
    """After a BrokenPipeError: nobody reads on, so nothing more is written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
