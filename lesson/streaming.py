"""Chapter 3, streaming: the same answer, but the reader starts reading.

Two steps: tokens over real HTTP as they are made, once with an error in the
middle; and what a stream asks of whoever reads it: redraws that keep up, a
way to stop, and clocks that notice when nothing comes.
"""

from __future__ import annotations

from contextlib import aclosing

from lesson.chapter import (
    Chapter,
    Clock,
    Context,
    Knob,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.figures import duration
from lesson.models import http_model
from lesson.timing import Timing, timed
from optimizations.clock import now
from optimizations.llm import LLM, Request
from optimizations.mock import PROFILES, Fault
from optimizations.streaming.progressive import paced
from optimizations.streaming.timeouts import Timeouts

HOSTED = PROFILES["hosted"]
ANSWER_TOKENS = 64
BREAKS_AFTER_TOKENS = 12


async def tokens(context: Context) -> Outcome:
    """One answer as a whole, streamed, and streamed into an error."""
    length = int(context.knobs["tokens"])
    question = context.bank.questions[0]
    async with http_model(
        context, max_tokens=length, profile="hosted"
    ) as model:
        await model.complete(context.ask("warm up", 0, max_tokens=1))
        began = now()
        await model.complete(context.ask(question, 1, max_tokens=length))
        whole = now() - began
        request = context.ask(question, 2, max_tokens=length)
        context.tell(f"> {question}\n")
        streamed = await _show(context, model, request)
    fault = f"0-inf error_in_stream after_tokens={BREAKS_AFTER_TOKENS}"
    async with http_model(
        context, max_tokens=length, profile="hosted", faults=[fault]
    ) as model:
        failed = await _show(context, model, context.ask(question, 3))
    return Outcome(
        Table(
            ["sent", "first text after", "end after", "ended as"],
            [
                ["as a whole", duration(whole), duration(whole), "answer"],
                ["streamed", *_cells(streamed)],
                ["with an error", *_cells(failed)],
            ],
        ),
        f"Streamed, reading began after {duration(streamed.first_text)} "
        f"instead of {duration(whole)}; the end came after "
        f"{duration(streamed.total)}. But an error can now come after half an "
        "answer, when all has been said to be well.",
        measured={"sooner": whole / streamed.first_text},
    )


def _cells(timing: Timing) -> list[str]:
    ended = "answer" if timing.answered else type(timing.error).__name__
    return [duration(timing.first_text), duration(timing.total), ended]


async def _show(context: Context, model: LLM, request: Request) -> Timing:
    """Let the answer be seen while it comes."""
    timing = await timed(model, request, context.tell)
    context.tell(f" [{timing.error}]\n" if timing.error else "\n")
    return timing


FRAME_SECONDS = 0.1
FRAMED_TOKENS = 40
LEAVES_AFTER = 10
SILENT = Fault("silent", seconds=600)
STALL = Fault("stall", seconds=600)


async def reading(context: Context) -> Outcome:
    """Redraws, a reader who leaves, and the clocks that fire."""
    frame_seconds = context.knobs["frame"]
    tokens, redraws, seconds = await _frames(context, frame_seconds)
    rows = [
        [
            f"{tokens} tokens in {duration(seconds)}",
            f"{redraws} redraws, {duration(frame_seconds)} apart or more",
        ],
        await _leaving(context),
    ]
    for what, fault in (("says nothing", SILENT), ("stops midway", STALL)):
        model = context.mock(faults=[fault])
        guarded = Timeouts(model, first_token_seconds=5, next_token_seconds=2)
        timing = await timed(guarded, context.ask("Is anybody there?", 1))
        gave_up = f"given up after {duration(timing.total)}"
        rows.append([f"the model {what}", f"{gave_up}: {timing.error}"])
    return Outcome(
        Table(["what happened", "what came of it"], rows, texts=2),
        "Whoever leaves gives the slot back at once, and pays for what was "
        "made until then; whoever waits knows for what, and how long.",
        measured={"redraws": redraws},
    )


async def _frames(
    context: Context, frame_seconds: float
) -> tuple[int, int, float]:
    """Tokens, redraws and seconds of one answer shown in frames."""
    model, began, redraws = context.mock(), now(), 0
    text = context.bank.questions[0]
    request = context.ask(text, 1, max_tokens=FRAMED_TOKENS)
    async with aclosing(paced(model.stream(request), frame_seconds)) as frames:
        async for _ in frames:
            redraws += 1
    tokens = model.ledger.entries[-1].usage.completion_tokens
    return tokens, redraws, now() - began


async def _leaving(context: Context) -> list[str]:
    """A reader who has seen enough after some chunks."""
    model, read = context.mock(), 0
    request = context.ask(context.bank.questions[0], 1)
    async with aclosing(model.stream(request)) as chunks:
        async for _ in chunks:
            read += 1
            if read == LEAVES_AFTER:
                break
    return [
        f"the reader leaves after {read} tokens",
        f"{model.running} slots in use, "
        f"{model.ledger.wasted_tokens} tokens paid for nothing",
    ]


CHAPTER = Chapter(
    3,
    "streaming",
    "The same answer, but the reader starts reading",
    (
        Step(
            "Token by token over HTTP",
            """A model makes its answer word by word, and nobody has to wait
            for the last before seeing the first. Server-sent events carry each
            piece as a line of an HTTP response that stays open.""",
            "optimizations.http_model:HTTPModel.stream",
            Clock.MEASURED,
            tokens,
            """a program reads the answer, not a person: it needs the whole,
            and a whole is simpler to cache, check and retry.""",
            begins="async with self._posted",
            endpoint_requests=3,
            endpoint_tokens=ANSWER_TOKENS,
            predict=Prediction(
                f"An answer of {ANSWER_TOKENS} tokens, streamed: how many "
                "times sooner does text begin than the whole comes?",
                "sooner",
                "times",
                "Until the first token this model takes as long as for "
                f"{HOSTED.ttft_seconds / HOSTED.itl_seconds:.0f} more.",
            ),
            knob=Knob("tokens", ANSWER_TOKENS, 4, 128, "the answer's tokens"),
        ),
        Step(
            "Progressive output, leaving early, and timeouts",
            """Tokens come faster than a screen should be redrawn, readers
            leave, and models fall silent. One clock cannot serve: a long
            answer is fine, a long silence is not. So the first token and each
            gap are timed, and never the reader's own pauses.""",
            "optimizations.streaming.timeouts:Timeouts.stream",
            Clock.SIMULATED,
            reading,
            """healthy answers are slow at times: too short a timeout kills
            what only needed patience, and the retry costs again.""",
            predict=Prediction(
                f"{FRAMED_TOKENS} tokens, drawn every {FRAME_SECONDS:g} s at "
                "most: how many redraws?",
                "redraws",
                "redraws",
                f"The model says {1 / HOSTED.itl_seconds:.0f} tokens a "
                "second; the first is drawn at once.",
            ),
            begins="asked = now()",
            knob=Knob("frame", FRAME_SECONDS, 0.01, 1, "seconds a frame"),
        ),
    ),
)
