"""Whether a dump and a firmware belong together, when nothing but their bytes can tell."""

from collections.abc import Iterable, Iterator

from analyzer.cpu import Context, Cpu
from analyzer.dump.caveat import MISMATCH, Caveat
from analyzer.dump.memory import MemoryImage
from analyzer.dump.model import Dump
from analyzer.symbols.interface import Symbols
from analyzer.zephyr.kernel import MAX_THREAD_SIZE

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
    named, known = _named(dump, build_id), [each.hex() for each in symbols.build_ids]
    if named and known and named not in known:
        yield Caveat(MISMATCH, f"the device runs build {named}, the firmware is build {known[0]}; {ADVICE}")
    where = first_difference(dump.memory, symbols)
    if where is not None:
        yield Caveat(MISMATCH, f"read-only memory at {where:#x} differs between dump and firmware; {ADVICE}")
    if cpu is not None:
        pc = context.registers.get(cpu.pc) if context else None
        link = context.registers.get(cpu.link) if context and cpu.link is not None else None
        outside = [value for value in (pc, link) if value is not None and not symbols.is_code(cpu.code_address(value))]
        if len(outside) == 2 and link is not None and not cpu.is_exception_return(link) and not cpu.ends_stack(link):
            yield Caveat(MISMATCH, f"neither program counter nor link register are code of this firmware; {ADVICE}")
        for entry in entries:
            if starts_function(cpu.code_address(entry), symbols) is False:
                yield Caveat(
                    MISMATCH, f"a thread started at {entry:#x}, where no function of this firmware starts; {ADVICE}"
                )
                break
    yield from _kernel_differs(dump, symbols)
    yield from _ram_differs(dump, symbols)


def confirmed(dump: Dump, symbols: Symbols, cpu: Cpu | None, *, entries: Iterable[int], build_id: str | None) -> bool:
    """Whether something speaks for this firmware: its build id, or threads that start where its functions do.

    Takes what `mismatches` takes. That nothing speaks against it is no evidence.
    """
    if _named(dump, build_id) in [each.hex() for each in symbols.build_ids]:
        return True
    if cpu is None:
        return False
    started = [starts_function(cpu.code_address(entry), symbols) for entry in entries]
    return bool(started) and all(started)


def _named(dump: Dump, build_id: str | None) -> str | None:
    """The build id that the device sent, else the one in the dumped memory."""
    return build_id.lower() if build_id else dump.build_id.hex() if dump.build_id else None


def starts_function(address: int, symbols: Symbols) -> bool | None:
    """Whether a function starts at an address; None where there is code of which the firmware has no symbol."""
    symbol = symbols.symbol_at(address)
    if symbol is None:
        return None if symbols.is_code(address) else False
    return symbol.is_function and symbol.address == address


def first_difference(memory: MemoryImage, symbols: Symbols) -> int | None:
    """The first address at which dumped memory contradicts the firmware's read-only sections."""
    probes = 0
    fixed = symbols.read_only_ranges()
    for start, segment in memory.segments():
        if not any(low < start + len(segment) and start < high for low, high in fixed):
            continue
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


def _ram_differs(dump: Dump, symbols: Symbols) -> Iterator[Caveat]:
    """Dumped memory is the firmware's RAM as its linker script bounds it, or parts of it.

    Zephyr's `subsys/debug/coredump/coredump_memory_regions.c` dumps from `_image_ram_start` to `_image_ram_end`.
    """
    first, last = symbols.symbol("_image_ram_start"), symbols.symbol("_image_ram_end")
    if first is None or not dump.blocks:
        return
    start, end = dump.blocks[0]
    whole = start == first.address and end - start > MAX_THREAD_SIZE
    if last is not None:
        touching = [block for block in dump.blocks if block[0] < last.address and first.address < block[1]]
        wrong = [(low, high) for low, high in touching if low < first.address or high > last.address]
        if not touching:
            wrong = [(start, end)]
        elif whole and end != last.address:
            wrong.append((start, end))
        if wrong:
            low, high = wrong[0]
            yield Caveat(
                MISMATCH,
                f"the dump has memory from {low:#x} to {high:#x}, where the RAM of this firmware reaches from "
                f"{first.address:#x} to {last.address:#x}; {ADVICE}",
            )
        return
    # Older linker scripts keep the end's symbol in a section without memory, where it may be lost.
    beyond = symbols.symbol_at(end) if whole else None
    if beyond is not None:
        yield Caveat(
            MISMATCH, f"the dumped RAM ends at {end:#x}, where this firmware still has {beyond.name}; {ADVICE}"
        )
