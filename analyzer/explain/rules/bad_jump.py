"""The program counter is no code: somebody jumped or called there."""

from analyzer.cpu.base import FunctionPointer
from analyzer.explain.facts import FETCH_KINDS, Facts, Note, judged
from analyzer.explain.source_pointer import global_at


def bad_jump(facts: Facts) -> Note | None:
    """A jump to what is no code, or without the bit that stands for the instruction set."""
    crash = facts.crash
    cpu, pc = crash.cpu, facts.register(crash.cpu.pc if crash.cpu else None)
    if cpu is None or pc is None or not facts.holds(*FETCH_KINDS):
        return None
    if crash.pc_is_code is not False and not facts.holds("bad-jump"):
        return None
    pointer = _called(facts, pc)
    where = "0 (NULL)" if pc == 0 else f"{facts.number(pc)}, which is {_what(pc, facts)}"
    if pointer is None:
        return judged("bad-jump", "bad-jump", "Jump to a bad address", f"the CPU was sent to {where}")
    if pc and pointer.value is not None:
        where = where.replace(facts.number(pc), facts.number(pointer.value), 1)
    label = "Call through a null function pointer" if pc == 0 else "Call through a bad function pointer"
    detail = f"the function pointer {_held(pointer, facts)} led to {where}"
    return judged("bad-jump", "bad-function-pointer", label, detail, by_caller=pointer.value is not None)


def _called(facts: Facts, pc: int) -> FunctionPointer | None:
    """The function pointer that led to pc; None where none did, or another one than the call before it names."""
    crash, cpu = facts.crash, facts.crash.cpu
    caller = cpu.called_from(crash.context.registers, crash.memory) if cpu and crash.context else None
    if cpu is None or crash.context is None or caller is None:
        return None
    # Nothing has run since the call: but for what the call itself changed, the registers are those of before.
    registers = {**crash.context.registers, **caller}
    pointer = cpu.function_pointer(caller[cpu.pc], registers, crash.memory)
    if pointer is None or (pointer.value is None and pointer.register is None):
        return None
    return pointer if pointer.value is None or cpu.code_address(pointer.value) == pc else None


def _held(pointer: FunctionPointer, facts: Facts) -> str:
    """Where the pointer lay, for a person."""
    cpu, symbols = facts.crash.cpu, facts.crash.symbols
    if pointer.address is None:
        return f"in {cpu.register_names[pointer.register]}" if cpu and pointer.register is not None else "there"
    named = None if cpu is None or symbols is None else global_at(symbols, pointer.address, cpu.pointer_size)
    return f"`{named[0]}`" if named else f"at {facts.number(pointer.address)}"


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
