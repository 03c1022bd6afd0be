from analyzer.memory_view import MemoryRun, Pointer
from console.crashes.hexdump import Row, rows


def _text(row: Row) -> str:
    return " ".join(cell.text for word in row.words for cell in word.cells)


RUNS = [
    MemoryRun(address=0x1008, size=8, content=bytes(range(8)), source="firmware", symbol="table", offset=4),
    MemoryRun(address=0x1010, size=8, content=b"\x08\x10\0\0A\x7f\0\0", source="dump", symbol="table", offset=12),
    MemoryRun(address=0x1018, size=8, content=None, source="unknown"),
]


def test_rows_are_aligned_and_say_where_bytes_are_from() -> None:
    first, second = rows(RUNS, [(0x1000, 0x1020)], 4)
    assert (first.address, second.address) == (0x1000, 0x1010)
    assert _text(first) == " ".join(["  "] * 8 + [f"{number:02x}" for number in range(8)])
    assert _text(second) == "08 10 00 00 41 7f 00 00 " + " ".join(["··"] * 8)
    assert {cell.source for word in second.words for cell in word.cells} == {"dump", "unknown"}
    assert "".join(cell.character for word in second.words[:2] for cell in word.cells) == "....A..."


def test_a_word_that_is_an_address_of_the_dump_leads_there() -> None:
    _, second = rows(RUNS, [(0x1000, 0x1020)], 4)
    assert [word.target for word in second.words] == ["0x1008", None, None, None]
    assert all(word.target is None for word in rows(RUNS, [(0x1000, 0x1020)], 8)[1].words)


def test_a_word_that_points_at_a_symbol_names_it() -> None:
    pointers = [
        Pointer(address=0x1010, target=0x1008, symbol="table", offset=4),
        Pointer(address=0x1014, target=0x7F40, symbol="poll", offset=0),
    ]
    run = MemoryRun(address=0x1010, size=8, content=RUNS[1].content, source="dump", pointers=pointers)
    (row,) = rows([run], [(0x1000, 0x1020)], 4)
    assert [(word.target, word.name) for word in row.words[:2]] == [("0x1008", "table+0x4"), ("0x7f40", "poll")]


def test_a_symbol_is_named_once() -> None:
    assert [row.symbols for row in rows(RUNS, [], 4)] == [["table+0x4"], ["table+0xc"]]
    whole = [MemoryRun(address=0x1000, size=64, content=bytes(64), source="dump", symbol="ring", offset=32)]
    assert [row.symbols for row in rows(whole, [], 4)] == [["ring+0x20"], [], [], []]


def test_no_memory_has_no_rows() -> None:
    assert rows([], [], 4) == []
