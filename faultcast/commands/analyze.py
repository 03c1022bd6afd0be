"""`faultcast analyze`: a report from a dump and its ELF file, on this machine alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import BAD_USAGE, NOT_A_DUMP, fail, failing_clearly

if TYPE_CHECKING:
    from analyzer.symbols.index import SymbolIndex

DumpFile = Annotated[
    Path,
    typer.Argument(
        metavar="DUMP",
        help="A core dump: as Zephyr wrote it, an image of its flash partition, or a log with `#CD:` lines.",
    ),
]
Elf = Annotated[
    Path | None, typer.Option("--elf", metavar="ELF", help="The firmware's ELF file, with debug information.")
]
Json = Annotated[bool, typer.Option("--json", help="The report as JSON, for scripts.")]


def analyze(dump: DumpFile, elf: Elf = None, json: Json = False) -> None:
    """Say why a device crashed: fault, threads, call chains, variables.

    Needs no broker, no Redis and no settings. Without --elf the report has addresses instead of names.

    Exit status: 0 when a report was made, 2 for bad usage, 3 when DUMP holds no core dump that can be analysed.
    """
    with failing_clearly():
        from analyzer.analyze import analyze as analyze_dump
        from analyzer.report.model import encode_report
        from contract.errors import UnsupportedDump

        content = _read(dump)
        symbols = None if elf is None else _symbols(elf)
        try:
            report = analyze_dump(content, symbols)
        except UnsupportedDump as error:
            raise fail(f"{dump}: {error} [{error.code}]", NOT_A_DUMP) from error
        if json:
            typer.echo(encode_report(report), nl=False)
            return
        from rich.console import Console

        from analyzer.report.terminal import print_report

        print_report(report, Console(highlight=False))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}", BAD_USAGE) from error


def _symbols(elf: Path) -> "SymbolIndex":
    from analyzer.symbols.builder import build_index
    from analyzer.symbols.index import SymbolIndex

    return SymbolIndex.from_bytes(build_index(_read(elf)))
