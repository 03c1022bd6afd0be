"""A program of this machine, stopped in gdb, as a frame; with gdb's own answers beside."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from analyzer.values.locals import FrameVariables

PROGRAMS = Path(__file__).parent / "programs"
RBP = 6


@dataclass
class NativeFrame:
    """The frame that called `stop_here`; it has a frame pointer."""

    index: SymbolIndex
    pc: int
    registers: dict[int, int]
    memory: list[tuple[int, bytes]]

    def register(self, number: int) -> int | None:
        return self.registers.get(number)

    def lost(self, number: int | None) -> bool:
        del number
        return False

    def read(self, address: int, size: int) -> bytes | None:
        for start, content in self.memory:
            if start <= address and address + size <= start + len(content):
                return content[address - start : address - start + size]
        return None

    def cfa(self) -> int | None:
        return self.registers[RBP] + 16

    def frame_base_expression(self) -> bytes | None:
        return self.index.frame_base(self.index.source_frames(self.pc - 1)[-1].scope, self.pc - 1)

    def caller(self) -> None:
        return None

    def returns_to(self) -> None:
        return None

    def variables(self) -> FrameVariables:
        return FrameVariables(self.index, self, self.pc - 1)

    def texts(self) -> dict[str, str]:
        scope = self.index.source_frames(self.pc - 1)[-1].scope
        return {local.name: local.value for local in self.variables().of_scope(scope)}

    def types(self) -> dict[str, str]:
        scope = self.index.source_frames(self.pc - 1)[-1].scope
        return {local.name: local.type for local in self.variables().of_scope(scope)}


def stopped(program: Path, answer: Path) -> tuple[NativeFrame, dict[str, Any]]:
    """The frame, and gdb's name of the type and text of each variable in it."""
    subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", str(program), "-x", "ask_gdb.py"],
        cwd=PROGRAMS,
        env={**os.environ, "ANSWER": str(answer), "PROGRAM": program.name},
        check=True,
        capture_output=True,
        timeout=60,
    )
    found = json.loads(answer.read_text("utf-8"))
    registers = {int(number): value for number, value in found["registers"].items()}
    memory = [(start, bytes.fromhex(content)) for start, content in found["memory"]]
    index = SymbolIndex.from_bytes(build_index(program))
    return NativeFrame(index, found["pc"], registers, memory), found["values"]
