import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultcast.broker.topic import MAX_LEVELS, InvalidTopic, check_filter, check_name, covers, matches, split_share

# A small alphabet, so that names and filters often meet.
WORDS = st.sampled_from(["", "a", "b", "$x", "sensor"])
NAMES = st.lists(WORDS, min_size=1, max_size=5).map("/".join).filter(bool)


@st.composite
def filters(draw: st.DrawFn) -> str:
    levels = draw(st.lists(st.one_of(WORDS, st.just("+")), max_size=5))
    if draw(st.booleans()) or not levels:
        levels.append("#")
    return "/".join(levels) or "+"


def by_regex(pattern: str, topic: str) -> bool:
    """The standard's rules (section 4.7), written down another way."""
    if topic.startswith("$") and pattern[0] in "+#":
        return False
    if pattern == "#":
        return True
    rest = ""
    if pattern.endswith("/#"):
        pattern, rest = pattern[:-2], "(/.*)?"
    expression = "/".join("[^/]*" if level == "+" else re.escape(level) for level in pattern.split("/")) + rest
    return re.fullmatch(expression, topic) is not None


@given(filters(), NAMES)
def test_matches_as_the_reference_model_does(pattern: str, topic: str) -> None:
    check_filter(pattern)
    check_name(topic)
    assert matches(pattern, topic) == by_regex(pattern, topic)


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        # The examples of sections 4.7.1 and 4.7.2.
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/monitor", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("a", "A", False),
    ],
)
def test_the_examples_of_the_standard(pattern: str, topic: str, *, expected: bool) -> None:
    assert matches(pattern, topic) is expected


@given(filters(), filters(), NAMES)
def test_what_covers_a_filter_matches_all_that_the_filter_matches(grant: str, pattern: str, topic: str) -> None:
    if covers(grant, pattern) and matches(pattern, topic):
        assert matches(grant, topic)


@given(filters())
def test_a_filter_covers_itself_unless_it_begins_with_a_dollar_behind_a_wildcard(pattern: str) -> None:
    assert covers(pattern, pattern)


@pytest.mark.parametrize(
    "pattern", ["", "a/#/b", "#/a", "a#", "a/b#", "a+", "+a/b", "a/++", "a\0b", "/" * MAX_LEVELS, "a" * 4097]
)
def test_a_bad_filter_is_named(pattern: str) -> None:
    with pytest.raises(InvalidTopic):
        check_filter(pattern)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "a+b", "/" * MAX_LEVELS])
def test_a_bad_name_is_named(topic: str) -> None:
    with pytest.raises(InvalidTopic):
        check_name(topic)


def test_splits_a_share() -> None:
    assert split_share("$share/workers/a/+/#") == ("workers", "a/+/#")
    assert split_share("$share/workers//a") == ("workers", "/a")
    assert split_share("a/$share/b") == (None, "a/$share/b")


@pytest.mark.parametrize("pattern", ["$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/#"])
def test_a_share_without_group_or_filter_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidTopic):
        split_share(pattern)
