from analyzer.symbols.dwarf.frames import frame_spans
from analyzer.symbols.interface import RegisterRule, RuleKind

RA, SP = 1, 2


def test_the_cfa_is_the_register_where_a_common_entry_gives_it_no_offset() -> None:
    # What GNU as writes for RISC-V: def_cfa_register sp; then def_cfa_offset 16, offset ra at cfa-4.
    common = bytes.fromhex("ffffffff 03 00 01 7c 01 0d02 00")
    described = bytes.fromhex("00000000 00000080 10000000 42 0e10 8101 00 00")
    data = b"".join(len(entry).to_bytes(4, "little") + entry for entry in (common, described))
    first, second = frame_spans(data, 4, None, lambda _address: True)
    assert (first[0], first[1]) == (0x80000000, 0x80000002)
    assert (first[2].cfa_register, first[2].cfa_offset, first[2].return_register) == (SP, 0, RA)
    assert (second[2].cfa_register, second[2].cfa_offset) == (SP, 16)
    assert second[2].rules == {RA: RegisterRule(RuleKind.OFFSET, -4)}
