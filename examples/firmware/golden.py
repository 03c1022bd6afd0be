"""Rebuild the golden cases: firmware, core dump, and what gdb says about it.

    python3 golden.py [case ...]

Without arguments every case is made anew; the result depends on the toolchain's versions and on nothing else:
QEMU counts instructions instead of time, and no file name, clock or path of the host gets into image or dump.
"""

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remote import Dump

HERE = Path(__file__).parent
TESTS = HERE.parent.parent / "tests"
GOLDEN = TESTS / "golden"
CONTAINERS = TESTS / "containers"

QEMU = (
    "qemu-system-arm -M mps2-an385 -display none -monitor none -icount shift=5,sleep=off "
    "-semihosting-config enable=on,target=native,arg=firmware,arg={scenario} -kernel firmware.elf -serial {serial}"
)
TIMEOUT_S = 120
LINE = 160

SCENARIOS = {
    "null-deref": "A channel has lost its calibration; the fault is three inlined helpers deep in the sensor thread.",
    "div-zero": "An empty window is averaged by the thread that computes in the background.",
    "undefined": "A switch over an enum meets a value that is none of its names and traps in the main thread.",
    "stack-overflow": "The settings tree contains itself; showing it recurses until the stack check stops the shell.",
    "assert": "The log ring holds more than it can; an assertion panics in the main thread.",
    "bad-call": "A command's handler is 0xdeadbeef, which is not executable memory.",
    "call-data": "A command's handler points into RAM, which must not be executed.",
    "isr-fault": "The radio's interrupt handler reads registers that are not there.",
    "unaligned": "A packet field that lies at an odd address is read as a word.",
    "bus-fault": "The shell is asked to show memory that does not exist.",
    "oops": "The shell stops itself with k_oops.",
    "stack-lost": "A sort never ends its recursion; the stack guard swallows the exception frame as well.",
    "stack-guard": "One large frame reaches below the shell's stack; the store that comes upon the stack guard faults.",
}


Json = str | int | bool | None | dict[str, "Json"] | list["Json"]


@dataclass(frozen=True)
class Case:
    """A crash to record: which, in which build of the firmware."""

    name: str
    scenario: str
    options: dict[str, str]
    note: str = ""


SIZED_AND_DEBUGGABLE = (
    "null-deref", "div-zero", "undefined", "stack-overflow", "assert", "bad-call", "isr-fault",
)  # fmt: skip

CASES = [
    *(Case(f"{scenario}-O{opt}", scenario, {"OPT": opt}) for scenario in SIZED_AND_DEBUGGABLE for opt in "sg"),
    Case("unaligned-Os", "unaligned", {"OPT": "s"}),
    Case("oops-Og", "oops", {"OPT": "g"}),
    Case("call-data-Os", "call-data", {"OPT": "s"}),
    Case("stack-guard-Os", "stack-guard", {"OPT": "s"}),
    Case("stack-lost-Os", "stack-lost", {"OPT": "s", "COMPRESS": "zlib"}, "Compressed debug sections."),
    Case("null-deref-Os-dwarf4", "null-deref", {"OPT": "s", "DWARF": "4"}, "DWARF 4."),
    Case("div-zero-Og-zlib", "div-zero", {"OPT": "g", "COMPRESS": "zlib"}, "Debug sections are compressed."),
    Case(
        "null-deref-Og-arch1",
        "null-deref",
        {"OPT": "g", "ARCH_BLOCK": "1"},
        "Architecture block version 1: r4..r11 of the crashed thread are not in the dump.",
    ),
    Case(
        "bus-fault-Os-arch3",
        "bus-fault",
        {"OPT": "s", "ARCH_BLOCK": "3"},
        "Architecture block version 3.",
    ),
    Case(
        "stack-overflow-Os-threads",
        "stack-overflow",
        {"OPT": "s", "MEMORY": "THREADS"},
        "Only the threads' structures and stacks and the interrupt stack are in the dump.",
    ),
    Case(
        "bad-call-Og-min",
        "bad-call",
        {"OPT": "g", "MEMORY": "MIN", "COMPRESS": "zlib"},
        "Only the current thread's structure and stack are in the dump, no thread list; compressed debug sections.",
    ),
]

NOTES = {
    "isr-fault": "The current thread of the dump (main) was interrupted; the frames are the interrupt handler's.",
    "bad-call": "PC is not code: gdb takes the caller from LR.",
    "call-data": "PC is not code: gdb takes the caller from LR, and names the innermost frame after a data object.",
    "stack-lost": "The processor could not save the registers: those of the crashed thread are what lay in its stack "
    "guard, and gdb's frames and values made from them mean nothing. The other threads are as they should be.",
    "stack-guard": "SP of the crashed thread lies below its stack; the memory there belongs to another thread.",
}


DISAGREEMENT = (
    "Where a frame has an `addr2line` member, binutils names that line and gdb another one: of several rows at one "
    "address gdb prefers the last one that begins a statement, even one of an outer function."
)
TAIL_CALLS = (
    "gdb did not find frames of kind `tail-call` on the stack: it concludes from call sites that they were there."
)


