"""How far our reports of the golden cases agree with gdb: `python -m tests.analyzer.agreement [--differences]`.

One row for each architecture, compiler and optimisation level. A frame is equal when pc, function, file, line and being
inlined are; a variable when its value is. Where neither we nor gdb know a value, that is agreement too. What is left
out: threads whose registers the CPU could not save, what we mark as interrupted threads (a guess that gdb does not
make), and frames below an exception that gdb cannot see behind. Every difference is listed on request; which of them
are gdb's to explain is said in `test_golden`.
"""

import sys
from collections import Counter, defaultdict
from itertools import zip_longest
from posixpath import normpath
from typing import Any

from rich.console import Console
from rich.table import Table

from analyzer.report.model import Frame, Thread
from tests.analyzer.golden import CASES, answer_of, architecture_of, plain, plain_text
from tests.analyzer.test_golden import UNKNOWN, frames, threads

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
Pairs = list[tuple[Frame | None, dict[str, Any] | None]]


def build_of(case: str) -> tuple[str, str, str]:
    """Architecture, compiler, level (and what else is special about the build)."""
    build = "O" + case.rpartition("-O")[2]
    versions = answer_of(case)["versions"]
    is_clang = "clang" in build or "clang" in versions.get("gcc", "")
    level = build.replace("-clang", "").partition("-")[0]
    return architecture_of(case), "clang" if is_clang else "gcc", level


def pairs(case: str, mine: Thread, gdbs: dict[str, Any]) -> Pairs:
    try:
        return list(frames(case, mine, gdbs))
    except (AssertionError, ValueError):
        return list(zip_longest(mine.frames, gdbs["frames"]))


def same_frame(our: Frame, their: dict[str, Any]) -> bool:
    function = our.function == their["function"] or (our.function is None and their["file"] is None)
    file = our.file == (their["file"] and normpath(their["file"]))
    lines = (their["line"], their.get("addr2line"))
    return function and file and our.line in lines and (our.pc, our.inlined) == (their["pc"], their["inlined"])


def verdict(value: str | None, wanted: list[str]) -> str:
    """One of the columns, for our value and what gdb has under that name."""
    known = [one for one in wanted if not one.startswith((*UNKNOWN, "<not in dump>"))]
    if value is not None and not value.startswith("<"):
        return "same value" if value in known else "differ" if known else "only we"
    return "unknown to both" if len(known) < len(wanted) else "only gdb"


def compare(case: str, counts: Counter[str], differences: list[str]) -> None:
    counts["cases"] += 1
    for mine, gdbs in threads(case):
        counts["threads"] += 1
        for our, their in pairs(case, mine, gdbs):
            counts["frames"] += 1
            where = f"{case} {mine.name}"
            if our is None or their is None or not same_frame(our, their):
                differences.append(
                    f"{where}: frame {our and (our.pc, our.function, our.line)}, gdb: "
                    f"{their and (their['pc'], their['function'], their['line'])}"
                )
                continue
            counts["equal"] += 1
            by_name: defaultdict[str, list[str]] = defaultdict(list)
            for one in their["locals"]:
                by_name[one["name"]].append(plain(one["value"]))
            for name, wanted in by_name.items():
                ours = [plain_text(one.value) for one in our.locals if one.name == name] or [None]
                for value in ours:
                    column = verdict(value, wanted)
                    counts["locals"] += 1
                    counts[column] += 1
                    if column in ("only gdb", "only we", "differ"):
                        differences.append(
                            f"{where} {our.function}: {name} = {value}, gdb: {', '.join(wanted)} ({column})"
                        )


def main() -> None:
    rows: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    differences: list[str] = []
    for case in CASES:
        compare(case, rows[build_of(case)], differences)
    table = Table("architecture", "compiler", "level", *COLUMNS, box=None)
    total: Counter[str] = Counter()
    for build, counts in sorted(rows.items()):
        table.add_row(*build, *(str(counts[column]) for column in COLUMNS))
        total.update(counts)
    table.add_section()
    table.add_row("all", "", "", *(str(total[column]) for column in COLUMNS))
    Console(width=160).print(table)
    if "--differences" in sys.argv:
        print(*differences, sep="\n")


if __name__ == "__main__":
    main()
