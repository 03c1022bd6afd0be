"""A stack pointer below the thread's stack explains whatever happened there."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note, judged


def stack_overflow(facts: Facts) -> Note | None:
    """The stack pointer has left the thread's stack at its lower end."""
    crash = facts.crash
    if crash.cpu is None or crash.context is None or crash.thread is None or crash.context.interrupt:
        return None
    start, pointer = crash.thread.stack[0], facts.register(crash.cpu.sp)
    if pointer is None or pointer >= start or not facts.holds(*ACCESS_KINDS, "stack-overflow"):
        return None
    detail = f"the stack pointer is {start - pointer} bytes below the thread's stack"
    return judged("stack-overflow", "stack-overflow", "Stack overflow", detail)