def run(command: list[str], cwd: Path, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def versions() -> dict[str, str]:
    """Of the tools that the result depends on."""
    tools = {"gcc": "arm-none-eabi-gcc", "gdb": "gdb-multiarch", "qemu": "qemu-system-arm"}
    return {name: run([tool, "--version"], HERE).splitlines()[0] for name, tool in tools.items()}


def build(options: dict[str, str], root: Path = HERE / "build") -> Path:
    """The folder below `root` with `firmware.elf` of that variant."""
    folder = root / "-".join(f"{name}{value}" for name, value in sorted(options.items()))
    arguments = [f"{name}={value}" for name, value in options.items()]
    run(["make", "-s", f"BUILD={folder}", f"PYTHON={sys.executable}", *arguments], HERE)
    return folder


def crash(folder: Path, scenario: str, serial: str = "null") -> None:
    """Runs the firmware in `folder`; leaves `coredump.bin`, or what the serial port said, there."""
    (folder / "coredump.bin").unlink(missing_ok=True)
    (folder / "serial.log").unlink(missing_ok=True)
    run(QEMU.format(scenario=scenario, serial=serial).split(), folder)


def ask_gdb(elf: Path, core: Path) -> dict[str, Any]:
    """What gdb's Python API says about every thread of the dump.

    gdb waits long for the stub's answers, since on a busy machine it would otherwise ask twice and misread the rest.
    """
    answer = elf.parent / "gdb-answer.json"
    target = f"target remote | {sys.executable} {HERE / 'remote.py'} {elf} {core}"
    settings = ["-iex", "set debuginfod enabled off", "-iex", f"set remotetimeout {TIMEOUT_S}"]
    command = ["gdb-multiarch", "-nx", "-batch", *settings, elf.name]
    answer.unlink(missing_ok=True)
    run([*command, "-ex", target, "-x", str(HERE / "gdb_answer.py")], elf.parent, GDB_ANSWER=str(answer))
    said = json.loads(answer.read_text())
    with elf.open("rb") as image:
        expected = [(thread.name, thread.registers["pc"]) for thread in Dump(image, core.read_bytes()).threads]
    if [(thread["name"], int(thread["registers"]["pc"], 16)) for thread in said["threads"]] != expected:
        raise SystemExit(f"gdb saw other threads than there are: {core}")
    return said


def second_opinion(elf: Path, threads: list[dict[str, Any]]) -> bool:
    """Adds addr2line's line to the frames where it is not gdb's; true when there is one.

    Where several rows of the line table share an address, gdb takes the last one that begins a statement, even if
    that belongs to a function further out; binutils takes the row that covers the instruction.
    """
    differs = False
    for thread in threads:
        group: list[dict[str, Any]] = []
        for depth, frame in enumerate(thread["frames"]):
            group.append(frame)
            if frame["inlined"]:
                continue
            innermost = depth + 1 == len(group)
            address = hex(int(frame["pc"], 16) - (0 if innermost else 1))
            said = run(["arm-none-eabi-addr2line", "-fie", elf.name, address], elf.parent).split("\n")
            for member, function, place in zip(group, said[0::2], said[1::2], strict=False):
                line = place.rpartition(":")[2].split(" ")[0]
                if function == member["function"] and line.isdigit() and int(line) != member["line"]:
                    member["addr2line"] = int(line)
                    differs = True
            group = []
    return differs


def layout(value: Json, indent: int = 0) -> str:
    """JSON in which whatever fits on a line stands on one."""
    line = json.dumps(value)
    if len(line) + indent <= LINE or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {layout(item, indent + 1)}" for name, item in value.items()]
        return "{" + f",\n{inner}".join(items) + "}"
    return "[" + f",\n{inner}".join(layout(item, indent + 1) for item in value) + "]"


def record(case: Case) -> None:
    built = build(case.options)
    crash(built, case.scenario)
    folder = GOLDEN / case.name
    folder.mkdir(parents=True, exist_ok=True)
    elf, core = folder / "firmware.elf", folder / "dump.core"
    elf.write_bytes((built / "firmware.elf").read_bytes())
    core.write_bytes((built / "coredump.bin").read_bytes())
    answer = ask_gdb(built / "firmware.elf", built / "coredump.bin")
    notes = [case.note, NOTES.get(case.scenario, "")]
    if any(frame["kind"] == "tail-call" for thread in answer["threads"] for frame in thread["frames"]):
        notes.append(TAIL_CALLS)
    if second_opinion(built / "firmware.elf", answer["threads"]):
        notes.append(DISAGREEMENT)
    document: dict[str, Any] = {
        "case": case.name,
        "scenario": SCENARIOS[case.scenario],
        "notes": [note for note in notes if note],
        "options": case.options,
        "versions": versions(),
        "threads": answer["threads"],
    }
    (folder / "gdb.json").write_text(layout(document) + "\n")


def record_containers() -> None:
    """One dump in the forms in which devices keep it: raw, log text, flash partition."""
    scenario = "null-deref"
    built = build({"OPT": "g", "BACKEND": "log", "COMPRESS": "zlib"})
    crash(built, scenario, serial="file:serial.log")
    log = (built / "serial.log").read_bytes()
    lines = [line.split("#CD:")[1] for line in log.decode().splitlines() if "#CD:" in line]
    core = bytes.fromhex("".join(line for line in lines if not line.endswith("#")))

    # Zephyr's subsys/debug/coredump/coredump_backend_flash_partition.c: `CD`, version, size, flags, sum, error.
    header = struct.pack("<2sHIHHi", b"CD", 1, len(core), 0, sum(core) % 65536, 0)
    partition = header + core
    folder = CONTAINERS / scenario
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "firmware.elf").write_bytes((built / "firmware.elf").read_bytes())
    (folder / "dump.core").write_bytes(core)
    (folder / "serial.log").write_bytes(log)
    (folder / "partition.bin").write_bytes(partition.ljust(16384, b"\xff"))


def main(names: list[str]) -> None:
    unknown = set(names) - {case.name for case in CASES} - {"containers"}
    if unknown:
        raise SystemExit(f"no such case: {', '.join(sorted(unknown))}")
    for case in CASES:
        if not names or case.name in names:
            record(case)
            print(case.name)
    if not names or "containers" in names:
        record_containers()
        print("containers")


if __name__ == "__main__":
    main(sys.argv[1:])
