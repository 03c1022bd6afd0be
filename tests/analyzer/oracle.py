"""The second opinion: what gdb says about every thread, frame and variable of an exported core.

    python -m tests.analyzer.oracle DUMP ELF        prints it as JSON

A core cannot say that a register is not known: where there are such, gdb is asked twice, with two different values in
them; what changes between the two answers hangs on them, and is `<unavailable>`.

Of registers that a call may change gdb believes that all callers have what the innermost frame has in them. For RISC-V,
where that is often wrong, the callers are taken from an answer to which these registers are not known.

Where the program counter is no code gdb for RISC-V does not look at the link register. Then it is asked again about a
machine that stands in the call that it names.
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from analyzer.analyze import Analysis
from analyzer.cpu import Context, Cpu
from analyzer.dump import parse
from analyzer.export.elf_core import elf_core, elf_flags
from analyzer.export.gdb_session import gdb_arguments
from analyzer.report.build import Subject
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

QUESTIONS = Path(__file__).parents[2] / "examples" / "firmware" / "gdb_answer.py"
UNAVAILABLE = "<unavailable>"
RISC_V = 243
_FILLERS = (0, 0xA5A5A5A4)


def ask_gdb(analysis: Analysis, elf: Path) -> list[dict[str, Any]]:
    """Every thread as in gdb.json of the golden cases."""
    cpu = analysis.cpu
    assert cpu is not None
    answer = _known(analysis, elf)
    if cpu.machine != RISC_V:
        return answer
    callers = _known(_with(analysis, [_spared(cpu, subject) for subject in analysis.subjects]), elf)
    answer = [_outwards(mine, theirs) for mine, theirs in zip(answer, callers, strict=True)]
    crashed = analysis.subjects[0]
    link = None if crashed.context is None or cpu.link is None else crashed.context.registers.get(cpu.link)
    if link is not None and len(answer[0]["frames"]) == 1 and answer[0]["frames"][0]["file"] is None:
        call = _at(cpu, _spared(cpu, crashed), cpu.code_address(link) - 1)
        answer[0] = _behind(answer[0], _known(_with(analysis, [call, *analysis.subjects[1:]]), elf)[0])
    return answer


def _with(analysis: Analysis, subjects: list[Subject]) -> Analysis:
    """The same dump with other registers."""
    changed = copy.copy(analysis)
    changed.crashed = subjects[0]
    changed.subjects = tuple(subjects)
    return changed


def _spared(cpu: Cpu, subject: Subject) -> Subject:
    """With only those registers known that a call spares, and those that lead to the caller."""
    kept = {*cpu.callee_saved, cpu.pc, cpu.sp, cpu.link}
    if subject.context is None:
        return subject
    registers = {number: value for number, value in subject.context.registers.items() if number in kept}
    return replace(subject, context=replace(subject.context, registers=registers))


def _at(cpu: Cpu, subject: Subject, pc: int) -> Subject:
    context = subject.context or Context({})
    return replace(subject, context=replace(context, registers={**context.registers, cpu.pc: pc}))


def _outwards(whole: dict[str, Any], callers: dict[str, Any]) -> dict[str, Any]:
    """The innermost frame, with what is inlined there, from the first; the others from the second."""
    frames = whole["frames"]
    own = next((depth for depth, frame in enumerate(frames, 1) if not frame["inlined"]), 0)
    return {**whole, "frames": [*frames[:own], *callers["frames"][own:]]} if frames else whole


def _behind(bad: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """The frames of a call behind the one that it led to; as a caller's, their address is the one to return to."""
    width = len(bad["frames"][0]["pc"])
    frames: list[dict[str, Any]] = []
    for frame in call["frames"]:
        first = frame["pc"] == call["frames"][0]["pc"]
        frames.append({**frame, "pc": f"{int(frame['pc'], 16) + 1:#0{width}x}"} if first else frame)
    return {**bad, "frames": [*bad["frames"], *frames], "stopped": call["stopped"]}


def _known(analysis: Analysis, elf: Path) -> list[dict[str, Any]]:
    """What gdb says that does not hang on registers which are not known."""
    addresses = [subject.kernel.address if subject.kernel is not None else 0 for subject in analysis.subjects]
    flags = elf_flags(elf.read_bytes())
    cores = [elf_core(analysis, flags=flags, filler=filler) for filler in _FILLERS]
    names = {one.number: (one.name, address) for one, address in zip(cores[0].threads, addresses, strict=True)}
    first = _ask(cores[0].content, elf, names)
    if not any(thread.unknown for thread in cores[0].threads):
        return first
    second = _ask(cores[1].content, elf, names)
    assert len(first) == len(second)
    return [_thread(one, other) for one, other in zip(first, second, strict=True)]


def analysis_of(dump: Path, elf: Path) -> Analysis:
    return Analysis(parse(dump.read_bytes()), SymbolIndex.from_bytes(build_index(elf)))


def _ask(content: bytes, elf: Path, threads: dict[int, tuple[str | None, int]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        core, answer = Path(folder, "dump.core"), Path(folder, "answer.json")
        core.write_bytes(content)
        done = subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *gdb_arguments(elf, core), "-x", QUESTIONS],
            env=os.environ | {"GDB_ANSWER": str(answer), "GDB_THREADS": json.dumps(threads)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.exists(), done.stdout + done.stderr
        return json.loads(answer.read_text())


def _thread(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Frames as far as both found the same ones."""
    frames: list[Any] = []
    for mine, theirs in zip(one["frames"], other["frames"], strict=False):
        if any(mine[key] != theirs[key] for key in ("pc", "function", "inlined")):
            break
        frames.append({key: _both(mine[key], theirs[key]) for key in mine})
    registers = {name: value if value == other["registers"][name] else None for name, value in one["registers"].items()}
    stopped = one["stopped"]
    if not len(frames) == len(one["frames"]) == len(other["frames"]):
        stopped = "the next frame hangs on registers that are not known"
    return {**one, "registers": registers, "frames": frames, "stopped": stopped}


def _both(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _both(one[key], other[key]) for key in one if key in other}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_both(mine, theirs) for mine, theirs in zip(one, other, strict=True)]
    return one if one == other else UNAVAILABLE


if __name__ == "__main__":
    dump, firmware = map(Path, sys.argv[1:])
    print(json.dumps(ask_gdb(analysis_of(dump, firmware), firmware), indent=1))
