"""The golden cases: real crashes of the example firmware, with what gdb said about each."""

import json
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from analyzer.analyze import analyze
from analyzer.report.model import Report
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

Our = TypeVar("Our")
Their = TypeVar("Their")
GOLDEN = Path(__file__).parent.parent / "golden"
VARIANT = "variant "
"""What gdb.json puts before the name of a variant of a Rust enumeration."""
CASES = sorted(path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*/gdb.json"))
"""`<architecture>/<scenario>-<build>`, such as `cortex-m/null-deref-Os`."""


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


def aligned(
    ours: Sequence[Our], theirs: Sequence[Their], same: Callable[[Our, Their], bool]
) -> list[tuple[Our | None, Their | None]]:
    """Two lists side by side; None for what only the other one has."""
    pairs: list[tuple[Our | None, Their | None]] = []
    here = there = 0
    while here < len(ours) and there < len(theirs):
        ahead = next((at for at in range(here, len(ours)) if same(ours[at], theirs[there])), None)
        behind = next((at for at in range(there, len(theirs)) if same(ours[here], theirs[at])), None)
        if ahead is not None:
            pairs += [(one, None) for one in ours[here:ahead]]
            here = ahead
        elif behind is not None:
            pairs += [(None, one) for one in theirs[there:behind]]
            there = behind
        pairs.append((ours[here], theirs[there]))
        here, there = here + 1, there + 1
    return [*pairs, *((one, None) for one in ours[here:]), *((None, one) for one in theirs[there:])]


def plain(value: Any) -> str:
    """A value of gdb's answer in the notation of `plain_text`."""
    if isinstance(value, dict) and value and all(re.fullmatch("__[0-9]+", name) for name in value):
        if len(value) == 1 and isinstance(value["__0"], dict) and list(value["__0"]) == ["__0"]:
            return plain(value["__0"])
        return "(" + ", ".join(plain(member) for member in value.values()) + ")"
    if isinstance(value, dict) and [name for name in value if name.startswith(VARIANT)]:
        ((name, content),) = value.items()
        space = " " if any(not member.startswith("__") for member in content) else ""
        return name.removeprefix(VARIANT) + (space + plain(content) if content else "")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {plain(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(plain(element) for element in value) + "}"
    text = str(value)
    return hex(int(text, 16)) if re.fullmatch("0x[0-9a-f]+", text) else text


def plain_text(text: str) -> str:
    """Our text of a value without what people like and gdb's answer leaves out.

    Symbols and strings behind pointers, characters behind numbers, quotes, brackets around base classes, `&` of slices.
    """
    text = re.sub(r'(0x[0-9a-f]+)( <[^>]*>)?( "(?:[^"\\]|\\.)*"(?:\.\.\.)?)?', r"\1", text)
    text = re.sub(r"<([\w:]+)> = ", r"\1 = ", text).replace("&{", "{")
    text = re.sub(r"(-?\d+) '(?:[^'\\]|\\.)+'", r"\1", text)
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda found: _unescape(found[1]), text)


def _unescape(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")
