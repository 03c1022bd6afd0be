"""A dump as an ELF core file that gdb opens, with every thread.

The file's form: System V ABI, chapters 4 and 5; its notes: `analyzer.export.prstatus`. Beside them is gdb's own note
with a target description (`NT_GDB_TDESC` of binutils' `include/elf/common.h`; gdb documentation, "Target
Descriptions"), where gdb would otherwise take the processor for one of another kind.

Code and constants of the firmware are put into the core too, so that gdb needs the ELF file for its symbols only. That
matters: given as the program (`gdb ELF CORE`), the file also serves the initial values of variables whose memory is not
in the dump, as if they were the values at the crash.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzer.analyze import Analysis
from analyzer.cpu import Context, Cpu
from analyzer.dump.memory import MAX_READ, Memory
from analyzer.export.prstatus import LAYOUTS, ONE, PC, STATUS, ZERO, Layout
from analyzer.export.target_description import TARGET_DESCRIPTIONS
from contract.errors import LimitExceeded, UnsupportedDump

MOST_SEGMENTS = 0xFFFE
"""What a program header count can say without an extension."""
MOST_BYTES = 1 << 30
"""Of memory in a core."""
_ET_CORE = 4
_PT_LOAD, _PT_NOTE = 1, 4
_PF_X, _PF_W, _PF_R = 1, 2, 4
_NT_PRSTATUS, _NT_PRPSINFO, _NT_GDB_TDESC = 1, 3, 0xFF000000
_SIGNALS = {
    "assertion": 6,
    "breakpoint": 5,
    "bus-fault": 7,
    "divide-by-zero": 8,
    "illegal-instruction": 4,
    "oops": 6,
    "panic": 6,
    "unaligned-access": 7,
    "undefined-instruction": 4,
}
"""Linux's numbers of the signals that a program on Linux would have got, by kind of fault."""
_SIGSEGV = 11


@dataclass(frozen=True, slots=True)
class CoreThread:
    """A thread of the core."""

    number: int
    """Its id in the core, as gdb shows it behind `LWP`; 1 is the one that crashed."""
    name: str | None
    unknown: tuple[str, ...]
    """Registers whose value is not known: a core has no way to say so, so that they are 0 in it."""


@dataclass(frozen=True, slots=True)
class Core:
    """An ELF core and what it cannot say itself."""

    content: bytes
    threads: tuple[CoreThread, ...]


def elf_core(analysis: Analysis, *, flags: int = 0, filler: int = 0) -> Core:
    """The core of an analysed dump.

    `flags` are the ELF header's `e_flags` of the firmware, which name its ABI on some architectures. `filler` stands
    for every register that is not known.

    Raises:
        UnsupportedDump: the architecture's registers cannot be read or written.
        LimitExceeded: there is more memory, or there are more pieces of it, than a core can hold.
    """
    cpu = analysis.cpu
    layout = LAYOUTS.get((cpu.machine, cpu.pointer_size)) if cpu is not None else None
    if cpu is None or layout is None:
        raise UnsupportedDump("there is no form of ELF core for the registers of this architecture")
    report = analysis.report()
    signal = _SIGNALS.get(report.fault.kind, _SIGSEGV)
    notes = [_note(b"CORE", _NT_PRPSINFO, _prpsinfo(layout, report.fault.title))]
    threads: list[CoreThread] = []
    for number, subject in enumerate(analysis.subjects, 1):
        context = subject.context or Context({})
        registers = _registers(layout, cpu, context, filler)
        # As of a process, all threads have the signal: the last one's is what gdb takes it from.
        notes.append(_note(b"CORE", _NT_PRSTATUS, _prstatus(layout, number, signal, registers)))
        name = analysis.name_of(subject.kernel) if subject.kernel is not None else None
        threads.append(CoreThread(number, name, _unknown(layout, cpu, context)))
    description = TARGET_DESCRIPTIONS.get((cpu.machine, cpu.pointer_size))
    if description is not None:
        notes.append(_note(b"GDB", _NT_GDB_TDESC, description.encode() + b"\0"))
    dumped = analysis.dump.memory.ranges()
    read_only = analysis.symbols.read_only_ranges() if analysis.symbols is not None else ()
    segments = [(start, end, _PF_R | _PF_W) for start, end in dumped]
    segments += [(start, end, _PF_R | _PF_X) for start, end in _without(read_only, dumped)]
    segments = [each for each in segments if each[1] <= 1 << 8 * cpu.pointer_size]
    if len(segments) > MOST_SEGMENTS:
        raise LimitExceeded(f"The dump has {len(segments)} pieces of memory; an ELF core can hold {MOST_SEGMENTS}.")
    if sum(end - start for start, end, _ in segments) > MOST_BYTES:
        raise LimitExceeded(
            f"Dump and firmware have more than {MOST_BYTES >> 20} MiB of memory; no core is made of it."
        )
    content = _file(cpu, flags, b"".join(notes), sorted(segments), analysis.memory)
    return Core(content, tuple(threads))


