"""Thread stacks that were used up to their ends, told by those that were not."""

import pytest

from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.report.build import with_used_up_stacks
from analyzer.report.model import Stack, Thread

START, SIZE = 0x20001000, 64


def thread(peak: int | None) -> Thread:
    return Thread(stack=Stack(start=hex(START), end=hex(START + SIZE), size=SIZE, peak=peak))


def peaks(threads: list[Thread], dumped: int = SIZE) -> list[int | None]:
    image = MemoryImage()
    image.add(START, SparseBytes(bytes(dumped)))
    found = with_used_up_stacks([*threads, Thread()], Memory(image))
    return [one.stack.peak for one in found if one.stack is not None]


def test_among_filled_stacks_one_without_filling_was_used_up() -> None:
    assert peaks([thread(8), thread(None), thread(16)]) == [8, SIZE, 16]


@pytest.mark.parametrize("others", [[None], [8, None], []])
def test_nothing_tells_where_most_stacks_are_not_filled(others: list[int | None]) -> None:
    assert peaks([thread(None), *map(thread, others)]) == [None, *others]


def test_a_stack_that_is_not_in_the_dump_says_nothing() -> None:
    assert peaks([thread(8), thread(None), thread(16)], SIZE - 1) == [8, None, 16]
