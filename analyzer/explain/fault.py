"""From reason code, registers and frames to what a person wants to know: what happened, where, and how we know."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from analyzer.cpu import Context, Cpu
from analyzer.cpu.base import UNKNOWN_INTERRUPT, Fault, FaultStatus
from analyzer.disassembly import Access, Instruction, evaluate, instruction_at
from analyzer.dump.memory import Memory
from analyzer.grouping import Plumbing
from analyzer.unwind import Stack
from analyzer.zephyr import reason_of

NULL_PAGE = 0x400
"""Addresses below this one are NULL and the offset of a member."""
FIRST_INTERRUPT = 16
_ACCESS_KINDS = ("memory-fault", "bus-fault", "cpu-exception", "unaligned-access")
_FETCH_KINDS = ("memory-fault", "bus-fault", "cpu-exception", "bad-jump", "undefined-instruction", "usage-fault")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A frame as far as a title needs it."""

    function: str | None
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to explain a crash from."""

    reason: int | None
    cpu: Cpu | None
    context: Context | None
    stack: Stack | None
    lines: Sequence[SourceLine]
    """The crashed thread's frames, inlined ones included, innermost first."""
    memory: Memory
    pc_is_code: bool | None
    """None where nobody knows, for lack of symbols."""
    thread: str | None
    thread_stack: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, where, and how we know."""

    kind: str
    title: str
    text: str
    reason_name: str
    address: int | None
    """The address whose access failed, where it is known."""
    evidence: tuple[str, ...]
    landed: int = 0
    """How many of the innermost lines are merely where a bad call landed: the fault is their caller's."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: str
    label: str
    detail: str
    by_caller: bool = False
    """Whether the instruction that was to be executed is not to blame, but the call that led there."""


def explain(facts: Facts, plumbing: Plumbing) -> Explanation:
    """Explain a crash; says only what the facts support."""
    status = facts.cpu.fault_status(facts.memory) if facts.cpu else FaultStatus()
    if facts.context and facts.context.fault:
        status = facts.context.fault
    verdict, name = _by_reason(facts, status)
    software = facts.reason is not None and bool((common := reason_of(facts.reason)) and common.software)
    cpu, context = facts.cpu, facts.context
    access = None
    if cpu and context and not software and facts.pc_is_code is not False:
        access = _access(cpu, context, facts.memory)
    address = status.address
    if address is None and access is not None and verdict.kind in _ACCESS_KINDS:
        address = access.address
    refined = (
        _by_plumbing(facts, plumbing, verdict)
        or _by_jump(facts, verdict)
        or _by_stack(facts, verdict)
        or _by_address(verdict, access, address)
        or verdict
    )
    evidence = [name if refined is verdict else f"{name}: {verdict.detail}"]
    evidence += [f"{bit.register}.{bit.name}: {bit.meaning}" for bit in status.bits]
    sentences = [_sentence(refined.detail)]
    if cpu and access and address == access.address:
        sentences.append(_sentence(_describe(access, cpu)))
    elif address is not None:
        sentences.append(f"The access went to {address:#010x}.")
    if context and context.interrupt:
        sentences.append(_sentence(_interrupt(context.interrupt, facts.thread)))
    pc = context.registers.get(cpu.pc) if cpu and context else None
    landed = _landed(facts) if refined.by_caller else 0
    return Explanation(
        kind=refined.kind,
        title=_title(refined.label, facts.lines[landed:], plumbing, pc),
        text=" ".join(sentences),
        reason_name=name,
        address=address,
        evidence=tuple(evidence),
        landed=landed,
    )


def _by_reason(facts: Facts, status: FaultStatus) -> tuple[_Verdict, str]:
    """What the reason code says, and its name; the status registers know more than the general code."""
    code = facts.reason
    if code == 0 and status.reason is not None:
        code = status.reason
    if code == 0 and status.fault is not None:
        found = status.fault
        return _Verdict(found.kind, found.label, found.details[0]), f"{found.reason} (reason 0)"
    if code is None:
        return _Verdict("unknown", "Crash", "the reason never arrived"), "reason unknown"
    common = reason_of(code)
    if common is not None:
        return _Verdict(common.kind, common.label, common.detail), f"{common.name} ({code})"
    fault: Fault | None = facts.cpu.fault(code) if facts.cpu else None
    if fault is not None:
        return _Verdict(fault.kind, fault.label, fault.details[0]), f"{fault.reason} ({code})"
    return _Verdict("unknown", f"Fatal error {code}", f"the kernel gave reason {code}"), f"reason {code}"


def _by_plumbing(facts: Facts, plumbing: Plumbing, verdict: _Verdict) -> _Verdict | None:
    """An assertion, for example, panics; the functions around the panic tell."""
    if verdict.kind not in ("panic", "oops"):
        return None
    found = plumbing.kind([line.function for line in facts.lines if line.function])
    return None if found is None else _Verdict(found[0], found[1], f"{verdict.detail} after a check had failed")


