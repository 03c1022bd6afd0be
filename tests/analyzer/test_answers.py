"""Questions through the pipe, and what comes back."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from analyzer.fit import Fit
from analyzer.inspection import Node, Page, Register
from analyzer.memory_view import MemoryRun
from analyzer.questions import (
    AssessFit,
    CastValue,
    Disassemble,
    FrameAt,
    GlobalAt,
    ListGlobals,
    ListRegisters,
    ListTypes,
    OpenValue,
    Question,
    ReadMemory,
    ShowValue,
    WriteCore,
)
from analyzer.report.model import Instruction
from analyzer.requests import AnalyseDump, Answered, IndexFirmware, InspectDump
from analyzer.sandbox import AnalysisFailed, Sandbox

GOLDEN = Path(__file__).parent.parent / "golden" / "cortex-m"
CASE, OTHER = GOLDEN / "null-deref-Os", GOLDEN / "null-deref-O0"


class Asker:
    """Asks about the dump of CASE, with the firmware of a case."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder

    async def ask(self, question: Question, firmware: Path | None = CASE) -> bytes:
        index = None if firmware is None else self._folder / f"{firmware.parent.name}-{firmware.name}"
        if index is not None and firmware is not None and not index.exists():
            await self._sandbox.ask(IndexFirmware(str(firmware / "firmware.elf"), str(index)))
        dump = AnalyseDump(str(CASE / "dump.core"), None if index is None else str(index))
        reply = await self._sandbox.ask(InspectDump(dump, question))
        assert isinstance(reply, Answered)
        return reply.answer


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    sandbox = Sandbox(seconds=30, memory=1 << 30)
    yield Asker(sandbox, tmp_path)
    await sandbox.close()


async def test_every_question_has_its_answer(asker: Asker, tmp_path: Path) -> None:
    innermost = FrameAt(thread=0, frame=0)
    opened = msgspec.json.decode(await asker.ask(OpenValue(innermost)), type=list[Node])
    assert [node.name for node in opened] == ["calibration", "raw"]
    first = msgspec.json.decode(await asker.ask(ShowValue(innermost, [0])), type=Node)
    assert (first.name, first.text) == ("calibration", "0x0")
    page = msgspec.json.decode(await asker.ask(ListGlobals("sensor", limit=5)), type=Page)
    assert page.total >= len(page.rows) > 0
    shown = msgspec.json.decode(await asker.ask(ShowValue(GlobalAt(number=page.rows[0].number))), type=Node)
    assert shown.name == page.rows[0].name
    registers = msgspec.json.decode(await asker.ask(ListRegisters(innermost)), type=list[Register])
    pc = next(register for register in registers if register.name == "pc")
    assert pc.value is not None
    cast = msgspec.json.decode(await asker.ask(CastValue(pc.value, "pointer")), type=Node)
    assert "sensor_sample_channel" in cast.text
    names = msgspec.json.decode(await asker.ask(ListTypes("THREAD", 3)), type=list[str])
    assert 0 < len(names) <= 3
    assert all("thread" in name for name in names)
    memory = msgspec.json.decode(await asker.ask(ReadMemory(pc.value, 16)), type=list[MemoryRun])
    assert sum(run.size for run in memory) == 16
    assert memory[0].symbol == "sensor_sample_channel"
    code = msgspec.json.decode(await asker.ask(Disassemble(innermost)), type=list[Instruction])
    assert [int(one.address, 16) for one in code if one.failed] == [pc.value]
    size = msgspec.json.decode(await asker.ask(WriteCore(str(tmp_path / "core"))), type=int)
    assert (tmp_path / "core").read_bytes()[:4] == b"\x7fELF"
    assert (tmp_path / "core").stat().st_size == size


async def test_what_is_not_there_keeps_its_code_and_the_next_question_is_answered(asker: Asker) -> None:
    with pytest.raises(AnalysisFailed, match="no thread number 99") as caught:
        await asker.ask(OpenValue(FrameAt(thread=99, frame=0)))
    assert caught.value.code == "not-found"
    assert await asker.ask(ListTypes("thread"))


async def test_a_person_can_see_how_well_a_firmware_fits(asker: Asker) -> None:
    own = msgspec.json.decode(await asker.ask(AssessFit()), type=Fit)
    assert own.matches
    assert own.pc_in_text
    assert own.function == "sensor_sample_channel"
    assert not own.differs
    assert (own.callers, own.callers_in_text, own.unwound, own.kernel) == (3, 3, True, True)
    assert own.threads == own.threads_fitting > 0
    assert own.against == []
    other = msgspec.json.decode(await asker.ask(AssessFit(), OTHER), type=Fit)
    assert other.matches is False
    assert other.threads_fitting < other.threads
    assert other.against
    none = msgspec.json.decode(await asker.ask(AssessFit(), None), type=Fit)
    assert none.matches is None
    assert none.pc_in_text is None
    assert none.pc == own.pc
    foreign = msgspec.json.decode(await asker.ask(AssessFit(), GOLDEN.parent / "riscv32" / "null-deref-Os"), type=Fit)
    assert foreign.matches is False
    assert foreign.pc_in_text is False
    assert "another architecture" in foreign.against[0]
