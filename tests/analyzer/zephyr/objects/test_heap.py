"""The walk over a heap's chunks, beside heaps that are laid out the way Zephyr lays them out."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from analyzer.zephyr.objects import heap
from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State
from tests.analyzer.zephyr.objects.structures import BASE, FIELDS, WORD, memory, words

HEAP = BASE + 0x1000
FIRST = 5
"""Units of the first chunk, which holds `struct z_heap` and its buckets."""


def laid_out(sizes: list[tuple[int, bool]], *, big: bool) -> bytes:
    """A heap of chunks (units, used); free neighbours are joined, as the allocator does."""
    joined: list[tuple[int, bool]] = [(FIRST, True)]
    for size, used in sizes:
        if not used and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + size, False)
        else:
            joined.append((size, used))
    shape = "<II" if big else "<HH"
    total = sum(size for size, _ in joined)
    content = bytearray(total * 8)
    left = at = 0
    for size, used in joined:
        struct.pack_into(shape, content, at * 8, left, size << 1 | used)
        left = size
        at += size
    struct.pack_into("<I", content, 8, total)
    return bytes(content)


def read(content: bytes) -> State:
    at = Members("sys_heap", BASE, memory((BASE, words(HEAP)), (HEAP, content)), lambda *key: FIELDS.get(key), WORD)
    state = heap.read(at)
    assert state
    return state


chunks = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=40)


@given(sizes=chunks, big=st.booleans())
def test_every_chunk_is_counted_once(sizes: list[tuple[int, bool]], *, big: bool) -> None:
    state = read(laid_out(sizes, big=big))

    assert state.problem is None
    assert state.facts["used"] == 8 * sum(size for size, used in sizes if used)
    assert state.facts["free"] == 8 * sum(size for size, used in sizes if not used)
    assert state.facts["allocations"] == sum(used for _, used in sizes)


def test_the_largest_free_block_is_what_can_be_allocated() -> None:
    assert read(laid_out([(4, True), (9, False), (2, True), (3, False)], big=False)).facts["largest_free"] == 68
    assert read(laid_out([(4, True), (9, False), (2, True), (3, False)], big=True)).facts["largest_free"] == 64


def test_a_write_past_a_block_is_seen_at_the_next_one() -> None:
    content = bytearray(laid_out([(4, True), (6, True), (8, False)], big=False))
    content[(FIRST + 4) * 8 : (FIRST + 4) * 8 + 2] = b"AA"

    state = read(bytes(content))
    assert state.problem
    assert f"{HEAP + (FIRST + 4) * 8:#x}" in state.problem
    assert "written past its end" in state.problem


@given(chunks, st.data())
def test_damage_never_raises(sizes: list[tuple[int, bool]], data: st.DataObject) -> None:
    content = bytearray(laid_out(sizes, big=False))
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content[8:12] = laid_out(sizes, big=False)[8:12]
    read(bytes(content))


def test_a_heap_that_was_never_initialised() -> None:
    at = Members("sys_heap", BASE, memory((BASE, words(0))), lambda *key: FIELDS.get(key), WORD)
    assert heap.read(at) == State("not initialised")


def test_a_heap_that_is_not_in_the_dump_has_no_state() -> None:
    at = Members("sys_heap", BASE, memory((BASE, words(HEAP))), lambda *key: FIELDS.get(key), WORD)
    assert heap.read(at) is None
    assert "not all" in read(laid_out([(40, True)], big=False)[:-8]).text
