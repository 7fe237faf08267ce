"""What finding answers by similarity has in common, whatever the measure.

The problem: the nearest question in the whole cache may belong to another
tenant, another system prompt, another conversation. The idea: the store is cut
into *partitions*, one for each tenant, model, set of parameters, system prompt
and conversation so far (`partition_key`), and a search never leaves its own.
So two questions are compared only where they were asked under the same
circumstances, and a follow-up ("and in blue?") only finds one after the same
conversation.

Inside a partition: the same text first, which costs one look-up; then the few
nearest at or above `threshold`; of these the first to which the second check
has no objection.

All partitions share one bound, on their number and on their bytes: each
answer with its question and with the form in which that is compared. What was
used least recently goes first, from the answers and from its index in the same
step.

When it does not help: in long conversations, which nobody has twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from optimizations.caching.checks import Check
from optimizations.caching.keys import partition_key
from optimizations.caching.store import Answer, answer_bytes
from optimizations.llm import Request

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
Place = tuple[str, str]
"""Partition and question: under this an answer is kept."""

_CANDIDATES = 4
_ENTRY_BYTES = 1000
"""About what the keys of an entry and a partition of its own take."""


class Index(Protocol[T_contra]):
    """Questions of one partition, in the form in which they are compared."""

    def __len__(self) -> int: ...

    def add(self, key: Place, form: T_contra, /) -> None:
        """Insert, or replace what is under `key`."""

    def remove(self, key: Place, /) -> None:
        """Forget what is under `key`."""

    def nearest(self, form: T_contra, k: int, /) -> list[tuple[Place, float]]:
        """The `k` most similar with their scores, the best first."""


@dataclass(frozen=True, slots=True)
class _Kept:
    question: str
    answer: Answer
    bytes: int


class NearStore(Generic[T]):
    """A `Store` that searches. A subclass says what a question becomes
    (`_form`), what that weighs (`_form_bytes`), and what searches among those
    (`_new_index`).

    Questions longer than `max_question_chars` are neither kept nor found.
    """

    def __init__(
        self,
        *,
        name: str,
        threshold: float,
        second_check: Check | None,
        max_entries: int,
        max_bytes: int,
        max_question_chars: int,
    ) -> None:
        if not min(max_entries, max_bytes, max_question_chars) >= 1:
            raise ValueError("each maximum must be at least 1")
        self.name = name
        self.threshold = threshold
        self.hits = self.misses = self.vetoed = self.errors = 0
        self.evictions = self.bytes = 0
        self._second_check = second_check
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_question_chars = max_question_chars
        self._answers: OrderedDict[Place, _Kept] = OrderedDict()
        self._partitions: dict[str, Index[T]] = {}

    async def find(self, request: Request) -> Answer | None:
        """The answer to this question, or to one that is near enough and
        passes the second check.
        """
        place = self._place(request)
        found = None
        if place is not None and place[0] in self._partitions:
            found = place if place in self._answers else self._search(place)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._answers.move_to_end(found)
        return self._answers[found].answer

    async def keep(self, request: Request, answer: Answer) -> None:
        """Keep the answer in its partition; a question without a form (blank,
        or the embedder failed) is not kept.
        """
        place = self._place(request)
        form = None if place is None else self._try_form(place[1])
        if place is None or form is None:
            return
        partition, question = place
        size = _ENTRY_BYTES + 2 * len(question)
        size += answer_bytes(answer) + self._form_bytes(form)
        if place in self._answers:
            self._forget(place)
        if size > self._max_bytes:
            return
        index = self._partitions.get(partition)
        if index is None:
            index = self._partitions[partition] = self._new_index()
        index.add(place, form)
        kept = _Kept(question, answer, size)
        self._answers[place] = kept
        self.bytes += size
        self._make_room()

    async def delete(self, request: Request) -> None:
        """Forget the answer to this question, and whatever else would be found
        for it: that is where a wrong one came from.
        """
        place = self._place(request)
        if place is None:
            return
        if place in self._answers:
            self._forget(place)
        while place[0] in self._partitions:
            found = self._search(place)
            if found is None:
                return
            self._forget(found)

    def snapshot(self) -> Mapping[str, float]:
        """`vetoed` counts the misses that the second check made; `errors`
        the questions for which there was no form.
        """
        return {
            "entries": len(self._answers),
            "partitions": len(self._partitions),
            "bytes": self.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "vetoed": self.vetoed,
            "errors": self.errors,
            "evictions": self.evictions,
        }

    async def aclose(self) -> None:
        """Holds nothing but memory."""

    def _form(self, question: str) -> T | None:
        raise NotImplementedError

    def _form_bytes(self, form: T) -> int:
        raise NotImplementedError

    def _new_index(self) -> Index[T]:
        raise NotImplementedError

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

    def _search(self, place: Place) -> Place | None:
        partition, question = place
        form = self._try_form(question)
        if form is None:
            return None
        objections = 0
        for other, score in self._partitions[partition].nearest(
            form, _CANDIDATES
        ):
            if not score >= self.threshold:  # nor for NaN
                break
            if self._second_check is None or not self._second_check(
                question, self._answers[other].question
            ):
                return other
            objections += 1
        self.vetoed += objections > 0
        return None

    def _try_form(self, question: str) -> T | None:
        """A search that fails is a miss: the model still knows the answer."""
        try:
            return self._form(question)
        except Exception:
            self.errors += 1
            return None

    def _make_room(self) -> None:
        while (
            len(self._answers) > self._max_entries
            or self.bytes > self._max_bytes
        ):
            self._forget(next(iter(self._answers)))
            self.evictions += 1

    def _forget(self, place: Place) -> None:
        """Out of the answers and out of the index; an empty partition goes
        too.
        """
        self.bytes -= self._answers.pop(place).bytes
        index = self._partitions[place[0]]
        index.remove(place)
        if not len(index):
            del self._partitions[place[0]]
