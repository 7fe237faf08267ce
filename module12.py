"""Module 12: Performance Optimization. The lesson, in the terminal.

Five chapters on making an LLM chatbot fast, cheap and dependable, tried out
against a simulated model and real parts. `python module12.py --help` has the
options; the chapters themselves are in `lesson/`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

# What is imported above takes a few milliseconds; the rest waits until the
# first line is on the screen.
if TYPE_CHECKING:
    from lab.settings import Settings
    from lesson.chapter import Chapter

CHAPTERS = ("caching", "concurrency", "streaming", "balancing", "monitoring")
OK, USAGE, COULD_NOT_JUDGE, INTERRUPTED = 0, 2, 3, 130


class UsageError(Exception):
    """What the user asked for cannot be done; the message says what can."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lesson; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        print(f"module12.py: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("\nStopped. `python module12.py` starts again.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="module12.py",
        description="A lesson in the terminal: how to make an LLM chatbot "
        "fast, cheap and dependable. Offline, free, about half an hour.",
        epilog=f"chapters: {', '.join(_numbered())}. Without a terminal the "
        "lesson walks through by itself.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--chapter",
        action="append",
        metavar="NAME|N",
        help="only this chapter (may be repeated)",
    )
    add("--list", action="store_true", help="list chapters and steps")
    add("--seed", type=int, default=12, metavar="N", help="default: 12")
    add(
        "--questions",
        metavar="FILE",
        help="your own questions: CSV with `text` and `category` or `intent`",
    )
    add(
        "--model",
        choices=("mock", "server", "endpoint"),
        default="mock",
        help="who answers on the real clock: the simulated model (default), "
        "the same behind our server, or the endpoint of your settings",
    )
    add("--no-input", action="store_true", help="do not wait for Enter")
    add("--plain", action="store_true", help="text only: for screen readers")
    add("--yes", action="store_true", help="agree to the endpoint's cost")
    return parser


def _run(options: argparse.Namespace) -> int:
    wanted = _wanted(options.chapter)
    if not options.list:
        print("Module 12 · Performance Optimization", flush=True)
    chapters = _chapters(wanted)
    if options.list:
        return _list(chapters)

    from lab.questions import QuestionsError, load_bank
    from lab.settings import SettingsError, load_settings, state_folder
    from lesson.chapter import Context
    from lesson.player import Player, Quit
    from lesson.screen import Screen

    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    waits = terminal and not options.no_input
    try:
        settings = load_settings()
        bank = load_bank(options.questions)
    except (SettingsError, QuestionsError) as error:
        raise UsageError(str(error)) from None
    if options.model == "endpoint":
        _agree_to_cost(chapters, settings, agreed=options.yes, ask=waits)
    context = Context(
        options.seed, bank, settings, options.model, state_folder(), print
    )
    screen = Screen(plain=options.plain)
    try:
        Player(screen, context, waits=waits).play(chapters)
    except Quit:
        screen.say("Until next time: `python module12.py` starts again.")
    return OK


def _numbered() -> list[str]:
    return [f"{number} {name}" for number, name in enumerate(CHAPTERS, 1)]


def _wanted(chosen: list[str] | None) -> list[str]:
    """Names of the chosen chapters, in the order of the lesson."""
    by_number = {str(n): name for n, name in enumerate(CHAPTERS, 1)}
    names = {by_number.get(choice, choice) for choice in chosen or CHAPTERS}
    if unknown := names - set(CHAPTERS):
        raise UsageError(
            f"there is no chapter {', '.join(sorted(unknown))}: "
            f"choose from {', '.join(_numbered())}"
        )
    return [name for name in CHAPTERS if name in names]


def _chapters(names: list[str]) -> list[Chapter]:
    from importlib import import_module

    return [import_module(f"lesson.{name}").CHAPTER for name in names]


def _list(chapters: list[Chapter]) -> int:
    for chapter in chapters:
        print(f"{chapter.number} {chapter.name}: {chapter.title}")
        for number, step in enumerate(chapter.steps, 1):
            print(f"    {chapter.number}.{number} {step.title}")
    return OK


def _agree_to_cost(
    chapters: list[Chapter], settings: Settings, *, agreed: bool, ask: bool
) -> None:
    """Show what the endpoint may cost. Raises UsageError without a yes."""
    from lab.endpoint import estimate_dollars

    steps = [step for chapter in chapters for step in chapter.steps]
    requests = sum(step.endpoint_requests for step in steps)
    dollars = sum(
        estimate_dollars(
            settings, step.endpoint_requests, step.endpoint_tokens
        )
        for step in steps
    )
    print(
        f"Up to {requests} requests go to {settings.openai_base_url} "
        f"({settings.openai_model}): at most ${dollars:.4f}, and never more "
        f"than ${settings.max_dollars:.2f}. All other steps stay simulated."
    )
    if dollars > settings.max_dollars:
        raise UsageError("that is over MODULE12_MAX_DOLLARS: raise it first")
    if agreed:
        return
    if not ask:
        raise UsageError("a paid endpoint needs --yes where nobody can answer")
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("then without --model endpoint")


if __name__ == "__main__":
    sys.exit(main())
