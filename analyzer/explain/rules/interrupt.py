"""A crash in the handler of an interrupt."""

from analyzer.cpu.base import UNKNOWN_INTERRUPT
from analyzer.explain.facts import Facts, Note

_EM_ARM = 40
_FIRST_INTERRUPT = 16
"""Cortex-M counts its own exceptions from 1 on, and interrupts from here on."""
_NAMES = {
    2: "NMI",
    3: "HardFault",
    4: "MemManage",
    5: "BusFault",
    6: "UsageFault",
    7: "SecureFault",
    11: "SVCall",
    12: "DebugMonitor",
    14: "PendSV",
    15: "SysTick",
}
"""Armv8-M Architecture Reference Manual (DDI 0553), B3.3."""


def interrupt(facts: Facts) -> Note | None:
    """Which interrupt's handler it was, and which thread merely happened to be current."""
    crash = facts.crash
    number = crash.context.interrupt if crash.context else 0
    if not number:
        return None
    during = f" while thread {crash.thread_name} was current" if crash.thread_name else ""
    if number == UNKNOWN_INTERRUPT:
        return Note("interrupt", f"it happened in an interrupt handler{during}")
    if crash.cpu is None or crash.cpu.machine != _EM_ARM:
        return Note("interrupt", f"it happened in the handler of interrupt {number}{during}")
    named = f"interrupt {number - _FIRST_INTERRUPT}" if number >= _FIRST_INTERRUPT else _NAMES.get(number, "one")
    return Note("interrupt", f"it happened in the handler of {named} (exception number {number}){during}")
