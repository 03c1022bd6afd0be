"""Analyzer: dumps per second on one core with a warm index, beside gdb in three ways. The same dumps for all.

Ours makes the whole report: every thread, every frame, all locals, the fault explained, kernel objects, the JSON. gdb
prints the backtraces of all threads with their locals, from an ELF core of the same dump. Zephyr's own server takes
part where ZEPHYR_BASE names a tree that has it and can read the dumps. The last line is the ratio to gdb started for
each dump. Rates are per second of CPU time, so that they are those of one core and a busy machine changes little.

    python -m benchmarks.analyzer [FOLDER ...]      folders with dump.core and firmware.elf or zephyr.elf
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from analyzer.analyze import Analysis, analyze
from analyzer.dump import parse
from analyzer.export.elf_core import elf_core, elf_flags
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from benchmarks.bench import ROOT, Series, report
from benchmarks.gdb_peers import WarmGdb, gdb_started, zephyr_server, zephyr_tree

GOLDEN = ROOT / "tests" / "golden"
LARGE = "*-64k"
"""Cases with 64 KiB of memory and 10 threads, all of one firmware."""
ROUNDS = 9
REPEATS = 150
"""Of each dump in one round of ours, so that its turns are about as long as those of gdb."""


@dataclass(frozen=True)
class Case:
    """A dump and its firmware, as files and warm."""

    elf: Path
    dump: Path
    core: Path
    symbols: SymbolIndex
    content: bytes


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="faultcast-bench-") as folder:
        chosen = [Path(argument) for argument in sys.argv[1:] if Path(argument).is_dir()]
        cases = [_prepare(path, Path(folder)) for path in chosen or sorted(GOLDEN.glob(f"*/{LARGE}"))]
        size, threads = len(cases[0].content), len(analyze(cases[0].content, cases[0].symbols).threads)
        print(f"{len(cases)} dumps of {size} bytes with {threads} threads, {ROUNDS} rounds")
        ours: list[float] = []
        started: list[float] = []
        warm: list[float] = []
        times: list[float] = []
        with WarmGdb(cases[0].elf) as gdb:
            for case in cases:
                gdb.answer(case.core)
                msgspec.json.encode(analyze(case.content, case.symbols))
            # In turns, for a machine that others share is not equally fast all the time.
            for _ in range(ROUNDS):
                ours.append(_ours(cases, times))
                started.append(_rate(3 * cases, lambda case: gdb_started(case.elf, case.core), _of_children))
                # CPU time of a living process comes in hundredths of a second.
                warm.append(_rate(10 * cases, lambda case: gdb.answer(case.core), gdb.cpu_seconds))
        ordered = [1000 * seconds for seconds in sorted(times)]
        median, p99 = statistics.median(ordered), ordered[len(ordered) * 99 // 100]
        print(f"one dump: median {median:.2f} ms, p99 {p99:.2f} ms")
        print(f"worker's memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")
        mine = Series("analyzer, warm index", ours)
        script = zephyr_tree()
        if script is None:
            print("Zephyr's server is left out: ZEPHYR_BASE names no tree with scripts/coredump")
        else:
            _beside_zephyr(script, cases, mine)
        report("beside gdb kept warm", "dumps", mine, Series("gdb over MI, kept warm", warm))
        report("beside gdb", "dumps", mine, Series("gdb, started for each dump", started))


def _beside_zephyr(script: Path, cases: list[Case], mine: Series) -> None:
    try:
        flow = [_rate(cases, lambda case: zephyr_server(script, case.elf, case.dump), _of_children)]
    except (RuntimeError, subprocess.SubprocessError) as error:
        print(f"Zephyr's server of that tree cannot serve these dumps: {error}")
    else:
        report("beside Zephyr's own server", "dumps", mine, Series("Zephyr's server and gdb", flow))


def _prepare(case: Path, folder: Path) -> Case:
    elf, dump = next(case.glob("*.elf")), case / "dump.core"
    symbols = SymbolIndex.from_bytes(build_index(elf))
    content = dump.read_bytes()
    core = folder / f"{case.name}.core"
    core.write_bytes(elf_core(Analysis(parse(content), symbols), flags=elf_flags(elf.read_bytes())).content)
    return Case(elf, dump, core, symbols, content)


def _ours(cases: list[Case], times: list[float]) -> float:
    """Dumps per second of CPU time in one round; the seconds of each dump are added to `times`."""
    began = time.process_time()
    for _ in range(REPEATS):
        for case in cases:
            one = time.perf_counter()
            msgspec.json.encode(analyze(case.content, case.symbols))
            times.append(time.perf_counter() - one)
    return REPEATS * len(cases) / (time.process_time() - began)


def _of_children() -> float:
    """CPU time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rate(cases: list[Case], ask: Callable[[Case], str], cpu: Callable[[], float]) -> float:
    """Dumps per second of CPU time in one round."""
    began = cpu()
    for case in cases:
        answer = ask(case)
        if "#0" not in answer:
            raise RuntimeError(f"gdb had no answer for {case.dump}: {answer[-500:]}")
    return len(cases) / (cpu() - began)


if __name__ == "__main__":
    main()
