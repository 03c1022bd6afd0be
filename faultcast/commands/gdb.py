"""`faultcast gdb`: a debugger on a dump, with every thread."""

from typing import Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly
from faultcast.inputs import DumpFile, RequiredElf, analyse_files, read_input

PROGRAMS = ("gdb-multiarch", "gdb")


def gdb(
    dump: DumpFile,
    elf: RequiredElf,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="GDB_ARGUMENT", help="For gdb, such as `-- -batch -ex bt`.")
    ] = None,
) -> None:
    """Open a dump in gdb: every thread by its name, all memory of the dump, the firmware's source lines.

    gdb is told nothing that is not in the dump or in the read-only part of the ELF file. Registers that are not known
    are 0 there; they are listed before gdb starts.

    Starts gdb-multiarch, else gdb; FAULTCAST_GDB names another one, such as arm-zephyr-eabi-gdb.

    Exit status: gdb's own; 2 for bad usage and when there is no gdb, 3 when DUMP holds no core dump that can be
    analysed.
    """
    with failing_clearly():
        import os
        import shutil
        import signal
        import subprocess
        import tempfile
        from pathlib import Path

        from analyzer.export.elf_core import elf_core, elf_flags
        from analyzer.export.gdb_session import gdb_arguments, naming_script, unknown_registers

        wanted = os.environ.get("FAULTCAST_GDB")
        program = next((found for name in ([wanted] if wanted else PROGRAMS) if (found := shutil.which(name))), None)
        if program is None:
            hint = "install gdb-multiarch, or name a gdb with FAULTCAST_GDB"
            raise fail(f"there is no {wanted or ' or '.join(PROGRAMS)} on this machine; {hint}", BAD_USAGE)
        image = read_input(elf)
        core = elf_core(analyse_files(dump, image), flags=elf_flags(image))
        for line in unknown_registers(core.threads):
            typer.echo(f"not known, and therefore 0 in gdb: {line}", err=True)
        with tempfile.TemporaryDirectory(prefix="faultcast-") as folder:
            path, names = Path(folder) / "dump.core", Path(folder) / "names.gdb"
            path.write_bytes(core.content)
            names.write_text(naming_script(core.threads), "ascii")
            command = [program, *gdb_arguments(elf, path), "-x", str(names), *(arguments or [])]
            with subprocess.Popen(command) as process:  # noqa: S603 - the person's own gdb
                # Ctrl-C is for gdb, which shares this terminal.
                before = signal.signal(signal.SIGINT, signal.SIG_IGN)
                try:
                    status = process.wait()
                finally:
                    signal.signal(signal.SIGINT, before)
        raise typer.Exit(status if status >= 0 else 128 - status)
