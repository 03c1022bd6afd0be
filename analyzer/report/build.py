"""From unwound stacks and kernel threads to the report's threads."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from analyzer.cpu import Context, Cpu
from analyzer.dump.memory import Memory
from analyzer.report import model
from analyzer.report.address import WRITERS, function_at
from analyzer.report.kernel_objects import ObjectWriter, Waiting
from analyzer.report.registers import written
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Frame, Stack, Trust
from analyzer.values.entry_values import Asked
from analyzer.values.locals import FrameVariables
from analyzer.zephyr import KernelThread
from analyzer.zephyr.stack_marks import StackMarks

_TRUST = {trust: trust.value for trust in Trust}


class Subject(msgspec.Struct, frozen=True):
    """A thread as far as it is known: the kernel's view, its registers and its stack."""

    kernel: KernelThread | None
    context: Context | None
    stack: Stack | None
    problem: str = ""
    """Why there are no registers."""


def with_used_up_stacks(threads: list[model.Thread], memory: Memory) -> list[model.Thread]:
    """Where a firmware fills its stacks before it uses them, one without filling was used up to its end."""
    stacks = [thread.stack for thread in threads if thread.stack is not None]
    if 2 * sum(stack.peak is not None for stack in stacks) <= len(stacks):
        return threads
    return [_with_used_up_stack(thread, memory) for thread in threads]


def _with_used_up_stack(thread: model.Thread, memory: Memory) -> model.Thread:
    stack = thread.stack
    if stack is None or stack.peak is not None or len(memory.dumped(int(stack.start, 16), stack.size)) < stack.size:
        return thread
    return msgspec.structs.replace(thread, stack=msgspec.structs.replace(stack, peak=stack.size))


class ThreadWriter:
    """Writes threads for the report; `marks` are those of their stacks.

    Where a firmware marks the end of one stack it marks them all, so that a missing mark is an overflow.
    """

    def __init__(
        self,
        cpu: Cpu | None,
        memory: Memory,
        symbols: TypedSymbols | None,
        pointer_size: int,
        objects: ObjectWriter | None = None,
        *,
        marks: Mapping[tuple[int, int], StackMarks] = MappingProxyType({}),
    ) -> None:
        self.cpu = cpu
        self.memory = memory
        self.symbols = symbols
        self.pointer_size = pointer_size
        self.objects = objects
        self.marks = marks
        self.sentinels = any(each.sentinel for each in marks.values())
        self.address = WRITERS[pointer_size]
        """Writes an address in the width of the machine."""

    def thread(self, subject: Subject, *, crashed: bool) -> model.Thread:
        """The report's view of a thread."""
        kernel, context, stack = subject.kernel, subject.context, subject.stack
        interrupt = context.interrupt if context is not None and crashed and context.interrupt else None
        unwound = stack.end.text if stack is not None else subject.problem
        complete = stack is not None and stack.end.complete
        if kernel is None:
            return model.Thread(
                crashed=crashed,
                frames=self.frames(stack),
                unwound=unwound,
                complete=complete,
                interrupt=interrupt,
                registers=self._registers(context),
            )
        never_ran = False if crashed else self._never_ran(stack)
        waiting = self._waiting(kernel)
        return model.Thread(
            name=kernel.name,
            crashed=crashed,
            state=kernel.state_name(current=crashed, never_ran=never_ran),
            frames=self.frames(stack),
            unwound=unwound,
            complete=complete,
            address=self.address(kernel.address),
            priority=kernel.priority,
            options=kernel.option_names(),
            entry=None if kernel.entry is None else self._function(kernel.entry),
            waits_for=waiting.name,
            waits_kind=waiting.kind,
            waits_owner=waiting.owner,
            wakes_in=waiting.wakes_in,
            interrupt=interrupt,
            stack=self._stack(kernel, None if interrupt else context),
            registers=self._registers(context),
        )

    def _never_ran(self, stack: Stack | None) -> bool | None:
        """None where there is too little of the stack to tell."""
        if stack is not None and stack.end.complete:
            return self._is_at_start(stack)
        return False if stack is not None and len(stack.frames) > 1 else None

    def _is_at_start(self, stack: Stack | None) -> bool:
        """Whether the outermost function has not executed its first instruction yet."""
        frame = stack.frames[-1] if stack is not None and stack.frames else None
        if frame is None or self.symbols is None or not frame.interrupted:
            return False
        symbol = self.symbols.symbol_at(frame.pc)
        return symbol is not None and symbol.is_function and symbol.address == frame.pc

    def frames(self, stack: Stack | None) -> list[model.Frame]:
        """The frames of a stack, inlined functions expanded, innermost first."""
        found: list[model.Frame] = []
        asked = Asked()
        # What a function was entered with is asked of its caller, which has found out for itself by then.
        for frame in reversed(stack.frames if stack else ()):
            pc, trust, sources = self.address(frame.pc), _TRUST[frame.trust], frame.source_frames()
            if self.symbols is None or not sources:
                found.append(model.Frame(pc=pc, function=self._symbol_of(frame), trust=trust))
                continue
            # Where the stack pointer is a guess, the values of variables would be too, and are not given.
            variables = (
                None
                if frame.guessed
                else FrameVariables(self.symbols, frame, frame.lookup_pc, frame.calls, asked, spared=frame.spared)
            )
            for source in reversed(sources):
                found.append(  # noqa: PERF401 - a list for each frame would be thrown away
                    model.Frame(
                        pc=pc,
                        function=source.function,
                        file=source.file,
                        line=source.line,
                        inlined=source.inlined,
                        trust=trust,
                        locals=[] if variables is None else variables.of_scope(source.scope),
                    )
                )
        found.reverse()
        return found

    def _symbol_of(self, frame: Frame) -> str | None:
        """The function of a frame, where only the symbol table knows it."""
        symbol = None if self.symbols is None else self.symbols.symbol_at(frame.lookup_pc)
        return symbol.name if symbol is not None and symbol.is_function else None

    def _registers(self, context: Context | None) -> dict[str, str | None]:
        return {} if self.cpu is None or context is None else written(context, self.cpu)

    def _stack(self, kernel: KernelThread, context: Context | None) -> model.Stack | None:
        if kernel.stack is None:
            return None
        start, end = kernel.stack
        pointer = context.registers.get(self.cpu.sp) if self.cpu is not None and context is not None else None
        marks = self.marks[kernel.stack]
        return model.Stack(
            start=self.address(start),
            end=self.address(end),
            size=end - start,
            used=end - pointer if pointer is not None and start <= pointer <= end else None,
            peak=marks.peak,
            overflow=(pointer is not None and pointer < start) or (self.sentinels and marks.sentinel is False),
        )

    def _function(self, address: int) -> str:
        return function_at(address, self.cpu, self.symbols, self.pointer_size)

    def _waiting(self, kernel: KernelThread) -> Waiting:
        found = Waiting() if self.objects is None else self.objects.waiting(kernel)
        if found.name or not kernel.pended_on:
            return found
        return msgspec.structs.replace(found, name=self._object(kernel.pended_on))

    def _object(self, address: int) -> str:
        symbol = None if self.symbols is None else self.symbols.symbol_at(address)
        if symbol is None or symbol.is_function:
            return self.address(address)
        return symbol.name
