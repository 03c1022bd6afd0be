"""The program counter is no code: somebody jumped or called there."""

from analyzer.explain.facts import FETCH_KINDS, Facts, Note, judged


def bad_jump(facts: Facts) -> Note | None:
    """A jump to what is no code, or without the bit that stands for the instruction set."""
    crash = facts.crash
    cpu, pc = crash.cpu, facts.register(crash.cpu.pc if crash.cpu else None)
    if cpu is None or pc is None or not facts.holds(*FETCH_KINDS):
        return None
    if crash.pc_is_code is not False and not facts.holds("bad-jump"):
        return None
    caller = cpu.called_from(crash.context.registers, crash.memory) if crash.context else None
    register = None if caller is None else cpu.calls_pointer(caller[cpu.pc], crash.memory)
    where = "0 (NULL)" if pc == 0 else f"{facts.number(pc)}, which is {_what(pc, facts)}"
    if register is None:
        return judged("bad-jump", "bad-jump", "Jump to a bad address", f"the CPU was sent to {where}")
    pointer = facts.register(register)
    called = pointer is not None and cpu.code_address(pointer) == pc
    if pc and called and pointer is not None:
        where = where.replace(facts.number(pc), facts.number(pointer), 1)
    label = "Call through a null function pointer" if pc == 0 else "Call through a bad function pointer"
    detail = f"the function pointer in {cpu.register_names[register]} led to {where}"
    return judged("bad-jump", "bad-function-pointer", label, detail, by_caller=called)


def _what(pc: int, facts: Facts) -> str:
    """What is where the CPU was sent."""
    crash = facts.crash
    if crash.pc_is_code is not False:
        return "code, but of another instruction set" if facts.holds("bad-jump") else "code"
    symbol = None if crash.symbols is None else crash.symbols.symbol_at(pc)
    if symbol is not None and symbol.size and not symbol.is_function:
        offset = pc - symbol.address
        return f"data and not code: {symbol.name}" + (f" + {offset}" if offset else "")
    for each in (*([crash.thread] if crash.thread else []), *crash.others):
        if each.stack[0] <= pc < each.stack[1]:
            return f"on the stack of thread {each.name} and not code"
    return "not code"
