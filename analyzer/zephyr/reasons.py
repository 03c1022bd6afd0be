"""Reason codes of a core dump's header: Zephyr's `include/zephyr/fatal_types.h`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What the kernel says about a fatal error."""

    name: str
    kind: str
    """Stable slug."""
    label: str
    """Start of a title."""
    detail: str
    software: bool = False
    """Whether the program itself asked for the fault."""


_REASONS = {
    0: Reason("K_ERR_CPU_EXCEPTION", "cpu-exception", "CPU exception", "the CPU raised an exception"),
    1: Reason("K_ERR_SPURIOUS_IRQ", "spurious-interrupt", "Unhandled interrupt", "an interrupt had no handler"),
    2: Reason(
        "K_ERR_STACK_CHK_FAIL", "stack-overflow", "Stack overflow", "a thread ran out of its stack", software=True
    ),
    3: Reason("K_ERR_KERNEL_OOPS", "oops", "Kernel oops", "the program called k_oops()", software=True),
    4: Reason("K_ERR_KERNEL_PANIC", "panic", "Kernel panic", "the program called k_panic()", software=True),
}


def reason_of(code: int) -> Reason | None:
    """A reason that all architectures share; None for the others."""
    return _REASONS.get(code)
