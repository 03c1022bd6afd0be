"""Backtraces: what each thread's registers were, and the stack unwound from them; found and judged."""

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from analyzer.cpu import UNKNOWN_INTERRUPT, Context, Cpu, CrashContexts, no_fields, target_name
from analyzer.dump import Caveat, Dump
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.report.build import Subject
from analyzer.symbols.interface import Machine
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import EndCode, Unwinder, guess_interrupted
from analyzer.values.expression import BadExpression, compute
from analyzer.values.expression import Context as EvaluationContext
from analyzer.zephyr import Kernel, KernelThread, is_thread_entry, reason_of

STACKING_FAILED = (2, 17, 23, 32)
"""Reason codes with which the exception frame itself may be missing."""
MAX_FRAMES = 8192
"""Frames of all threads together; what a real device can hold is far below."""


def _evaluate(symbols: TypedSymbols | None, expression: bytes, machine: Machine, initial: int | None) -> int | None:
    """A DWARF expression of the call frame information; None where it needs what is not known."""
    if symbols is None:
        return None
    try:
        return compute(expression, EvaluationContext(machine, symbols), () if initial is None else (initial,))
    except BadExpression:
        return None


class Backtraces:
    """The backtraces of one dump. `caveats` says what was lost of the crash."""

    def __init__(
        self, dump: Dump, cpu: Cpu | None, symbols: TypedSymbols | None, memory: Memory, kernel: Kernel
    ) -> None:
        self.dump = dump
        self.cpu = cpu
        self.symbols = symbols
        self.memory = memory
        self.kernel = kernel
        self.caveats: list[Caveat] = []
        self._made_unwinder: Unwinder | None = None
        self.crashed = self._crashed()

    def others(self) -> Iterator[Subject]:
        """The threads that did not crash."""
        frames = 0
        for thread in self.kernel.others:
            subject = Subject(thread, None, None, "not unwound: the dump has too many threads and frames")
            if frames < MAX_FRAMES:
                subject = self._switched_out(thread)
            frames += len(subject.stack.frames) if subject.stack else 0
            yield subject

    def interrupted(self) -> Subject | None:
        """What the current thread may have been doing when the interrupt came whose handler crashed: a guess."""
        thread, stack = self.crashed.kernel, self.crashed.stack
        if self.cpu is None or thread is None or thread.stack is None or stack is None:
            return None
        if stack.end.code is not EndCode.INTERRUPTED:
            return None
        contexts = self.cpu.interrupted_contexts(thread.stack, self.memory)
        found = guess_interrupted(self.unwinder(self.cpu), contexts, thread.stack, thread.entry)
        return None if found is None else Subject(thread, None, found)

    def _crashed(self) -> Subject:
        thread = self.kernel.current
        if self.cpu is None:
            name = target_name(self.dump.header.target)
            problem = f"registers of {name} cannot be read yet"
            self.caveats.append(Caveat("unsupported-architecture", problem))
            return Subject(thread, None, None, problem)
        if self.dump.architecture is None:
            problem = "the dump has no registers of the crash"
            self.caveats.append(Caveat("no-registers", problem))
            return Subject(thread, None, None, problem)
        found = self._contexts(self.cpu, self.dump.architecture, thread)
        self.caveats += found.caveats
        reason = reason_of(self.dump.header.reason or 0)
        unwinder = self.unwinder(self.cpu)
        bounds = self._bounds(thread, found.contexts)
        lost = self._lost(found.contexts, unwinder)
        if lost is not None:
            pointer = lost.registers.get(self.cpu.sp, 0)
            exact = {number: value for number, value in lost.registers.items() if number != self.cpu.sp}
            return Subject(thread, Context(exact), unwinder.scan(pointer, bounds))
        best = unwinder.best(found.contexts, bounds, software_fault=reason is not None and reason.software)
        if best is None:
            return Subject(thread, None, None, "the registers of the crash could not be read")
        return Subject(thread, *best)

    def _contexts(self, cpu: Cpu, block: ArchitectureBlock, thread: KernelThread | None) -> CrashContexts:
        """The context that crashed; its stack pointer may have to be found, on the thread's stack or an interrupt's."""
        field_of = self.symbols.field if self.symbols else no_fields
        found = cpu.crashed(block, self.memory, thread.stack if thread else None, field_of)
        if self.kernel.interrupt_stack and not any(cpu.sp in each.registers for each in found.contexts):
            found = cpu.crashed(block, self.memory, self.kernel.interrupt_stack, field_of)
        return msgspec.structs.replace(found, contexts=tuple(self._in_handler(cpu, each) for each in found.contexts))

    def _in_handler(self, cpu: Cpu, context: Context) -> Context:
        """The context, saying that it is an interrupt handler's where the kernel or its stack pointer tells.

        Before there are threads the kernel starts up on the interrupts' stack.
        """
        stack, pointer, current = self.kernel.interrupt_stack, context.registers.get(cpu.sp), self.kernel.current
        on_stack = stack is not None and pointer is not None and stack[0] <= pointer <= stack[1]
        on_stack = on_stack and current is not None and current.stack is not None
        if context.interrupt or not (self.kernel.in_interrupt or on_stack):
            return context
        return msgspec.structs.replace(context, interrupt=UNKNOWN_INTERRUPT)

    def _lost(self, contexts: tuple[Context, ...], unwinder: Unwinder) -> Context | None:
        """What is left when a stack overflow kept the CPU from saving its registers; None when it did save them."""
        cpu = self.cpu
        if cpu is None or not contexts or self.symbols is None or self.dump.header.reason not in STACKING_FAILED:
            return None
        context = contexts[0]
        if cpu.was_stacked(context) or unwinder.is_executable(context.registers.get(cpu.pc, 0)):
            return None
        self.caveats.append(
            Caveat(
                "registers-lost",
                "the CPU could not save its registers, for want of stack: where it was is unknown, and the frames are "
                "a guess from what lies on the stack",
            )
        )
        return cpu.salvage(context)

    def unwinder(self, cpu: Cpu) -> Unwinder:
        """The one unwinder of the dump."""
        if self._made_unwinder is None:
            current = self.kernel.current and self.kernel.current.saved
            evaluate = partial(_evaluate, self.symbols)
            self._made_unwinder = Unwinder(cpu, self.memory, self.symbols, is_thread_entry, evaluate, thread=current)
        return self._made_unwinder

    @staticmethod
    def _bounds(thread: KernelThread | None, contexts: Iterable[Context]) -> tuple[int, int] | None:
        """The stack that the crash happened on, unless it was an interrupt's."""
        if thread is None or any(context.interrupt for context in contexts):
            return None
        return thread.stack

    def _switched_out(self, thread: KernelThread) -> Subject:
        """A thread that did not run when the dump was taken."""
        cpu = self.cpu
        if cpu is None or thread.saved is None:
            return Subject(thread, None, None, "where the kernel saved its registers is not known")
        unwinder = self.unwinder(cpu)
        snapshot, block = self.kernel.snapshots.get(thread.address), self.dump.architecture
        if snapshot is not None:
            version = block.version if block else 0
            found = cpu.snapshot(ArchitectureBlock(version, snapshot.payload, len(snapshot.payload)), self.memory)
            contexts = tuple(self._in_handler(cpu, each) for each in found.contexts)
            best = unwinder.best(contexts, self._bounds(thread, contexts))
            problem = f"it ran on CPU {snapshot.cpu}, whose registers could not be read"
            return Subject(thread, None, None, problem) if best is None else Subject(thread, *best)
        context = cpu.switched_out(thread.saved, self.memory)
        if isinstance(context, str):
            return Subject(thread, None, None, context)
        pointer, pc = context.registers[cpu.sp], context.registers[cpu.pc]
        if thread.stack is not None and not thread.stack[0] <= pointer <= thread.stack[1]:
            return Subject(thread, None, None, f"its saved stack pointer {pointer:#010x} is outside its stack")
        if self.symbols is not None and not unwinder.is_executable(pc):
            return Subject(thread, None, None, f"its saved program counter {pc:#010x} is not code")
        return Subject(thread, context, unwinder.unwind(context, thread.stack))
