"""What was learnt: the contents, a search through them, and the summary.

The summary is a receipt of one learner's way: steps finished, predictions and
how far off they were, and the surprises, which are what to go through again.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from lesson.chapter import Chapter, Step
from lesson.figures import figure
from lesson.state import Guess, State


def table_of_contents(
    chapters: Sequence[Chapter], finished: Collection[str] = ()
) -> Iterator[str]:
    """A line for each chapter and each step; x where it is finished."""
    for chapter in chapters:
        yield f"{chapter.number} {chapter.name}: {chapter.title}"
        for number, step in enumerate(chapter.steps, 1):
            done = "x" if f"{chapter.name}.{number}" in finished else " "
            yield f"  [{done}] {chapter.number}.{number} {step.title}"


def search(chapters: Sequence[Chapter], word: str) -> Iterator[str]:
    """The steps that mention a word, with the place where they do."""
    if not word.strip():
        yield "Find what? f WORD"
        return
    found = False
    for chapter in chapters:
        for number, step in enumerate(chapter.steps, 1):
            if place := _mention(step, word):
                found = True
                heading = f"{chapter.number}.{number} {step.title}"
                yield heading + f": {place}" * (place not in step.title)
    if not found:
        yield f"No step mentions {word!r}."


def _mention(step: Step, word: str) -> str:
    """Some words around the first mention; empty where there is none."""
    texts = (
        step.title,
        step.why,
        step.not_when,
        step.predict.question,
        f"{step.knob.name}: {step.knob.what}",
        step.source,
    )
    for text in texts:
        words = " ".join(text.split())
        at = words.lower().find(word.strip().lower())
        if at >= 0:
            begin = words.rfind(" ", 0, max(at - 20, 0)) + 1
            end = words.find(" ", at + 30)
            dots = " ..." if end > 0 else ""
            return words[begin : end if end > 0 else None] + dots
    return ""


def as_text(state: State, chapters: Sequence[Chapter]) -> Iterator[str]:
    """The summary for a terminal."""
    shown = {
        f"{c.name}.{n}": f"{c.number}.{n}"
        for c in chapters
        for n in _numbers(c)
    }
    steps = list(shown)
    done = sum(step in state.finished for step in steps)
    yield f"{done} of {len(steps)} steps finished."
    if 0 < done < len(steps):
        left = (shown[s] for s in steps if s not in state.finished)
        yield f"Still open: {', '.join(left)}"
    if not state.guesses:
        yield "No predictions yet: they are what makes figures stick."
        return
    counts = [guess.verdict for guess in state.guesses.values()]
    for verdict in ("close", "same size", "surprise"):
        yield f"{verdict}: {counts.count(verdict)}"
    for step, guess in surprises(state):
        yield f"To revisit, {shown.get(step, step)}: {guess.question}"
        yield f"  you said {_said(guess)}"


def surprises(state: State) -> list[tuple[str, Guess]]:
    """The predictions that were off by more than three times."""
    return [
        (step, guess)
        for step, guess in state.guesses.items()
        if guess.verdict == "surprise"
    ]


def write_summary(
    file: Path, state: State, chapters: Sequence[Chapter], seed: int
) -> None:
    """As text, Markdown or JSON, by the file's ending. Raises OSError, and
    ValueError for another ending.
    """
    writers = {".txt": _text, ".md": _markdown, ".json": _json}
    if file.suffix not in writers:
        raise ValueError(f"{file}: end it in .txt, .md or .json")
    content = writers[file.suffix](state, chapters, seed)
    file.write_text(content, encoding="utf-8")


def _text(state: State, chapters: Sequence[Chapter], seed: int) -> str:
    contents = table_of_contents(chapters, state.finished)
    head = f"Module 12, seed {seed}, Python {platform.python_version()}"
    return "\n".join([head, *as_text(state, chapters), *contents, ""])


def _markdown(state: State, chapters: Sequence[Chapter], seed: int) -> str:
    lines = ["# Module 12: summary", "", f"Seed {seed}.", ""]
    for chapter in chapters:
        lines += [f"## {chapter.number} {chapter.title}", ""]
        for number, step in enumerate(chapter.steps, 1):
            name = f"{chapter.name}.{number}"
            done = "x" if name in state.finished else " "
            lines.append(f"- [{done}] {step.title}")
            if guess := state.guesses.get(name):
                lines.append(f"  - {guess.question} You said {_said(guess)}")
        lines.append("")
    return "\n".join(lines)


def _json(state: State, chapters: Sequence[Chapter], seed: int) -> str:
    guesses = {
        step: asdict(guess) | {"verdict": guess.verdict}
        for step, guess in state.guesses.items()
    }
    steps = [f"{c.name}.{n}" for c in chapters for n in _numbers(c)]
    data = {
        "seed": seed,
        "python": platform.python_version(),
        "steps": steps,
        "finished": state.finished,
        "predictions": guesses,
        "surprises": [step for step, _ in surprises(state)],
    }
    return json.dumps(data, indent=1) + "\n"


def _numbers(chapter: Chapter) -> range:
    return range(1, len(chapter.steps) + 1)


def _said(guess: Guess) -> str:
    said = figure(guess.said, guess.unit)
    measured = figure(guess.measured, guess.unit)
    return f"{said}, measured {measured}: {guess.verdict}."
