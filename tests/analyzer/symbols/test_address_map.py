import itertools

from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.format.address_map import AddressMap, encode, flatten

Spans = list[tuple[int, int, tuple[int, ...]]]


@st.composite
def overlapping_spans(draw: st.DrawFn) -> Spans:
    found: Spans = []
    for value in range(1, draw(st.integers(1, 60))):
        start = draw(st.integers(0, 400))
        found.append((start, start + draw(st.integers(1, 80)), (value % 7 + 1, -value)))
    return found


def painted(spans: Spans) -> dict[int, tuple[int, ...]]:
    cells: dict[int, tuple[int, ...]] = {}
    for start, end, value in spans:
        cells.update(dict.fromkeys(range(start, end), value))
    return cells


@given(overlapping_spans(), st.sampled_from([4, 8]))
def test_every_address_has_the_value_of_the_last_span_over_it(spans: Spans, address_size: int) -> None:
    found = AddressMap(memoryview(encode(flatten(spans, 2), address_size)), address_size, 2)
    cells = painted(spans)
    assert [found.at(address) for address in range(500)] == [cells.get(address) for address in range(500)]


@given(overlapping_spans())
def test_entries_are_sorted_and_say_nothing_twice(spans: Spans) -> None:
    entries = flatten(spans, 2)
    addresses = [address for address, _ in entries]
    assert addresses == sorted(set(addresses))
    assert all(left[1] != right[1] for left, right in itertools.pairwise(entries))


def test_an_empty_map_knows_nothing() -> None:
    assert AddressMap(memoryview(encode([], 4)), 4, 1).at(0x1000) is None


def test_high_addresses_of_64_bit_machines() -> None:
    top = 0xFFFF_FFFF_8000_0000
    found = AddressMap(memoryview(encode(flatten([(top, top + 16, (5,))], 1), 8)), 8, 1)
    assert found.at(top + 15) == (5,)
    assert found.at(top + 16) is None
    assert found.entry(top + 16) == (top + 16, (0,))
