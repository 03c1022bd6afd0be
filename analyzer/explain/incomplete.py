"""What a firmware's debug information lacks, so that nobody takes its absence for an empty program."""

from collections.abc import Iterator

from analyzer.dump.caveat import Caveat
from analyzer.symbols.interface import Symbols


def incomplete(symbols: Symbols) -> Iterator[Caveat]:
    """What is missing, what that means, and what to do about it."""
    units = symbols.debug_units
    if not units.total:
        yield Caveat(
            "no-debug-information",
            "the firmware has no debug information: there are no lines, no variables and no inlined functions; compile "
            "with -g, and give the ELF file as it was before strip",
        )
    elif units.split:
        all_of = "all" if units.split == units.total else f"{units.split}"
        yield Caveat(
            "split-debug-information",
            f"the debug information of {all_of} of {units.total} units is in .dwo files, which are not read: there are "
            "no variables, no types and no inlined functions of them; link the firmware without -gsplit-dwarf",
        )
