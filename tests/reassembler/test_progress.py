import itertools

from hypothesis import given
from hypothesis import strategies as st

from contract.ack import decode_ack, encode_ack
from reassembler.progress import (
    Progress,
    acknowledgement,
    first_missing,
    held_beyond,
    highest_held,
    missing_ranges,
    open_ack,
)
from reassembler.runs import AssemblyId


def bitmap_of(held: set[int]) -> bytes:
    bits = bytearray(max(held) // 8 + 1 if held else 0)
    for sequence in held:
        bits[sequence // 8] |= 0x80 >> sequence % 8
    return bytes(bits)


sets = st.sets(st.integers(0, 199))


@given(sets)
def test_first_missing_and_highest_held_agree_with_the_set(held: set[int]) -> None:
    bitmap = bitmap_of(held)
    assert first_missing(bitmap, 200) == next(n for n in range(201) if n == 200 or n not in held)
    assert highest_held(bitmap) == max(held, default=-1)


@given(sets)
def test_an_ack_tells_exactly_what_is_held(held: set[int]) -> None:
    assembly = AssemblyId("d", b"dump", 200 * 8, 8)
    ack = decode_ack(encode_ack(open_ack(assembly, bitmap_of(held))))
    assert {n for n in range(200) if ack.holds(n)} == held


@given(sets, st.integers(0, 250))
def test_held_beyond_starts_at_the_given_chunk(held: set[int], first: int) -> None:
    shifted = held_beyond(bitmap_of(held), first)
    bits = {i for i in range(len(shifted) * 8) if shifted[i // 8] & 0x80 >> i % 8}
    assert bits == {n - first for n in held if n >= first}
    assert not shifted or shifted[-1]


@given(st.sets(st.integers(0, 24)), st.integers(193, 200))
def test_missing_ranges_cover_what_is_not_held(held: set[int], size: int) -> None:
    assembly = AssemblyId("d", b"dump", size, 8)
    ranges = list(missing_ranges(bitmap_of(held), assembly))
    missing = {offset for start, end in ranges for offset in range(start, end)}
    assert missing == {offset for offset in range(size) if offset // 8 not in held}
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(ranges))


def test_a_device_hears_at_half_windows_gaps_and_repetitions_only() -> None:
    assembly = AssemblyId("d", b"dump", 64 * 8, 8)

    def ack(held: range, before: int, duplicates: int = 0) -> object:
        return acknowledgement(assembly, Progress(before, len(held), duplicates, 0, bitmap_of(set(held))), 16)

    assert ack(range(7), before=0) is None
    assert ack(range(8), before=7) is not None
    assert ack(range(12), before=9) is None
    assert ack(range(12), before=12, duplicates=1) is not None
    assert ack(range(1, 3), before=0) is not None  # chunk 0 is missing
