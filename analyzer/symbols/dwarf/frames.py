"""Call frame information: `.debug_frame` and `.eh_frame` as rows (DWARF 5, section 6.4; LSB Core, section 10.6)."""

import struct
from collections.abc import Callable, Iterator

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.call_frame_instructions import CallFrameState
from analyzer.symbols.dwarf.common_entry import CommonEntry, read_common_entry
from analyzer.symbols.dwarf.encoded_pointer import encoded_pointer
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.sections import initial_length
from analyzer.symbols.interface import UnwindRow

FrameSpan = tuple[int, int, UnwindRow]
"""Start address, end address (exclusive), the row that holds between them."""

_ERRORS = (IndexError, struct.error, MalformedDwarf)


def frame_spans(
    data: bytes,
    address_size: int,
    section_address: int | None,
    is_present: Callable[[int], bool],
    allowance: Allowance,
) -> Iterator[FrameSpan]:
    """Rows of one section, entry by entry; a damaged entry is left out.

    Args:
        data: the section.
        address_size: bytes of an address of this ELF class.
        section_address: where `.eh_frame` is loaded; None for `.debug_frame`.
        is_present: whether code at an address is in the image; the linker leaves entries of functions that it threw
        away.
        allowance: what is left of it.

    Raises:
        LimitExceeded: entries overlap or repeat themselves so much that nothing is left of the allowance.
    """
    is_eh = section_address is not None
    starts: dict[int, CallFrameState | None] = {}
    position = 0
    while position + 4 <= len(data):
        offset = position
        try:
            length, start = initial_length(data, position)
        except _ERRORS:
            return
        end = start + length
        if length == 0:
            position = start
            continue
        if end > len(data):
            return
        position = end
        size = 8 if start - offset == 12 and not is_eh else 4
        identity = int.from_bytes(data[start : start + size], "little")
        if identity == (0 if is_eh else (1 << 8 * size) - 1):
            continue
        common_offset = start - identity if is_eh else identity
        try:
            if common_offset not in starts:
                starts[common_offset] = None
                common = read_common_entry(data, common_offset, address_size, is_eh=is_eh)
                starts[common_offset] = _start(data, common, allowance)
            state = starts[common_offset]
            if state is not None:
                yield from _read_description(data, (start + size, end), state, section_address, is_present)
        except _ERRORS:
            continue


def _start(data: bytes, common: CommonEntry, allowance: Allowance) -> CallFrameState:
    """The state that every description of a common entry starts from."""
    position, end = common.program
    allowance.spend((end - position) // 2)
    state = CallFrameState(common, allowance)
    for _ in state.run(data, position, end, 0):
        pass
    return state


def _read_description(
    data: bytes,
    where: tuple[int, int],
    initial: CallFrameState,
    section_address: int | None,
    is_present: Callable[[int], bool],
) -> Iterator[FrameSpan]:
    position, end = where
    common = initial.common
    size = common.address_size
    address, position = encoded_pointer(data, position, common.pointer_encoding, size, section_address or 0)
    length, position = encoded_pointer(data, position, common.pointer_encoding & 0x0F, size, 0)
    if common.has_augmentation_size:
        skipped, position = leb128.unsigned(data, position)
        position += skipped
    if length == 0 or position > end or not is_present(address):
        return
    state = CallFrameState(common, initial.allowance)
    state.cfa, state.rules, state.initial = initial.cfa, dict(initial.rules), initial.rules
    finish = address + length
    start = address
    for location in state.run(data, position, end, address):
        if location > start:
            row = state.row()
            if row is not None:
                yield start, min(location, finish), row
            start = location
        if start >= finish:
            return
    row = state.row()
    if row is not None and start < finish:
        yield start, finish, row
