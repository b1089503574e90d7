from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.collect.speedscope import parse
from tests.fake_pyspy import document


def test_stacks_are_leaf_first_without_the_frame_that_names_the_thread() -> None:
    recorded = parse(document({'Thread 4711 "worker"': [["main", "work", "hot"], ["main"]]}).encode())
    (thread,) = recorded.threads
    assert [[recorded.frames[frame] for frame in stack] for stack in thread.stacks] == [
        [("hot", "/srv/app.py", 3), ("work", "/srv/app.py", 4), ("main", "/srv/app.py", 4)],
        [("main", "/srv/app.py", 4)],
    ]


@pytest.mark.parametrize(
    ("name", "tid", "thread"),
    [
        ('Thread 4711 "worker"', 4711, "worker"),
        ('Thread 4711 "a "quoted" name\nof two lines"', 4711, 'a "quoted" name\nof two lines'),
        ("Thread 4711", 4711, ""),
        ('Thread 0x7FC61B7FE6C0 "worker"', None, "worker"),  # CPython <= 3.10: a pthread_t
    ],
)
def test_a_thread_is_known_by_its_profile(name: str, tid: int | None, thread: str) -> None:
    (stacks,) = parse(document({name: [["main"]]}).encode()).threads
    assert (stacks.tid, stacks.thread) == (tid, thread)


def test_a_sample_without_frames_is_counted_and_left_out() -> None:
    recorded = parse(document({"Thread 1": [[], ["main"]]}).encode())
    assert recorded.empty == 1
    assert len(recorded.threads[0].stacks) == 1


@pytest.mark.parametrize("sample", [[99], [-1], [0, 1 << 40]])
def test_frames_that_are_not_listed_are_refused(sample: list[int]) -> None:
    text = json.loads(document({"Thread 1": [["main"]]}))
    text["profiles"][0]["samples"] = [sample]
    with pytest.raises(ValueError, match="not listed"):
        parse(json.dumps(text).encode())


def test_a_torn_file_is_refused() -> None:
    text = document({"Thread 1": [["main"]]}).encode()
    for end in range(len(text)):
        with pytest.raises(msgspec.DecodeError):
            parse(text[:end])


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_nothing_but_its_own_errors_comes_of_any_bytes(text: bytes) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)):
        parse(text)


@given(
    st.dictionaries(
        st.integers(1, 1 << 22),
        st.lists(st.lists(st.sampled_from(["a", "bb", "ccc"]), min_size=1), max_size=5),
        max_size=4,
    )
)
def test_every_sample_comes_back(threads: dict[int, list[list[str]]]) -> None:
    recorded = parse(document({f'Thread {tid} "t"': stacks for tid, stacks in threads.items()}).encode())
    back = {
        thread.tid: [[recorded.frames[frame][0] for frame in stack[::-1]] for stack in thread.stacks]
        for thread in recorded.threads
    }
    assert back == threads
