"""Firmware to read: the golden cases, and a small program compiled on the spot."""

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "cortex-m"
COMPILER = "arm-none-eabi-gcc"


@cache
def _index_of(path: Path) -> bytes:
    return build_index(path)


@pytest.fixture(scope="session")
def golden_elf() -> bytes:
    return (GOLDEN / "null-deref-Og" / "firmware.elf").read_bytes()


@pytest.fixture(scope="session")
def golden_bytes() -> bytes:
    return _index_of(GOLDEN / "null-deref-Og" / "firmware.elf")


@pytest.fixture(scope="session")
def golden(golden_bytes: bytes) -> SymbolIndex:
    return SymbolIndex.from_bytes(golden_bytes)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compiles sources of this folder for a Cortex-M3 at 0x8000; further arguments go to the compiler."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not installed")
    folder = tmp_path_factory.mktemp("compiled")

    @cache
    def compile_program(*options: str, sources: tuple[str, ...] = ("program.c",)) -> Path:
        out = folder / ("-".join(option.strip("-").replace("/", "_") for option in options) + f"-{len(sources)}.elf")
        command = [COMPILER, "-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-nostartfiles", "-Wl,-Ttext=0x8000", *options]
        subprocess.run([*command, "-o", str(out), *sources, "-lgcc"], cwd=HERE, check=True, capture_output=True)
        return out

    return compile_program
