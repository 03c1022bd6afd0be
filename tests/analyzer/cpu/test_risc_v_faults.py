import pytest

from analyzer.cpu.risc_v_faults import by_cause, by_instruction
from tests.analyzer.cpu.risc_v_specimen import memory

PC = 0x80000400


@pytest.mark.parametrize(
    ("code", "width", "kind"),
    [
        ("0000", 4, "undefined-instruction"),
        ("731000c0", 4, "undefined-instruction"),  # unimp
        ("ffffffff", 8, "undefined-instruction"),
        ("73001000", 4, "breakpoint"),  # ebreak
        ("0290", 8, "breakpoint"),  # c.ebreak
        ("83a7c701", 4, "memory-fault"),  # lw a5, 28(a5)
        ("23a0e700", 8, "memory-fault"),  # sw
        ("2fa0e708", 8, "memory-fault"),  # amoswap.w
        ("9c43", 4, "memory-fault"),  # c.lw
        ("1ce1", 8, "memory-fault"),  # c.sd
        ("1ce1", 4, None),  # c.fsw
        ("87a70700", 4, None),  # flw
        ("9387c701", 4, None),  # addi
        ("1105", 4, None),  # c.addi
        ("8297", 4, None),  # c.jalr: fetching from its target would be a fault there
    ],
)
def test_what_the_instruction_tells(code: str, width: int, kind: str | None) -> None:
    found = by_instruction(PC, memory((PC, bytes.fromhex(code))), width)
    assert (found.fault.kind if found and found.fault else None) == kind


def test_code_that_is_not_there_tells_nothing() -> None:
    assert by_instruction(PC, memory(), 4) is None


def test_causes() -> None:
    for cause, kind in ((2, "undefined-instruction"), (5, "memory-fault"), (0x38000007, "memory-fault"), (11, None)):
        found = by_cause(cause)
        assert (found.fault.kind if found and found.fault else None) == kind
