"""Call frame information: `.debug_frame` and `.eh_frame` as rows (DWARF 5, section 6.4; LSB Core, section 10.6)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.sections import initial_length
from analyzer.symbols.interface import RegisterRule, RuleKind, UnwindRow

FrameSpan = tuple[int, int, UnwindRow]
"""Start address, end address (exclusive), the row that holds between them."""

_MOST_REGISTER = 8191
"""The last of RISC-V's, behind its control and status registers."""
_MOST_SAVED_STATES = 64
_UNDEFINED = RegisterRule(RuleKind.UNDEFINED)
_SAME_VALUE = RegisterRule(RuleKind.SAME_VALUE)
_RETURN_SIGNED = 34
"""Pseudo register of the Arm 64-bit Architecture (AADWARF64): 1 where the return address is signed."""
_ONE = RegisterRule(RuleKind.VAL_EXPRESSION, 0, b"\x31")
"""DW_OP_lit1."""
_ERRORS = (IndexError, struct.error, MalformedDwarf)


@dataclass(frozen=True, slots=True)
class _Common:
    """A common information entry."""

    code_factor: int
    data_factor: int
    return_register: int
    signal_frame: bool
    address_size: int
    pointer_encoding: int
    has_augmentation_size: bool
    program: tuple[int, int]


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
    starts: dict[int, _State | None] = {}
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
                common = _read_common(data, common_offset, address_size, is_eh=is_eh)
                starts[common_offset] = _start(data, common, allowance)
            state = starts[common_offset]
            if state is not None:
                yield from _read_description(data, (start + size, end), state, section_address, is_present)
        except _ERRORS:
            continue


def _read_common(data: bytes, offset: int, address_size: int, *, is_eh: bool) -> _Common:
    if not 0 <= offset < len(data):
        raise MalformedDwarf("A frame description names a common entry outside its section.")
    length, position = initial_length(data, offset)
    end = position + length
    size = 8 if position - offset == 12 and not is_eh else 4
    position += size
    version = data[position]
    position += 1
    if version not in (1, 3, 4) or end > len(data):
        raise MalformedDwarf("A common information entry cannot be read.")
    text_end = data.find(b"\0", position, end)
    if text_end < 0:
        raise MalformedDwarf("A common information entry's augmentation has no end.")
    augmentation = data[position:text_end]
    position = text_end + 1
    if version == 4:
        address_size = data[position]
        position += 2
    if address_size not in (4, 8):
        raise MalformedDwarf(f"Addresses of {address_size} bytes are not supported.")
    code_factor, position = leb128.unsigned(data, position)
    data_factor, position = leb128.signed(data, position)
    if version == 1:
        return_register = data[position]
        position += 1
    else:
        return_register, position = leb128.unsigned(data, position)
    encoding = 0
    if augmentation.startswith(b"z"):
        size, position = leb128.unsigned(data, position)
        encoding = _augmented_encoding(data, position, augmentation[1:], address_size)
        position += size
    elif augmentation not in (b"", b"S"):
        raise MalformedDwarf("A common information entry has an unknown augmentation.")
    return _Common(
        code_factor,
        data_factor,
        return_register,
        b"S" in augmentation,
        address_size,
        encoding,
        augmentation.startswith(b"z"),
        (position, end),
    )


def _augmented_encoding(data: bytes, position: int, letters: bytes, address_size: int) -> int:
    encoding = 0
    for letter in letters:
        if letter == ord("R"):
            encoding = data[position]
            position += 1
        elif letter == ord("L"):
            position += 1
        elif letter == ord("P"):
            _, position = _pointer(data, position + 1, data[position], address_size, 0)
        elif letter not in b"SB":
            raise MalformedDwarf("A common information entry has an unknown augmentation.")
    return encoding


