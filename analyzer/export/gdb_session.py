"""How gdb is started on a core, so that it knows what the core cannot say."""

from collections.abc import Sequence
from pathlib import Path

from analyzer.export.elf_core import CoreThread

_LONGEST_NAME = 64
_QUIET = ("-iex", "set debuginfod enabled off")


def gdb_arguments(elf: Path, core: Path) -> list[str]:
    """What gdb is given, behind its own name.

    The ELF file is given for its symbols only: as the program, its initial values would stand in for variables that
    are not in the dump. Registers of architectures without a bare-metal core in gdb are those of Linux.
    """
    return [*_QUIET, "-s", str(elf), "-c", str(core)]


def naming_script(threads: Sequence[CoreThread]) -> str:
    """Commands that name the threads; a core has no names for them."""
    named = [(thread.number, _plain(thread.name)) for thread in threads if thread.name]
    return "".join(f"thread apply {number} -q thread name {name}\n" for number, name in named if name)


def unknown_registers(threads: Sequence[CoreThread]) -> list[str]:
    """A line for each thread with registers that are not known, and are 0 in the core."""
    return [
        f"thread {thread.number}{f' ({_plain(thread.name)})' if thread.name else ''}: {', '.join(thread.unknown)}"
        for thread in threads
        if thread.unknown
    ]


def _plain(name: str) -> str:
    """A device's text as gdb's command language takes it for nothing but text."""
    plain = (character if "!" <= character <= "~" and character != "\\" else "_" for character in name.strip())
    return "".join(plain)[:_LONGEST_NAME]
