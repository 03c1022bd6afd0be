"""Reading a core dump: the containers it may come in, its blocks, and its memory."""

from analyzer.dump.caveat import Caveat
from analyzer.dump.model import ArchitectureBlock, CpuSnapshot, Dump, Header
from analyzer.dump.parse import parse

__all__ = ["ArchitectureBlock", "Caveat", "CpuSnapshot", "Dump", "Header", "parse"]
