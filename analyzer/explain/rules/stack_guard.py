"""An access right below a stack: what a guard region is for."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note, judged

GUARD = 128
"""Bytes below a stack that can be a guard: what Zephyr's `arch/arm/core/Kconfig` and others reserve at most."""


def stack_guard(facts: Facts) -> Note | None:
    """The address is in what lies right below a stack, and in no other thing that has a name."""
    crash, address = facts.crash, facts.address
    if address is None or not facts.holds(*ACCESS_KINDS, "stack-overflow"):
        return None
    for thread in (*([crash.thread] if crash.thread else []), *crash.others):
        start = thread.stack[0]
        if not start - GUARD <= address < start or not _is_guard(address, start, facts):
            continue
        text = f"{facts.number(address)} is {start - address} bytes below the stack of thread {thread.name}"
        own = thread is crash.thread and crash.context is not None and not crash.context.interrupt
        through_sp = facts.access is not None and crash.cpu and facts.access.operand.base == crash.cpu.sp
        if own and through_sp:
            return judged("stack-guard", "stack-overflow", "Stack overflow", text)
        return Note("stack-guard", f"{text}, where its guard is: something ran past the end of that stack")
    return None


def _is_guard(address: int, start: int, facts: Facts) -> bool:
    """Whether what lies there belongs to the same stack object as the stack, or to nothing."""
    symbols = facts.crash.symbols
    symbol = None if symbols is None else symbols.symbol_at(address)
    return symbol is None or not symbol.size or symbol.address + symbol.size > start
