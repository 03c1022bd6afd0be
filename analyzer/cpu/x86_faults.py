"""Exceptions of x86: vectors and error codes.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3A: vectors 6.3.1, error codes 6.13, page faults
4.7.
"""

from analyzer.cpu.base import Fault, FaultStatus, StatusBit

DIVIDE_ERROR, PAGE_FAULT = 0, 14
_SELECTOR_CODES = (10, 11, 12, 13)
"""Vectors whose error code, unless it is 0, names a segment selector."""

_VECTORS: dict[int, tuple[str, str, str, str]] = {
    1: ("debug-exception", "Debug exception", "#DB", "a debug exception was raised"),
    2: ("non-maskable-interrupt", "Non-maskable interrupt", "NMI", "the hardware raised a non-maskable interrupt"),
    3: ("breakpoint", "Breakpoint", "#BP", "the program ran into a breakpoint instruction"),
    4: ("overflow", "Overflow", "#OF", "INTO met a set overflow flag"),
    5: ("bound-range", "Bound range exceeded", "#BR", "an index was outside of what BOUND allows"),
    6: ("undefined-instruction", "Undefined instruction", "#UD", "the CPU met an instruction that it does not know"),
    7: ("no-coprocessor", "Floating point unit not available", "#NM", "floating point is not enabled here"),
    8: ("double-fault", "Double fault", "#DF", "an exception was raised while another one was being entered"),
    9: ("no-coprocessor", "Coprocessor segment overrun", "coprocessor", "a floating point operand broke its segment"),
    10: ("invalid-tss", "Invalid task state segment", "#TS", "a task state segment is not valid"),
    11: ("segment-not-present", "Segment not present", "#NP", "a segment or gate is not present"),
    12: ("stack-segment-fault", "Stack segment fault", "#SS", "a stack access broke the rules of its segment"),
    13: ("general-protection", "General protection fault", "#GP", "an instruction broke the rules of protection"),
    16: ("floating-point", "Floating point error", "#MF", "the x87 unit raised an exception"),
    17: ("unaligned-access", "Unaligned access", "#AC", "an address is not a multiple of the access's size"),
    18: ("machine-check", "Machine check", "#MC", "the hardware found an error of its own"),
    19: ("floating-point", "Floating point error", "#XM", "an SSE instruction raised an exception"),
    20: ("virtualization", "Virtualization exception", "#VE", "an extended page table was violated"),
    21: ("control-protection", "Control protection fault", "#CP", "a return or an indirect branch is not allowed"),
}

_PAGE_FAULT_BITS = {
    0: ("P", "the page is present, but does not allow the access"),
    1: ("W", "the access was a write"),
    2: ("U", "the access came from user mode"),
    3: ("RSVD", "a reserved bit is set in the page tables"),
    4: ("I", "the access was a fetch of code"),
    5: ("PK", "a protection key forbids the access"),
    6: ("SS", "the access was one of the shadow stack"),
    15: ("SGX", "enclave access control forbids the access"),
}
_SELECTOR_BITS = {
    0: ("EXT", "an event outside of the program led to it"),
    1: ("IDT", "the selector is one of the interrupt descriptor table"),
    2: ("TI", "the selector is one of the local descriptor table"),
}


def describe(vector: int, code: int, divisor: int | None) -> FaultStatus:
    """What an exception's vector and error code say; `divisor` is that of a division, None where it is not known."""
    if vector == DIVIDE_ERROR:
        return FaultStatus(fault=_division(divisor))
    if vector == PAGE_FAULT:
        text = f"{_access(code)} went to memory that {_why(code)}"
        return FaultStatus(_bits(code, _PAGE_FAULT_BITS), fault=Fault("memory-fault", "Page fault", "#PF", (text,)))
    if vector not in _VECTORS:
        return FaultStatus()
    kind, label, name, detail = _VECTORS[vector]
    bits: tuple[StatusBit, ...] = ()
    if vector in _SELECTOR_CODES and code:
        bits = _bits(code, _SELECTOR_BITS)
        detail += f" through {_descriptor(code)}"
    return FaultStatus(bits, fault=Fault(kind, label, name, (detail,)))


def _division(divisor: int | None) -> Fault:
    if divisor == 0:
        return Fault("divide-by-zero", "Division by zero", "#DE", ("an integer was divided by zero",))
    if divisor is None:
        text = "an integer was divided by zero, or the quotient does not fit"
        return Fault("divide-by-zero", "Division error", "#DE", (text,))
    text = f"the quotient of a division by {divisor} does not fit its register"
    return Fault("divide-overflow", "Division overflow", "#DE", (text,))


def _access(code: int) -> str:
    if code >> 4 & 1:
        return "a fetch of code"
    return "a write" if code >> 1 & 1 else "a read"


def _why(code: int) -> str:
    if code >> 3 & 1:
        return "has reserved bits set in its page tables"
    if not code & 1:
        return "is not mapped"
    return "user mode may not touch that way" if code >> 2 & 1 else "does not allow it"


def _descriptor(code: int) -> str:
    table = "interrupt" if code >> 1 & 1 else "local" if code >> 2 & 1 else "global"
    return f"entry {code >> 3 & 0x1FFF} of the {table} descriptor table"


def _bits(code: int, table: dict[int, tuple[str, str]]) -> tuple[StatusBit, ...]:
    return tuple(StatusBit("error code", name, text) for bit, (name, text) in table.items() if code >> bit & 1)
