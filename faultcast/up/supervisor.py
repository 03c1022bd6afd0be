"""Keeping a handful of processes up, and taking them down in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence

from contract.errors import ServiceError
from faultcast.up.services import Program

START_SECONDS = 20.0
STOP_SECONDS = 15.0
STEADY_SECONDS = 30.0
"""A process that ran this long is restarted at once when it dies; one that dies sooner waits longer and longer."""
LONGEST_PAUSE = 10.0

Say = Callable[[str, str], None]
"""Told the name of a process and what happened to it."""


class StartFailed(ServiceError):
    """A process did not come up."""

    code = "start-failed"


class Supervisor:
    """Runs programs in the order given, restarts what dies, and stops them in the opposite order."""

    def __init__(self, say: Say) -> None:
        """Starts nothing."""
        self._say = say
        self._running: list[tuple[Program, asyncio.Task[None]]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, programs: Sequence[Program]) -> None:
        """Start programs together; returns when all that listen are listening.

        Raises:
            StartFailed: one ended or did not listen in time; the others are left running until `stop`.
        """
        for program in programs:
            if program.port and await _listening(program.port):
                raise StartFailed(f"port {program.port} for {program.name} is taken: choose another one (see --help)")
            process = await self._launch(program)
            self._running.append((program, asyncio.create_task(self._keep(program, process))))
        for program in programs:
            await self._wait_listening(program)

    async def stop(self) -> None:
        """Stop everything, last started first; each gets time to drain before it is killed."""
        while self._running:
            program, task = self._running.pop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            process = self._processes.pop(program.name, None)
            if process is None or process.returncode is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
                self._say(program.name, "stopped")
            except TimeoutError:
                process.kill()
                await process.wait()
                self._say(program.name, f"killed: it did not stop within {STOP_SECONDS:.0f} seconds")

    def pid(self, name: str) -> int | None:
        """Process id of a running program."""
        process = self._processes.get(name)
        return process.pid if process is not None else None

    async def _launch(self, program: Program) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *program.arguments,
            env=os.environ | program.environment,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on, in order
        )
        self._processes[program.name] = process
        return process

    async def _keep(self, program: Program, process: asyncio.subprocess.Process) -> None:
        pause = 0.2
        while True:
            began = time.monotonic()
            code = await process.wait()
            if time.monotonic() - began > STEADY_SECONDS:
                pause = 0.2
            self._say(program.name, f"ended with {code}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            process = await self._launch(program)

    async def _wait_listening(self, program: Program) -> None:
        if program.port == 0:
            return
        deadline = time.monotonic() + START_SECONDS
        while not await _listening(program.port):
            process = self._processes[program.name]
            if process.returncode is not None or time.monotonic() > deadline:
                raise StartFailed(f"{program.name} does not come up on port {program.port}; its messages are above")
            await asyncio.sleep(0.02)


async def _listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
