"""Xtensa: register blocks, switched-out threads, register windows."""

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu import Context, SavedThread, WindowedCaller, Xtensa
from analyzer.cpu.xtensa import PC, PS, SAR
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field

CPU = Xtensa()
CODE, STACK = 0x40080000, 0x3FFB0000
WOE_CALL8 = 0x00060020


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def block(soc: int, version: int, registers: bytes, *, toolchain: bool) -> ArchitectureBlock:
    payload = struct.pack("<BH", soc, version) + (b"\1" if toolchain else b"") + registers
    return ArchitectureBlock(1, SparseBytes(payload), len(payload))


def registers(*, scompare: bool, loops: bool, spilled: int = 12) -> bytes:
    window = [0x100 + number if number < 4 + spilled else 0 for number in range(16)]
    return words(CODE, 29, 0x8, 7, WOE_CALL8, *([1] if scompare else []), *window, *([1, 2, 3] if loops else []))


@pytest.mark.parametrize(
    ("soc", "scompare", "loops"),
    [(1, True, False), (2, True, True), (3, True, True), (4, False, False), (6, True, True)],
)
@pytest.mark.parametrize("version", [1, 2])
def test_every_soc_has_its_registers(soc: int, scompare: bool, loops: bool, version: int) -> None:  # noqa: FBT001 - cases
    content = registers(scompare=scompare, loops=loops)
    (context,) = CPU.crashed(block(soc, version, content, toolchain=version == 2), memory()).contexts

    assert context.registers[PC] == CODE
    assert [context.registers[number] for number in range(16)] == [0x100 + number for number in range(16)]
    assert (context.registers[SAR], context.registers[PS], context.status) == (7, WOE_CALL8, WOE_CALL8)


def test_registers_of_other_windows_are_not_zero_but_unknown() -> None:
    content = registers(scompare=True, loops=True, spilled=4)
    found = CPU.crashed(block(2, 2, content, toolchain=True), memory())

    assert set(found.contexts[0].registers) == {*range(8), PC, PS, SAR}
    assert [caveat.code for caveat in found.caveats] == ["registers-missing"]


def test_the_cause_tells_what_failed_and_where() -> None:
    (context,) = CPU.crashed(block(4, 2, registers(scompare=False, loops=False), toolchain=True), memory()).contexts

    assert context.fault
    assert context.fault.address == 8
    assert context.fault.fault
    assert (context.fault.fault.kind, context.fault.fault.reason) == ("memory-fault", "StoreProhibited")


@pytest.mark.parametrize("content", [b"", b"\1", b"\1\1\0", b"\2\2\0\1" + bytes(99), b"\2\7\0\1" + bytes(100)])
def test_what_has_no_known_layout_is_refused(content: bytes) -> None:
    found = CPU.crashed(ArchitectureBlock(1, SparseBytes(content), len(content)), memory())

    assert found.contexts == ()
    assert [caveat.code for caveat in found.caveats] == ["unknown-registers"]


BASE_SAVE_AREA = ["exccause", "lcount", "lend", "lbeg", "sar", "ps", "pc", "a0", "scratch", "a2", "a3"]
BASE_SAVE_AREA += ["caller_a0", "caller_a1", "caller_a2", "caller_a3"]


def field_of(structure: str, path: str) -> Field | None:
    if structure != "xtensa_irq_base_save_area" or path not in BASE_SAVE_AREA:
        return None
    return Field(4 * BASE_SAVE_AREA.index(path), 4)


@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_a_switched_out_thread_has_what_was_spilled(blocks: int) -> None:
    spilled = words(
        *(0x200 + number for block in reversed(range(blocks)) for number in range(4 * block, 4 * block + 4))
    )
    area = words(*range(0x300, 0x300 + len(BASE_SAVE_AREA)))
    handle = STACK
    base = handle + 4 + len(spilled)
    at = memory((handle, words(base) + spilled + area))

    context = CPU.switched_out(SavedThread(None, switch_handle=handle, field_of=field_of), at)
    assert isinstance(context, Context)
    assert context.registers[PC] == 0x300 + BASE_SAVE_AREA.index("pc")
    assert context.registers[0] == 0x300 + BASE_SAVE_AREA.index("a0")
    assert context.registers[1] == base + 4 * len(BASE_SAVE_AREA)
    found = {number: value for number, value in context.registers.items() if 4 <= number < 16}
    assert found == {4 + number: 0x200 + number for number in range(4 * blocks)}


@pytest.mark.parametrize("distance", [8, 16 * 4, -16])
def test_a_switch_handle_that_is_none_is_refused(distance: int) -> None:
    at = memory((STACK, words(STACK + 4 + distance) + bytes(200)))

    assert isinstance(CPU.switched_out(SavedThread(None, switch_handle=STACK, field_of=field_of), at), str)
    assert isinstance(CPU.switched_out(SavedThread(None, switch_handle=STACK), at), str)
    assert isinstance(CPU.switched_out(SavedThread(None), at), str)


