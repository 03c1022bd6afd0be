"""What is to be done about a group: nothing was said, it is resolved, or nobody wants to hear of it. Pure.

A resolved group that crashes in a newer build is reopened by intake (`console.intake.regression`); a muted one stays
muted whatever crashes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from contract.errors import InputError

LONGEST_VERSION: Final = 128


class BadState(InputError):
    """A state that groups do not have, or a version that is none."""

    code = "group-state"


class State(StrEnum):
    """What a person said last."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Decision:
    """The columns of a group that people decide about; times in Unix milliseconds."""

    state: State = State.UNRESOLVED
    resolved_version: str = ""
    resolved_ms: int | None = None
    regressed_ms: int | None = None
    regressed_version: str = ""


def resolve(now_ms: int, version: str = "") -> Decision:
    """It is fixed in `version`, or in every build that was not seen before. Raises `BadState`."""
    version = version.strip()
    if len(version) > LONGEST_VERSION or not version.isprintable():
        raise BadState(f"a version has at most {LONGEST_VERSION} characters, all of them printable")
    return Decision(State.RESOLVED, version, now_ms)


def mute(before: Decision) -> Decision:
    """It is known and may go on; no crash reopens it."""
    return replace(before, state=State.MUTED)


def reopen() -> Decision:
    """It is to be looked at again; what was said of a fix no longer counts."""
    return Decision()


def decide(before: Decision, state: str, now_ms: int, version: str = "") -> Decision:
    """The decision that follows when somebody asks for a state by its name. Raises `BadState`."""
    match state:
        case State.RESOLVED:
            return resolve(now_ms, version)
        case State.MUTED:
            return mute(before)
        case State.UNRESOLVED:
            return reopen()
        case _:
            raise BadState(f"a group can be {', '.join(State)}, and not {state[:40]!r}")
