"""From a crash to the facts that rules look at."""

from collections.abc import Sequence

from analyzer.cpu.base import Fault, FaultStatus
from analyzer.disassembly import (
    MAX_FUNCTION,
    Access,
    Instruction,
    evaluate,
    instruction_at,
    straight_line,
)
from analyzer.explain.assertion import assertion
from analyzer.explain.facts import ACCESS_KINDS, Crash, Facts, Verdict
from analyzer.explain.source_pointer import SourcePointer, source_pointer
from analyzer.grouping import Plumbing
from analyzer.zephyr import reason_of

STACK_OVERFLOW = 2
"""Reason code K_ERR_STACK_CHK_FAIL."""
NEAR = 0x10000
"""How far below a stack an access may be one of a function that needs more stack than there is."""
_ELSEWHERE = ("memory-fault", "bus-fault", "general-protection", "unaligned-access")
"""Kinds of fault of which the access tells where it went."""
GRANULE = 32
"""Bytes that no memory protection tells apart: the smallest region of Armv7-M (DDI 0403, B3.5)."""


def gather(crash: Crash, plumbing: Plumbing) -> Facts:
    """The facts of a crash."""
    status = crash.cpu.fault_status(crash.memory) if crash.cpu else FaultStatus()
    if crash.context and crash.context.fault:
        status = crash.context.fault
    disbelieved = _disbelieved(crash)
    code = 0 if disbelieved else crash.reason
    verdict, name, imprecise = _by_reason(crash, code, status)
    common = None if code is None else reason_of(code)
    software = common is not None and common.software
    instruction = None if software or crash.pc_is_code is False else instruction_of(crash)
    # Only where the hardware names an address was a secure fault one of an access.
    kinds = ACCESS_KINDS if status.address is None else (*ACCESS_KINDS, "secure-fault")
    access = None
    if instruction is not None and not imprecise and verdict.kind in kinds:
        access = _access(instruction, crash, status.address)
    before = () if instruction is None else _before(crash, instruction)
    return Facts(
        crash=crash,
        verdict=verdict,
        reason_name=name,
        software=software,
        imprecise=imprecise,
        status=status,
        plumbing=plumbing,
        instruction=instruction,
        access=access,
        address=_address(access, status.address, imprecise=imprecise),
        assertion=assertion(crash, plumbing) if software else None,
        pointer=None if access is None else _pointer(access, crash, before),
        disbelieved=disbelieved,
    )


def _disbelieved(crash: Crash) -> str | None:
    """Why the kernel's reason cannot be true; None where nothing speaks against it.

    Whether an exception is a stack overflow the kernel concludes from the stack pointer, and some kernels compare it
    with another stack than the one that was in use. What the hardware raised tells that it is none: an access
    elsewhere, while the stack pointer is inside of its stack.
    """
    cpu, context = crash.cpu, crash.context
    if crash.reason != STACK_OVERFLOW or cpu is None or context is None:
        return None
    if context.fault is None or context.fault.fault is None or context.fault.fault.kind not in _ELSEWHERE:
        return None
    address = _accessed(crash, context.fault)
    stack = crash.interrupt_stack if context.interrupt else crash.thread.stack if crash.thread else None
    pointer = context.registers.get(cpu.sp)
    if address is None or stack is None or pointer is None or not stack[0] <= pointer <= stack[1]:
        return None
    if stack[0] - NEAR <= address < stack[1]:
        return None
    return (
        "the kernel took it for a stack overflow (K_ERR_STACK_CHK_FAIL), but the stack pointer is "
        f"{pointer - stack[0]} bytes above the end of its stack"
    )


def _accessed(crash: Crash, status: FaultStatus) -> int | None:
    """Where the access went of which the hardware tells: the instruction's, or that of its fetch."""
    if crash.cpu is None or crash.context is None:
        return None
    if crash.pc_is_code is False:
        return crash.context.registers.get(crash.cpu.pc)
    instruction = instruction_of(crash)
    access = None if instruction is None else _access(instruction, crash, status.address)
    return None if access is None else access.address


def _by_reason(crash: Crash, code: int | None, status: FaultStatus) -> tuple[Verdict, str, bool]:
    """What the reason code says, its name, and whether it is imprecise; status registers know more than reason 0."""
    if code == 0 and status.reason is not None:
        code = status.reason
    if code == 0 and status.fault is not None:
        return _of_fault(status.fault, f"reason {crash.reason}")
    if code is None:
        return Verdict("unknown", "Crash", "the reason never arrived"), "reason unknown", False
    common = reason_of(code)
    if common is not None:
        return Verdict(common.kind, common.label, common.detail), f"{common.name} ({code})", False
    fault = crash.cpu.fault(code) if crash.cpu else None
    if fault is not None:
        return _of_fault(fault, f"{code}")
    return Verdict("unknown", f"Fatal error {code}", f"the kernel gave reason {code}"), f"reason {code}", False


def _of_fault(fault: Fault, code: str) -> tuple[Verdict, str, bool]:
    return Verdict(fault.kind, fault.label, fault.details[0]), f"{fault.reason} ({code})", fault.imprecise


def instruction_of(crash: Crash) -> Instruction | None:
    """The instruction at the program counter."""
    cpu, context = crash.cpu, crash.context
    pc = None if cpu is None or context is None else context.registers.get(cpu.pc)
    if cpu is None or pc is None:
        return None
    code = next((code for size in (16, 8, 4, 2, 1) if (code := crash.memory.read(pc, size)) is not None), b"")
    return instruction_at(code, pc, cpu.machine, cpu.pointer_size)


def _access(instruction: Instruction, crash: Crash, reported: int | None) -> Access | None:
    """The access that failed: the only one there is, or the one whose address the hardware reports."""
    cpu, context = crash.cpu, crash.context
    if cpu is None or context is None:
        return None
    found = [evaluate(operand, context.registers, cpu.pointer_size) for operand in instruction.memory]
    if reported is None:
        return found[0] if len(found) == 1 else None
    return next((access for access in found if access is not None and access.covers(reported)), None)


def _address(access: Access | None, reported: int | None, *, imprecise: bool) -> int | None:
    """The address whose access failed; of several transfers the first one, unless only some of them may have failed."""
    if reported is not None and not imprecise:
        return reported
    if access is None or (access.operand.count > 1 and access.address // GRANULE != (access.end - 1) // GRANULE):
        return None
    return access.address


def _before(crash: Crash, instruction: Instruction) -> Sequence[Instruction]:
    """What has run right before, as far as the function's code proves it."""
    if crash.symbols is None or crash.cpu is None:
        return ()
    symbol = crash.symbols.symbol_at(instruction.address)
    if symbol is None or not symbol.is_function or not 0 < symbol.size <= MAX_FUNCTION:
        return ()
    code = crash.memory.read(symbol.address, symbol.size)
    if code is None:
        return ()
    return straight_line(code, symbol.address, instruction.address, crash.cpu.machine, crash.cpu.pointer_size)


def _pointer(access: Access, crash: Crash, before: Sequence[Instruction]) -> SourcePointer | None:
    """The access's base register in the source's words."""
    if crash.symbols is None or access.operand.base is None or not crash.frames or crash.frames[0].guessed:
        return None
    return source_pointer(access.operand.base, crash.frames[0], before, crash.symbols)
