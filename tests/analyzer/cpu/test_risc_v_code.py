import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu.risc_v_code import calls_pointer, follows_call, is_system_call
from tests.analyzer.cpu.risc_v_specimen import memory

ASSEMBLER = "riscv64-unknown-elf-as"
BASE = 0x80000000
CASES = [
    # instruction, architecture, is a call, register that it goes through
    ("jal ra, .", "rv32imac", True, None),
    ("jal t0, .", "rv32imac", True, None),
    ("jal zero, .", "rv32imac", False, None),
    ("c.jal .", "rv32imac", True, None),
    ("c.addiw a0, 1", "rv64imac", False, None),
    ("c.jalr a5", "rv64imac", True, 15),
    ("c.jalr ra", "rv64imac", True, 1),
    ("c.jr a5", "rv64imac", False, None),
    ("c.ebreak", "rv64imac", False, None),
    (".option norvc; jalr ra, 0(a5)", "rv64imac", True, 15),
    (".option norvc; jalr ra, 16(a5)", "rv64imac", True, None),
    (".option norvc; jalr zero, 0(ra)", "rv64imac", False, None),
    (".option norvc; auipc ra, 1; jalr ra, 0(ra)", "rv64imac", True, None),
    (".option norvc; auipc t1, 1; jalr ra, 0(t1)", "rv64imac", True, None),
    (".option norvc; auipc a0, 1; jalr ra, 0(t1)", "rv64imac", True, 6),
    ("ecall", "rv32imac", False, None),
    ("add a0, a1, a2", "rv32imac", False, None),
]


@pytest.mark.toolchain
@pytest.mark.parametrize(("line", "architecture", "call", "pointer"), CASES, ids=str)
def test_calls_are_told_from_what_the_assembler_writes(
    tmp_path: Path, line: str, architecture: str, *, call: bool, pointer: int | None
) -> None:
    if shutil.which(ASSEMBLER) is None:
        pytest.skip(f"{ASSEMBLER} is not installed")
    (tmp_path / "a.s").write_text(line.replace(";", "\n") + "\n")
    wide = ["-mabi=lp64"] if architecture.startswith("rv64") else ["-mabi=ilp32"]
    subprocess.run([ASSEMBLER, f"-march={architecture}", *wide, "-o", "a.o", "a.s"], cwd=tmp_path, check=True)
    subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", "a.o", "a.bin"], cwd=tmp_path, check=True)
    # The target of a call to itself is resolved by the linker; its encoding does not depend on that.
    code = bytes.fromhex("13000000") + (tmp_path / "a.bin").read_bytes()
    size = 8 if wide == ["-mabi=lp64"] else 4
    at = memory((BASE, code))
    assert follows_call(BASE + len(code), at, size) == call
    assert calls_pointer(BASE + len(code), at) == pointer


def test_calls() -> None:
    jal, jalr = bytes.fromhex("ef00000f"), bytes.fromhex("e7800700")
    at = memory((BASE, jal + jalr + bytes.fromhex("8297") + bytes.fromhex("73000000")))
    assert [follows_call(BASE + end, at, 4) for end in (4, 8, 10, 14)] == [True, True, True, False]
    assert [calls_pointer(BASE + end, at) for end in (4, 8, 10, 14)] == [None, 15, 15, None]
    assert not follows_call(BASE + 5, at, 4)
    assert is_system_call(BASE + 10, at)
    assert not is_system_call(BASE + 4, at)


def test_code_that_is_not_there_is_no_call() -> None:
    assert not follows_call(BASE, memory(), 8)
    assert calls_pointer(BASE, memory()) is None
    assert not is_system_call(BASE, memory())


@given(st.binary(max_size=12), st.sampled_from([4, 8]))
def test_any_bytes_are_calls_or_not(code: bytes, size: int) -> None:
    at = memory((BASE, code))
    pointer = calls_pointer(BASE + len(code), at)
    assert pointer is None or (0 < pointer < 32 and follows_call((BASE + len(code)) & ~1, at, size) in (True, False))
    assert follows_call(BASE + len(code), at, size) in (True, False)
