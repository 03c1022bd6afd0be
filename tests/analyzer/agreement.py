"""How far our reports of the golden cases agree with gdb: `python -m tests.analyzer.agreement [--differences]`.

One row for each architecture, compiler and optimisation level, then the differences by class (`differences`). A frame
is equal when pc, function, file, line and being inlined are; a variable when its value is. Where neither of us knows
a value, that is agreement too. What is left out: threads whose registers the CPU could not save, what we mark as
interrupted threads (a guess that gdb does not make), and frames below an exception that gdb cannot see behind.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

from rich.console import Console
from rich.table import Table

from analyzer.report.model import Frame, Thread
from tests.analyzer.differences import CLASSES, Difference, class_of
from tests.analyzer.golden import (
    CASES,
    aligned,
    answer_of,
    architecture_of,
    cases_of,
    plain,
    plain_text,
    report_of,
)

COLUMNS = (
    "cases",
    "threads",
    "frames",
    "equal",
    "locals",
    "same value",
    "unknown to both",
    "only gdb",
    "only we",
    "differ",
)
LOST = set(cases_of("stack-lost"))
"""The CPU could not save its registers: what gdb makes of them means nothing, and we say so."""
_EXCEPTION_ENTRIES = {"_isr_wrapper", "z_arm64_irq_done", "z_arm64_exit_exc"}
"""Assembler of ARM64 that exceptions enter and leave by: gdb cannot look below it."""
_UNKNOWN = ("<optimized out>", "<unavailable>", "<synthetic pointer>", "<not in dump>", "<error: ")


@dataclass
class Comparison:
    """One case beside gdb."""

    counts: Counter[str] = field(default_factory=Counter[str])
    differences: list[Difference] = field(default_factory=list[Difference])


def build_of(case: str) -> tuple[str, str, str]:
    """Architecture, compiler, level (and what else is special about the build)."""
    build = "O" + case.rpartition("-O")[2]
    versions = answer_of(case)["versions"]
    is_clang = "clang" in build or "clang" in versions.get("gcc", "")
    level = build.replace("-clang", "").partition("-")[0]
    return architecture_of(case), "clang" if is_clang else "gcc", level


def threads(case: str) -> list[tuple[Thread, dict[str, Any]]]:
    """Our threads beside gdb's."""
    # What an interrupted thread may have been doing is a guess of ours; gdb knows nothing of it.
    ours = [thread for thread in report_of(case).threads if thread.state != "interrupted"]
    theirs = answer_of(case)["threads"]
    assert [thread.name for thread in ours] == [thread["name"] for thread in theirs]
    return [(mine, gdbs) for mine, gdbs in zip(ours, theirs, strict=True) if not (case in LOST and gdbs["crashed"])]


def frames(case: str, mine: Thread, gdbs: dict[str, Any]) -> list[tuple[Frame | None, dict[str, Any] | None]]:
    """The frames of a thread beside gdb's, as far as gdb can see; None for one that the other does not have."""
    ours, theirs = mine.frames, gdbs["frames"]
    if architecture_of(case) == "arm64":
        ends = (at for at, frame in enumerate(ours, 1) if frame.function in _EXCEPTION_ENTRIES)
        end = next(ends, len(ours))
        if end < len(ours):
            assert ours[end].trust == "exception"
            assert mine.complete
            # gdb takes assembler that is returned into for called from what stands before it.
            ours, theirs = ours[:end], theirs[:end]
    return aligned(ours, theirs, _is_same_frame)


def _is_same_frame(our: Frame, their: dict[str, Any]) -> bool:
    # gdb takes the nearest symbol for a function even where there is no code.
    function = our.function == their["function"] or (our.function is None and their["file"] is None)
    file = our.file == (their["file"] and normpath(their["file"]))
    # Of an exception's entry gdb looks up the address itself, though it called the handler as any function.
    lines = [their["line"], their.get("addr2line")] if their["kind"] == "exception" else [their["line"]]
    return function and file and our.line in lines and (our.pc, our.inlined) == (their["pc"], their["inlined"])


