"""gdb as people use it on a core dump: started for each dump, kept warm, and on Zephyr's own server for core dumps.

All answer the same question, every thread's backtrace with all local variables, from the same memory and registers.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Self

import psutil

QUESTION = "thread apply all backtrace full"
QUIET = ["-nx", "-q", "-iex", "set debuginfod enabled off", "-iex", "set pagination off", "-iex", "set width 0"]
GDB = "gdb-multiarch"


def gdb_started(elf: Path, core: Path) -> str:
    """A gdb of its own for one ELF core."""
    done = subprocess.run(
        [GDB, *QUIET, "-batch", str(elf), "-ex", f"core-file {core}", "-ex", QUESTION],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


class WarmGdb:
    """One gdb over its machine interface: symbols stay loaded, each dump is one `core-file` and one question."""

    def __init__(self, elf: Path) -> None:
        self._process = subprocess.Popen(
            [GDB, *QUIET, "--interpreter=mi3", str(elf)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer()
        self.ask("-gdb-set confirm off")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()

    def answer(self, core: Path) -> str:
        """What gdb says about one ELF core."""
        self.ask(f'-interpreter-exec console "core-file {core}"')
        return self.ask(f'-interpreter-exec console "{QUESTION}"')

    def cpu_seconds(self) -> float:
        """CPU time that it has used so far."""
        used = psutil.Process(self._process.pid).cpu_times()
        return used.user + used.system

    def ask(self, command: str) -> str:
        """One command and everything up to its result."""
        to = self._pipe(self._process.stdin)
        to.write(command + "\n")
        to.flush()
        return self._answer(until="^")

    def _answer(self, until: str = "(gdb)") -> str:
        said: list[str] = []
        result = until == "(gdb)"
        for line in self._pipe(self._process.stdout):
            said.append(line)
            if line.startswith("^error"):
                raise RuntimeError(line)
            result |= line.startswith("^")
            if result and line.startswith("(gdb)"):
                return "".join(said)
        raise RuntimeError("gdb ended: " + "".join(said)[-500:])

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise RuntimeError("gdb has no pipe")
        return pipe


def zephyr_tree() -> Path | None:
    """A Zephyr tree that the user has named in ZEPHYR_BASE, for its server for core dumps."""
    base = os.environ.get("ZEPHYR_BASE")
    script = Path(base) / "scripts" / "coredump" / "coredump_gdbserver.py" if base else None
    return script if script is not None and script.exists() else None


def zephyr_server(script: Path, elf: Path, dump: Path) -> str:
    """Zephyr's own flow: its server on the dump, and a gdb that connects to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(script), str(elf), str(dump), "--port", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(port, server)
            done = subprocess.run(
                [GDB, *QUIET, "-batch", str(elf), "-ex", f"target remote localhost:{port}", "-ex", QUESTION],
                capture_output=True, text=True, timeout=120, check=True,
            )  # fmt: skip
            return done.stdout
        finally:
            server.kill()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the server listens. It serves one connection, so that trying to connect would use it up."""
    listening = f":{port:04X} "
    for _ in range(200):
        tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
        if any(listening in table.read_text() for table in tables if table.exists()):
            return
        if server.poll() is not None:
            raise RuntimeError("Zephyr's server ended")
        time.sleep(0.05)
    raise RuntimeError("Zephyr's server does not listen")
