import pytest

from analyzer.disassembly import Direction, Index, MemoryOperand, evaluate

LOAD = Direction.LOAD


@pytest.mark.parametrize(
    ("operand", "registers", "address"),
    [
        (MemoryOperand(LOAD, 4, 3, 8), {3: 0}, 8),
        (MemoryOperand(LOAD, 4, 3, -8), {3: 0}, 0xFFFFFFF8),
        (MemoryOperand(LOAD, 4, None, 0x1234), {}, 0x1234),
        (MemoryOperand(LOAD, 4, 3, 4, Index(4, 2)), {3: 0x100, 4: 3}, 0x110),
        (MemoryOperand(LOAD, 4, 3, 0, Index(4, 2)), {3: 0x100, 4: 0xFFFFFFFF}, 0xFC),
        (MemoryOperand(LOAD, 4, 3, 0, Index(4, 2)), {3: 0x100}, None),
        (MemoryOperand(LOAD, 4, 3, 0), {4: 0x100}, None),
    ],
)
def test_addresses(operand: MemoryOperand, registers: dict[int, int], address: int | None) -> None:
    found = evaluate(operand, registers, 4)
    assert (None if found is None else found.address) == address


@pytest.mark.parametrize(("extend", "address"), [("sxtw", 0xFFFFFFFFFFFFFFF8), ("uxtw", 0x7FFFFFFF8)])
def test_an_index_of_32_bits_is_extended(extend: str, address: int) -> None:
    operand = MemoryOperand(LOAD, 8, 1, 0, Index(2, 3, extend))
    found = evaluate(operand, {1: 0, 2: 0xABCD_FFFFFFFF}, 8)
    assert found is not None
    assert found.address == address


def test_a_list_of_registers_covers_all_of_its_transfers() -> None:
    found = evaluate(MemoryOperand(LOAD, 4, 0, -16, None, 4), {0: 0x1010}, 4)
    assert found is not None
    assert (found.address, found.end) == (0x1000, 0x1010)
    assert found.covers(0x100C)
    assert not found.covers(0x1010)
