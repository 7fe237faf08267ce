"""What finding answers by similarity has in common, whatever the measure.

The problem: the nearest question in the whole cache may belong to another
tenant, another system prompt, another conversation. The idea: the store is cut
into *partitions*, one for each tenant, model, set of parameters, system prompt
and conversation so far (`partition_key`), and a search never leaves its own
(`partitions.py`). So two questions are compared only where they were asked
under the same circumstances, and a follow-up ("and in blue?") only finds one
after the same conversation.

Inside a partition: the same text first, which costs one look-up; then the few
nearest at or above `threshold`; of these the first to which the second check
has no objection.

A question that has no form to compare (it is blank, or too long, or the
embedder failed on it) is a miss, and is not kept; a lone surrogate or another
script is a text like any other.

When it does not help: in long conversations, which nobody has twice.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from optimizations.arguments import at_least_one
from optimizations.caching.keys import partition_key
from optimizations.caching.similar.checks import Check
from optimizations.caching.similar.partitions import Index, Partitions, Place
from optimizations.caching.similar.threshold import SCORE_DIGITS
from optimizations.caching.store import Answer, answer_bytes, text_bytes
from optimizations.llm import Request

T = TypeVar("T")

DAY_SECONDS = 24 * 3600.0
_ROUNDED = 10**-SCORE_DIGITS  # so much less than a threshold still reaches it
_LOWEST = -1.0  # of all cosines
_CANDIDATES, _DELETED_AT_ONCE = 4, 16
_ENTRY_BYTES = 1100
"""About what the keys of an entry and a partition of its own take."""


@dataclass(frozen=True, slots=True)
class Match:
    """The question that lends its answer, and how similar it is."""

    question: str
    score: float
    answer: Answer


class NearStore(ABC, Generic[T]):
    """A `Store` that searches. A subclass says what a question becomes
    (`_form`), what that weighs (`_form_bytes`), what searches among those
    (`_new_index`), and the score of a text with itself (`same`).

    An answer lives `ttl_seconds` from when it was given (`math.inf`: for
    ever). Questions longer than `max_question_chars` are neither kept nor
    found.
    """

    same: float

    def __init__(
        self,
        *,
        name: str,
        threshold: float,
        second_check: Check | None,
        ttl_seconds: float,
        max_entries: int,
        max_bytes: int,
        max_question_chars: int,
    ) -> None:
        if not ttl_seconds > 0:
            raise ValueError("ttl_seconds must be more than 0")
        at_least_one(max_question_chars=max_question_chars)
        self.name = name
        self.threshold = threshold
        self.hits = self.misses = self.vetoed = self.errors = 0
        self._second_check = second_check
        self._ttl_seconds = ttl_seconds
        self._max_question_chars = max_question_chars
        self._answers: Partitions[T, Answer] = Partitions(
            self._new_index, max_entries=max_entries, max_bytes=max_bytes
        )

    async def find(self, request: Request) -> Answer | None:
        """The answer to this question, or to one that is near enough and
        passes the second check.
        """
        match = await self.match(request)
        if match is None:
            self.misses += 1
            return None
        self.hits += 1
        return match.answer

    async def match(self, request: Request) -> Match | None:
        """What `find` finds, and why."""
        place = self._place(request)
        if place is None or place[0] not in self._answers:
            return None
        found = self._same_text(place)
        if found is None:
            # A search that fails is a miss: the model still knows the answer.
            try:
                form = await self._form(place[1])
            except Exception:
                self.errors += 1
                return None
            if form is not None:
                found = self._search(place, form)
        if found is not None:
            self._answers.touch((place[0], found.question))
        return found

    async def score(self, asked: str, stored: str) -> float:
        """What is compared with `threshold` where one question is asked and
        the other is kept; `-inf` where it is never found: for its length, for
        want of a form, or by the second check. It is what `fit_threshold`
        wants. Raises what the embedder raises.
        """
        if max(len(asked), len(stored)) > self._max_question_chars:
            return -inf
        if asked == stored:
            return self.same
        ours, theirs = await self._form(asked), await self._form(stored)
        objects = self._second_check and self._second_check(asked, stored)
        if ours is None or theirs is None or objects:
            return -inf
        index = self._new_index()
        index.add(("", stored), theirs)
        found = index.nearest(ours, 1, _LOWEST)
        # What is beyond is a processor's own arithmetic.
        return round(found[0][1], SCORE_DIGITS) if found else -inf

    async def keep(self, request: Request, answer: Answer) -> None:
        """Keep the answer in its partition, in the place of an older one to
        the same text; one that was asked for later stays.
        """
        place = self._place(request)
        if place is None:
            return
        try:
            form = await self._form(place[1])
        except Exception:
            self.errors += 1
            form = None
        kept = self._answers.get(place)
        if kept is not None and kept.asked_at > answer.asked_at:
            return
        if form is None:  # an older answer must not outlive this one
            self._answers.remove(place)
            return
        size = _ENTRY_BYTES + text_bytes(place[1])
        size += answer_bytes(answer) + self._form_bytes(form)
        expires_at = answer.born_at + self._ttl_seconds
        self._answers.put(
            place, form, answer, bytes=size, expires_at=expires_at
        )

    async def delete(self, request: Request) -> Sequence[str]:
        """Forget the answer to this question, and whatever else would be found
        for it: that is where a wrong one came from. Raises what the embedder
        raises: then that may still be there.
        """
        place, others = self._place(request), list[str]()
        if place is None:
            return others
        self._answers.remove(place)
        if place[0] not in self._answers:
            return others
        form = await self._form(place[1])
        if form is None:
            return others
        while found := [
            match.question
            for match in self._matches(place, form, _DELETED_AT_ONCE)
            if match is not None
        ]:
            for question in found:
                self._answers.remove((place[0], question))
            others += found
            await asyncio.sleep(0)  # there may be thousands
        return others

    def snapshot(self) -> Mapping[str, float]:
        """`vetoed` counts the misses that the second check made; `errors`
        the questions for which there was no form.
        """
        answers = self._answers
        return {
            "entries": len(answers),
            "partitions": answers.count,
            "bytes": answers.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "vetoed": self.vetoed,
            "errors": self.errors,
            "evictions": answers.evictions,
            "expirations": answers.expirations,
        }

    async def aclose(self) -> None:
        """Holds nothing but memory."""

    @abstractmethod
    async def _form(self, question: str) -> T | None: ...

    @abstractmethod
    def _form_bytes(self, form: T) -> int: ...

    @abstractmethod
    def _new_index(self) -> Index[T]: ...

    def _place(self, request: Request) -> Place | None:
        """Where this request belongs; None where it has no question to
        compare.
        """
        partition = partition_key(request)
        if partition is None:
            return None
        question = request.messages[-1].content
        too_long = len(question) > self._max_question_chars
        return None if too_long else (partition, question)

    def _same_text(self, place: Place) -> Match | None:
        answer = self._answers.get(place)
        return None if answer is None else Match(place[1], self.same, answer)

    def _search(self, place: Place, form: T) -> Match | None:
        """The nearest to which there is no objection."""
        vetoed = False
        for match in self._matches(place, form, _CANDIDATES):
            if match is not None:
                return match
            vetoed = True
        self.vetoed += vetoed
        return None

    def _matches(
        self, place: Place, form: T, k: int
    ) -> Iterator[Match | None]:
        """Of the `k` nearest those that are near enough, the best first; None
        in the place of one to which there is an objection.
        """
        partition, asked = place
        for other, score in self._answers.nearest(
            partition, form, k, self.threshold - _ROUNDED
        ):
            stored = other[1]
            if round(score, SCORE_DIGITS) < self.threshold:
                continue
            if self._second_check and self._second_check(asked, stored):
                yield None
                continue
            answer = self._answers.get(other)
            if answer is not None:  # else it has just expired
                yield Match(stored, score, answer)
