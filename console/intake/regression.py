"""Whether a crash shows that a fix did not hold. Pure."""

from dataclasses import dataclass

from console.intake.version import at_least


@dataclass(frozen=True, slots=True)
class Fix:
    """What was said when a group was resolved."""

    version: str
    """The firmware version that has it; empty where every build has it that was not seen before."""
    at_ms: int


def regresses(fix: Fix, time_ms: int, version: str, build_first_ms: int | None) -> bool:
    """Whether a crash was in a build that should have the fix.

    `version` is that of the crash, empty where the device told none; `build_first_ms` is the time of the first crash
    of its build, None where the build is not known.
    """
    if time_ms <= fix.at_ms:
        return False
    if fix.version and version:
        return at_least(version, fix.version)
    return build_first_ms is not None and build_first_ms > fix.at_ms
