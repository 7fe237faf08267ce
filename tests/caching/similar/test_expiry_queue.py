"""What is due comes out, the longest due first, and nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.expiry_queue import ExpiryQueue


def test_what_has_been_due_for_the_longest_comes_first() -> None:
    queue: ExpiryQueue[str] = ExpiryQueue()
    for key, due in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        queue.schedule(key, due)
    assert queue.pop_due(0.9) is None
    assert [queue.pop_due(2.0) for _ in range(3)] == ["a", "b", None]
    assert len(queue) == 1


def test_a_new_time_replaces_the_old_one() -> None:
    queue: ExpiryQueue[str] = ExpiryQueue()
    queue.schedule("a", 1.0)
    queue.schedule("a", 5.0)
    assert queue.pop_due(4.0) is None
    queue.schedule("a", 2.0)
    assert [queue.pop_due(9.0), queue.pop_due(9.0)] == ["a", None]


def test_what_was_cancelled_never_comes() -> None:
    queue: ExpiryQueue[str] = ExpiryQueue()
    queue.schedule("a", 1.0)
    queue.cancel("a")
    queue.cancel("never there")
    assert queue.pop_due(9.0) is None


STEPS = st.lists(
    st.tuples(st.sampled_from("scp"), st.integers(0, 9), st.integers(0, 50)),
    max_size=400,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(STEPS)
def test_it_agrees_with_asking_each_key(
    steps: list[tuple[str, int, int]],
) -> None:
    queue: ExpiryQueue[int] = ExpiryQueue()
    model: dict[int, float] = {}
    for step, key, time in steps:
        if step == "s":
            queue.schedule(key, time)
            model[key] = time
            assert queue.notes <= 2 * len(model) + 65
        elif step == "c":
            queue.cancel(key)
            model.pop(key, None)
        else:
            earliest = min(model.values(), default=99)
            popped = queue.pop_due(time)
            if popped is None:
                assert earliest > time
            else:
                assert model.pop(popped) == earliest <= time
        assert len(queue) == len(model)
