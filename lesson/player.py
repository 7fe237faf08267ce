"""The lesson with a learner: the beats of each step, and the keys between.

Every prompt takes the same letters (`prompt.COMMANDS`), shows those that make
sense there, and can be skipped; nothing is ever asked twice. What was
predicted and finished is saved at once, so that leaving costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lesson.chapter import Chapter, Context, Outcome, Step
from lesson.keyboard import read_line
from lesson.prompt import COMMANDS, Typed, number, parse
from lesson.runner import CannotRun, run_step
from lesson.screen import Screen
from lesson.source import find_source
from lesson.state import Guess, State
from lesson.summary import as_text, search, table_of_contents

SOURCE_LINES = 25
MINUTES_PER_STEP = 2.5
WELCOME = """
Each step says why, shows the source that is about to run, asks you for a
prediction, runs, and compares. Figures are simulated (a virtual clock, exact)
or measured (on this machine, just now); each says which."""
_UNKNOWN = "That is none of the keys."


class Quit(Exception):
    """The learner has had enough for now."""


@dataclass(frozen=True, slots=True)
class Place:
    """A step, and where it is in the book."""

    chapter: Chapter
    number: int
    step: Step

    @property
    def name(self) -> str:
        return f"{self.chapter.name}.{self.number}"


class Player:
    """Leads a learner through chapters. `save` is called after each change;
    `read` takes a line as `input` does.
    """

    def __init__(
        self,
        screen: Screen,
        context: Context,
        chapters: Sequence[Chapter],
        state: State,
        *,
        save: Callable[[], None],
        read: Callable[[], str] = read_line,
    ) -> None:
        self._screen = screen
        self._context = context
        self._chapters = chapters
        self._state = state
        self._save = save
        self._read = read
        self._places = [
            Place(chapter, number, step)
            for chapter in chapters
            for number, step in enumerate(chapter.steps, 1)
        ]
        self._index = 0

    def play(self) -> None:
        """From where the learner was to the end. Raises Quit, and lets
        KeyboardInterrupt pass.
        """
        self._index = self._begin()
        while self._index < len(self._places):
            self._state.position = self._places[self._index].name
            self._save()
            self._index = self._play_step(self._places[self._index])
        self._state.position = ""
        self._save()
        self._screen.say()
        self._screen.lines(as_text(self._state, self._chapters))

    def _begin(self) -> int:
        """Where the learner was, else the first step that is still open."""
        names = [place.name for place in self._places]
        if self._state.position in names:
            index = names.index(self._state.position)
        else:
            opened = (n not in self._state.finished for n in names)
            index = next((i for i, is_open in enumerate(opened) if is_open), 0)
        if index:
            self._screen.say(
                "Going on where you left off. (b goes back, l lists all.)"
            )
        else:
            self._screen.say(WELCOME)
        return index

    def _play_step(self, place: Place) -> int:
        """The beats of one step; returns the index to go on with."""
        try:
            self._show(place)
            said = self._predict(place)
            outcome = self._run(place, {})
            if outcome is not None:
                self._compare(place, outcome, said)
            self._try(place)
        except Jump as jump:
            return jump.index
        return self._index + 1

    def _show(self, place: Place) -> None:
        screen, chapter, step = self._screen, place.chapter, place.step
        if place.number == 1:
            screen.say()
            screen.chapter(chapter)
        left = (len(self._places) - self._index) * MINUTES_PER_STEP
        left_text = f", about {round(left)} min left"
        screen.step(chapter, place.number, step, left_text)
        what = "Enter shows the source"
        while not self._prompt(place, what, "kblfmq").enter:
            screen.say(_UNKNOWN)
        screen.source(find_source(step.source), lines=SOURCE_LINES)

    def _predict(self, place: Place) -> float | None:
        """The number that was typed, in the unit of the question."""
        predict = place.step.predict
        self._screen.say()
        self._screen.say(f"PREDICT  {predict.question}", "bold")
        what = f"a number ({predict.unit}); Enter skips"
        while True:
            typed = self._prompt(place, what, "?sbklq")
            if typed.enter:
                return None
            value = None if typed.command else number(typed.text, predict.unit)
            if value is not None:
                return value
            if typed.command == "?":
                self._screen.say(predict.hint)
            elif typed.command:
                self._screen.say("That can be done once the step has run.")
            else:
                self._screen.say("Not a number that I can read.")

    def _run(self, place: Place, knobs: dict[str, float]) -> Outcome | None:
        """Only a step that ran is finished."""
        screen, step = self._screen, place.step
        screen.clock(step.clock)
        try:
            outcome = run_step(step, self._context, screen.tell, knobs)
        except CannotRun as problem:
            screen.warn(str(problem))
            return None
        screen.replay(step, outcome, moving=not knobs)
        screen.outcome(outcome)
        screen.details(outcome)
        following = self._places[self._index + 1 : self._index + 2]
        next_name = following[0].name if following else ""
        self._state.finish(place.name, next_name)
        self._save()
        return outcome

    def _compare(
        self, place: Place, outcome: Outcome, said: float | None
    ) -> None:
        predict = place.step.predict
        measured = outcome.measured.get(predict.figure)
        if measured is None:
            self._screen.say("Nothing here to hold a prediction against.")
        elif said is not None:
            guess = Guess(predict.question, predict.unit, said, measured)
            self._state.guesses[place.name] = guess
            self._save()
            self._screen.compare(guess)
        else:
            self._screen.answer(predict, outcome)
        self._screen.not_when(place.step)

    def _try(self, place: Place) -> None:
        """Turn the knob and run again, as often as the learner likes."""
        knob = place.step.knob
        value = knob.value
        while True:
            what = (
                f"Enter goes on; t N tries {knob.what}: {knob.low:g} to "
                f"{knob.high:g}, now {value:g}"
            )
            typed = self._prompt(place, what, "rsbklfmq")
            if typed.enter:
                return
            wanted = value if typed.command == "r" else _wanted(typed)
            if wanted is not None and knob.low <= wanted <= knob.high:
                value = wanted
                self._run(place, {knob.name: value})
            elif wanted is not None or typed.command:
                limits = f"from {knob.low:g} to {knob.high:g}"
                self._screen.say(f"{knob.what}: a number {limits}")
            else:
                self._screen.say(_UNKNOWN)

    def _prompt(self, place: Place, what: str, keys: str) -> Typed:
        """Ask until something comes that the caller has to decide on; what
        means the same everywhere is done here. Raises Quit and Jump.
        """
        shown = " · ".join(f"{key} {COMMANDS[key]}" for key in keys)
        while True:
            self._screen.say(f"\n{what}\n{shown}", "dim")
            self._screen.tell("> ")
            try:
                typed = parse(self._read())
            except EOFError:  # no Enter has ended the line
                self._screen.say("")
                raise Quit from None
            except UnicodeDecodeError:
                typed = Typed("", "?")
            match typed.command:
                case "q":
                    raise Quit
                case "b":
                    raise Jump(max(self._index - 1, 0))
                case "k":
                    raise Jump(self._index + 1)
                case "l":
                    self._list(typed.text)
                case "f":
                    self._screen.lines(search(self._chapters, typed.text))
                case "m":
                    self._screen.lines(as_text(self._state, self._chapters))
                case "s":
                    source = find_source(place.step.source)
                    self._screen.source(source, lines=None)
                case _:
                    return typed

    def _list(self, wanted: str) -> None:
        """All steps; with the number of one, that step is next."""
        for index, place in enumerate(self._places):
            if wanted == f"{place.chapter.number}.{place.number}":
                raise Jump(index)
        self._screen.lines(
            table_of_contents(self._chapters, self._state.finished)
        )
        if wanted:
            self._screen.say(f"Here is no step {wanted[:20]!r}.")
        last = f"{place.chapter.number}.{place.number}"
        self._screen.say(f"l {last} goes to that step.")


def _wanted(typed: Typed) -> float | None:
    """The value of `t 20`, or of 20 alone."""
    return number(typed.text) if typed.command in ("t", "") else None


class Jump(Exception):
    """Go on with another step than the next."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index
