"""Exception handling tables of ARM: byte by byte, and against the call frame information of the same code."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols import ehabi
from analyzer.symbols.builder import build_index
from analyzer.symbols.ehabi import decode
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import RowSource, RuleKind, UnwindRow

SP, LR, D8 = 13, 14, 264
TOOLS = ("arm-none-eabi-gcc", "arm-none-eabi-objcopy")


def saved(row: UnwindRow) -> dict[int, int]:
    assert all(rule.kind is RuleKind.OFFSET for rule in row.rules.values())
    return {register: rule.offset for register, rule in row.rules.items()}


@pytest.mark.parametrize(
    ("instructions", "register", "offset", "expected"),
    [
        ("b0b0b0", SP, 0, {}),
        ("a8b0b0", SP, 8, {4: -8, LR: -4}),
        ("abb0b0", SP, 20, {4: -20, 5: -16, 6: -12, 7: -8, LR: -4}),
        ("01a3b0", SP, 24, {4: -16, 5: -12, 6: -8, 7: -4}),
        ("3f00a8", SP, 268, {4: -8, LR: -4}),
        ("9741a9", 7, 4, {4: -12, 5: -8, LR: -4}),
        ("8408b0", SP, 8, {7: -8, LR: -4}),
        ("8808b0", SP, 8, {7: -8, LR: -4}),  # pop {r7, pc}
        ("9703a8", 7, 24, {4: -8, LR: -4}),
        ("b20100", SP, 0x208 + 4, {}),
        ("b2810100", SP, 0x204 + 129 * 4 + 4, {}),
        ("b10fb0", SP, 16, {0: -16, 1: -12, 2: -8, 3: -4}),
        ("d1a8b0", SP, 24, {D8: -24, D8 + 1: -16, 4: -8, LR: -4}),
        ("c981b0", SP, 16, {D8: -16, D8 + 1: -8}),
        ("b380b0", SP, 12, {D8: -12}),
        ("b8b0b0", SP, 12, {D8: -12}),
    ],
)
def test_what_instructions_come_to(instructions: str, register: int, offset: int, expected: dict[int, int]) -> None:
    row = decode(bytes.fromhex(instructions))
    assert (row.cfa_register, row.cfa_offset, saved(row)) == (register, offset, expected)
    assert (row.return_register, row.source) == (LR, RowSource.EXIDX)


def test_a_refusal_to_unwind() -> None:
    assert decode(bytes.fromhex("a88000")) == ehabi.CANNOT


@pytest.mark.parametrize("instructions", ["80", "9db0b0", "9fb0b0", "b100", "b110", "b2", "b4", "c0", "c6", "d8", "e0"])
def test_what_no_row_can_say_gives_none(instructions: str) -> None:
    with pytest.raises(ehabi.Undescribed):
        decode(bytes.fromhex(instructions))


@pytest.mark.parametrize("instructions", ["a897b0", "40b0b0", "41a900", "b2ffffffff7fb0", "8200b0", "a040b0"])
def test_stacks_that_cannot_be(instructions: str) -> None:
    with pytest.raises(ehabi.Undescribed):
        decode(bytes.fromhex(instructions))


@given(st.binary(max_size=24))
def test_any_instructions_are_survived(instructions: bytes) -> None:
    try:
        row = decode(instructions)
    except ehabi.Undescribed:
        return
    first = -row.cfa_offset if row.cfa_register == SP else -(1 << 16)
    assert row == ehabi.CANNOT or all(first <= at < 0 for at in saved(row).values())


@pytest.mark.toolchain
@pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}")
class TestAgainstCallFrameInformation:
    PERSONALITIES = ("-Wl,--defsym=__aeabi_unwind_cpp_pr0=0", "-Wl,--defsym=__aeabi_unwind_cpp_pr1=0")

    @pytest.mark.parametrize("options", [("-O0",), ("-Os",), ("-O2",), ("-O2", "-mcpu=cortex-m0")], ids="".join)
    def test_where_calls_return_to(self, compiled: Callable[..., Path], options: tuple[str, ...]) -> None:
        both = compiled(*options, "-g", "-funwind-tables", *self.PERSONALITIES)
        tables = compiled(*options, "-funwind-tables", *self.PERSONALITIES)
        exact, index = (SymbolIndex.from_bytes(build_index(path)) for path in (both, tables))
        compared = 0
        for address in range(0x8000, 0x9000, 2):
            row = index.unwind_row(address - 1)
            expected = exact.unwind_row(address - 1)
            if row is None or expected is None or not _follows_call(index.read_only(address - 4, 4)):
                continue
            compared += 1
            assert (row.source, expected.source) == (RowSource.EXIDX, RowSource.CFI)
            assert row.rules[LR] == expected.rules[LR]
            if row.cfa_register == expected.cfa_register:
                assert row.cfa_offset == expected.cfa_offset
        assert compared >= 3

    def test_an_entry_reaches_no_further_than_its_function(self, compiled: Callable[..., Path]) -> None:
        index = SymbolIndex.from_bytes(build_index(compiled("-Os", "-funwind-tables", *self.PERSONALITIES)))
        work = index.symbol("work")
        assert work is not None
        assert index.unwind_row(work.address) is not None
        for address in range(0x8000, 0xA000, 2):
            symbol = index.symbol_at(address)
            assert symbol is not None or index.unwind_row(address) is None


def _follows_call(raw: bytes | None) -> bool:
    """Whether four bytes are a `BL`."""
    return raw is not None and raw[1] >> 3 == 0b11110 and raw[3] & 0xD0 == 0xD0


@pytest.mark.toolchain
@pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}")
def test_of_a_stripped_image_only_what_describes_a_stack_is_believed(
    compiled: Callable[..., Path], tmp_path: Path
) -> None:
    path = compiled("-Os", "-funwind-tables", *TestAgainstCallFrameInformation.PERSONALITIES)
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-objcopy", "--strip-all", str(path), str(stripped)], check=True)
    whole, index = (SymbolIndex.from_bytes(build_index(each)) for each in (path, stripped))
    work = whole.symbol("work")
    assert work is not None
    assert index.unwind_row(work.address) == whole.unwind_row(work.address)
    rows = [index.unwind_row(address) for address in range(0x8000, 0xA000, 2)]
    assert ehabi.CANNOT not in rows
    assert len({id(row) for row in rows}) > 2
