import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu.thumb import access

REGISTERS = {number: 0x1000 * (number + 1) for number in range(15)}

LOADS_AND_STORES = [
    ("ldr r1, [r2]", (False, 4, 2, 0)),
    ("ldr r1, [r2, #124]", (False, 4, 2, 124)),
    ("str r7, [r0, #4]", (True, 4, 0, 4)),
    ("ldrb r1, [r2, #31]", (False, 1, 2, 31)),
    ("strb r1, [r2, #3]", (True, 1, 2, 3)),
    ("ldrh r1, [r2, #8]", (False, 2, 2, 8)),
    ("strh r1, [r2, #62]", (True, 2, 2, 62)),
    ("ldr r1, [r2, r3]", (False, 4, 2, 0x4000)),
    ("ldrsb r1, [r2, r3]", (False, 1, 2, 0x4000)),
    ("ldrsh r1, [r2, r3]", (False, 2, 2, 0x4000)),
    ("strh r1, [r2, r3]", (True, 2, 2, 0x4000)),
    ("strb r1, [r2, r3]", (True, 1, 2, 0x4000)),
    ("str r1, [sp, #20]", (True, 4, 13, 20)),
    ("ldr r1, [sp, #20]", (False, 4, 13, 20)),
    ("ldmia r2!, {r0, r1}", (False, 4, 2, 0)),
    ("stmia r2!, {r0, r1}", (True, 4, 2, 0)),
    ("ldr.w r1, [r9, #4095]", (False, 4, 9, 4095)),
    ("str.w r1, [r9, #-255]", (True, 4, 9, -255)),
    ("ldr r1, [r9], #8", (False, 4, 9, 0)),
    ("ldr r1, [r9, #8]!", (False, 4, 9, 8)),
    ("ldrb.w r1, [r9, r3, lsl #2]", (False, 1, 9, 0x10000)),
    ("ldrh.w r1, [r9, #6]", (False, 2, 9, 6)),
    ("ldrsh.w r1, [r9, #6]", (False, 2, 9, 6)),
    ("strh.w r1, [r9, #6]", (True, 2, 9, 6)),
    ("ldmia.w r9!, {r0-r3}", (False, 4, 9, 0)),
    ("ldmdb r9!, {r0-r3}", (False, 4, 9, -16)),
    ("stmdb r9!, {r0-r3}", (True, 4, 9, -16)),
    ("ldrd r0, r1, [r9, #16]", (False, 4, 9, 16)),
    ("strd r0, r1, [r9, #-16]", (True, 4, 9, -16)),
    ("strd r0, r1, [r9], #16", (True, 4, 9, 0)),
    ("ldrd r0, r1, [r9, #16]!", (False, 4, 9, 16)),
]
NOT_DECODED = [
    "ldr r1, [pc, #16]", "ldr.w r1, [pc, #16]", "ldrex r1, [r2]", "tbb [r0, r1]", "tbh [r0, r1, lsl #1]",
    "mov r0, r1", "add.w r0, r1, r2", "bl 0", "svc 2", "udf #0", "push {r4, lr}", "nop", "udiv r0, r1, r2",
]  # fmt: skip
ASSEMBLER = "arm-none-eabi-as"


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the assembler makes of each instruction."""
    if shutil.which(ASSEMBLER) is None:
        pytest.skip(f"{ASSEMBLER} is not installed")
    lines = [line for line, _ in LOADS_AND_STORES] + NOT_DECODED
    folder: Path = tmp_path_factory.mktemp("thumb")
    padded = "".join(f".balign 8, 0\n{line}\n" for line in lines)
    (folder / "a.s").write_text(f".syntax unified\n.thumb\n{padded}.balign 8, 0\n")
    subprocess.run([ASSEMBLER, "-mcpu=cortex-m4", "-o", "a.o", "a.s"], cwd=folder, check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", "a.o", "a.bin"], cwd=folder, check=True)
    content = (folder / "a.bin").read_bytes()
    return {line: content[8 * at : 8 * at + 4] for at, line in enumerate(lines)}


@pytest.mark.toolchain
@pytest.mark.parametrize(("line", "expected"), LOADS_AND_STORES, ids=lambda each: each if isinstance(each, str) else "")
def test_what_the_assembler_writes_is_read_back(
    encode: dict[str, bytes], line: str, expected: tuple[bool, int, int, int]
) -> None:
    found = access(encode[line], REGISTERS)
    store, size, base, offset = expected
    assert found is not None
    assert (found.store, found.size, found.base) == (store, size, base)
    assert found.base_value == REGISTERS[base]
    assert found.address == REGISTERS[base] + offset


@pytest.mark.toolchain
@pytest.mark.parametrize("line", NOT_DECODED)
def test_what_has_no_base_register_is_not_guessed(encode: dict[str, bytes], line: str) -> None:
    assert access(encode[line], REGISTERS) is None


def test_a_load_from_null() -> None:
    # ldrh r3, [r7, #8]
    found = access(bytes.fromhex("3b89"), {7: 0})
    assert found is not None
    assert (found.address, found.base_value, found.size) == (8, 0, 2)


def test_unknown_registers_give_no_address() -> None:
    assert access(bytes.fromhex("3b89"), {}) is None
    assert access(bytes.fromhex("d158"), {2: 0}) is None  # ldr r1, [r2, r3]


@given(st.binary(max_size=4))
def test_any_bytes_are_decoded_or_not(code: bytes) -> None:
    found = access(code, REGISTERS)
    assert found is None or 0 <= found.address < 1 << 32
