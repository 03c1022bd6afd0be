"""What both modes of x86 share: the frame pointer, calls, the words that an exception puts on the stack.

Calls and frame pointers: System V ABI, Intel386 supplement 2.3 and AMD64 supplement 3.2. EFLAGS and selectors: Intel
SDM volume 1, 3.4.3, and volume 3, 3.4.2.
"""

from collections.abc import Mapping

from analyzer.cpu import x86_code
from analyzer.cpu.base import Cpu, FunctionPointer
from analyzer.dump.memory import Memory

FLAGS_SET, _FLAGS_CLEAR = 1 << 1, 0xFFC08028


def is_flags(value: int) -> bool:
    """Whether a word can be EFLAGS: bits that always are 1, and those that always are 0."""
    return bool(value & FLAGS_SET) and not value & _FLAGS_CLEAR


def is_selector(value: int) -> bool:
    """Whether a word can be a code segment selector of a small global descriptor table."""
    return 0 < value < 0x100 and value & 7 in (0, 3)


class X86Family(Cpu):
    """x86 in a mode."""

    mode: x86_code.Mode
    frame_pointer: int
    link: int | None = None
    status_name = "eflags"

    def called_from(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """A call pushes its return address."""
        pointer = registers.get(self.sp)
        address = None if pointer is None else memory.unsigned(pointer, self.pointer_size)
        if pointer is None or address is None:
            return None
        return {**self.surviving(registers), self.sp: pointer + self.pointer_size, self.pc: address}

    def by_frame_pointer(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """The register points at the caller's, and the return address is above that."""
        frame, word = registers.get(self.frame_pointer), self.pointer_size
        raw = None if frame is None else memory.read(frame, 2 * word)
        if frame is None or raw is None:
            return None
        return {
            self.frame_pointer: int.from_bytes(raw[:word], "little"),
            self.pc: int.from_bytes(raw[word:], "little"),
            self.sp: frame + 2 * word,
        }

    def after_call(self, pc: int, memory: Memory) -> bool:
        """k_oops() and k_panic() are an INT."""
        return x86_code.after_interrupt(pc, memory)

    def follows_call(self, value: int, memory: Memory) -> bool:
        """Behind a CALL."""
        return x86_code.follows_call(value, memory, self.mode)

    def function_pointer(
        self, return_address: int, registers: Mapping[int, int], memory: Memory
    ) -> FunctionPointer | None:
        """A CALL of a register or of a word of memory, whose address the registers give."""
        found = x86_code.indirect_call(return_address, memory, self.mode)
        if found is None:
            return None
        value = found.value(registers, memory, self.mode, self.pointer_size, return_address)
        if found.register is not None:
            return FunctionPointer(value, found.register)
        address = found.address(registers, self.mode, return_address)
        return None if address is None else FunctionPointer(value, address=address)

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """A CALL of a register before the return address."""
        found = x86_code.indirect_call(return_address, memory, self.mode)
        return None if found is None else found.register
