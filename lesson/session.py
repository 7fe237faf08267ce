"""One session of the lesson: what the options ask for, made ready and held."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from lab.endpoint import Budget, estimate_dollars
from lab.options import UsageError
from lab.questions import Bank, QuestionsError, load_bank
from lab.settings import Settings, SettingsError, load_settings, state_folder
from lesson.chapter import Chapter, Context
from lesson.figures import money
from lesson.player import Player, Quit
from lesson.screen import Screen
from lesson.state import StateError, StateFile
from lesson.summary import search, table_of_contents, write_summary
from lesson.walk import walk


def hold(options: argparse.Namespace) -> None:
    """Do what the options of the front door say. Raises UsageError."""
    chapters = [
        import_module(f"lesson.{name}").CHAPTER for name in options.chapters
    ]
    file = StateFile(Path(options.state or state_folder() / "lesson.json"))
    try:
        if options.reset:
            _forget(options, file, chapters)
        if options.list:
            state = file.load()
            print(*table_of_contents(chapters, state.finished), sep="\n")
        elif options.search:
            print(*search(chapters, options.search), sep="\n")
        elif options.summary:
            _summarize(options, file, chapters)
        else:
            _teach(options, file, chapters)
    except (SettingsError, StateError, QuestionsError) as error:
        raise UsageError(str(error)) from None


def _forget(
    options: argparse.Namespace, file: StateFile, chapters: list[Chapter]
) -> None:
    """Begin these chapters anew, once agreed to. Raises UsageError where
    nobody can agree.
    """
    if not options.yes and (options.no_input or not sys.stdin.isatty()):
        raise UsageError("--reset needs --yes where nobody can answer")
    if options.yes or _yes("Forget your progress here?"):
        state = file.load()
        state.forget(
            f"{chapter.name}.{number}"
            for chapter in chapters
            for number, _ in enumerate(chapter.steps, 1)
        )
        file.save(state)


def _summarize(
    options: argparse.Namespace, file: StateFile, chapters: list[Chapter]
) -> None:
    target = Path(options.summary)
    try:
        write_summary(target, file.load(), chapters, options.seed)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(f"Written: {target}")


def _teach(
    options: argparse.Namespace, file: StateFile, chapters: list[Chapter]
) -> None:
    waits = sys.stdin.isatty() and sys.stdout.isatty() and not options.no_input
    settings = load_settings()
    bank = load_bank(options.questions)
    if options.model == "endpoint":
        _agree_to_cost(options, settings, bank, chapters, ask=waits)
    context = Context(
        options.seed,
        bank,
        settings,
        options.model,
        file.path.parent,
        print,
        Budget(settings.max_dollars),
    )
    screen = Screen(plain=options.plain)
    if not waits:
        walk(screen, context, chapters)
        return
    _play(options, file, screen, context, chapters)


def _play(
    options: argparse.Namespace,
    file: StateFile,
    screen: Screen,
    context: Context,
    chapters: list[Chapter],
) -> None:
    """With a learner, from where they are to where they leave."""
    state = file.load()
    place_in_book = state.position
    if options.chosen:  # a visit to single chapters leaves it alone
        state.position = ""

    def save() -> None:
        place = place_in_book if options.chosen else state.position
        file.save(replace(state, position=place))

    player = Player(screen, context, chapters, state, save=save)
    try:
        player.play()
    except Quit:
        screen.say(f"Until next time: {_way_back(options)}")
    finally:
        screen.say(f"Your progress is in {file.path}")


def _way_back(options: argparse.Namespace) -> str:
    """A visit to chosen chapters leaves the learner's place alone."""
    if options.chosen:
        return (
            "the same command goes on with the first step of these chapters "
            "that is not finished; your place in the whole lesson is kept."
        )
    return "the same command goes on from here."


def _agree_to_cost(
    options: argparse.Namespace,
    settings: Settings,
    bank: Bank,
    chapters: list[Chapter],
    *,
    ask: bool,
) -> None:
    """Show what the endpoint may cost. Raises UsageError without a yes."""
    steps = [step for chapter in chapters for step in chapter.steps]
    requests = sum(step.endpoint_requests for step in steps)
    dollars = sum(
        estimate_dollars(
            settings,
            step.endpoint_requests,
            step.endpoint_tokens,
            bank.questions,
        )
        for step in steps
    )
    host = urlsplit(settings.openai_base_url).hostname
    print(
        f"{requests} requests go to {host} "
        f"({settings.openai_model}): about {money(dollars)} once through, "
        f"never more than {money(settings.max_dollars)}. The rest stays "
        "on this machine."
    )
    if dollars > settings.max_dollars:
        raise UsageError("that is over MODULE12_MAX_DOLLARS: raise it first")
    if not options.yes and not ask:
        raise UsageError("a paid endpoint needs --yes where nobody can answer")
    if not options.yes and not _yes("Go on?"):
        raise UsageError("not agreed: leave out --model endpoint")


def _yes(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, UnicodeDecodeError):
        return False
