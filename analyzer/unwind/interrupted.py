"""What a thread may have been doing when an interrupt came: a guess, where the hardware keeps its registers nowhere."""

from collections.abc import Iterable
from itertools import islice, pairwise

from analyzer.cpu import Context, Cpu
from analyzer.dump.memory import Memory
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind.frame import Trust
from analyzer.unwind.stack import EndCode, Stack
from analyzer.unwind.unwinder import Unwinder

MOST_GUESSES = 1024


def guess_interrupted(
    unwinder: Unwinder, contexts: Iterable[Context], stack: tuple[int, int], entry: int | None
) -> Stack | None:
    """The stack of the first context that unwinds to the thread's function, all of its frames labelled as guessed.

    `stack` is the thread's, half-open; `entry` is the address of its function, where it is known.
    """
    cpu, symbols = unwinder.cpu, unwinder.symbols
    if symbols is None or entry is None:
        return None
    for context in islice(contexts, MOST_GUESSES):
        pc = context.registers.get(cpu.pc, 0)
        if not unwinder.is_executable(pc) or not _may_have_been_called(context, unwinder):
            continue
        found = unwinder.unwind(context, stack)
        if found.end.code is not EndCode.OUTERMOST or not _passes(found, cpu.code_address(entry), symbols):
            continue
        if _called(found, cpu, symbols, unwinder.memory):
            for frame in found.frames:
                frame.trust, frame.guessed = Trust.SCAN, True
            return found
    return None


def _may_have_been_called(context: Context, unwinder: Unwinder) -> bool:
    """Whether the link register holds anything that code leaves in it."""
    cpu = unwinder.cpu
    link = None if cpu.link is None else context.registers.get(cpu.link)
    return link is None or cpu.ends_stack(link) or unwinder.is_executable(cpu.code_address(link))


def _passes(stack: Stack, entry: int, symbols: TypedSymbols) -> bool:
    """Whether a thread's function is on its stack."""
    symbol = symbols.symbol_at(entry)
    return symbol is not None and any(symbols.symbol_at(frame.lookup_pc) == symbol for frame in stack.frames)


def _called(stack: Stack, cpu: Cpu, symbols: TypedSymbols, memory: Memory) -> bool:
    """Whether every frame is one that the next one's call went to, where that call names its function."""
    for inner, outer in pairwise(stack.frames):
        target = None if inner.departed or outer.departed else cpu.call_target(outer.pc, memory)
        if target is None:
            continue
        reached = symbols.source_frames(target)
        if not reached or reached[-1].function != inner.function():
            return False
    return True