def _pointer(data: bytes, position: int, encoding: int, address_size: int, section_address: int) -> tuple[int, int]:
    """An encoded pointer (LSB Core, section 10.5): format in the low bits, what it is relative to in the high ones."""
    here = section_address + position
    layout = encoding & 0x0F
    if layout == 0x01:
        value, position = leb128.unsigned(data, position)
    elif layout == 0x09:
        value, position = leb128.signed(data, position)
    else:
        sizes = {0x00: address_size, 0x02: 2, 0x03: 4, 0x04: 8, 0x08: address_size, 0x0A: 2, 0x0B: 4, 0x0C: 8}
        size = sizes.get(layout)
        if size is None or position + size > len(data):
            raise MalformedDwarf("A frame description holds a pointer that cannot be decoded.")
        value = int.from_bytes(data[position : position + size], "little", signed=layout >= 0x08)
        position += size
    relative = encoding & 0x70
    if relative == 0x10:
        value += here
    elif relative:
        raise MalformedDwarf("A frame description holds a pointer relative to something unknown.")
    return value & (1 << 8 * address_size) - 1, position


def _start(data: bytes, common: _Common, allowance: Allowance) -> "_State":
    """The state that every description of a common entry starts from."""
    position, end = common.program
    allowance.spend((end - position) // 2)
    state = _State(common, allowance)
    for _ in state.run(data, position, end, 0):
        pass
    return state


def _read_description(
    data: bytes,
    where: tuple[int, int],
    initial: "_State",
    section_address: int | None,
    is_present: Callable[[int], bool],
) -> Iterator[FrameSpan]:
    position, end = where
    common = initial.common
    size = common.address_size
    address, position = _pointer(data, position, common.pointer_encoding, size, section_address or 0)
    length, position = _pointer(data, position, common.pointer_encoding & 0x0F, size, 0)
    if common.has_augmentation_size:
        skipped, position = leb128.unsigned(data, position)
        position += skipped
    if length == 0 or position > end or not is_present(address):
        return
    state = _State(common, initial.allowance)
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


class _State:
    """The registers of the call frame machine while it runs a program."""

    def __init__(self, common: _Common, allowance: Allowance) -> None:
        self.common = common
        self.allowance = allowance
        self.cfa: tuple[int, int, bytes] | None = None
        self.rules: dict[int, RegisterRule] = {}
        self.initial: dict[int, RegisterRule] = {}
        self._saved: list[tuple[tuple[int, int, bytes] | None, dict[int, RegisterRule]]] = []

    def row(self) -> UnwindRow | None:
        """The current row; None before the program has said where the CFA is."""
        if self.cfa is None:
            return None
        self.allowance.spend(len(self.rules) // 8)
        register, offset, expression = self.cfa
        return UnwindRow(
            register, offset, expression, dict(self.rules), self.common.return_register, self.common.signal_frame
        )

    def run(self, data: bytes, position: int, end: int, location: int) -> Iterator[int]:  # noqa: C901, PLR0912, PLR0915 - one branch per instruction of section 6.4.2
        """Run the program; gives each new location while the state still is the row before it."""
        common = self.common
        factor = common.data_factor
        while position < end:
            opcode = data[position]
            position += 1
            low = opcode & 0x3F
            primary = opcode & 0xC0
            if primary == 0x40:  # advance_loc
                location += low * common.code_factor
                yield location
            elif primary == 0x80:  # offset
                value, position = leb128.unsigned(data, position)
                self._set(low, RegisterRule(RuleKind.OFFSET, value * factor))
            elif primary == 0xC0:  # restore
                self._restore(low)
            elif low == 0x00:  # nop
                continue
            elif low == 0x01:  # set_loc
                location, position = _pointer(data, position, common.pointer_encoding & 0x0F, common.address_size, 0)
                yield location
            elif low in (0x02, 0x03, 0x04):  # advance_loc1, 2, 4
                size = 1 << low - 2
                location += int.from_bytes(data[position : position + size], "little") * common.code_factor
                position += size
                yield location
            elif low in (0x05, 0x11, 0x2F):  # offset_extended, offset_extended_sf, GNU_negative_offset_extended
                register, position = leb128.unsigned(data, position)
                value, position = (leb128.signed if low == 0x11 else leb128.unsigned)(data, position)
                self._set(register, RegisterRule(RuleKind.OFFSET, -value * factor if low == 0x2F else value * factor))
            elif low == 0x06:  # restore_extended
                register, position = leb128.unsigned(data, position)
                self._restore(register)
            elif low in (0x07, 0x08):  # undefined, same_value
                register, position = leb128.unsigned(data, position)
                self._set(register, _UNDEFINED if low == 0x07 else _SAME_VALUE)
            elif low == 0x09:  # register
                register, position = leb128.unsigned(data, position)
                other, position = leb128.unsigned(data, position)
                self._set(register, RegisterRule(RuleKind.REGISTER, other))
            elif low == 0x0A:  # remember_state
                if len(self._saved) >= _MOST_SAVED_STATES:
                    raise MalformedDwarf("A frame program remembers too many states.")
                self.allowance.spend(len(self.rules) // 8)
                self._saved.append((self.cfa, dict(self.rules)))
            elif low == 0x0B:  # restore_state
                if not self._saved:
                    raise MalformedDwarf("A frame program restores a state it never remembered.")
                self.cfa, self.rules = self._saved.pop()
            elif low in (0x0C, 0x12):  # def_cfa, def_cfa_sf
                register, position = leb128.unsigned(data, position)
                value, position = (leb128.unsigned if low == 0x0C else leb128.signed)(data, position)
                self.cfa = (register, value if low == 0x0C else value * factor, b"")
            elif low == 0x0D:  # def_cfa_register
                register, position = leb128.unsigned(data, position)
                # GNU as for RISC-V starts with this one: the CFA is the register itself.
                self.cfa = (register, 0 if self.cfa is None else self._plain_cfa()[1], b"")
            elif low in (0x0E, 0x13):  # def_cfa_offset, def_cfa_offset_sf
                value, position = (leb128.unsigned if low == 0x0E else leb128.signed)(data, position)
                self.cfa = (self._plain_cfa()[0], value if low == 0x0E else value * factor, b"")
            elif low == 0x0F:  # def_cfa_expression
                expression, position = _block(data, position)
                self.cfa = (0, 0, expression)
            elif low in (0x10, 0x16):  # expression, val_expression
                register, position = leb128.unsigned(data, position)
                expression, position = _block(data, position)
                kind = RuleKind.EXPRESSION if low == 0x10 else RuleKind.VAL_EXPRESSION
                self._set(register, RegisterRule(kind, 0, expression))
            elif low in (0x14, 0x15):  # val_offset, val_offset_sf
                register, position = leb128.unsigned(data, position)
                value, position = (leb128.unsigned if low == 0x14 else leb128.signed)(data, position)
                self._set(register, RegisterRule(RuleKind.VAL_OFFSET, value * factor))
            elif low == 0x2D:  # AARCH64_negate_ra_state
                if self.rules.pop(_RETURN_SIGNED, None) is None:
                    self._set(_RETURN_SIGNED, _ONE)
            elif low == 0x2E:  # GNU_args_size
                _, position = leb128.unsigned(data, position)
            else:
                raise MalformedDwarf(f"A frame program uses instruction {opcode:#x}, which is not supported.")
        if position > end:
            raise MalformedDwarf("A frame program reaches beyond its entry.")

    def _set(self, register: int, rule: RegisterRule) -> None:
        if register > _MOST_REGISTER:
            raise MalformedDwarf("A frame program names a register that no machine has.")
        self.rules[register] = rule

    def _restore(self, register: int) -> None:
        if register in self.initial:
            self.rules[register] = self.initial[register]
        else:
            self.rules.pop(register, None)

    def _plain_cfa(self) -> tuple[int, int]:
        if self.cfa is None or self.cfa[2]:
            raise MalformedDwarf("A frame program changes a CFA rule that is no register and offset.")
        return self.cfa[0], self.cfa[1]


def _block(data: bytes, position: int) -> tuple[bytes, int]:
    size, position = leb128.unsigned(data, position)
    block = data[position : position + size]
    if len(block) != size:
        raise MalformedDwarf("An expression reaches beyond the end of its section.")
    return block, position + size
