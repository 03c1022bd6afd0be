"""`faultcast analyze`: a report from a dump and its ELF file, on this machine alone."""

from pathlib import Path
from typing import Annotated

import typer

from faultcast.failure import failing_clearly
from faultcast.inputs import DumpFile, analyse_files, read_input

Elf = Annotated[
    Path | None, typer.Option("--elf", metavar="ELF", help="The firmware's ELF file, with debug information.")
]
Plumbing = Annotated[
    Path | None,
    typer.Option(
        "--plumbing",
        metavar="FILE",
        envvar="FAULTCAST_PLUMBING",
        help="TOML file of functions that never are a crash's cause, on top of the list built in.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The report as JSON, for scripts.")]


def analyze(dump: DumpFile, elf: Elf = None, plumbing: Plumbing = None, json: Json = False) -> None:
    """Say why a device crashed: fault, threads, call chains, variables.

    Needs no broker, no Redis and no settings. Without --elf the report has addresses instead of names.

    Exit status: 0 when a report was made, 2 for bad usage, 3 when DUMP holds no core dump that can be analysed.
    """
    with failing_clearly():
        from analyzer.plumbing_file import read_plumbing
        from analyzer.report.model import encode_report

        more = None if plumbing is None else read_plumbing(plumbing)
        report = analyse_files(dump, None if elf is None else read_input(elf), more).report()
        if json:
            typer.echo(encode_report(report), nl=False)
            return
        from rich.console import Console

        from analyzer.report.terminal import print_report

        print_report(report, Console(highlight=False))
