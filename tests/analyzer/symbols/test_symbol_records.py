from analyzer.symbols.elf import RankedSymbol
from analyzer.symbols.format.address_map import AddressMap, encode
from analyzer.symbols.format.symbol_records import cover
from analyzer.symbols.interface import Symbol


def named(*symbols: tuple[str, int, int, int]) -> dict[int, str]:
    """Which symbol names each address of a section [0, 100); a symbol: name, address, size, rank."""
    ranked = [RankedSymbol(Symbol(name, at, size, rank >= 6), rank) for name, at, size, rank in symbols]
    found = AddressMap(memoryview(encode(cover(ranked, lambda at: 100 if at < 100 else None), 4)), 4, 1)
    answers = {at: found.at(at) for at in range(120)}
    return {at: ranked[number[0] - 1].symbol.name for at, number in answers.items() if number is not None}


def test_a_symbol_covers_its_size_and_no_more() -> None:
    assert named(("f", 10, 4, 6)) == dict.fromkeys(range(10, 14), "f")


def test_a_symbol_without_a_size_reaches_to_the_next_or_the_end() -> None:
    found = named(("start", 10, 0, 6), ("f", 20, 4, 6), ("last", 90, 0, 0))
    assert [found.get(at) for at in (9, 10, 19, 20, 23, 24, 89, 90, 99, 100)] == (
        [None, "start", "start", "f", "f", None, None, "last", "last", None]
    )


def test_labels_inside_a_function_do_not_hide_it() -> None:
    found = named(("f", 10, 20, 6), ("label", 15, 0, 0))
    assert found == dict.fromkeys(range(10, 30), "f")


def test_local_labels_behind_a_function_without_a_size_do_not_hide_it() -> None:
    found = named(("wrapper", 10, 0, 8), ("exit", 15, 0, 0), ("entry", 20, 0, 2), ("loop", 25, 0, 0), ("f", 30, 5, 6))
    assert [found[at] for at in (10, 15, 19, 20, 25, 29, 30)] == [
        *["wrapper"] * 3,
        *["entry"] * 1,
        *["loop"] * 2,
        "f",
    ]
    inside = named(("f", 10, 20, 6), ("entered", 15, 0, 8), ("label", 17, 0, 0))
    assert inside == dict.fromkeys(range(10, 30), "f")


def test_of_overlapping_symbols_the_inner_one_counts() -> None:
    found = named(("outer", 10, 30, 5), ("inner", 20, 5, 3))
    assert [found[at] for at in (19, 20, 24, 25)] == ["outer", "inner", "inner", "outer"]


def test_of_symbols_at_one_address_the_better_ranked_counts() -> None:
    assert set(named(("weak", 10, 4, 7), ("strong", 10, 4, 8), ("object", 10, 4, 5)).values()) == {"strong"}
    assert set(named(("b", 10, 4, 8), ("a", 10, 4, 8)).values()) == {"b"}  # then the first of the table
    assert named(("nowhere", 200, 4, 6)) == {}


def test_what_is_no_place_in_memory_names_no_address() -> None:
    size = RankedSymbol(Symbol("heap_size", 12, 0, is_function=False), 2, in_memory=False)
    start = RankedSymbol(Symbol("start", 10, 0, is_function=False), 2)
    assert cover([start, size], lambda _: 100) == [(10, (1,)), (100, (0,))]
