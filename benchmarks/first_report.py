"""Analyzer: how long the first report of a new firmware takes, and what the index in it costs. Linux only.

An index is built in a process of its own, as workers do it, with its limits. The peer is one bare walk of pyelftools
over the debugging information entries, which decodes them and does nothing else.

    python -m benchmarks.first_report [FOLDER ...]      folders with dump.core and an ELF file; a large one tells more
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
from elftools.elf.elffile import ELFFile

from analyzer.requests import (
    Analysed,
    AnalyseDump,
    Indexed,
    IndexFirmware,
    Progressed,
    Reply,
    Request,
    pack,
    unpack_reply,
)
from analyzer.symbols.index import SymbolIndex
from benchmarks.bench import ROOT
from runtime.settings import Settings

GOLDEN = ROOT / "tests" / "golden"
ROUNDS = 3
OPENINGS = 200


@dataclass(frozen=True)
class First:
    """A first report: seconds of CPU and on the wall for the index and for all of it, MB of memory at most."""

    index_cpu: float
    index_wall: float
    whole_cpu: float
    whole_wall: float
    peak: float


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:]] or [_largest()]
    with tempfile.TemporaryDirectory(prefix="faultcast-bench-") as folder:
        for path in folders:
            _measure(path, Path(folder) / "index")


def _largest() -> Path:
    return max(GOLDEN.glob("*/*/*.elf"), key=lambda elf: (elf.stat().st_size, elf)).parent


def _measure(case: Path, index: Path) -> None:
    elf, dump = next(case.glob("*.elf")), case / "dump.core"
    size = elf.stat().st_size
    firsts = [_first(elf, dump, index) for _ in range(ROUNDS)]
    cpu = _median(one.index_cpu for one in firsts)
    entries, walk = _bare_walk(elf)
    print(f"{elf}: {size / 1e6:.2f} MB, {entries} debugging information entries")
    print(
        f"  index: {cpu:.2f} s of CPU time, {_median(one.index_wall for one in firsts):.2f} s on the wall "
        f"(medians of {ROUNDS}), {max(one.peak for one in firsts):.0f} MB of memory at most"
    )
    opened = 1000 * _opening(index)
    written = index.stat().st_size
    print(f"  file: {written} bytes, {100 * written / size:.1f} % of the ELF file; opened in {opened:.2f} ms")
    print(
        f"  first report, by a worker's process: {_median(one.whole_cpu for one in firsts):.2f} s of CPU time, "
        f"{_median(one.whole_wall for one in firsts):.2f} s on the wall, with its start"
    )
    commands = [_command(elf, dump) for _ in range(ROUNDS)]
    print(
        f"  first report, faultcast analyze: {_median(cpu for cpu, _ in commands):.2f} s of CPU time, "
        f"{_median(wall for _, wall in commands):.2f} s on the wall"
    )
    print(f"  pyelftools, one bare walk: {walk:.2f} s of CPU time")
    print(f"ratio {walk / cpu:.1f}")


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _first(elf: Path, dump: Path, index: Path) -> First:
    """By a process as every worker has one, started for it."""
    memory = str(Settings(_env_file=None).analysis_memory)
    began = time.perf_counter()
    command = [sys.executable, "-m", "analyzer.child", "--memory", memory]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        child = psutil.Process(process.pid)
        _reply(process)
        started, cpu = time.perf_counter(), _cpu(child)
        if not isinstance(_ask(process, IndexFirmware(str(elf), str(index))), Indexed):
            raise TypeError(f"{elf} cannot be indexed")
        index_wall, index_cpu, peak = time.perf_counter() - started, _cpu(child) - cpu, _peak(process.pid)
        if not isinstance(_ask(process, AnalyseDump(str(dump), str(index))), Analysed):
            raise TypeError(f"{dump} cannot be analysed")
        return First(index_cpu, index_wall, _cpu(child), time.perf_counter() - began, peak)


def _ask(process: subprocess.Popen[bytes], request: Request) -> Reply:
    if process.stdin is None:
        raise RuntimeError("the process has no input")
    process.stdin.write(pack(request))
    process.stdin.flush()
    while isinstance(reply := _reply(process), Progressed):
        pass
    return reply


def _reply(process: subprocess.Popen[bytes]) -> Reply:
    if process.stdout is None:
        raise RuntimeError("the process has no output")
    length = int.from_bytes(process.stdout.read(4), "little")
    return unpack_reply(process.stdout.read(length))


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _peak(process: int) -> float:
    """MB of memory that a process has held at most."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024 / 1e6


def _command(elf: Path, dump: Path) -> tuple[float, float]:
    """Seconds of CPU time and on the wall of the command that needs no services."""
    command = [sys.executable, "-m", "faultcast", "analyze", str(dump), "--elf", str(elf), "--json"]
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, wall


def _opening(index: Path) -> float:
    times: list[float] = []
    for _ in range(OPENINGS):
        began = time.perf_counter()
        SymbolIndex.open(index)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _bare_walk(elf: Path) -> tuple[int, float]:
    """Entries, and the seconds of CPU time that pyelftools takes to read them all."""
    began = time.process_time()
    with elf.open("rb") as file:
        units = ELFFile(file).get_dwarf_info().iter_CUs()
        count = sum(not entry.is_null() for unit in units for entry in unit.iter_DIEs())
    return count, time.process_time() - began


if __name__ == "__main__":
    main()
