"""What counts as agreement with gdb, and that what does not is explained by more than a name."""

from dataclasses import replace
from operator import eq

import pytest

from tests.analyzer.agreement import compare
from tests.analyzer.differences import CLASSES, class_of
from tests.analyzer.golden import aligned

EXAMPLES = {
    "tail call not seen by gdb": "cortex-m/null-deref-Os-lto",
    "argument not seen by gdb": "cortex-m/deadlock-Os-lto",
    "gdb had more to go by": "cortex-m/null-deref-Og-nocfi",
    "on a stack given up": "riscv32/null-deref-Os",
    "in a register that calls change": "cortex-m/null-deref-Os-clang",
}


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        ("abc", "abc", ["aa", "bb", "cc"]),
        ("abc", "ac", ["aa", "b-", "cc"]),
        ("ac", "abc", ["aa", "-b", "cc"]),
        ("axc", "ayc", ["aa", "xy", "cc"]),
        ("ab", "a", ["aa", "b-"]),
        ("", "ab", ["-a", "-b"]),
    ],
)
def test_frames_are_aligned(ours: str, theirs: str, pairs: list[str]) -> None:
    assert [f"{our or '-'}{their or '-'}" for our, their in aligned(ours, theirs, eq)] == pairs


def test_every_class_has_an_example() -> None:
    assert {one.name for one in CLASSES} == EXAMPLES.keys()


@pytest.mark.parametrize(("name", "case"), EXAMPLES.items())
def test_a_class_explains_its_example_and_nothing_that_is_merely_wrong(name: str, case: str) -> None:
    explained = [one for one in compare(case).differences if (found := class_of(one)) and found.name == name]
    assert explained
    for one in explained:
        if one.name:
            # Another value, or one of a variable that lies elsewhere, would not be explained.
            assert class_of(replace(one, value="1", wanted=("2",))) is None
            assert class_of(replace(one, name="no such variable", value="<not in dump>")) is None
        else:
            assert class_of(replace(one, missing=one.missing[-1:])) is None
