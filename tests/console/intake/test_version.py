"""The order of firmware versions."""

import itertools

import pytest

from console.intake.loops import latest_loop
from console.intake.regression import Fix, regresses
from console.intake.version import at_least, version_key

ASCENDING = ["", "0.9", "1.0-alpha", "1.0-rc1", "1.0-rc2", "1.0-rc10", "1.0", "1.0-5-gabc", "1.0.1", "1.9", "1.10", "2"]


@pytest.mark.parametrize(("older", "newer"), list(itertools.combinations(ASCENDING, 2)))
def test_versions_ascend(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)
    assert at_least(newer, older)
    assert not at_least(older, newer)


@pytest.mark.parametrize(
    ("one", "other"),
    [("v1.2", "1.2"), ("1.2.0", "1.2"), ("1.2+build.7", "1.2"), (" 1.2 ", "1.2"), ("1.2-RC1", "1.2-rc1")],
)
def test_the_same_version_written_otherwise(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def test_a_version_of_a_million_digits_costs_nothing() -> None:
    assert version_key("9" * 1_000_000)


@pytest.mark.parametrize(
    ("fix", "time_ms", "version", "build_first_ms", "expected"),
    [
        (Fix("1.5", 100), 200, "1.5", 50, True),
        (Fix("1.5", 100), 200, "1.10", None, True),
        (Fix("1.5", 100), 200, "1.4.9", 150, False),
        (Fix("1.5", 100), 90, "1.6", 80, False),
        (Fix("1.5", 100), 200, "", 150, True),
        (Fix("1.5", 100), 200, "", 50, False),
        (Fix("", 100), 200, "1.6", 150, True),
        (Fix("", 100), 200, "1.6", 50, False),
        (Fix("", 100), 200, "1.6", None, False),
    ],
)
def test_a_regression_is_a_crash_of_a_build_that_should_have_the_fix(
    fix: Fix, time_ms: int, version: str, build_first_ms: int | None, *, expected: bool
) -> None:
    assert regresses(fix, time_ms, version, build_first_ms) is expected


MINUTE = 60_000


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], None),
        ([0, 1], None),
        ([0, 1, 10 * MINUTE], 10 * MINUTE),
        ([0, 1, 10 * MINUTE + 1], None),
        ([0, 1, 2, 3], 3),
        ([0, 1, 2, 60 * MINUTE, 61 * MINUTE], 2),
        ([5, 5, 5], 5),
    ],
)
def test_a_loop_is_the_third_crash_within_ten_minutes(times: list[int], expected: int | None) -> None:
    assert latest_loop(times) == expected
