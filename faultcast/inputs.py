"""What commands that work on this machine alone are given: a dump and an ELF file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import BAD_USAGE, NOT_A_DUMP, fail
from faultcast.progress import progress_bar

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.grouping import Plumbing
    from analyzer.symbols.index import SymbolIndex

DumpFile = Annotated[
    Path,
    typer.Argument(
        metavar="DUMP",
        help="A core dump: as Zephyr wrote it, an image of its flash partition, or a log with `#CD:` lines.",
    ),
]
RequiredElf = Annotated[
    Path, typer.Option("--elf", metavar="ELF", help="The firmware's ELF file, with debug information.")
]


def read_input(path: Path) -> bytes:
    """The file's bytes; ends the command where there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}", BAD_USAGE) from error


def index_elf(elf: bytes) -> "SymbolIndex":
    """The symbols of an ELF file; raises `BadFirmware`."""
    from analyzer.symbols.builder import build_index
    from analyzer.symbols.index import SymbolIndex

    with progress_bar("indexing the ELF file") as progress:
        return SymbolIndex.from_bytes(build_index(elf, progress))


def analyse_files(dump: Path, elf: bytes | None, plumbing: "Plumbing | None" = None) -> "Analysis":
    """The analysis of a dump file; ends the command where that holds nothing that can be analysed."""
    from analyzer.analyze import Analysis
    from analyzer.dump import parse
    from contract.errors import UnsupportedDump

    content = read_input(dump)
    symbols = None if elf is None else index_elf(elf)
    try:
        return Analysis(parse(content), symbols, plumbing=plumbing)
    except UnsupportedDump as error:
        raise fail(f"{dump}: {error} [{error.code}]", NOT_A_DUMP) from error
