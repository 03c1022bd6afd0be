"""`faultcast export`: an analysed dump for other tools."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly
from faultcast.inputs import DumpFile, RequiredElf, analyse_files, read_input


class Format(StrEnum):
    """What can be written."""

    CORE = "core"
    JSON = "json"
    MARKDOWN = "markdown"


Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write; `-` for the screen.")]


def export(
    dump: DumpFile,
    elf: RequiredElf,
    output: Output,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.CORE,
) -> None:
    """Write a dump as something that other tools read.

    **core**: an ELF core file with every thread, for gdb. (`faultcast gdb` starts gdb on it right away.)

    **json**: the report, as `faultcast analyze --json` prints it.

    **markdown**: the report as a ticket for GitHub, GitLab and the like.

    Exit status: 0 when the file was written, 2 for bad usage, 3 when DUMP holds no core dump that can be analysed.
    """
    with failing_clearly():
        from analyzer.report.model import encode_report

        image = read_input(elf)
        analysis = analyse_files(dump, image)
        if format_ is Format.JSON:
            _write(output, encode_report(analysis.report()))
            return
        if format_ is Format.MARKDOWN:
            from analyzer.export.markdown import markdown

            _write(output, markdown(analysis.report(), dump=dump.name, elf=elf.name).encode())
            return
        from analyzer.export.elf_core import elf_core, elf_flags
        from analyzer.export.gdb_session import unknown_registers

        core = elf_core(analysis, flags=elf_flags(image))
        _write(output, core.content)
        for line in unknown_registers(core.threads):
            typer.echo(f"not known, and therefore 0 in the core: {line}", err=True)
        # The program's own data would stand in for memory that is not in the dump: hence symbols alone.
        typer.echo(f"open it with: gdb-multiarch -s {elf} -c {output}", err=True)


def _write(output: Path, content: bytes) -> None:
    if output == Path("-"):
        typer.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise fail(f"{output} cannot be written: {error.strerror}", BAD_USAGE) from error
