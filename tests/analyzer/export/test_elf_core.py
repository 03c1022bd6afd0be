"""Stock gdb opens the exported core and says what it said about the stopped machine."""

import io
import shutil
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment

from analyzer.analyze import Analysis
from analyzer.cpu import Context
from analyzer.dump import parse
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.export.elf_core import Core, elf_core
from contract.errors import UnsupportedDump
from tests.analyzer.golden import GOLDEN, answer_of, cases_of, dump_of, symbols_of
from tests.analyzer.oracle import ask_gdb

LOST = set(cases_of("stack-lost"))
"""The CPU could not save its registers: gdb.json shows what was there instead, we export what can be believed."""
LEFT_OUT = ("-exidx", "-nocfi", "-Og", "-O0")
"""gdb was asked about the firmware before its call frame information was taken out; and builds that add nothing."""
SEEN_THROUGH_A_STUB = [case for case in cases_of("*", "cortex-m") if not case.endswith(LEFT_OUT)]
"""Of the other architectures gdb's recorded answer comes from the exported core anyway."""
UNKNOWN = ("<unavailable>", "<optimized out>", "<synthetic pointer>", "<not in dump>")


def analysis_of(case: str) -> Analysis:
    return Analysis(parse(dump_of(case)), symbols_of(case))


def same(ours: Any, recorded: Any) -> bool:
    """Whether two answers agree; which of the reasons makes a value unknown does not count."""
    if isinstance(ours, dict) and isinstance(recorded, dict):
        return ours.keys() == recorded.keys() and all(same(ours[key], recorded[key]) for key in ours)
    if isinstance(ours, list) and isinstance(recorded, list):
        return len(ours) == len(recorded) and all(same(mine, theirs) for mine, theirs in zip(ours, recorded))  # noqa: B905
    return ours == recorded or (ours in UNKNOWN and recorded in UNKNOWN)


@pytest.mark.toolchain
@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="not installed: gdb-multiarch")
@pytest.mark.parametrize("case", SEEN_THROUGH_A_STUB)
def test_gdb_sees_in_the_core_what_it_saw_in_the_machine(case: str) -> None:
    recorded = answer_of(case)["threads"]
    found = ask_gdb(analysis_of(case), GOLDEN / case / "firmware.elf")
    assert [thread["name"] for thread in found] == [thread["name"] for thread in recorded]
    for ours, theirs in zip(found, recorded, strict=True):
        if case in LOST and theirs["crashed"]:
            continue
        for mine, answer in zip(ours["frames"], theirs["frames"], strict=True):
            answer.pop("addr2line", None)
            for variable in answer["locals"]:
                variable.pop("guess", None)
            for key in answer:
                assert same(mine[key], answer[key]), (theirs["name"], answer["function"], key, mine[key], answer[key])


def opened(content: bytes) -> ELFFile:
    return ELFFile(io.BytesIO(content))


def segments(core: ELFFile) -> list[tuple[int, bytes]]:
    return [(segment["p_vaddr"], segment.data()) for segment in core.iter_segments("PT_LOAD")]


def test_a_note_for_every_thread_the_crashed_one_first() -> None:
    case = "cortex-m/null-deref-Og"
    core = elf_core(analysis_of(case))
    notes = [
        note
        for part in opened(core.content).iter_segments()
        if isinstance(part, NoteSegment)
        for note in part.iter_notes()
    ]
    kinds = [note["n_type"] for note in notes]
    recorded = answer_of(case)["threads"]
    assert kinds == ["NT_PRPSINFO", *["NT_PRSTATUS"] * len(recorded), 0xFF000000]
    assert [thread.name for thread in core.threads] == [thread["name"] for thread in recorded]
    assert [thread.number for thread in core.threads] == list(range(1, len(recorded) + 1))


def test_memory_is_that_of_the_dump_and_the_read_only_part_of_the_firmware() -> None:
    analysis = analysis_of("cortex-m/bad-call-Og-min")
    loaded = segments(opened(elf_core(analysis).content))
    assert loaded == sorted(loaded)
    for start, content in loaded:
        assert content == analysis.memory.read(start, len(content))
    covered = [(start, start + len(content)) for start, content in loaded]
    for start, end in analysis.dump.memory.ranges():
        assert (start, end) in covered
    # The smallest dump holds no globals: their initial values must not stand in for them.
    station = symbols_of("cortex-m/bad-call-Og-min").symbol("station")
    assert station is not None
    assert not any(start <= station.address < end for start, end in covered)


def test_registers_that_are_not_known_are_told_apart() -> None:
    assert all(thread.unknown == () for thread in elf_core(analysis_of("cortex-m/null-deref-Og")).threads)
    core = elf_core(analysis_of("cortex-m/null-deref-Og-arch1"))
    assert core.threads[0].unknown == tuple(f"r{number}" for number in range(4, 12))
    assert elf_core(analysis_of("cortex-m/null-deref-Og-arch1"), filler=0xA5).content != core.content


