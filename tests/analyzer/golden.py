"""The golden cases: real crashes of the example firmware, with what gdb said about each."""

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer.analyze import analyze
from analyzer.report.model import Report
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*/gdb.json"))
"""`<architecture>/<scenario>-<build>`, such as `cortex-m/null-deref-Os`."""

_TAIL_CALLS = "gdb does not see tail calls into functions of other units under -flto; we do"
_NO_TAIL_CALLS = "without call frame information we do not look for functions that left by a tail call"
_NO_CFA = "without call frame information there is no frame base, and no variable that is found by it"
_TYPES = "names of types: C++ says `calibration`, not `struct calibration`, and `Ring<long, 4>` as the compiler put it"
DIFFERENCES: dict[str, dict[str, str]] = {
    "frames": {
        "cortex-m/null-deref-Os-lto": _TAIL_CALLS,
        "cortex-m/deadlock-Os-lto": _TAIL_CALLS,
        "cortex-m/virtual-call-O2-lto": _TAIL_CALLS,
        "cortex-m/null-deref-Os-exidx": _NO_TAIL_CALLS,
        "cortex-m/isr-fault-Os-exidx": _NO_TAIL_CALLS,
    },
    "values": {
        "cortex-m/null-deref-Os-lto": _TAIL_CALLS,
        "cortex-m/deadlock-Os-lto": _TAIL_CALLS,
        "cortex-m/virtual-call-O2-lto": _TAIL_CALLS,
        "cortex-m/null-deref-Os-exidx": _NO_TAIL_CALLS,
        "cortex-m/isr-fault-Os-exidx": _NO_TAIL_CALLS,
        "cortex-m/null-deref-Og-nocfi": _NO_CFA,
    },
    "types": {
        "cortex-m/null-deref-Os-lto": _TYPES,
        "cortex-m/deadlock-Os-lto": _TYPES,
        "cortex-m/virtual-call-O2-lto": _TYPES,
        "cortex-m/virtual-call-Os": _TYPES,
        "cortex-m/virtual-call-Og": _TYPES,
        "cortex-m/virtual-call-O0-clang": _TYPES,
        "cortex-m/null-deref-Os-exidx": _NO_CFA,
        "cortex-m/isr-fault-Os-exidx": _NO_CFA,
        "cortex-m/null-deref-Og-nocfi": _NO_CFA,
    },
}
"""Where gdb and we are of two minds, by what is compared: one of the two says less, never something else."""


def compared(what: str, cases: Iterable[str]) -> list[Any]:
    """The cases as parameters of a test that compares with gdb; of those that differ it is known to fail."""
    differences = DIFFERENCES[what]
    return [
        pytest.param(case, marks=pytest.mark.xfail(strict=True, reason=differences[case]))
        if case in differences
        else case
        for case in cases
    ]


def cases_of(scenario: str, architecture: str = "*") -> list[str]:
    """The cases of a crash, in every build and, unless one is named, on every architecture."""
    return [case for case in CASES if fnmatchcase(case, f"{architecture}/{scenario}-O*")]


def scenario_of(case: str) -> str:
    return case.partition("/")[2].rpartition("-O")[0]


def architecture_of(case: str) -> str:
    return case.partition("/")[0]


@cache
def symbols_of(case: str) -> SymbolIndex:
    return SymbolIndex.from_bytes(build_index(GOLDEN / case / "firmware.elf"))


def dump_of(case: str) -> bytes:
    return (GOLDEN / case / "dump.core").read_bytes()


@cache
def report_of(case: str) -> Report:
    return analyze(dump_of(case), symbols_of(case))


def answer_of(case: str) -> dict[str, Any]:
    return json.loads((GOLDEN / case / "gdb.json").read_text("utf-8"))


def plain(value: Any) -> str:
    """A value of gdb's answer in the notation of `plain_text`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {plain(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(plain(element) for element in value) + "}"
    text = str(value)
    return hex(int(text, 16)) if re.fullmatch("0x[0-9a-f]+", text) else text


def plain_text(text: str) -> str:
    """Our text of a value without what people like and gdb's answer leaves out.

    Symbols and strings behind pointers, characters behind numbers, quotes, brackets around base classes.
    """
    text = re.sub(r'(0x[0-9a-f]+)( <[^>]*>)?( "(?:[^"\\]|\\.)*"(?:\.\.\.)?)?', r"\1", text)
    text = re.sub(r"<([\w:]+)> = ", r"\1 = ", text)
    text = re.sub(r"(-?\d+) '(?:[^'\\]|\\.)+'", r"\1", text)
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda found: _unescape(found[1]), text)


def _unescape(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")
