import pytest

from analyzer.cpu import X86, Arm64, Context, CortexM, Cpu
from analyzer.report.registers import written

SP, PC, PSP = 13, 15, 18


def test_registers_have_names_in_the_order_of_the_architecture() -> None:
    found = written(Context({PC: 0x400, 1: 7, SP: 0x20000000}, status=0x61000000), CortexM())
    assert list(found) == [*(f"r{number}" for number in range(13)), "sp", "lr", "pc", "xpsr"]
    assert {name: text for name, text in found.items() if text} == {
        "r1": "0x00000007",
        "sp": "0x20000000",
        "pc": "0x00000400",
        "xpsr": "0x61000000",
    }


def test_further_registers_are_listed_where_they_are_known() -> None:
    cpu = CortexM()
    psp = next(number for number, name in cpu.further_names.items() if name == "psp")
    assert list(written(Context({psp: 0x20000100}), cpu).items())[-1] == ("psp", "0x20000100")
    assert "psp" not in written(Context({PC: 0x400}), cpu)


@pytest.mark.parametrize(("cpu", "text"), [(Arm64(), "0x0000000000000010"), (X86(), "0x00000010")])
def test_numbers_have_the_width_of_the_machine(cpu: Cpu, text: str) -> None:
    assert written(Context({cpu.pc: 16}), cpu)[cpu.register_names[cpu.pc]] == text


def test_nothing_may_be_known() -> None:
    assert set(written(Context({}), CortexM()).values()) == {None}


def test_what_is_past_the_end_of_the_address_space_is_shown() -> None:
    found = written(Context({SP: 0x1_0000_0010, PC: 2}), CortexM())
    assert (found["sp"], found["pc"]) == ("0x100000010", "0x00000002")
