"""The analysis of one dump: bytes in, report out, no I/O."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from analyzer.backtraces import Backtraces
from analyzer.cpu import cpu_for, target_name
from analyzer.dump import Caveat, Dump, parse
from analyzer.dump.caveat import MISMATCH
from analyzer.dump.memory import Memory
from analyzer.explain import Crash, Explanation, SourceLine, ThreadStack, confirmed, explain, incomplete, mismatches
from analyzer.grouping import Circumstances, Plumbing, group, load_plumbing
from analyzer.report import model
from analyzer.report.address import thread_name
from analyzer.report.build import Subject, ThreadWriter, with_used_up_stacks
from analyzer.report.fault import FaultWriter
from analyzer.report.kernel_objects import ObjectWriter
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Trust
from analyzer.zephyr import Kernel, KernelThread, read_kernel, reason_of
from analyzer.zephyr.objects import read_objects
from analyzer.zephyr.stack_marks import stack_marks

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
        self._backtraces = Backtraces(dump, self.cpu, self.symbols, self.memory, self.kernel)
        self.crashed = self._backtraces.crashed
        self.caveats += self._backtraces.caveats
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

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """Every thread with its registers and its stack, the crashed one first; as in the report."""
        return (self.crashed, *self._backtraces.others())

    def report(self) -> model.Report:
        """What the report says."""
        objects = self._objects()
        writer = ThreadWriter(
            self.cpu,
            self.memory,
            self.symbols,
            self.dump.header.pointer_size,
            objects,
            marks=stack_marks(self.kernel.threads(), self.memory),
        )
        threads = [writer.thread(subject, crashed=subject is self.crashed) for subject in self.subjects]
        threads = with_used_up_stacks(threads, self.memory)
        crashed = threads[0]
        threads[1:1] = self._interrupted(writer)
        explanation = self._explain(crashed)
        threads[0] = self._overflowed(crashed, explanation)
        crashed_frames = self.crashed.stack.frames if self.crashed.stack else []
        build_id = self.given_build_id or (self.dump.build_id.hex() if self.dump.build_id else None)
        if build_id is None and self.symbols is not None and self.symbols.build_ids:
            build_id = self.symbols.build_ids[0].hex()
        frames = _without_interrupted(crashed.frames)[explanation.landed :]
        named = [frame.function for frame in frames if frame.function and frame.trust != Trust.SCAN]
        pc = int(frames[0].pc, 16) if frames else None
        grouping = group(explanation.kind, named, self.plumbing, self._circumstances(explanation, build_id, pc))
        return model.Report(
            symbolized=self.symbols is not None,
            fault=self.fault_writer().fault(explanation, self.dump.header.reason, crashed_frames),
            fingerprint=grouping.fingerprint,
            grouped_by=grouping.explanation,
            threads=threads,
            firmware=model.Firmware(
                build_id=build_id,
                matches=self.matches(),
            ),
            dump=self._facts(writer),
            objects=list(objects.objects()) if objects else [],
            deadlocks=objects.deadlocks() if objects else [],
            warnings=[
                *(model.Warning(code=caveat.code, text=caveat.text) for caveat in self.caveats),
                *(objects.warnings() if objects else ()),
            ],
        )

    def fault_writer(self) -> FaultWriter:
        """Writes the fault, and code, for the report."""
        return FaultWriter(self.cpu, self.memory, self.symbols, self.dump.header.pointer_size)

    def _objects(self) -> ObjectWriter | None:
        """The kernel objects; none where the firmware is another one, for they would be made up."""
        if self.symbols is None or self.matches() is False:
            return None
        threads = self.kernel.threads()
        found = read_objects(self.symbols, self.memory, threads)
        return ObjectWriter(self.cpu, self.symbols, found, {thread.address: thread for thread in threads})

    def matches(self) -> bool | None:
        """As `report.model.Firmware` has it."""
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
        subject = self._backtraces.interrupted()
        if subject is None:
            return
        written = writer.thread(subject, crashed=False)
        yield msgspec.structs.replace(
            written,
            state="interrupted",
            complete=False,
            unwound="guess: what the thread was interrupted in, by the outermost frame on its stack that an interrupt "
            "can have left; where its stack ended is not in the dump",
        )

    def _explain(self, crashed: model.Thread) -> Explanation:
        context = self.crashed.context
        pc = context.registers.get(self.cpu.pc) if context is not None and self.cpu is not None else None
        is_code = None
        if self.symbols is not None and self.cpu is not None and pc is not None:
            is_code = self._backtraces.unwinder(self.cpu).is_executable(pc)
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

    def _circumstances(self, explanation: Explanation, build_id: str | None, pc: int | None) -> Circumstances:
        """What tells this crash from others where its frames do not."""
        current, context, said = self.crashed.kernel, self.crashed.context, explanation.assertion
        own = current is not None and not (context is not None and context.interrupt)
        return Circumstances(
            build_id=build_id,
            pc=pc,
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
