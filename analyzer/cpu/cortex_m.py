"""ARM Cortex-M.

Register blocks: Zephyr's `arch/arm/core/cortex_m/coredump.c` (`struct arm_arch_block`). Exception frames, EXC_RETURN
and xPSR: Armv7-M Architecture Reference Manual (DDI 0403), B1.5.6 to B1.5.8. Register numbers: DWARF for the Arm
Architecture (IHI 0040). Switched-out threads: Zephyr's `include/zephyr/arch/arm/thread.h` and the PendSV handler in
`arch/arm/core/cortex_m/swap_helper.S`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.cpu import cortex_m_faults
from analyzer.cpu.base import Context, Cpu, CrashContexts, ExceptionReturn, Fault, FaultStatus, SavedThread
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes

R0, R1, R2, R3, R4, R11, R12, SP, LR, PC = 0, 1, 2, 3, 4, 11, 12, 13, 14, 15
HARDWARE_FRAME = (R0, R1, R2, R3, R12, LR, PC)
"""What the hardware stacks, in order; xPSR follows."""
BASIC_FRAME = 32
EXTENDED_FRAME = BASIC_FRAME + 72
"""Bytes with s0..s15, FPSCR and a reserved word behind the basic frame."""
CALLEE_SAVED = 8
"""Registers r4..r11."""
EXC_RETURN_PREFIX = 0xFFFFFF80
EXC_RETURN_BASIC = 0x10
EXC_RETURN_PSP = 0x04
INTEGRITY_SIGNATURE = 0xFEFA125B
"""Bit 0 is clear when there is floating point state."""
XPSR_THUMB = 1 << 24
XPSR_ALIGNED = 1 << 9
XPSR_EXCEPTION = 0x1FF
XPSR_RESERVED = 0x00D00000
"""Bits that are zero in every version of the architecture."""

_SIZES = {1: 36, 2: 68, 3: 76}
_MOST_FRAMES = 16
_OFFSET_XPSR, _OFFSET_SP, _OFFSET_R4, _OFFSET_VALID = 28, 32, 36, 68
_SOFTWARE_NAMES = {number: f"r{number}" for number in range(13)}


class CortexM(Cpu):
    """Armv6-M, Armv7-M and Armv8-M."""

    name = "ARM Cortex-M"
    machine = 40
    pointer_size = 4
    register_names: Mapping[int, str] = {**_SOFTWARE_NAMES, SP: "sp", LR: "lr", PC: "pc"}
    pc = PC
    sp = SP
    link: int | None = LR
    status_name = "xpsr"
    callee_saved = frozenset(range(R4, R11 + 1))

    def crashed(self, block: ArchitectureBlock, memory: Memory, stack: tuple[int, int] | None = None) -> CrashContexts:
        """The context that crashed; two where only the unwinding can tell a frame with FP state from one without."""
        payload = block.payload
        version, caveats = _layout(block)
        if version is None:
            return CrashContexts((), tuple(caveats))
        registers = _read_registers(payload, version)
        secure = _behind_secure_context(registers.get(R0), payload.unsigned(_OFFSET_SP, 4), memory)
        if secure is not None:
            text = "the firmware took the state that Armv8-M stacks for the secure world for the registers"
            return CrashContexts((secure,), (*caveats, Caveat("secure-context", f"{text}; they were read behind it")))
        if R4 not in registers:
            caveats.append(Caveat("callee-saved-missing", "r4..r11 of the crash were not captured by the firmware"))
        status = payload.unsigned(_OFFSET_XPSR, 4)
        dumped = payload.unsigned(_OFFSET_SP, 4)
        frame = _Stacked(registers, status, memory)
        pointers = frame.pointers(dumped)
        if stack is not None and not (status or 0) & XPSR_EXCEPTION and not frame.is_near(dumped):
            # Older firmware does not set SP for k_oops() and k_panic(): it is 0 or left over from an earlier fault.
            recovered = frame.search(stack)
            if recovered:
                pointers = recovered
                caveats.append(
                    Caveat("stack-pointer-recovered", "the stack pointer was found by the exception frame on the stack")
                )
        if not pointers:
            caveats.append(Caveat("stack-pointer-missing", "the stack pointer of the crash was not captured"))
        interrupt = (status or 0) & XPSR_EXCEPTION
        contexts = tuple(Context({**registers, SP: pointer}, status, interrupt) for pointer in pointers)
        return CrashContexts(contexts or (Context(registers, status, interrupt),), tuple(caveats))

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers that PendSV saved: r4..r11 and psp in the thread's structure, the others on its stack."""
        if thread.switch_handle is not None:
            return "this firmware saves registers in a way that cannot be read yet"
        if thread.stack_pointer_field is None:
            return "where the kernel saved its registers is not known"
        base = thread.stack_pointer_field - 4 * CALLEE_SAVED
        pointer = memory.unsigned(thread.stack_pointer_field, 4)
        saved = memory.read(base, 4 * CALLEE_SAVED)
        if pointer is None or saved is None:
            return "its saved registers are not in the dump"
        if pointer == 0 or pointer % 4:
            return f"its saved stack pointer {pointer:#010x} is not one"
        frame = _read_frame(pointer, memory)
        if frame is None:
            return f"its stack at {pointer:#010x} is not in the dump"
        registers, status = frame
        if not status & XPSR_THUMB or status & XPSR_EXCEPTION:
            return f"there is no exception frame at its saved stack pointer {pointer:#010x}"
        for index in range(CALLEE_SAVED):
            registers[R4 + index] = int.from_bytes(saved[4 * index : 4 * index + 4], "little")
        basic = thread.exc_return is None or thread.exc_return & EXC_RETURN_BASIC
        registers[SP] = _above(pointer, status, basic=bool(basic))
        return Context(registers, status)

    def was_stacked(self, context: Context) -> bool:
        """By the bits of xPSR that are always zero, and the Thumb bit, which only a bad jump clears."""
        status = context.status
        return status is None or (not status & XPSR_RESERVED and bool(status & XPSR_THUMB))

    def salvage(self, context: Context) -> Context:
        """r4..r11 were saved by software. SP may be off by the word that aligns it; below it nothing is missed."""
        kept = {number: value for number, value in context.registers.items() if number in self.callee_saved}
        pointer = context.registers.get(SP)
        return Context(kept if pointer is None else {**kept, SP: pointer & ~7})

    def code_address(self, value: int) -> int:
        """Without the Thumb bit."""
        return value & ~1

    def is_exception_return(self, address: int) -> bool:
        """EXC_RETURN values fill the top of the address space, where no code can be."""
        return EXC_RETURN_PREFIX <= address < 0xFFFFFFFF

    def exception_return(self, address: int, registers: Mapping[int, int], memory: Memory) -> ExceptionReturn:
        """The context under a handler. A thread's own stack pointer (PSP) is in no register of the dump."""
        if address & EXC_RETURN_PSP:
            return ExceptionReturn(None, "the interrupted thread's stack pointer is not part of the dump")
        pointer = registers.get(SP)
        frame = None if pointer is None else _read_frame(pointer, memory)
        if pointer is None or frame is None:
            return ExceptionReturn(None, "the exception frame is not in the dump")
        stacked, status = frame
        if not status & XPSR_THUMB:
            return ExceptionReturn(None, f"there is no exception frame at {pointer:#010x}")
        kept = {number: value for number, value in registers.items() if number in self.callee_saved}
        above = _above(pointer, status, basic=bool(address & EXC_RETURN_BASIC))
        return ExceptionReturn(Context({**kept, **stacked, SP: above}, status, status & XPSR_EXCEPTION))

    def ends_stack(self, address: int) -> bool:
        """Reset leaves LR all ones; kernels and start-up code leave 0 there."""
        return address in (0, 0xFFFFFFFF)

    def after_call(self, pc: int, memory: Memory) -> bool:
        """An SVC stacks the address behind itself."""
        instruction = memory.unsigned(pc - 2, 2)
        return instruction is not None and instruction >> 8 == 0xDF

    def follows_call(self, value: int, memory: Memory) -> bool:
        """A Thumb address behind `BL` or `BLX`."""
        if not value & 1:
            return False
        first, second = memory.unsigned(value - 5, 2), memory.unsigned(value - 3, 2)
        direct = first is not None and second is not None and first >> 11 == 0b11110 and second & 0xD000 == 0xD000
        return direct or self.calls_pointer(value, memory) is not None

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """`BLX Rm` before the return address."""
        instruction = memory.unsigned((return_address & ~1) - 2, 2)
        return None if instruction is None or instruction & 0xFF87 != 0x4780 else instruction >> 3 & 15

    def fault(self, reason: int) -> Fault | None:
        """Zephyr's reasons 16..44 (`include/zephyr/arch/arm/arch.h`)."""
        return cortex_m_faults.FAULTS.get(reason)

    def fault_status(self, memory: Memory) -> FaultStatus:
        """CFSR, HFSR, MMFAR and BFAR of the system control block."""
        return cortex_m_faults.status(memory)


