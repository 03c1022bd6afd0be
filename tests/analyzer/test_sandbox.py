"""The analysing process: what hostile input can and cannot do to its parent."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from analyzer import sandbox as module
from analyzer.report.model import decode_report
from analyzer.requests import Analysed, AnalyseDump, Indexed, IndexFirmware
from analyzer.sandbox import AnalysisDied, AnalysisFailed, AnalysisTimedOut, Sandbox
from contract.errors import NotADump

CASE = Path(__file__).parent.parent / "golden" / "cortex-m" / "null-deref-Os"
MEMORY = 1 << 30


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(seconds=30, memory=MEMORY)
    yield made
    await made.close()


async def test_an_index_is_built_and_used(sandbox: Sandbox, tmp_path: Path) -> None:
    index = tmp_path / "index"
    indexed = await sandbox.ask(IndexFirmware(str(CASE / "firmware.elf"), str(index)))
    assert isinstance(indexed, Indexed)
    reply = await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), str(index)))
    assert isinstance(reply, Analysed)
    report = decode_report(reply.report)
    assert report.symbolized
    assert report.fault.kind == "null-dereference"


async def test_what_is_no_dump_is_said_and_the_process_goes_on(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, world")
    with pytest.raises(NotADump):
        await sandbox.ask(AnalyseDump(str(tmp_path / "text"), None))
    assert isinstance(await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None)), Analysed)


async def test_what_is_no_elf_keeps_its_code(sandbox: Sandbox) -> None:
    with pytest.raises(AnalysisFailed) as caught:
        await sandbox.ask(IndexFirmware(str(CASE / "dump.core"), "unused"))
    assert caught.value.code == "bad-firmware"


async def test_a_process_over_its_time_is_killed_and_replaced(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = module._send

    async def stuck(process: asyncio.subprocess.Process, message: bytes) -> None:
        process.send_signal(signal.SIGSTOP)
        await send(process, message)

    sandbox._seconds = 0.3
    monkeypatch.setattr(module, "_send", stuck)
    with pytest.raises(AnalysisTimedOut, match="FAULTCAST_ANALYSIS_SECONDS"):
        await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None))
    monkeypatch.undo()
    sandbox._seconds = 30
    assert isinstance(await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None)), Analysed)


async def test_a_killed_process_is_replaced(sandbox: Sandbox) -> None:
    await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None))
    assert sandbox._process is not None
    os.kill(sandbox._process.pid, signal.SIGKILL)
    with suppress(AnalysisDied):  # unless the loss was noticed before the next question
        await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None))
    assert isinstance(await sandbox.ask(AnalyseDump(str(CASE / "dump.core"), None)), Analysed)


async def test_a_process_that_has_grown_large_is_replaced(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    request = AnalyseDump(str(CASE / "dump.core"), None)
    await sandbox.ask(request)
    first = sandbox._process
    await sandbox.ask(request)
    assert sandbox._process is first is not None
    monkeypatch.setattr(module, "MOST_RESIDENT", 1 << 20)
    assert isinstance(await sandbox.ask(request), Analysed)
    assert sandbox._process is None
    assert first.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert isinstance(await sandbox.ask(request), Analysed)
    assert sandbox._process is not first


async def test_memory_is_limited(tmp_path: Path) -> None:
    small = Sandbox(seconds=30, memory=150 << 20)
    (tmp_path / "huge").write_bytes(b"\x7fELF" + bytes(200 << 20))
    with pytest.raises((AnalysisDied, AnalysisFailed)):
        await small.ask(IndexFirmware(str(tmp_path / "huge"), str(tmp_path / "index")))
    await small.close()


async def test_an_index_says_how_far_it_has_come(sandbox: Sandbox, tmp_path: Path) -> None:
    said: list[int] = []
    request = IndexFirmware(str(CASE / "firmware.elf"), str(tmp_path / "index"))
    assert isinstance(await sandbox.ask(request, lambda done, _total: said.append(done)), Indexed)
    assert len(said) >= 8
    assert said == sorted(said)
