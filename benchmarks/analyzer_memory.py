"""Analyzer: how much memory a worker and its analysing process hold, whatever they have been asked. Linux only.

The process is asked for every golden dump, then for dumps of which each word that was an address of code is another
one: those lead to everywhere in the firmware, so that whatever is remembered about it is remembered. In the end only
the largest firmwares are asked about, as many as are kept open. Folders with dump.core and an ELF file may be added.

    python -m benchmarks.analyzer_memory [--dumps N] [FOLDER ...]
"""

import argparse
import asyncio
import hashlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from analyzer.child import OPEN_INDEXES
from analyzer.requests import AnalyseDump
from analyzer.sandbox import MOST_RESIDENT, Sandbox
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from benchmarks.bench import ROOT
from runtime.settings import Settings

GOLDEN = ROOT / "tests" / "golden"
GOAL = 150
"""MB of a worker and its analysing process together."""
_HEADER = 12
"""Bytes of a dump's header."""


@dataclass(frozen=True)
class Case:
    """A dump and the index of its firmware."""

    dump: bytes
    index: Path
    places: list[int]
    """Where the dump holds addresses of code."""
    code: list[tuple[int, int]]
    size: int
    """Bytes of an address."""

    def led_astray(self, generator: random.Random) -> bytes:
        """The dump with another address of code in place of each."""
        changed = bytearray(self.dump)
        for place in self.places:
            start, end = generator.choice(self.code)
            changed[place : place + self.size] = generator.randrange(start, end).to_bytes(self.size, "little")
        return bytes(changed)


class Worker:
    """An analysing process and what it holds at most."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(_env_file=None)
        self._sandbox = Sandbox(seconds=settings.analysis_seconds, memory=settings.analysis_memory)
        self._dump = folder / "dump"
        self.peak = 0.0
        self.processes: set[int] = set()

    async def ask(self, what: str, dumps: Iterable[tuple[bytes, Path]]) -> None:
        """Have dumps analysed, and print what that has come to."""
        count = 0
        for content, index in dumps:
            self._dump.write_bytes(content)
            await self._sandbox.ask(AnalyseDump(str(self._dump), str(index)))
            count += 1
            for process in psutil.Process().children():
                self.processes.add(process.pid)
                self.peak = max(self.peak, process.memory_info().rss / 1e6)
        print(f"{count:6} {what:<52} {self.peak:6.1f} MB at most, {len(self.processes)} processes so far", flush=True)

    async def close(self) -> None:
        """End the process."""
        await self._sandbox.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumps", type=int, default=100, help="of each of the largest firmwares (default: 100)")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    folders = [path.parent for path in sorted(GOLDEN.glob("*/*/dump.core"))] + arguments.folders
    with tempfile.TemporaryDirectory(prefix="faultcast-bench-") as folder:
        cases = [_case(path, Path(folder)) for path in folders]
        peak = asyncio.run(_measure(cases, Path(folder), arguments.dumps))
    worker = _idle_worker()
    print(f"analysing process {peak:.0f} MB at most (it is replaced from {MOST_RESIDENT / 1e6:.0f} MB on)")
    print(f"worker's memory: {peak + worker:.0f} MB at most, {worker:.0f} MB of it the worker itself; goal {GOAL} MB")


async def _measure(cases: list[Case], folder: Path, dumps: int) -> float:
    generator = random.Random(1)
    worker = Worker(folder)
    firmwares = {case.index: case for case in cases}
    largest = sorted(firmwares.values(), key=lambda case: case.index.stat().st_size)[-OPEN_INDEXES:]
    await worker.ask(f"dumps of {len(firmwares)} firmwares", ((case.dump, case.index) for case in cases))
    astray = ((case.led_astray(generator), case.index) for case in cases)
    await worker.ask(f"led astray, of {len(firmwares)} firmwares", astray)
    astray = ((case.led_astray(generator), case.index) for _ in range(dumps) for case in largest)
    await worker.ask(f"led astray, of the {len(largest)} largest firmwares", astray)
    await worker.close()
    return worker.peak


def _case(path: Path, folder: Path) -> Case:
    elf, dump = next(path.glob("*.elf")).read_bytes(), (path / "dump.core").read_bytes()
    index = folder / hashlib.sha256(elf).hexdigest()
    if not index.exists():
        index.write_bytes(build_index(elf))
    symbols = SymbolIndex.open(index)
    code = [(start, end) for start, end in symbols.read_only_ranges() if symbols.is_code(start)]
    return Case(dump, index, list(_addresses(dump, symbols.pointer_size, code)), code, symbols.pointer_size)


def _addresses(dump: bytes, size: int, code: list[tuple[int, int]]) -> Iterator[int]:
    place = _HEADER
    while place + size <= len(dump):
        value = int.from_bytes(dump[place : place + size], "little")
        is_code = value > 0xFF and any(start <= value < end for start, end in code)
        if is_code:
            yield place
        place += size if is_code else 1


def _idle_worker() -> float:
    """MB of a worker that waits for work."""
    program = "import analyzer.worker, psutil; print(psutil.Process().memory_info().rss)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1e6


if __name__ == "__main__":
    main()
