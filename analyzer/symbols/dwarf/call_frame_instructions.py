"""Call frame instructions, run into rows (DWARF 5, section 6.4.2)."""

from collections.abc import Iterator

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.common_entry import CommonEntry
from analyzer.symbols.dwarf.encoded_pointer import encoded_pointer
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.interface import RegisterRule, RuleKind, UnwindRow

_MOST_REGISTER = 8191
"""The last of RISC-V's, behind its control and status registers."""
_MOST_SAVED_STATES = 64
_UNDEFINED = RegisterRule(RuleKind.UNDEFINED)
_SAME_VALUE = RegisterRule(RuleKind.SAME_VALUE)
_RETURN_SIGNED = 34
"""Pseudo register of the Arm 64-bit Architecture (AADWARF64): 1 where the return address is signed."""
_ONE = RegisterRule(RuleKind.VAL_EXPRESSION, 0, b"\x31")
"""DW_OP_lit1."""


class CallFrameState:
    """The registers of the call frame machine while it runs a program."""

    def __init__(self, common: CommonEntry, allowance: Allowance) -> None:
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
                location, position = encoded_pointer(
                    data, position, common.pointer_encoding & 0x0F, common.address_size, 0
                )
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
