"""An access to the stack of another thread."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note


def foreign_stack(facts: Facts) -> Note | None:
    """The address is on a stack that is not the current thread's: a pointer to what was a local variable there."""
    address = facts.address
    if address is None or not facts.holds(*ACCESS_KINDS):
        return None
    for thread in facts.crash.others:
        if thread.stack[0] <= address < thread.stack[1]:
            text = f"{facts.number(address)} is on the stack of another thread, {thread.name}"
            return Note("foreign-stack", f"{text}: the pointer may have outlived the variable that it pointed at")
    return None
