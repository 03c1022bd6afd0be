"""The golden cases are what they claim to be, and the toolchain that is installed can still make them."""

import importlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).parent.parent
FIRMWARE = ROOT / "examples" / "firmware"
GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/gdb.json"))
CONTAINERS = ROOT / "tests" / "containers" / "null-deref"


def load(name: str) -> ModuleType:
    """A module of the example firmware, which is no package."""
    if str(FIRMWARE) not in sys.path:
        sys.path.append(str(FIRMWARE))
    return importlib.import_module(name)


TARGETS = load("targets").TARGETS

# RISC-V has no reasons of its own.
RISCV_REASONS = dict.fromkeys(("bad-call", "bus-fault", "call-data", "isr-fault", "null-deref", "undefined"), 0)
REASONS = {
    "riscv32": RISCV_REASONS | {"assert": 4, "oops": 3, "stack-overflow": 2},
    "riscv64": RISCV_REASONS | {"assert": 4, "oops": 3, "stack-overflow": 2},
    "cortex-m": {
        "assert": 4,
        "bad-call": 20,
        "bus-fault": 25,
        "call-data": 20,
        "div-zero": 30,
        "isr-fault": 25,
        "null-deref": 19,
        "oops": 3,
        "stack-guard": 2,
        "stack-lost": 2,
        "stack-overflow": 2,
        "unaligned": 31,
        "undefined": 36,
        "deadlock": 4,
        "use-after-free": 25,
        "flash-write": 19,
        "null-member": 19,
        "ascii-pointer": 25,
        "tick-fault": 25,
        "nested-fault": 25,
        "virtual-call": 19,
    },
    "arm64": {
        "assert": 4,
        "bad-call": 0,
        "bus-fault": 0,
        "call-data": 0,
        "deadlock": 4,
        "isr-fault": 0,
        "nested-fault": 0,
        "null-deref": 0,
        "oops": 3,
        "stack-overflow": 2,
        "undefined": 0,
    },
    **{
        architecture: {
            "assert": 4,
            "bad-call": 0,
            "bus-fault": 0,
            "call-data": 0,
            "div-zero": 0,
            "isr-fault": 0,
            "null-deref": 0,
            "oops": 3,
            "stack-overflow": 2,
            "undefined": 0,
        }
        for architecture in ("x86", "x86-64")
    },
}
IN_INTERRUPTS = {"isr-fault", "tick-fault", "nested-fault"}


def target_of(case: Path) -> Any:
    return TARGETS[case.parent.name]


def name_of(case: Path) -> str:
    return case.relative_to(GOLDEN).as_posix()


def scenario_of(case: Path) -> str:
    return case.name.rpartition("-O")[0]


def recorded(case: Path) -> dict[str, Any]:
    return json.loads((case / "gdb.json").read_text())


def blocks(dump: bytes) -> list[tuple[str, int, bytes]]:
    """Kind, version and content of every block behind the header; nothing may be left over."""
    found: list[tuple[str, int, bytes]] = []
    region = {5: "<II", 6: "<QQ"}[dump[6]]
    at = 12
    while at < len(dump):
        kind, version = struct.unpack_from("<cH", dump, at)
        if kind == b"M":
            start, end = struct.unpack_from(region, dump, at + 3)
            header, size = 3 + struct.calcsize(region), end - start
        else:
            header, size = 5, struct.unpack_from("<H", dump, at + 3)[0]
        assert at + header + size <= len(dump)
        found.append((kind.decode(), version, dump[at + header : at + header + size]))
        at += header + size
    return found


def test_what_is_recorded_is_what_can_be_recorded() -> None:
    assert {name_of(case) for case in CASES} == {case.name for case in load("cases").CASES}