@dataclass(frozen=True, slots=True)
class _Stacked:
    """The registers of a crash, which the hardware put on the stack before the firmware put them into the dump."""

    registers: Mapping[int, int]
    status: int | None
    memory: Memory

    def pointers(self, dumped: int | None) -> tuple[int, ...]:
        """What SP was before the exception.

        Firmware until late 2024 dumps the address of the exception frame, later firmware the one above it, and nothing
        in the block tells them apart (zephyrproject-rtos/zephyr#79622): only the frame itself does, where it is dumped.
        """
        if not dumped:
            return ()
        if self._is_at(dumped):
            return self._above(dumped)
        return (dumped | self._padding(),)

    def is_near(self, dumped: int | None) -> bool:
        """Whether the frame is where a dumped SP says that it is: there, or right below."""
        sizes = (0, BASIC_FRAME, BASIC_FRAME + 4, EXTENDED_FRAME, EXTENDED_FRAME + 4)
        return bool(dumped) and any(self._is_at((dumped or 0) - size) for size in sizes)

    def search(self, stack: tuple[int, int]) -> tuple[int, ...]:
        """What SP can have been, by where on a stack the frame is: eight equal words are no accident."""
        words = [self.registers.get(number) for number in HARDWARE_FRAME[:-1]]
        if None in words or self.registers.get(PC) is None or self.status is None:
            return ()
        start, end = stack
        pattern = b"".join((word or 0).to_bytes(4, "little") for word in words)
        content = self.memory.dumped(start, end - start)
        found: list[int] = []
        at = content.find(pattern)
        while at >= 0 and len(found) < _MOST_FRAMES:
            if at % 4 == 0 and self._is_at(start + at):
                found += self._above(start + at)
            at = content.find(pattern, at + 1)
        return tuple(found)

    def _is_at(self, address: int) -> bool:
        frame = _read_frame(address, self.memory)
        if frame is None or self.status != frame[1]:
            return False
        return all(self.registers.get(number) == value for number, value in frame[0].items())

    def _above(self, frame: int) -> tuple[int, ...]:
        return ((frame + BASIC_FRAME) | self._padding(), (frame + EXTENDED_FRAME) | self._padding())

    def _padding(self) -> int:
        return 4 if self.status is not None and self.status & XPSR_ALIGNED else 0


