"""Code that holds no instruction: data was executed, or the code was damaged."""

from analyzer.disassembly import can_disassemble
from analyzer.explain.facts import Facts, Note


def code_without_instruction(facts: Facts) -> Note | None:
    """The bytes at the program counter are no instruction."""
    crash = facts.crash
    cpu, pc = crash.cpu, facts.register(crash.cpu.pc if crash.cpu else None)
    if cpu is None or pc is None or not facts.holds("undefined-instruction") or crash.pc_is_code is False:
        return None
    raw = crash.memory.read(pc, 4)
    if raw is None or facts.instruction is not None or not can_disassemble(cpu.machine, cpu.pointer_size):
        return None
    return Note("no-instruction", f"the bytes there, {raw.hex(' ')}, are no instruction that the disassembler knows")
