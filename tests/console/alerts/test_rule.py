import pytest

from console.alerts.rule import BadRule, Trigger, check_rule
from console.events.filter import BadFilter


def test_a_rule_keeps_what_its_trigger_takes() -> None:
    spike = check_rule("  Many   asserts ", "spike", 20, 5, "kind=assert")
    assert (spike.name, spike.trigger, spike.threshold, spike.minutes) == ("Many asserts", Trigger.SPIKE, 20, 5)
    new = check_rule("New", "new-group", 20, 5, "")
    assert (new.threshold, new.minutes) == (0, 0)
    assert check_rule("Lag", "lag", 5, 0, "kind=assert").query == ""


def test_a_filter_may_be_the_address_of_the_events_page_and_loses_its_time() -> None:
    pasted = "https://crashes.example/events?kind=assert&since=7d&cursor=o1-2&attr.region=eu"
    assert check_rule("x", "new-group", 0, 0, pasted).query == "kind=assert&attr.region=eu"


@pytest.mark.parametrize(
    ("name", "trigger", "threshold", "minutes", "query"),
    [
        ("", "spike", 1, 1, ""),
        ("x" * 101, "spike", 1, 1, ""),
        ("a\0b", "spike", 1, 1, ""),
        ("x", "moon", 1, 1, ""),
        ("x", "spike", 0, 1, ""),
        ("x", "spike", 1, 0, ""),
        ("x", "spike", 10_001, 1, ""),
        ("x", "spike", 1, 7 * 24 * 60 + 1, ""),
        ("x", "missing-symbols", 0, 0, ""),
        ("x", "lag", 0, 0, ""),
        ("x", "lag", -1, 5, ""),
        ("x", "new-group", 0, 0, "kind=" + "a" * 5000),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, trigger: str, threshold: int, minutes: int, query: str) -> None:
    with pytest.raises(BadRule):
        check_rule(name, trigger, threshold, minutes, query)


def test_a_filter_that_is_none_is_refused() -> None:
    with pytest.raises(BadFilter):
        check_rule("x", "new-group", 0, 0, "colour=red")
