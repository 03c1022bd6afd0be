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
CASES = sorted(path for path in (ROOT / "tests" / "golden").iterdir() if path.is_dir())
CONTAINERS = ROOT / "tests" / "containers" / "null-deref"
TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "gdb-multiarch", "make")

REASONS = {
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
}


def load(name: str) -> ModuleType:
    """A module of the example firmware, which is no package."""
    if str(FIRMWARE) not in sys.path:
        sys.path.append(str(FIRMWARE))
    return importlib.import_module(name)


def scenario_of(case: Path) -> str:
    return case.name.rpartition("-O")[0]


def recorded(case: Path) -> dict[str, Any]:
    return json.loads((case / "gdb.json").read_text())


def blocks(dump: bytes) -> list[tuple[str, int, bytes]]:
    """Kind, version and content of every block behind the header; nothing may be left over."""
    found: list[tuple[str, int, bytes]] = []
    at = 12
    while at < len(dump):
        kind, version = struct.unpack_from("<cH", dump, at)
        if kind == b"M":
            start, end = struct.unpack_from("<II", dump, at + 3)
            header, size = 11, end - start
        else:
            header, size = 5, struct.unpack_from("<H", dump, at + 3)[0]
        assert at + header + size <= len(dump)
        found.append((kind.decode(), version, dump[at + header : at + header + size]))
        at += header + size
    return found


def test_every_required_crash_is_there_at_both_optimization_levels() -> None:
    required = ["null-deref", "div-zero", "undefined", "stack-overflow", "assert", "bad-call", "isr-fault"]
    names = {case.name for case in CASES}

    assert {f"{scenario}-O{level}" for scenario in required for level in "sg"} <= names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestCase:
    def test_holds_one_firmware_one_dump_and_gdbs_answer(self, case: Path) -> None:
        assert len(list(case.glob("*.elf"))) == 1
        assert len(list(case.glob("*.core"))) == 1
        assert (case / "gdb.json").is_file()

    def test_dump_is_complete_and_names_the_reason(self, case: Path) -> None:
        dump = (case / "dump.core").read_bytes()
        magic, version, target, bits, flags, reason = struct.unpack_from("<2sHHBBI", dump)
        found = blocks(dump)

        assert (magic, version, target, bits, flags) == (b"ZE", 2, 3, 5, 0)
        assert reason == REASONS[scenario_of(case)]
        assert found[0][0] == "A"
        assert (found[0][1], len(found[0][2])) in {(1, 36), (2, 68), (3, 76)}
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
            in_interrupt = thread["crashed"] and scenario_of(case) == "isr-fault"
            last = thread["frames"][-1]["function"]
            assert last == ("_isr_wrapper" if in_interrupt else "z_thread_entry"), thread["name"]

    def test_gdb_saw_the_registers_of_the_dump(self, case: Path) -> None:
        words = struct.unpack("<9I", blocks((case / "dump.core").read_bytes())[0][2][:36])
        registers = recorded(case)["threads"][0]["registers"]
        names = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp"]

        assert [registers[name] for name in names] == [f"0x{word:08x}" for word in words]


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


@pytest.mark.toolchain
def test_the_toolchain_makes_the_same_case_again(tmp_path: Path) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    golden = load("golden")
    case = ROOT / "tests" / "golden" / "null-deref-Og"
    then, now = recorded(case)["versions"], golden.versions()

    built = golden.build({"OPT": "g"}, tmp_path)
    golden.crash(built, "null-deref")
    answer = golden.ask_gdb(built / "firmware.elf", built / "coredump.bin")

    crashed = answer["threads"][0]
    assert [frame["function"] for frame in crashed["frames"][:2]] == ["calibration_in_range", "channel_convert"]
    if then["gcc"] == now["gcc"]:
        assert (built / "firmware.elf").read_bytes() == (case / "firmware.elf").read_bytes()
    if then["gcc"] == now["gcc"] and then["qemu"] == now["qemu"]:
        assert (built / "coredump.bin").read_bytes() == (case / "dump.core").read_bytes()
    if then == now:
        golden.second_opinion(built / "firmware.elf", answer["threads"])
        assert answer["threads"] == recorded(case)["threads"]


@pytest.mark.toolchain
def test_a_firmware_that_nobody_asked_to_crash_goes_on(tmp_path: Path) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    golden = load("golden")
    built = golden.build({"OPT": "s"}, tmp_path)

    command = golden.QEMU.format(scenario="none", serial="stdio").split()
    done = subprocess.run(command, cwd=built, capture_output=True, text=True, timeout=60, check=True)

    assert "still alive" in done.stdout
    assert not (built / "coredump.bin").exists()