def _by_jump(facts: Facts, verdict: _Verdict) -> _Verdict | None:
    """The program counter is no code: somebody jumped there."""
    cpu, context = facts.cpu, facts.context
    if not cpu or not context or verdict.kind not in _FETCH_KINDS:
        return None
    if facts.pc_is_code is not False and verdict.kind != "bad-jump":
        return None
    pc, caller = context.registers.get(cpu.pc), cpu.called_from(context.registers, facts.memory)
    if pc is None:
        return None
    register = None if caller is None else cpu.calls_pointer(caller[cpu.pc], facts.memory)
    where = "0 (NULL)" if pc == 0 else f"{pc:#010x}, which is not code" if facts.pc_is_code is False else f"{pc:#010x}"
    if register is None:
        return _Verdict("bad-jump", "Jump to a bad address", f"the CPU was sent to {where}")
    pointer = context.registers.get(register)
    called = pointer is not None and cpu.code_address(pointer) == pc
    if pc and called:
        where = where.replace(f"{pc:#010x}", f"{pointer:#010x}", 1)
    label = "Call through a null function pointer" if pc == 0 else "Call through a bad function pointer"
    detail = f"the function pointer in {cpu.register_names[register]} led to {where}"
    return _Verdict("bad-function-pointer", label, detail, by_caller=called)


def _landed(facts: Facts) -> int:
    """How many lines the innermost frame has, inlined functions included; 0 where nothing is known further out."""
    frames = facts.stack.frames if facts.stack else []
    count = max(1, len(frames[0].source_frames())) if len(frames) > 1 else 0
    return count if any(line.function for line in facts.lines[count:]) else 0


def _by_stack(facts: Facts, verdict: _Verdict) -> _Verdict | None:
    """A stack pointer below the thread's stack explains whatever happened there."""
    cpu, context, stack = facts.cpu, facts.context, facts.thread_stack
    if not cpu or not context or stack is None or context.interrupt:
        return None
    pointer = context.registers.get(cpu.sp)
    if pointer is None or pointer >= stack[0] or verdict.kind not in (*_ACCESS_KINDS, "stack-overflow"):
        return None
    below = stack[0] - pointer
    return _Verdict("stack-overflow", "Stack overflow", f"the stack pointer is {below} bytes below the thread's stack")


def _by_address(verdict: _Verdict, access: Access | None, address: int | None) -> _Verdict | None:
    """An access close to address 0 went through a null pointer."""
    if verdict.kind not in _ACCESS_KINDS or address is None:
        return None
    through_null = access is not None and access.address == address and access.base_value == 0
    if not through_null and address >= NULL_PAGE:
        return None
    return _Verdict("null-dereference", "Null pointer dereference", "a null pointer was followed")


def _access(cpu: Cpu, context: Context, memory: Memory) -> Access | None:
    """The only memory access of the instruction at the context's pc."""
    instruction = _instruction(cpu, context, memory)
    if instruction is None or len(instruction.memory) != 1:
        return None
    return evaluate(instruction.memory[0], context.registers, cpu.pointer_size)


def _instruction(cpu: Cpu, context: Context, memory: Memory) -> Instruction | None:
    pc = context.registers.get(cpu.pc)
    if pc is None:
        return None
    code = next((code for size in (16, 8, 4, 2, 1) if (code := memory.read(pc, size)) is not None), b"")
    return instruction_at(code, pc, cpu.machine, cpu.pointer_size)


def _describe(access: Access, cpu: Cpu) -> str:
    operand = access.operand
    size = operand.size * operand.count
    text = f"{size}-byte {operand.direction.value} {access.address:#010x}"
    if operand.base is None or access.base_value is None:
        return text
    base, offset = cpu.register_names[operand.base], access.address - access.base_value
    through = f"{base} ({access.base_value:#x})" if access.base_value else f"{base} (NULL)"
    moved = f" {'+' if offset > 0 else '-'} {abs(offset)}" if offset else ""
    return f"{text} through {through}{moved}"


def _interrupt(number: int, thread: str | None) -> str:
    what = f"interrupt {number - FIRST_INTERRUPT}" if number >= FIRST_INTERRUPT else "exception"
    during = f" while thread {thread} was current" if thread else ""
    if number == UNKNOWN_INTERRUPT:
        return f"it happened in an interrupt handler{during}"
    return f"it happened in the handler of {what} (exception number {number}){during}"


def _title(label: str, lines: Sequence[SourceLine], plumbing: Plumbing, pc: int | None) -> str:
    named = [line for line in lines if line.function]
    blamed = next((line for line in named if plumbing.group(line.function or "") is None), None)
    blamed = blamed or (named[0] if named else None)
    if blamed is None:
        return label if pc is None else f"{label} at {pc:#010x}"
    place = PurePosixPath(blamed.file).name if blamed.file else ""
    if place and blamed.line:
        place += f":{blamed.line}"
    return f"{label} in {blamed.function}" + (f" ({place})" if place else "")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
