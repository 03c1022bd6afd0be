import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.disassembly import Instruction, can_disassemble, instruction_at, listing

MACHINES = [(40, 4), (183, 8), (243, 4), (243, 8), (3, 4), (62, 8)]
XTENSA = (94, 4)

THUMB = bytes.fromhex("80b5 00af 0023 7b60 fff7fefe 9847 fbd1 0bde 7047 80bd".replace(" ", ""))
X86 = bytes.fromhex("55 89e5 83ec18 c745f400000000 8b45f4 c70001000000 90 c9 c3".replace(" ", ""))


def texts(found: tuple[Instruction, ...]) -> list[str]:
    return [f"{each.address:#x} {each.mnemonic} {each.operands}".strip() for each in found]


def test_what_is_around_a_place() -> None:
    found = listing(THUMB, 0x1000, 0x1008, 40, 4, before=2, after=2)
    assert texts(found) == [
        "0x1004 movs r3, #0",
        "0x1006 str r3, [r7, #4]",
        "0x1008 bl 0xe08",
        "0x100c blx r3",
        "0x100e bne 0x1008",
    ]
    assert [each.target for each in found] == [None, None, 0xE08, None, 0x1008]
    assert b"".join(each.code for each in found) == THUMB[4:16]


def test_lengths_that_only_decoding_tells() -> None:
    found = listing(X86, 0x1000, 0x1010, 3, 4, before=2, after=1)
    assert texts(found) == [
        "0x1006 mov dword ptr [ebp - 0xc], 0",
        "0x100d mov eax, dword ptr [ebp - 0xc]",
        "0x1010 mov dword ptr [eax], 1",
        "0x1016 nop",
    ]


@pytest.mark.parametrize(("code", "start", "pc"), [(X86, 0x1000, 0x1011), (b"\x90" * 5000, 0x1000, 0x1000 + 4000)])
def test_where_no_boundary_is_known_the_listing_begins_at_the_place(code: bytes, start: int, pc: int) -> None:
    assert listing(code, start, pc, 3, 4)[0].address == pc


def test_conditions_come_from_the_instructions_before() -> None:
    found = listing(bytes.fromhex("00bf18bf0860"), 0x1000, 0x1004, 40, 4, before=0)
    assert texts(found) == ["0x1004 strne r0, [r1]"]


def test_what_is_no_instruction_is_shown_as_such() -> None:
    found = listing(bytes.fromhex("00bf ffffffff 00bf"), 0x1000, 0x1002, 40, 4)
    assert [(each.address, each.mnemonic, len(each.code)) for each in found] == [
        (0x1000, "nop", 2),
        (0x1002, "", 4),
        (0x1006, "nop", 2),
    ]


def test_outside_of_the_code_there_is_nothing() -> None:
    assert listing(THUMB, 0x1000, 0x2000, 40, 4) == ()
    assert listing(b"", 0x1000, 0x1000, 40, 4) == ()
    assert instruction_at(b"", 0x1000, 40, 4) is None


def test_an_architecture_without_a_disassembler() -> None:
    assert not can_disassemble(*XTENSA)
    assert listing(THUMB, 0x1000, 0x1008, *XTENSA) == ()
    assert instruction_at(THUMB, 0x1000, *XTENSA) is None
    assert all(can_disassemble(*each) for each in MACHINES)


@settings(max_examples=300)
@given(machine=st.sampled_from(MACHINES), code=st.binary(max_size=80), offset=st.integers(0, 80), top=st.booleans())
def test_any_bytes_are_decoded_or_not(machine: tuple[int, int], code: bytes, offset: int, *, top: bool) -> None:
    start = (1 << 8 * machine[1]) - 0x100 if top else 0x1000
    found = listing(code, start, start + offset, *machine)
    if found:
        assert any(each.address == start + offset for each in found)
    for before, after in itertools.pairwise(found):
        assert before.end <= after.address
    one = instruction_at(code, start, *machine)
    assert one is None or one.code == code[: len(one.code)]
