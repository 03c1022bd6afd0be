"""Analyzer: dumps per second on one core with a warm index, beside gdb started for each dump. Same dumps for both.

Ours makes the whole report: every thread, every frame, all locals, the fault explained, the JSON. gdb prints the
backtraces of all threads with their locals (`thread apply all backtrace full`), on the stub of the example firmware.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from analyzer.analyze import analyze
from analyzer.report.model import encode_report
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from benchmarks.bench import ROOT, Series, report

GOLDEN = ROOT / "tests" / "golden" / "cortex-m"
STUB = ROOT / "examples" / "firmware" / "remote.py"
ROUNDS = 5
GDB = ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set remotetimeout 60"]
QUESTION = ["-ex", "thread apply all backtrace full"]


def main() -> None:
    cases = [case for case in sorted(GOLDEN.iterdir()) if (case / "gdb.json").exists()]
    prepared = [
        (SymbolIndex.from_bytes(build_index(case / "firmware.elf")), (case / "dump.core").read_bytes())
        for case in cases
    ]
    ours: list[float] = []
    gdb: list[float] = []
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for symbols, dump in prepared:
            one = time.perf_counter()
            encode_report(analyze(dump, symbols))
            times.append(time.perf_counter() - one)
        ours.append(len(cases) / (time.process_time() - began))
        began = time.perf_counter()
        for case in cases:
            _ask_gdb(case)
        gdb.append(len(cases) / (time.perf_counter() - began))
    ordered = [1000 * seconds for seconds in sorted(times)]
    print(f"one dump: median {statistics.median(ordered):.1f} ms, p99 {ordered[len(ordered) * 99 // 100]:.1f} ms")
    title = f"{len(cases)} dumps of about 9 KiB with 8 threads"
    report(title, "dumps", Series("analyzer, warm index", ours), Series("gdb, started for each dump", gdb))


def _ask_gdb(case: Path) -> None:
    target = f"target remote | {sys.executable} {STUB} firmware.elf dump.core"
    command = [*GDB, "firmware.elf", "-ex", target, *QUESTION]
    answer = subprocess.run(command, cwd=case, capture_output=True, text=True, timeout=120, check=True)
    if "Thread 1" not in answer.stdout:
        raise RuntimeError(f"gdb had no answer for {case.name}: {answer.stderr[-500:]}")