def _says_nothing(value: str) -> bool:
    """Whether gdb knows no part of a value."""
    leaves = re.sub(r"[\w.]+ = ", "", value).strip("{}").split(", ")
    return value.startswith(_UNKNOWN) or all(leaf.strip("{}").startswith(_UNKNOWN) for leaf in leaves)


def _verdict(value: str | None, wanted: list[str]) -> str:
    """One of the columns, for our value and what gdb has under that name."""
    known = [one for one in wanted if not _says_nothing(one)]
    if value is not None and not value.startswith("<"):
        return "same value" if value in wanted else "differ" if known else "only we"
    # gdb lists a variable of an inlined function twice, once without a value.
    return "unknown to both" if len(known) < len(wanted) else "only gdb"


def compare(case: str) -> Comparison:
    """Every frame and every variable."""
    found = Comparison(Counter(cases=1))
    for mine, gdbs in threads(case):
        found.counts["threads"] += 1
        both = frames(case, mine, gdbs)
        for at, (our, their) in enumerate(both):
            found.counts["frames"] += 1
            if our is not None and their is not None and _is_same_frame(our, their):
                found.counts["equal"] += 1
                interrupted = our.pc == mine.frames[0].pc or our.trust == "exception"
                for column, one in _locals(Difference(case, mine.name or "", our, their, interrupted)):
                    found.counts.update(("locals", column))
                    if column in ("only gdb", "only we", "differ"):
                        found.differences.append(one)
            else:
                found.differences.append(Difference(case, mine.name or "", our, their, missing=_around(both, at)))
    return found


def _around(both: list[tuple[Frame | None, dict[str, Any] | None]], at: int) -> tuple[Frame, ...]:
    """The frames of ours around one that gdb does not have, and the next one that it has."""
    first = at
    while first > 0 and both[first - 1][1] is None:
        first -= 1
    last = at
    while last < len(both) - 1 and both[last][1] is None:
        last += 1
    return tuple(our for our, _ in both[first : last + 1] if our is not None)


def _locals(frame: Difference) -> Iterator[tuple[str, Difference]]:
    """The column of each variable of a frame, and the difference if it is one."""
    assert frame.our is not None
    assert frame.their is not None
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for one in frame.their["locals"]:
        by_name[one["name"]].append(plain(one["value"]))
    for name, wanted in by_name.items():
        for value in [plain_text(one.value) for one in frame.our.locals if one.name == name] or [None]:
            difference = Difference(
                frame.case,
                frame.thread,
                frame.our,
                frame.their,
                frame.interrupted,
                name=name,
                value=value,
                wanted=tuple(wanted),
            )
            yield _verdict(value, wanted), difference


def main() -> None:
    rows: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    differences: list[Difference] = []
    for case in CASES:
        found = compare(case)
        rows[build_of(case)].update(found.counts)
        differences += found.differences
    table = Table("architecture", "compiler", "level", *COLUMNS, box=None)
    total: Counter[str] = Counter()
    for build, counts in sorted(rows.items()):
        table.add_row(*build, *(str(counts[column]) for column in COLUMNS))
        total.update(counts)
    table.add_section()
    table.add_row("all", "", "", *(str(total[column]) for column in COLUMNS))
    classes = [class_of(one) for one in differences]
    reasons = Table("frames", "locals", "difference", "why", box=None)
    for one in (*CLASSES, None):
        names = [difference.name for difference, found in zip(differences, classes, strict=True) if found is one]
        values = sum(map(bool, names))
        label = (one.name, one.reason) if one else ("not explained", "")
        reasons.add_row(str(len(names) - values), str(values), *label)
    console = Console(width=160)
    console.print(table)
    console.print()
    console.print(reasons)
    if "--differences" in sys.argv:
        for one, kind in zip(differences, classes, strict=True):
            print(f"{one} ({kind.name if kind else 'not explained'})")


if __name__ == "__main__":
    main()
