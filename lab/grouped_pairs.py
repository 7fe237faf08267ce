"""From marked pairs of questions to wishes, and to what must not be confused.

People mark not wishes, but two questions at a time. What shares an answer with
something that shares an answer is one wish, so pairs grow into groups. A pair
that is marked as different stays one, unless other marks put both into one
group: marks made by people contradict each other now and then.

When it does not help: one wrong mark joins two groups, and a chain of pairs
that are each nearly the same ends far from where it began.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab.question_pairs import Pair


def groups_of(
    pairs: Iterable[Pair],
) -> tuple[list[tuple[str, ...]], list[tuple[str, str]]]:
    """The groups of questions that share an answer, a question of its own
    being one; and the pairs that do not, each once.

    >>> marked = [Pair("a", "b", True), Pair("c", "b", True),
    ...           Pair("a", "d", False), Pair("a", "c", False)]
    >>> groups_of(marked)
    ([('a', 'b', 'c'), ('d',)], [('a', 'd')])
    """
    leaders: dict[str, str] = {}
    different: dict[frozenset[str], tuple[str, str]] = {}
    for pair in pairs:
        both = pair.question.strip(), pair.other.strip()
        one, other = (_leader(text, leaders) for text in both)
        if pair.same:
            leaders[other] = one
        else:
            different.setdefault(frozenset(both), both)
    groups: dict[str, list[str]] = {}
    for text in leaders:
        groups.setdefault(_leader(text, leaders), []).append(text)
    return [tuple(texts) for texts in groups.values()], [
        (one, other)
        for one, other in different.values()
        if _leader(one, leaders) != _leader(other, leaders)
    ]


def _leader(text: str, leaders: dict[str, str]) -> str:
    """Who stands for the group of this question."""
    while (leader := leaders.setdefault(text, text)) != text:
        leaders[text] = leaders[leader]  # the next one gets there sooner
        text = leader
    return text