@pytest.mark.parametrize("case", CASES, ids=name_of)
class TestCase:
    def test_holds_one_firmware_one_dump_and_gdbs_answer(self, case: Path) -> None:
        assert len(list(case.glob("*.elf"))) == 1
        assert len(list(case.glob("*.core"))) == 1
        assert (case / "gdb.json").is_file()

    def test_dump_is_complete_and_names_the_reason(self, case: Path) -> None:
        dump = (case / "dump.core").read_bytes()
        magic, version, target, bits, flags, reason = struct.unpack_from("<2sHHBBI", dump)
        found = blocks(dump)

        assert (magic, version, target, flags) == (b"ZE", 2, target_of(case).code, 0)
        assert 1 << bits == target_of(case).pointer_bits
        assert reason == REASONS[case.parent.name][scenario_of(case)]
        assert found[0][0] == "A"
        assert (found[0][1], len(found[0][2])) in target_of(case).blocks
        assert "M" in {kind for kind, _, _ in found}

    def test_build_id_is_filled_in_and_right(self, case: Path) -> None:
        build_id = load("build_id")
        image = (case / "firmware.elf").read_bytes()
        with (case / "firmware.elf").open("rb") as file:
            elf = ELFFile(file)
            offset = build_id.id_offset(elf)
            expected = build_id.compute(elf)

        assert image[offset : offset + 20] == expected
        assert any(expected)
        assert image[offset - 4 : offset] == bytes.fromhex("f1251400")

    def test_elf_has_debug_information_and_no_path_of_a_build_machine(self, case: Path) -> None:
        with (case / "firmware.elf").open("rb") as file:
            elf = ELFFile(file)
            assert elf.has_dwarf_info()
            if recorded(case)["options"].get("COMPRESS") == "zstd":
                pytest.skip("pyelftools does not know Zstandard")
            text = b"".join(
                section.data()
                for section in elf.iter_sections()
                if section.name in {".debug_str", ".debug_line_str", ".debug_line", ".debug_info"}
            )

        assert b"src/app/sensor.c" in text
        assert str(ROOT).encode() not in text
        assert b"/home/" not in text

    def test_gdb_unwound_every_thread_that_has_registers_to_its_entry(self, case: Path) -> None:
        threads = recorded(case)["threads"]

        assert threads
        assert [thread["crashed"] for thread in threads] == [True] + [False] * (len(threads) - 1)
        if scenario_of(case) == "stack-lost":
            threads = threads[1:]
        for thread in threads:
            in_interrupt = thread["crashed"] and scenario_of(case) in IN_INTERRUPTS
            expected = {target_of(case).interrupt_entry, "sys_clock_isr"} if in_interrupt else {"z_thread_entry"}
            if not thread["crashed"]:
                expected |= target_of(case).switch_entries
            assert thread["frames"][-1]["function"] in expected, thread["name"]

    def test_gdb_saw_the_registers_of_the_dump(self, case: Path) -> None:
        target = target_of(case)
        payload = blocks((case / "dump.core").read_bytes())[0][2]
        registers = recorded(case)["threads"][0]["registers"]
        size = target.pointer_bits // 8
        for at, name in enumerate(target.dumped):
            word = int.from_bytes(payload[at * size : (at + 1) * size], "little")
            if name == "sp" and recorded(case)["options"].get("SP") == "frame":
                word += 36 if int(registers["xpsr"], 16) & 1 << 9 else 32
            assert name is None or registers[name] == f"0x{word:0{2 * size}x}", name


def test_containers_hold_the_same_dump() -> None:
    dump = (CONTAINERS / "dump.core").read_bytes()
    partition = (CONTAINERS / "partition.bin").read_bytes()
    magic, version, size, flags, checksum, error = struct.unpack_from("<2sHIHHi", partition)
    log = (CONTAINERS / "serial.log").read_text()

    assert dump.startswith(b"ZE")
    assert (magic, version, size, flags, error) == (b"CD", 1, len(dump), 0, 0)
    assert partition[16 : 16 + size] == dump
    assert checksum == sum(dump) % 65536
    assert set(partition[16 + size :]) == {0xFF}
    assert log.index("#CD:BEGIN#") < log.index("#CD:5a45") < log.index("#CD:END#")


def test_a_patched_image_stays_as_it_is_when_patched_again() -> None:
    build_id = load("build_id")
    image = (CASES[0] / "firmware.elf").read_bytes()

    assert build_id.patch(image) == image


def build(target: Any, options: dict[str, str], root: Path) -> Any:
    """A build of the example firmware; skips the test where its tools are missing."""
    missing = [tool for tool in (f"{target.tools}gcc", target.qemu, "gdb-multiarch", "make") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if target.name == "x86" and not has_32_bit_library(f"{target.tools}gcc"):
        pytest.skip("not installed: the 32-bit library of gcc (lib32gcc-12-dev on Debian 12)")
    return load("golden").Build(target, options, root)


def has_32_bit_library(compiler: str) -> bool:
    """Whether a 64-bit compiler can link 32-bit programs."""
    found = subprocess.run([compiler, "-m32", "-print-libgcc-file-name"], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).exists() and "/32/" in found.stdout


@pytest.mark.toolchain
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_the_toolchain_makes_the_same_case_again(target: Any, tmp_path: Path) -> None:
    golden = load("golden")
    case = GOLDEN / target.name / "null-deref-Og"
    built = build(target, {"OPT": "g"}, tmp_path)
    then, now = recorded(case)["versions"], golden.versions(target)

    built.crash("null-deref")
    threads = golden.ask_gdb(target, built.complete, built.core)

    assert [frame["function"] for frame in threads[0]["frames"][:2]] == ["calibration_in_range", "channel_convert"]
    if then["gcc"] == now["gcc"]:
        assert built.elf.read_bytes() == (case / "firmware.elf").read_bytes()
    if then["gcc"] == now["gcc"] and then["qemu"] == now["qemu"]:
        assert built.core.read_bytes() == (case / "dump.core").read_bytes()
    if then == now:
        golden.second_opinion(target, built.complete, threads)
        assert threads == recorded(case)["threads"]


@pytest.mark.toolchain
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_a_firmware_that_nobody_asked_to_crash_goes_on(target: Any, tmp_path: Path) -> None:
    built = build(target, {"OPT": "s"}, tmp_path)

    assert "still alive" in built.crash("none", serial="stdio")
    assert not built.core.exists()
