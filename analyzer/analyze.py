"""The analysis of one dump: bytes in, report out, no I/O."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial

import msgspec

from analyzer.cpu import UNKNOWN_INTERRUPT, Context, Cpu, CrashContexts, cpu_for, no_fields, target_name
from analyzer.dump import Caveat, Dump, parse
from analyzer.dump.caveat import MISMATCH
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.explain import Crash, Explanation, SourceLine, ThreadStack, confirmed, explain, incomplete, mismatches
from analyzer.grouping import Circumstances, NamedFrame, Plumbing, group, load_plumbing
from analyzer.report import model
from analyzer.report.address import thread_name
from analyzer.report.build import Subject, ThreadWriter
from analyzer.report.fault import FaultWriter
from analyzer.report.kernel_objects import ObjectWriter
from analyzer.symbols.interface import Machine
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import EndCode, Trust, Unwinder, guess_interrupted
from analyzer.values.expression import BadExpression, compute
from analyzer.values.expression import Context as EvaluationContext
from analyzer.zephyr import Kernel, KernelThread, is_thread_entry, read_kernel, reason_of
from analyzer.zephyr.objects import read_objects
from analyzer.zephyr.thread import has_sentinel

STACKING_FAILED = (2, 17, 23, 32)
"""Reason codes with which the exception frame itself may be missing."""
MAX_FRAMES = 8192
"""Frames of all threads together; what a real device can hold is far below."""
_NO_KERNEL = Kernel(None, (), ())


def analyze(
    dump: bytes,
    symbols: TypedSymbols | None,
    missing: Iterable[tuple[int, int]] = (),
    *,
    build_id: str | None = None,
    plumbing: Plumbing | None = None,
) -> model.Report:
    """Analyse a core dump.

    `missing` lists half-open byte ranges of the dump that never arrived; `build_id` is the hexadecimal id that the
    device sent beside the dump, if it did; `plumbing` are the functions that are never to blame, where they are
    not only those of the list built in. Without symbols the report says what registers and memory alone tell.

    Raises:
        NotADump: there is no core dump in the bytes.
        UnsupportedDump: there is one, of a kind that cannot be analysed.
        LimitExceeded: there are more than 64 MiB.
    """
    return Analysis(parse(dump, missing), symbols, build_id, plumbing).report()


def _without_interrupted(frames: Sequence[model.Frame]) -> Sequence[model.Frame]:
    """The frames of what crashed, without those of what it had interrupted, which are there by chance."""
    end = next((index for index, frame in enumerate(frames) if frame.trust == Trust.EXCEPTION), len(frames))
    return frames[:end]


def _evaluate(symbols: TypedSymbols | None, expression: bytes, machine: Machine, initial: int | None) -> int | None:
    """A DWARF expression of the call frame information; None where it needs what is not known."""
    if symbols is None:
        return None
    try:
        return compute(expression, EvaluationContext(machine, symbols), () if initial is None else (initial,))
    except BadExpression:
        return None


class Analysis:
    """The parts of one analysis, each made from the ones before: for whoever needs more than the report."""

    def __init__(
        self, dump: Dump, symbols: TypedSymbols | None, build_id: str | None = None, plumbing: Plumbing | None = None
    ) -> None:
        self.dump = dump
        self.plumbing = plumbing or load_plumbing()
        self.caveats = list(dump.caveats)
        self.cpu = cpu_for(dump.header.target, symbols.machine if symbols else None, dump.header.pointer_size)
        self.symbols = self._fitting(symbols)
        self.memory = Memory(dump.memory, self.symbols.read_only if self.symbols else None)
        self.kernel = read_kernel(dump, self.symbols, self.memory) if self.symbols else _NO_KERNEL
        self.caveats += self.kernel.caveats
        self._made_unwinder: Unwinder | None = None
        self.crashed = self._crashed()
        self.given_build_id = build_id
        self.confirmed = False
        if self.symbols is not None:
            self.caveats += incomplete(self.symbols)
            entries = [thread.entry for thread in self.kernel.threads() if thread.entry]
            self.caveats += mismatches(
                dump, self.symbols, self.cpu, self.crashed.context, entries=entries, build_id=build_id
            )
            self.confirmed = confirmed(dump, self.symbols, self.cpu, entries=entries, build_id=build_id)

    def _fitting(self, symbols: TypedSymbols | None) -> TypedSymbols | None:
        """The symbols, unless they are for another architecture altogether."""
        if symbols is None:
            return None
        wrong_machine = self.cpu is not None and symbols.machine != self.cpu.machine
        if not wrong_machine and symbols.pointer_size == self.dump.header.pointer_size:
            return symbols
        self.caveats.append(
            Caveat(
                MISMATCH,
                f"the firmware is for another architecture (ELF machine {symbols.machine}, {8 * symbols.pointer_size} "
                f"bits) than the dump ({target_name(self.dump.header.target)}); it was not used",
            )
        )
        return None

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
        unwinder = self._unwinder(self.cpu)
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

    def _unwinder(self, cpu: Cpu) -> Unwinder:
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
        unwinder = self._unwinder(cpu)
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

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """Every thread with its registers and its stack, the crashed one first; as in the report."""
        return (self.crashed, *self._other_threads())

    def report(self) -> model.Report:
        """What the report says."""
        objects = self._objects()
        writer = ThreadWriter(
            self.cpu, self.memory, self.symbols, self.dump.header.pointer_size, objects, sentinels=self._sentinels()
        )
        threads = [writer.thread(subject, crashed=subject is self.crashed) for subject in self.subjects]
        crashed = threads[0]
        threads[1:1] = self._interrupted(writer)
        explanation = self._explain(crashed)
        threads[0] = self._overflowed(crashed, explanation)
        crashed_frames = self.crashed.stack.frames if self.crashed.stack else []
        build_id = self.given_build_id or (self.dump.build_id.hex() if self.dump.build_id else None)
        if build_id is None and self.symbols is not None and self.symbols.build_ids:
            build_id = self.symbols.build_ids[0].hex()
        frames = [
            NamedFrame(int(frame.pc, 16), frame.function, frame.file, frame.trust == "scan")
            for frame in _without_interrupted(crashed.frames)[explanation.landed :]
        ]
        grouping = group(explanation.kind, frames, self.plumbing, self._circumstances(explanation, build_id))
        return model.Report(
            symbolized=self.symbols is not None,
            fault=self._fault_writer().fault(explanation, self.dump.header.reason, crashed_frames),
            fingerprint=grouping.fingerprint,
            grouped_by=grouping.explanation,
            threads=threads,
            firmware=model.Firmware(
                build_id=build_id,
                matches=self._matches(),
            ),
            dump=self._facts(writer),
            objects=list(objects.objects()) if objects else [],
            deadlocks=objects.deadlocks() if objects else [],
            warnings=[
                *(model.Warning(code=caveat.code, text=caveat.text) for caveat in self.caveats),
                *(objects.warnings() if objects else ()),
            ],
        )

    def _fault_writer(self) -> FaultWriter:
        return FaultWriter(self.cpu, self.memory, self.symbols, self.dump.header.pointer_size)

    def _objects(self) -> ObjectWriter | None:
        """The kernel objects; none where the firmware is another one, for they would be made up."""
        if self.symbols is None or self._matches() is False:
            return None
        threads = self.kernel.threads()
        found = read_objects(self.symbols, self.memory, threads)
        return ObjectWriter(self.cpu, self.symbols, found, {thread.address: thread for thread in threads})

    def _sentinels(self) -> bool:
        """Whether this firmware marks the ends of its stacks."""
        stacks = [thread.stack for thread in self.kernel.threads() if thread.stack is not None]
        return any(has_sentinel(stack, self.memory) for stack in stacks)

    def _matches(self) -> bool | None:
        if self.symbols is None:
            return None
        if any(caveat.code == MISMATCH for caveat in self.caveats):
            return False
        return True if self.confirmed else None

    @staticmethod
    def _overflowed(crashed: model.Thread, explanation: Explanation) -> model.Thread:
        """The thread with its stack marked where the fault tells of the overflow and the stack pointer is lost."""
        if crashed.stack is None or crashed.interrupt or explanation.kind != "stack-overflow":
            return crashed
        return msgspec.structs.replace(crashed, stack=msgspec.structs.replace(crashed.stack, overflow=True))

    def _interrupted(self, writer: ThreadWriter) -> Iterator[model.Thread]:
        """What the current thread may have been doing when the interrupt came whose handler crashed: a guess."""
        subject = self.crashed
        thread, stack = subject.kernel, subject.stack
        if self.cpu is None or thread is None or thread.stack is None or stack is None:
            return
        if stack.end.code is not EndCode.INTERRUPTED:
            return
        contexts = self.cpu.interrupted_contexts(thread.stack, self.memory)
        found = guess_interrupted(self._unwinder(self.cpu), contexts, thread.stack, thread.entry)
        if found is None:
            return
        written = writer.thread(Subject(thread, None, found), crashed=False)
        yield msgspec.structs.replace(
            written,
            state="interrupted",
            complete=False,
            unwound="guess: what the thread was interrupted in, by the outermost frame on its stack that an interrupt "
            "can have left; where its stack ended is not in the dump",
        )

    def _other_threads(self) -> Iterator[Subject]:
        frames = 0
        for thread in self.kernel.others:
            subject = Subject(thread, None, None, "not unwound: the dump has too many threads and frames")
            if frames < MAX_FRAMES:
                subject = self._switched_out(thread)
            frames += len(subject.stack.frames) if subject.stack else 0
            yield subject

    def _explain(self, crashed: model.Thread) -> Explanation:
        context = self.crashed.context
        pc = context.registers.get(self.cpu.pc) if context is not None and self.cpu is not None else None
        is_code = None
        if self.symbols is not None and self.cpu is not None and pc is not None:
            is_code = self._unwinder(self.cpu).is_executable(pc)
        current = self.crashed.kernel
        crash = Crash(
            reason=self.dump.header.reason,
            cpu=self.cpu,
            context=context,
            frames=self.crashed.stack.frames if self.crashed.stack else (),
            lines=[SourceLine(frame.function, frame.file, frame.line) for frame in crashed.frames],
            memory=self.memory,
            symbols=self.symbols,
            pc_is_code=is_code,
            thread=None if current is None else self._stack_of(current),
            thread_name=None if current is None else self.name_of(current),
            interrupt_stack=self.kernel.interrupt_stack,
            others=[found for thread in self.kernel.others if (found := self._stack_of(thread)) is not None],
        )
        return explain(crash, self.plumbing)

    def _circumstances(self, explanation: Explanation, build_id: str | None) -> Circumstances:
        """What tells this crash from others where its frames do not."""
        current, context, said = self.crashed.kernel, self.crashed.context, explanation.assertion
        own = current is not None and not (context is not None and context.interrupt)
        return Circumstances(
            build_id=build_id,
            architecture=target_name(self.dump.header.target),
            memory=self.dump.blocks[0][0] if self.dump.blocks else None,
            reason=explanation.reason_name,
            thread=self.name_of(current) if own and current is not None and (current.name or current.entry) else None,
            called_from=self._called_from(),
            assertion=None if said is None else f"{said.file or 'an unknown file'}: {said.text or said.line}",
        )

    def _called_from(self) -> int | None:
        """The return address of the innermost function, where there are no symbols and its own address says little.

        All failed checks of a firmware end in the same instruction, and all calls of null pointers at address 0.
        """
        cpu, context = self.cpu, self.crashed.context
        if self.symbols is not None or cpu is None or context is None:
            return None
        if context.registers.get(cpu.pc) == 0:
            return (cpu.called_from(context.registers, self.memory) or {}).get(cpu.pc)
        reason = reason_of(self.dump.header.reason or 0)
        return context.registers.get(cpu.link) if reason and reason.software and cpu.link is not None else None

    def _facts(self, writer: ThreadWriter) -> model.Dump:
        ranges = self.dump.memory.ranges()
        return model.Dump(
            container=self.dump.container,
            size=self.dump.size,
            truncated=self.dump.truncated,
            version=self.dump.header.version,
            architecture=target_name(self.dump.header.target),
            pointer_size=self.dump.header.pointer_size,
            memory=[(writer.address(start), writer.address(end)) for start, end in ranges],
            memory_size=sum(end - start for start, end in ranges),
            trailing_size=len(self.dump.trailing),
        )

    def name_of(self, thread: KernelThread) -> str:
        """A thread for a person."""
        return thread_name(thread, self.cpu, self.symbols, self.dump.header.pointer_size)

    def _stack_of(self, thread: KernelThread) -> ThreadStack | None:
        return None if thread.stack is None else ThreadStack(self.name_of(thread), thread.stack)
