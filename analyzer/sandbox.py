"""The parent's side of the analysing process: asks, waits, and kills what goes over a limit."""

import asyncio
import mmap
import sys
from contextlib import suppress
from pathlib import Path

from analyzer.requests import Failed, Progressed, Reply, Request, pack, unpack_reply
from analyzer.symbols.progress import Progress, unheard
from contract.errors import InputError, LimitExceeded, NotADump
from runtime.metrics import ANALYSES_KILLED

START_SECONDS = 60.0
MOST_RESIDENT = 76 << 20
"""Bytes of memory that the process may hold between two requests.

What it remembers of each firmware has a bound by number, not by size; dumps that lead to everywhere in many large
firmwares would fill it in time. A new process remembers nothing and costs a fraction of a second.
"""


class AnalysisTimedOut(LimitExceeded):
    """The analysis took longer than the limit; its process was killed."""

    code = "analysis.timeout"


class AnalysisDied(LimitExceeded):
    """The analysing process ended, most likely at its memory limit."""

    code = "analysis.died"


class AnalysisFailed(InputError):
    """The input cannot be analysed; the code is that of the cause."""

    code = "analysis.failed"

    def __init__(self, code: str, reason: str) -> None:
        """Takes the code of the cause in place of its own."""
        super().__init__(reason)
        self.code = code


class Sandbox:
    """One analysing process, started when needed and again after it was killed."""

    def __init__(self, *, seconds: float, memory: int, plumbing: Path | None = None) -> None:
        """`seconds` for each request, `memory` in bytes of address space; `plumbing` is a list of plumbing to add."""
        self._plumbing = [] if plumbing is None else ["--plumbing", str(plumbing)]
        self._seconds = seconds
        self._memory = memory
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, request: Request, progress: Progress = unheard) -> Reply:
        """Send one request and wait for its reply; `progress` is told how far an index has come.

        Raises:
            NotADump: the dump is none.
            AnalysisFailed: another error of the input, under the code of its cause.
            AnalysisTimedOut: it took too long.
            AnalysisDied: the process ended.
        """
        async with self._turn:
            try:
                process = await self._running()
                async with asyncio.timeout(self._seconds):
                    await _send(process, pack(request))
                    while isinstance(reply := unpack_reply(await _read(process)), Progressed):
                        progress(reply.done, reply.total)
            except TimeoutError as error:
                await self.close()
                ANALYSES_KILLED.labels("time").inc()
                raise AnalysisTimedOut(
                    f"the analysis took longer than {self._seconds:g} s (FAULTCAST_ANALYSIS_SECONDS) and was stopped"
                ) from error
            except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError) as error:
                code = await self.close()
                ANALYSES_KILLED.labels("memory").inc()
                raise AnalysisDied(
                    f"the analysing process ended with {code}; it may use {self._memory} bytes of memory "
                    "(FAULTCAST_ANALYSIS_MEMORY)"
                ) from error
            except asyncio.CancelledError:
                await self.close()
                raise
            if _resident(process.pid) > MOST_RESIDENT:
                await self.close()
        if isinstance(reply, Failed):
            raise AnalysisFailed(reply.code, reply.reason) if reply.is_dump else NotADump(reply.reason)
        return reply

    async def close(self) -> int | None:
        """End the process; returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "analyzer.child",
                "--memory",
                str(self._memory),
                *self._plumbing,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 20,
            )
            async with asyncio.timeout(START_SECONDS):
                await _read(self._process)  # `Ready`
        return self._process


def _resident(process: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not say (it is Linux that has this file)."""
    try:
        pages = Path(f"/proc/{process}/statm").read_bytes().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * mmap.PAGESIZE


async def _send(process: asyncio.subprocess.Process, message: bytes) -> None:
    if process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(message)
    await process.stdin.drain()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise BrokenPipeError
    length = int.from_bytes(await process.stdout.readexactly(4), "little")
    return await process.stdout.readexactly(length)