def test_a_dump_without_symbols_has_a_core_too() -> None:
    analysis = Analysis(parse(dump_of("cortex-m/null-deref-Og")), None)
    core = elf_core(analysis)
    assert len(core.threads) == 1
    assert [
        (start, start + len(content)) for start, content in segments(opened(core.content))
    ] == analysis.dump.memory.ranges()


REGISTERS = {
    "x86": (3, 4, ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"], "eflags"),
    "x86-64": (
        62,
        8,
        ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", *(f"r{number}" for number in range(8, 16)), "rip"],
        "eflags",
    ),
    "ARM": (40, 4, [*(f"r{number}" for number in range(13)), "sp", "lr", "pc"], "xpsr"),
    "ARM64": (183, 8, [*(f"x{number}" for number in range(31)), "sp", "pc"], "cpsr"),
    "RISC-V 32": (243, 4, [*(f"x{number}" for number in range(1, 32)), "pc"], None),
    "RISC-V 64": (243, 8, [*(f"x{number}" for number in range(1, 32)), "pc"], None),
}
"""Machine, pointer size, gdb's names in the order of DWARF's numbers with the pc last, and the status register."""


def made_up(machine: int, size: int, names: list[str]) -> Core:
    """The core of two threads whose registers all hold different values."""
    first = 1 if names[0] == "x1" else 0
    numbers = range(first, first + len(names))
    cpu = SimpleNamespace(
        machine=machine,
        pointer_size=size,
        pc=numbers[-1],
        status_name="status",
        register_names=dict(zip(numbers, names, strict=True)),
    )
    contexts = [Context({number: base + 4 * number for number in numbers}, 0x202) for base in (0x10000, 0x20000)]
    image = MemoryImage()
    image.add(0x20000000, SparseBytes(bytes(range(256)), ()))
    analysis = SimpleNamespace(
        cpu=cpu,
        subjects=[SimpleNamespace(context=context, kernel=None) for context in contexts],
        dump=SimpleNamespace(memory=image),
        symbols=None,
        memory=Memory(image),
        report=lambda: SimpleNamespace(fault=SimpleNamespace(kind="divide-by-zero", title="Division by zero in f")),
    )
    return elf_core(cast("Analysis", analysis))


@pytest.mark.toolchain
@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="not installed: gdb-multiarch")
@pytest.mark.parametrize("name", REGISTERS)
def test_gdb_finds_every_register_of_every_architecture_in_its_place(name: str, tmp_path: Path) -> None:
    machine, size, names, status = REGISTERS[name]
    path = tmp_path / "made-up.core"
    path.write_bytes(made_up(machine, size, names).content)
    wanted = [*names, status] if status else names
    # gdb casts flags to nothing but a number of their own size.
    kinds = ["unsigned int" if register == status else "unsigned long" for register in wanted]
    show = [f'printf "{name}=%lx\\n", ({kind})${name}' for name, kind in zip(wanted, kinds, strict=True)]
    commands = [word for line in ["thread 1", *show, "thread 2", *show, "x/1xb 0x20000007"] for word in ("-ex", line)]
    done = subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-c", path, *commands],
        capture_output=True,
        text=True,
        check=True,
    )
    first = 1 if names[0] == "x1" else 0
    for base in (0x10000, 0x20000):
        for number, register in enumerate(names, first):
            assert f"\n{register}={base + 4 * number:x}\n" in done.stdout
    if status:
        assert done.stdout.count(f"\n{status}=202\n") == 2
    assert "0x20000007:\t0x07" in done.stdout
    assert "Core was generated by `Division by zero in f'" in done.stdout
    assert "Program terminated with signal SIGFPE" in done.stdout


def test_xtensa_registers_lie_where_esp_idf_puts_them_for_gdb() -> None:
    """Debian's gdb knows no Xtensa: program counter, status, window 0 alone live, a0.. from the 64th word on."""
    core = opened(made_up(94, 4, [*(f"a{number}" for number in range(16)), "pc"]).content)
    (part,) = [part for part in core.iter_segments() if isinstance(part, NoteSegment)]
    note = [note for note in part.iter_notes() if note["n_type"] == "NT_PRSTATUS"][1]
    raw = note["n_descdata"] if isinstance(note["n_descdata"], bytes) else note["n_descdata"].encode("latin-1")
    assert len(raw) == 588
    words = struct.unpack_from("<128I", raw, 72)
    assert words[:2] == (0x20000 + 4 * 16, 0x202)
    assert words[6:8] == (1, 0)
    assert words[64:80] == tuple(0x20000 + 4 * number for number in range(16))


def test_an_architecture_without_registers_is_refused() -> None:
    dump = bytearray(dump_of("cortex-m/null-deref-Og"))
    dump[4:6] = b"\x63\0"
    with pytest.raises(UnsupportedDump):
        elf_core(Analysis(parse(bytes(dump)), None))
