"""Xtensa, with register windows or without (CALL0 ABI).

Register blocks: Zephyr's `arch/xtensa/core/coredump.c`. Switched-out threads: `struct xtensa_irq_base_save_area` of
`arch/xtensa/include/xtensa_asm2_context.h`, and `arch/xtensa/core/xtensa_asm2_util.S`. Instructions: Xtensa Instruction
Set Architecture Reference Manual. Register numbers: those of GCC, a0..a15 = 0..15.
"""

from collections.abc import Mapping
from typing import Final

from analyzer.cpu import xtensa_faults, xtensa_windows
from analyzer.cpu.base import Context, Cpu, CrashContexts, FieldOf, SavedThread, WindowedCaller, no_fields
from analyzer.cpu.xtensa_windows import A0, A1
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes

PC: Final = 0x100
"""Xtensa's program counter has no DWARF number: one that no register has."""
PS: Final = 0x101
SAR: Final = 0x102
REGISTERS = 16

_SCOMPARE, _LOOPS = 4, 12
_FIXED = 4 * (5 + REGISTERS)
_WITH_LOOPS = _FIXED + _SCOMPARE + _LOOPS
_SIZES = {1: _FIXED + _SCOMPARE, 2: _WITH_LOOPS, 3: _WITH_LOOPS, 4: _FIXED, 5: _WITH_LOOPS, 6: _WITH_LOOPS}
"""SoC code to the bytes of its registers: which of them an SoC has depends on how its core was configured."""
_WITH_SCOMPARE = frozenset({_FIXED + _SCOMPARE, _WITH_LOOPS})
_BASE_SAVE_AREA = "xtensa_irq_base_save_area"
_SPILLED = 16
"""Bytes of one block of four registers."""


class Xtensa(Cpu):
    """All cores of the SoCs that Zephyr dumps."""

    name = "Xtensa"
    machine = 94
    pointer_size = 4
    register_names: Mapping[int, str] = {**{number: f"a{number}" for number in range(REGISTERS)}, PC: "pc", SAR: "sar"}
    pc = PC
    sp = A1
    link: int | None = None
    status_name = "ps"
    callee_saved = frozenset(range(12, 16))
    """Of the CALL0 ABI; windows need none."""
    has_windows = True

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,
        field_of: FieldOf = no_fields,
    ) -> CrashContexts:
        """The context that crashed; a1 is what it was before the exception."""
        del memory, stack, field_of
        payload = block.payload
        start, caveats = _registers_start(payload)
        if start is None:
            return CrashContexts((), tuple(caveats))
        size = block.claimed_size - start
        soc = payload.unsigned(0, 1)
        expected = _SIZES.get(soc if soc is not None else 0)
        if size not in (_FIXED, *_WITH_SCOMPARE):
            caveats.append(Caveat("unknown-registers", f"the register block has {size} bytes, which no known core has"))
            return CrashContexts((), tuple(caveats))
        if expected is not None and expected != size:
            caveats.append(
                Caveat("register-layout", f"the register block has {size} bytes, its SoC usually {expected}")
            )

        def word(index: int) -> int | None:
            return payload.unsigned(start + 4 * index, 4)

        status = word(4)
        first = 6 if size in _WITH_SCOMPARE else 5
        registers = {PC: word(0), SAR: word(3), PS: status}
        registers |= {number: word(first + number) for number in range(REGISTERS)}
        known = {number: value for number, value in registers.items() if value is not None}
        # What other frames' windows had in use was not spilled with the exception's: it is left zero.
        for number in range(4, REGISTERS):
            if all(known.get(each, 0) == 0 for each in range(number - number % 4, REGISTERS)):
                known.pop(number, None)
        if any(number not in known for number in range(4, REGISTERS)):
            caveats.append(Caveat("registers-missing", "not all of a4..a15 of the crash were saved by the firmware"))
        return CrashContexts((Context(known, status, fault=xtensa_faults.describe(word(1), word(2))),), tuple(caveats))

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers that an interrupt or a switch put on the thread's stack, behind its switch handle."""
        handle = thread.switch_handle
        if handle is None:
            return "where the kernel saved its registers is not known"
        base = memory.unsigned(handle, 4)
        last = thread.field_of(_BASE_SAVE_AREA, "caller_a3")
        if last is None:
            return "the firmware does not say how it saves registers"
        if base is None:
            return "its saved registers are not in the dump"
        spilled = base - handle - 4
        if spilled % _SPILLED or not 0 <= spilled <= 3 * _SPILLED:
            return f"there are no saved registers at its switch handle {handle:#010x}"

        def member(name: str) -> int | None:
            found = thread.field_of(_BASE_SAVE_AREA, name)
            return None if found is None else memory.unsigned(base + found.offset, 4)

        status = member("ps")
        found = {A0: member("a0"), 2: member("a2"), 3: member("a3"), PC: member("pc"), SAR: member("sar"), PS: status}
        for block in range(spilled // _SPILLED):
            at = base - _SPILLED * (block + 1)
            found |= {4 + 4 * block + index: memory.unsigned(at + 4 * index, 4) for index in range(4)}
        registers = {number: value for number, value in found.items() if value is not None}
        registers[A1] = base + last.offset + last.size
        if PC not in registers:
            return "its saved registers are not in the dump"
        return Context(registers, status)

    def by_windows(
        self, registers: Mapping[int, int], start: int | None, memory: Memory
    ) -> WindowedCaller | str | None:
        """The caller of a function that starts with ENTRY."""
        entry = None if start is None else xtensa_windows.entry_at(start, memory)
        if entry is None:
            return None
        if registers.get(PC) == start:
            return xtensa_windows.caller_before_entry(registers, PC, registers.get(PS))
        found = xtensa_windows.caller(registers, PC, entry, memory)
        if isinstance(found, WindowedCaller) and PS in registers:
            return WindowedCaller({**found.registers, PS: registers[PS]}, found.frame_address)
        return found

    def called_from(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """A call through a bad pointer: the window is still the caller's."""
        del memory
        found = xtensa_windows.caller_before_entry(registers, PC, registers.get(PS))
        return found.registers if isinstance(found, WindowedCaller) else None

    def follows_call(self, value: int, memory: Memory) -> bool:
        """CALL0, CALL4, CALL8, CALL12 or their forms with a register."""
        code = memory.read(value - 3, 3)
        if code is None:
            return False
        return code[0] & 0x0F == 0x05 or self.calls_pointer(value, memory) is not None

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """CALLX0, CALLX4, CALLX8 or CALLX12 before the return address."""
        code = memory.read(return_address - 3, 3)
        if code is None or code[0] & 0xCF != 0xC0 or code[1] & 0xF0 or code[2]:
            return None
        return code[1] & 0x0F


def _registers_start(payload: SparseBytes) -> tuple[int | None, list[Caveat]]:
    """Where the registers start in a block: behind the SoC, the layout's own version and, from 2 on, the toolchain."""
    version = payload.unsigned(1, 2)
    if version is None:
        return None, [Caveat("unknown-registers", "the start of the register block never arrived")]
    if version not in (1, 2):
        return None, [Caveat("unknown-registers", f"the register block has layout {version}, which is not known")]
    return (3 if version == 1 else 4), []
