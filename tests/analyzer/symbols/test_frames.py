"""Call frame information that no firmware of ours has."""

import struct

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf.frames import frame_spans
from analyzer.symbols.interface import RegisterRule, RuleKind

LR, RETURN_SIGNED = 30, 34
DEF_CFA_SP, ADVANCE, NEGATE = bytes([0x0C, 31, 0]), b"\x41", b"\x2d"
SIGNED = RegisterRule(RuleKind.VAL_EXPRESSION, 0, b"\x31")


def entry(content: bytes) -> bytes:
    padded = content + bytes(-len(content) % 8)
    return struct.pack("<I", len(padded)) + padded


def test_a_signed_return_address_is_told_by_a_register_of_its_own() -> None:
    common = entry(struct.pack("<IBBBBB", 0xFFFFFFFF, 3, 0, 4, 0x78, LR) + DEF_CFA_SP)
    program = ADVANCE + NEGATE + ADVANCE + NEGATE
    described = entry(struct.pack("<IQQ", 0, 0x40001000, 16) + program)
    rows = list(frame_spans(common + described, 8, None, lambda _address: True, Allowance(100)))
    assert [(start, end, row.rules) for start, end, row in rows] == [
        (0x40001000, 0x40001004, {}),
        (0x40001004, 0x40001008, {RETURN_SIGNED: SIGNED}),
        (0x40001008, 0x40001010, {}),
    ]
