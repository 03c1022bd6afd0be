"""Whether a dump and a firmware belong together, when nothing but their bytes can tell."""

from collections.abc import Iterable, Iterator

from analyzer.cpu import Context, Cpu
from analyzer.dump.build_id import build_id_in
from analyzer.dump.caveat import MISMATCH, Caveat
from analyzer.dump.memory import MemoryImage
from analyzer.dump.model import Dump
from analyzer.symbols.interface import Symbols

PROBE = 256
"""Bytes compared at a time."""
MAX_PROBES = 4096
ADVICE = "find the ELF file of the very build that runs on the device"


def mismatches(
    dump: Dump,
    symbols: Symbols,
    cpu: Cpu | None,
    context: Context | None,
    *,
    entries: Iterable[int],
    build_id: str | None,
) -> Iterator[Caveat]:
    """What speaks against this firmware being the one that crashed.

    `entries` are the functions of the threads as the kernel noted them; `build_id` is what the device sent.
    """
    held = build_id_in(dump.memory)
    named = build_id or (held.hex() if held else None)
    known = [each.hex() for each in symbols.build_ids]
    if named and known and named.lower() not in known:
        yield Caveat(MISMATCH, f"the device runs build {named}, the firmware is build {known[0]}; {ADVICE}")
    where = _differing(dump.memory, symbols)
    if where is not None:
        yield Caveat(MISMATCH, f"read-only memory at {where:#x} differs between dump and firmware; {ADVICE}")
    if cpu is not None:
        pc = context.registers.get(cpu.pc) if context else None
        link = context.registers.get(cpu.link) if context and cpu.link is not None else None
        outside = [value for value in (pc, link) if value is not None and not symbols.is_code(cpu.code_address(value))]
        if len(outside) == 2 and link is not None and not cpu.is_exception_return(link) and not cpu.ends_stack(link):
            yield Caveat(MISMATCH, f"neither program counter nor link register are code of this firmware; {ADVICE}")
        for entry in entries:
            if not _starts_function(cpu.code_address(entry), symbols):
                yield Caveat(
                    MISMATCH, f"a thread started at {entry:#x}, where no function of this firmware starts; {ADVICE}"
                )
                break
    yield from _kernel_differs(dump, symbols)


def _starts_function(address: int, symbols: Symbols) -> bool:
    """Whether a function starts at an address; where the firmware has no symbol at all nothing speaks against it."""
    symbol = symbols.symbol_at(address)
    if symbol is None:
        return symbols.is_code(address)
    return symbol.is_function and symbol.address == address


def _differing(memory: MemoryImage, symbols: Symbols) -> int | None:
    """The first address at which dumped memory contradicts the firmware's read-only sections."""
    probes = 0
    for start, segment in memory.segments():
        for offset in range(0, len(segment), PROBE):
            probes += 1
            if probes > MAX_PROBES:
                return None
            piece = segment[offset : offset + PROBE]
            expected = symbols.read_only(start + offset, len(piece))
            if expected is not None and expected != bytes(piece):
                return start + offset
    return None


def _kernel_differs(dump: Dump, symbols: Symbols) -> Iterator[Caveat]:
    """The block with the kernel's structure is a copy of what the firmware has at `_kernel`."""
    symbol = symbols.symbol("_kernel")
    if dump.kernel is None or symbol is None:
        return
    if symbol.size and symbol.size != len(dump.kernel) and not dump.truncated:
        yield Caveat(
            MISMATCH,
            f"the kernel's structure has {len(dump.kernel)} bytes in the dump and {symbol.size} in the firmware; "
            + ADVICE,
        )