def entry(size: int) -> bytes:
    """`entry a1, size`."""
    return bytes([0x36, 0x01 | (size // 8 & 15) << 4, size // 8 >> 4])


def call(increment: int) -> bytes:
    """`call4`, `call8` or `call12`."""
    return bytes([0x05 | increment << 4, 0, 0])


@dataclass
class Simulation:
    """Calls, each with a frame of its own; then all windows but the last are spilled as the overflow handlers do."""

    increments: list[int]
    sizes: list[int]
    code: dict[int, bytes] = field(default_factory=dict)
    stack: dict[int, int] = field(default_factory=dict)
    windows: list[dict[int, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    pcs: list[int] = field(default_factory=list)

    def run(self) -> None:
        pointer = STACK + 0x8000
        return_address = 0
        for depth, size in enumerate(self.sizes):
            start = CODE + 0x100 * depth
            self.code[start] = entry(size)
            self.code[start + 0x20] = call(self.increments[depth]) if depth < len(self.increments) else b"\0\0\0"
            pointer -= size
            self.starts.append(start)
            self.windows.append(
                {0: return_address, 1: pointer} | {number: depth << 8 | number for number in range(2, 16)}
            )
            self.pcs.append(start + 0x23)
            if depth < len(self.increments):
                return_address = (start + 0x23) & 0x3FFFFFFF | self.increments[depth] << 30
        for depth, increment in enumerate(self.increments):
            self._spill(depth, increment)

    def _spill(self, depth: int, increment: int) -> None:
        callee = self.windows[depth + 1][1]
        for number in range(4):
            self.stack[callee - 16 + 4 * number] = self.windows[depth][number]
        above = self.windows[depth - 1][1] if depth else STACK + 0x9000
        count = 4 * (increment - 1)
        for number in range(count):
            self.stack[above - 16 - 4 * count + 4 * number] = self.windows[depth][4 + number]
        if depth == 0 and count:  # its caller's stack pointer is in its own save area
            self.stack[self.windows[0][1] - 16 + 4] = above

    def memory(self) -> Memory:
        return memory(*self.code.items(), *((at, words(value)) for at, value in self.stack.items()))


@given(st.data(), st.integers(1, 8))
def test_windows_are_found_where_they_were_spilled(data: st.DataObject, depth: int) -> None:
    increments = data.draw(st.lists(st.integers(1, 3), min_size=depth, max_size=depth))
    sizes = [16 * data.draw(st.integers(6, 20)) for _ in range(depth + 1)]
    run = Simulation(increments, sizes)
    run.run()
    at = run.memory()
    registers: dict[int, int] = {**run.windows[-1], PC: run.pcs[-1], PS: WOE_CALL8}

    for level in range(depth - 1, -1, -1):
        found = CPU.by_windows(registers, run.starts[level + 1], at)
        assert isinstance(found, WindowedCaller)
        assert found.frame_address == run.windows[level][1]
        assert found.registers[PC] == run.pcs[level]
        assert CPU.follows_call(found.registers[PC], at)
        kept = {number: value for number, value in found.registers.items() if number < 16}
        assert kept.items() <= run.windows[level].items()
        assert len(kept) == 4 * increments[level]
        registers = dict(found.registers)

    outermost = CPU.by_windows(registers, run.starts[0], at)
    assert isinstance(outermost, WindowedCaller)
    assert outermost.registers[PC] == 0


def test_before_entry_the_window_is_still_the_callers() -> None:
    at = memory((CODE, entry(32)))
    registers = {PC: CODE, PS: WOE_CALL8 & ~0x30000 | 2 << 16, 1: STACK, 8: 0x80080123, 2: 77}
    found = CPU.by_windows(registers, CODE, at)

    assert isinstance(found, WindowedCaller)
    assert (found.registers[PC], found.registers[2], found.registers[1]) == (0x40080123, 77, STACK)


def test_a_window_that_was_not_spilled_is_not_taken_for_the_callers() -> None:
    stale = words(0x80080200, STACK - 64, 1, 2)
    at = memory((CODE, entry(32)), (STACK - 16, stale))
    found = CPU.by_windows({PC: CODE + 9, 0: 0x80080123, 1: STACK}, CODE, at)

    assert isinstance(found, WindowedCaller)
    assert found.registers == {PC: 0x40080123, 1: STACK + 32}


def test_code_without_windows_is_left_to_others() -> None:
    at = memory((CODE, bytes.fromhex("12c1f0")))

    assert CPU.by_windows({PC: CODE + 9, 0: CODE, 1: STACK}, CODE, at) is None
    assert CPU.by_windows({PC: CODE + 9, 0: CODE, 1: STACK}, None, at) is None


def test_calls_are_told_from_other_instructions() -> None:
    callx8_a5 = bytes([0xE0, 0x05, 0x00])
    at = memory((CODE, callx8_a5 + call(2) + call(0) + bytes.fromhex("f03d0c")))

    assert CPU.calls_pointer(CODE + 3, at) == 5
    assert CPU.calls_pointer(CODE + 6, at) is None
    assert [CPU.follows_call(CODE + offset, at) for offset in (3, 6, 9, 12)] == [True, True, True, False]
