"""Rebuild the golden cases: firmware, core dump, and what gdb says about it.

    python3 golden.py [cortex-m | cortex-m/null-deref-Os | containers ...]

Without arguments every case is made anew, else those that are named or whose architecture is. The result depends on the
toolchain's versions and on nothing else: QEMU counts instructions instead of time, and no file name, clock or path of
the host gets into image or dump.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from cases import CASES, NOTES, SCENARIOS, Case
from remote import Dump
from targets import CORTEX_M, Target

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
CONTAINERS = TESTS / "containers"

TIMEOUT_S = 120
LINE = 160

Json = str | int | bool | None | dict[str, "Json"] | list["Json"]

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


def versions(target: Target, *, rust: bool = False) -> dict[str, str]:
    """Of the tools that the result depends on."""
    tools = {"gcc": f"{target.tools}gcc", "gdb": "gdb-multiarch", "qemu": target.qemu}
    if rust:
        tools["rustc"] = "rustc"
    return {name: run([tool, "--version"], HERE).splitlines()[0] for name, tool in tools.items()}


class Build:
    """One variant of the firmware, in a folder of its own below `root`."""

    def __init__(self, target: Target, options: dict[str, str], root: Path = HERE / "build") -> None:
        self.options = target.options | options
        self.folder = root / "-".join(f"{name}{value}" for name, value in sorted(self.options.items()))
        self.elf, self.core = self.folder / "firmware.elf", self.folder / "coredump.bin"
        self.complete = self.folder / "complete.elf"
        """The same before parts of its debug information were taken out: gdb is asked about this one."""
        self.make("all")

    def make(self, goal: str, **variables: str) -> str:
        """What make prints."""
        given = {"BUILD": str(self.folder), "PYTHON": sys.executable, **self.options, **variables}
        return run(["make", "-s", "-j2", goal, *(f"{name}={value}" for name, value in given.items())], HERE)

    def crash(self, scenario: str, serial: str = "null") -> str:
        """Runs the firmware, which leaves `core`; what it says on the serial port if that is `stdio`."""
        return self.make("run", SCENARIO=scenario, SERIAL=serial)


def ask_gdb(target: Target, elf: Path, core: Path) -> list[dict[str, Any]]:
    """What gdb's Python API says about every thread of the dump.

    An architecture with a stub of its own shows gdb the dump as a stopped machine; of the others gdb reads the ELF core
    that Faultcast exports.
    """
    if target.stub is None:
        return json.loads(run([sys.executable, "-m", "tests.analyzer.oracle", str(core), str(elf)], ROOT))
    threads = _ask_gdb_through(HERE / target.stub, elf, core)
    _mark_guesses(threads, _ask_gdb_through(HERE / target.stub, elf, core, "--disturb"))
    return threads


def _mark_guesses(threads: list[dict[str, Any]], disturbed: list[dict[str, Any]]) -> None:
    """Adds `guess` to the variables of callers that gdb takes from registers which the callee may have overwritten."""
    for thread, other in zip(threads, disturbed, strict=True):
        frames = list(zip(thread["frames"], other["frames"], strict=False))
        while frames and frames.pop(0)[0]["inlined"]:
            pass
        for mine, theirs in frames:
            for one, changed in zip(mine["locals"], theirs["locals"], strict=False):
                if one["value"] != changed["value"]:
                    one["guess"] = True


def _ask_gdb_through(stub: Path, elf: Path, core: Path, *options: str) -> list[dict[str, Any]]:
    """With a long timeout: on a busy machine gdb would otherwise ask twice and misread the rest."""
    answer = elf.parent / "gdb-answer.json"
    shown = f"target remote | {sys.executable} {stub} {elf} {core} {' '.join(options)}"
    settings = ["-iex", "set debuginfod enabled off", "-iex", f"set remotetimeout {TIMEOUT_S}"]
    command = ["gdb-multiarch", "-nx", "-batch", *settings, elf.name]
    answer.unlink(missing_ok=True)
    run([*command, "-ex", shown, "-x", str(HERE / "gdb_answer.py")], elf.parent, GDB_ANSWER=str(answer))
    said: list[dict[str, Any]] = json.loads(answer.read_text())
    with elf.open("rb") as image:
        expected = [(thread.name, thread.registers["pc"]) for thread in Dump(image, core.read_bytes()).threads]
    if [(thread["name"], int(thread["registers"]["pc"], 16)) for thread in said] != expected:
        raise SystemExit(f"gdb saw other threads than there are: {core}")
    return said


def second_opinion(target: Target, elf: Path, threads: list[dict[str, Any]]) -> bool:
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
            said = run([f"{target.tools}addr2line", "-fie", elf.name, address], elf.parent).split("\n")
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
    built = Build(case.target, case.options)
    built.crash(case.scenario)
    folder = GOLDEN / case.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "firmware.elf").write_bytes(built.elf.read_bytes())
    (folder / "dump.core").write_bytes(built.core.read_bytes())
    threads = ask_gdb(case.target, built.complete, built.core)
    notes = [case.note, NOTES.get(case.scenario, "")]
    if any(frame["kind"] == "tail-call" for thread in threads for frame in thread["frames"]):
        notes.append(TAIL_CALLS)
    if second_opinion(case.target, built.complete, threads):
        notes.append(DISAGREEMENT)
    document: dict[str, Any] = {
        "case": case.name,
        "scenario": SCENARIOS[case.scenario],
        "notes": [note for note in notes if note],
        "options": case.options,
        "versions": versions(case.target, rust="RUST" in case.options),
        "threads": threads,
    }
    (folder / "gdb.json").write_text(layout(document) + "\n")


def record_containers() -> None:
    """One dump in the forms in which devices keep it: raw, log text, flash partition."""
    scenario = "null-deref"
    built = Build(CORTEX_M, {"OPT": "g", "BACKEND": "log", "COMPRESS": "zlib"})
    built.crash(scenario, serial="file:serial.log")
    log = (built.folder / "serial.log").read_bytes()
    lines = [line.split("#CD:")[1] for line in log.decode().splitlines() if "#CD:" in line]
    core = bytes.fromhex("".join(line for line in lines if not line.endswith("#")))

    # Zephyr's subsys/debug/coredump/coredump_backend_flash_partition.c: `CD`, version, size, flags, sum, error.
    header = struct.pack("<2sHIHHi", b"CD", 1, len(core), 0, sum(core) % 65536, 0)
    partition = header + core
    folder = CONTAINERS / scenario
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "firmware.elf").write_bytes(built.elf.read_bytes())
    (folder / "dump.core").write_bytes(core)
    (folder / "serial.log").write_bytes(log)
    (folder / "partition.bin").write_bytes(partition.ljust(16384, b"\xff"))


def main(names: list[str]) -> None:
    known = {name for case in CASES for name in (case.name, case.target.name)} | {"containers"}
    if unknown := set(names) - known:
        raise SystemExit(f"no such case: {', '.join(sorted(unknown))}")
    for case in CASES:
        if not names or {case.name, case.target.name} & set(names):
            if "RUST" in case.options and shutil.which("rustc") is None:
                print(f"{case.name}: left as it is, for there is no rustc here")
                continue
            record(case)
            print(case.name)
    if not names or "containers" in names:
        record_containers()
        print("containers")


if __name__ == "__main__":
    main(sys.argv[1:])
