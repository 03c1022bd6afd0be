"""What can be decided about a group."""

import pytest

from console.groups.state import BadState, Decision, State, decide

REGRESSED = Decision(State.UNRESOLVED, "1.5", 100, 200)


def test_resolving_names_the_version_and_forgets_an_old_regression() -> None:
    assert decide(REGRESSED, "resolved", 300, " 1.6 ") == Decision(State.RESOLVED, "1.6", 300, None)
    assert decide(REGRESSED, "resolved", 300) == Decision(State.RESOLVED, "", 300, None)


def test_muting_keeps_what_was_said_before() -> None:
    assert decide(REGRESSED, "muted", 300) == Decision(State.MUTED, "1.5", 100, 200)


def test_reopening_forgets_the_fix() -> None:
    assert decide(Decision(State.RESOLVED, "1.5", 100), "unresolved", 300) == Decision()


@pytest.mark.parametrize(("state", "version"), [("done", ""), ("", ""), ("resolved", "1\0"), ("resolved", "9" * 129)])
def test_what_makes_no_sense_is_refused(state: str, version: str) -> None:
    with pytest.raises(BadState):
        decide(Decision(), state, 1, version)
