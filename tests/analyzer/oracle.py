"""The second opinion: what gdb says about every thread, frame and variable of an exported core.

    python -m tests.analyzer.oracle DUMP ELF        prints it as JSON

A core cannot say that a register is not known: where there are such, gdb is asked twice, with two different values in
them; what changes between the two answers hangs on them, and is `<unavailable>`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from analyzer.analyze import Analysis
from analyzer.dump import parse
from analyzer.export.elf_core import elf_core, elf_flags
from analyzer.export.gdb_session import gdb_arguments
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

QUESTIONS = Path(__file__).parents[2] / "examples" / "firmware" / "gdb_answer.py"
UNAVAILABLE = "<unavailable>"
_FILLERS = (0, 0xA5A5A5A4)


def ask_gdb(analysis: Analysis, elf: Path) -> list[dict[str, Any]]:
    """Every thread as in gdb.json of the golden cases."""
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
