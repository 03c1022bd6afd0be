"""Answers to what may be asked about one dump."""

from pathlib import Path

import msgspec

from analyzer.analyze import Analysis
from analyzer.export.elf_core import elf_core
from analyzer.fit import fit_of
from analyzer.inspection import Inspection
from analyzer.questions import (
    AssessFit,
    CastValue,
    Disassemble,
    ListGlobals,
    ListRegisters,
    ListTypes,
    OpenValue,
    Question,
    ReadMemory,
    ShowValue,
    WriteCore,
)


def answer(analysis: Analysis, question: Question) -> bytes:
    """The answer as JSON.

    Raises:
        NoSuchThing: what was asked for is not there.
        FaultcastError: it is, and cannot be shown; as `analyzer.inspection` and `analyzer.export` say.
    """
    return msgspec.json.encode(_answer(analysis, question))


def _answer(analysis: Analysis, question: Question) -> object:  # noqa: C901 - a case for each question, and no more
    inspection = Inspection(analysis)
    match question:
        case OpenValue(at, path, start, limit):
            return inspection.open(at, path, start, limit)
        case ListGlobals(text, start, limit):
            return inspection.global_variables(text, start, limit)
        case ShowValue(at, path):
            return inspection.value(at, path)
        case ListRegisters(at):
            return inspection.registers(at)
        case CastValue(value, kind):
            return inspection.cast(value, kind)
        case ListTypes(text, limit):
            return inspection.types(text, limit)
        case ReadMemory(address, size):
            return inspection.memory(address, size)
        case Disassemble(at):
            return inspection.disassembly(at)
        case AssessFit():
            return fit_of(analysis)
        case WriteCore(output, flags):
            return Path(output).write_bytes(elf_core(analysis, flags=flags).content)