def _layout(block: ArchitectureBlock) -> tuple[int | None, list[Caveat]]:
    """Which version's layout a register block has: its own version's, unless its size says otherwise."""
    if _SIZES.get(block.version) == block.claimed_size:
        return block.version, []
    text = f"register block version {block.version} has {block.claimed_size} bytes"
    version = next((known for known, size in _SIZES.items() if size == block.claimed_size), None)
    if version is None:
        return None, [Caveat("unknown-registers", f"{text}, which no known layout has")]
    return version, [Caveat("register-layout", f"{text}; it was read as version {version}, by its size")]


def _read_registers(payload: SparseBytes, version: int) -> dict[int, int]:
    """The registers of a block but for SP, as far as they were captured."""
    words = {number: payload.unsigned(4 * index, 4) for index, number in enumerate(HARDWARE_FRAME)}
    captured = [payload.unsigned(_OFFSET_R4 + 4 * index, 4) for index in range(CALLEE_SAVED)] if version >= 2 else []
    # Version 3 says whether they were captured; before that, eight zeros are what is left where they were not.
    if bool(payload.unsigned(_OFFSET_VALID, 4)) if version == 3 else any(captured):
        words.update({R4 + index: value for index, value in enumerate(captured)})
    registers = {number: value for number, value in words.items() if value is not None}
    if PC in registers:
        registers[PC] &= ~1
    return registers


def _behind_secure_context(signature: int | None, pointer: int | None, memory: Memory) -> Context | None:
    """The context behind an additional state context, where a register block has that instead of a frame.

    Armv8-M Architecture Reference Manual (DDI 0553), B3.21: integrity signature, a reserved word, r4..r11, and then
    the frame.
    """
    if signature is None or pointer is None or signature | 1 != INTEGRITY_SIGNATURE:
        return None
    for base in (pointer, pointer - BASIC_FRAME):
        state = memory.read(base, 4 * (2 + CALLEE_SAVED))
        frame = _read_frame(base + 4 * (2 + CALLEE_SAVED), memory)
        if state is None or frame is None or state[:4] != signature.to_bytes(4, "little"):
            continue
        registers, status = frame
        if not status & XPSR_THUMB:
            continue
        for index in range(CALLEE_SAVED):
            registers[R4 + index] = int.from_bytes(state[8 + 4 * index : 12 + 4 * index], "little")
        registers[SP] = _above(base + 4 * (2 + CALLEE_SAVED), status, basic=True)
        return Context(registers, status, status & XPSR_EXCEPTION)
    return None


def _read_frame(pointer: int, memory: Memory) -> tuple[dict[int, int], int] | None:
    """Registers and xPSR of a hardware exception frame."""
    raw = memory.read(pointer, BASIC_FRAME)
    if raw is None:
        return None
    values = [int.from_bytes(raw[at : at + 4], "little") for at in range(0, BASIC_FRAME, 4)]
    registers: dict[int, int] = dict(zip(HARDWARE_FRAME, values, strict=False))
    registers[PC] &= ~1
    return registers, values[-1]


def _above(pointer: int, status: int, *, basic: bool) -> int:
    """The stack pointer before the hardware stacked a frame at `pointer`."""
    return (pointer + (BASIC_FRAME if basic else EXTENDED_FRAME)) | (4 if status & XPSR_ALIGNED else 0)
