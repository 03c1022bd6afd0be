"""What firmware made to cost too much comes to, each in its own process: `python -m tests.fuzz.bomb_table` (Linux)."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from contract.errors import FaultcastError
from tests.fuzz.bombs import BOMBS
from tests.fuzz.targets import asked


def main() -> None:
    print(f"{'':<40} {'bytes':>8} {'ends in':<14} {'CPU time':>8} {'memory at most':>16}")
    with tempfile.TemporaryDirectory(prefix="faultcast-bombs-") as folder:
        path = Path(folder) / "bomb"
        for name, make in BOMBS.items():
            path.write_bytes(make())
            command = [sys.executable, "-m", "tests.fuzz.bomb_table", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            print(f"{name.replace('_', ' '):<40} {path.stat().st_size:>8} {done.stdout}", end="", flush=True)


def _of(path: Path) -> None:
    """Build the index of one file, and ask it, where there is one, what an analysis asks."""
    started = time.process_time()
    try:
        asked(SymbolIndex.from_bytes(build_index(path)))
        end = "an index"
    except FaultcastError as error:
        end = f"`{error.code}`"
    seconds = time.process_time() - started
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(f"{end:<14} {seconds:6.2f} s {int(status['VmHWM'].split()[0]) / 1024:12.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _of(Path(sys.argv[1]))
    else:
        main()
