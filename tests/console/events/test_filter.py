import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.events.filter import MARKS, WORDS, BadFilter, EventFilter
from console.web.moment import Moment

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip()
)
several = st.lists(words, max_size=3, unique=True).map(tuple)
moments = st.none() | st.one_of(
    st.builds(lambda count, unit: Moment(f"{count}{unit}"), st.integers(1, 99999), st.sampled_from("mhdw")),
    st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(Moment.of),  # noqa: DTZ001 - given a zone by `timezones`
)
filters = st.builds(
    EventFilter,
    **dict.fromkeys(WORDS, several),
    group=st.lists(st.integers(1, 10**6), max_size=3, unique=True).map(tuple),
    **dict.fromkeys(MARKS, st.none() | st.booleans()),
    since=moments,
    until=moments,
    attributes=st.dictionaries(
        st.text(string.ascii_letters + "._-é ", min_size=1, max_size=20),
        st.lists(words, min_size=1, max_size=2, unique=True).map(tuple),
        max_size=2,
    ).map(lambda each: tuple(sorted(each.items()))),
)


@given(filters)
def test_a_filter_survives_the_query_string(filtered: EventFilter) -> None:
    assert EventFilter.parse(filtered.query) == filtered


@given(st.text(max_size=80))
def test_any_query_string_is_a_filter_or_a_bad_one(query: str) -> None:
    try:
        filtered = EventFilter.parse(query)
    except BadFilter:
        return
    assert EventFilter.parse(filtered.query) == filtered


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "'colour' is no parameter of a filter: take q, device"),
        ("attr.=red", "'attr.' is no parameter"),
        ("group=x", "group: 'x' is no id of a group"),
        ("group=0", "expected a positive number"),
        ("symbolized=maybe", "symbolized: expected true or false, not 'maybe'"),
        ("complete=true&complete=false", "expected true or false, not 'true' and 'false'"),
        ("since=yesterday", "since: expected a time such as"),
        ("until=0001-01-01T00:00:00%2b14:00", "until: expected a time such as"),
        ("q=" + "x" * 201, "200 characters at most"),
        ("q=%00", "without NUL"),
        ("&".join(f"device=d{each}" for each in range(60)), "50 values at most"),
    ],
)
def test_what_is_wrong_is_said(query: str, said: str) -> None:
    with pytest.raises(BadFilter) as raised:
        EventFilter.parse(query)
    assert said in str(raised.value)
    assert raised.value.code == "bad-filter"


def test_empty_and_foreign_parameters_say_nothing() -> None:
    assert EventFilter.parse("q=&device=++&cursor=o1-2", other=("cursor",)) == EventFilter()


def test_moments() -> None:
    assert Moment.parse("024h").text == "24h"
    assert Moment.parse("24h").at(86_400_000) == 0
    assert Moment.parse("2026-03-01T09:15:30.25+01:00").text == "2026-03-01T08:15:30.250Z"
    assert Moment.parse("2026-03-01").at(0) == 1772323200000


def test_a_value_is_taken_away() -> None:
    filtered = EventFilter.parse("kind=assert&kind=stack-overflow&attr.region=eu")
    assert filtered.without("kind", "assert").query == "kind=stack-overflow&attr.region=eu"
    assert filtered.without("attr.region", "eu").attributes == ()