def elf_flags(image: bytes) -> int:
    """`e_flags` of an ELF file's header (System V ABI, chapter 4)."""
    offset = 48 if image[4:5] == b"\2" else 36
    return int.from_bytes(image[offset : offset + 4], "little")


def _registers(layout: Layout, cpu: Cpu, context: Context, filler: int) -> list[int]:
    known: Mapping[int, int | None] = {
        **context.registers,
        PC: context.registers.get(cpu.pc),
        STATUS: layout.status if context.status is None else context.status,
        ZERO: 0,
        ONE: 1,
    }
    values = [known.get(slot) for slot in layout.registers]
    return [filler if value is None else value for value in values]


def _unknown(layout: Layout, cpu: Cpu, context: Context) -> tuple[str, ...]:
    carried = {cpu.pc if slot == PC else slot for slot in layout.registers}
    missing = [
        name
        for number, name in cpu.register_names.items()
        if number in carried and context.registers.get(number) is None
    ]
    return (*missing, cpu.status_name) if STATUS in carried and context.status is None else tuple(missing)


def _prstatus(layout: Layout, number: int, signal: int, registers: Iterable[int]) -> bytes:
    mask = (1 << 8 * layout.word) - 1
    raw = bytearray(layout.prstatus)
    struct.pack_into("<iiih", raw, 0, signal, 0, 0, signal)
    struct.pack_into("<i", raw, layout.pid, number)
    packed = b"".join((value & mask).to_bytes(layout.word, "little") for value in registers)
    raw[layout.pr_reg : layout.pr_reg + len(packed)] = packed
    return bytes(raw)


def _prpsinfo(layout: Layout, title: str) -> bytes:
    """What gdb says that the core was generated by: `pr_fname` of 16 bytes, `pr_psargs` of 80."""
    plain = "".join(character if character.isascii() and character.isprintable() else "?" for character in title)
    raw = bytearray(layout.prpsinfo)
    raw[0:2] = b"\0R"
    struct.pack_into("<i", raw, layout.name - 16, 1)
    raw[layout.name : layout.name + 16] = b"zephyr".ljust(16, b"\0")
    raw[layout.name + 16 : layout.name + 96] = plain.encode()[:79].ljust(80, b"\0")
    return bytes(raw)


def _note(owner: bytes, kind: int, content: bytes) -> bytes:
    name = owner + b"\0"
    return struct.pack("<III", len(name), len(content), kind) + _padded(name) + _padded(content)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def _without(ranges: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of the ranges is in none of the taken ones; both ascending."""
    position = 0
    for start, end in ranges:
        at = max(start, position)
        for low, high in taken:
            if high <= at:
                continue
            if low >= end:
                break
            if at < low:
                yield at, low
            at = high
        if at < end:
            yield at, end
        position = max(position, end)


def _file(cpu: Cpu, flags: int, notes: bytes, segments: Sequence[tuple[int, int, int]], memory: Memory) -> bytes:
    wide = cpu.pointer_size == 8
    header = struct.Struct("<16sHHIQQQIHHHHHH" if wide else "<16sHHIIIIIHHHHHH")
    program = struct.Struct("<IIQQQQQQ" if wide else "<IIIIIIII")
    count = 1 + len(segments)
    offset = header.size + count * program.size
    identification = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    sizes = (header.size, program.size, count, 0, 0, 0)
    parts = [header.pack(identification, _ET_CORE, cpu.machine, 1, 0, header.size, 0, flags, *sizes)]

    def entry(kind: int, access: int, address: int, size: int) -> bytes:
        if wide:
            return program.pack(kind, access, offset, address, 0, size, size if kind == _PT_LOAD else 0, 1)
        return program.pack(kind, offset, address, 0, size, size if kind == _PT_LOAD else 0, access, 1)

    parts.append(entry(_PT_NOTE, 0, 0, len(notes)))
    offset += len(notes)
    for start, end, access in segments:
        parts.append(entry(_PT_LOAD, access, start, end - start))
        offset += end - start
    parts.append(notes)
    for start, end, _ in segments:
        for at in range(start, end, MAX_READ):
            piece = min(end - at, MAX_READ)
            content = memory.read(at, piece)
            if content is None:
                raise UnsupportedDump(f"the firmware's contents at {at:#x} cannot be read")
            parts.append(content)
    return b"".join(parts)
