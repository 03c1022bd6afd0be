"""What a rule can watch for, and which values it takes for that. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from console.events.filter import EventFilter
from contract.errors import InputError

MAX_NAME: Final = 100
MAX_QUERY: Final = 4_000
LONGEST_MINUTES: Final = 7 * 24 * 60
LARGEST_THRESHOLD: Final = 1_000_000_000


class BadRule(InputError):
    """A rule cannot have these values."""

    code = "bad-rule"


class Trigger(StrEnum):
    """What a rule watches for."""

    NEW_GROUP = "new-group"
    REGRESSION = "regression"
    SPIKE = "spike"
    CRASH_LOOP = "crash-loop"
    MISSING_SYMBOLS = "missing-symbols"
    LAG = "lag"


@dataclass(frozen=True, slots=True)
class Watched:
    """A trigger in words, and the values that it takes; the empty ones it does not."""

    label: str
    text: str
    threshold: str = ""
    """What the threshold counts."""
    minutes: str = ""
    """What the minutes are."""
    takes_filter: bool = True
    defaults: tuple[int, int] = (0, 0)
    """Threshold and minutes that are offered."""
    may_lack: bool = False
    """Whether one of the two is enough."""
    largest: int = LARGEST_THRESHOLD


WATCHED: Final[Mapping[Trigger, Watched]] = {
    Trigger.NEW_GROUP: Watched("New group", "A cause of crashes that had not been seen before."),
    Trigger.REGRESSION: Watched("Regression", "A group that was resolved crashed in a build that should have the fix."),
    Trigger.SPIKE: Watched(
        "Spike",
        "A group crashed often in a short time. Told again at most once an hour while it goes on.",
        threshold="Crashes of one group",
        minutes="Within so many minutes",
        defaults=(50, 10),
        largest=10_000,
    ),
    Trigger.CRASH_LOOP: Watched(
        "Crash loop",
        "A device crashed three times within ten minutes. Told again after six hours if it goes on.",
    ),
    Trigger.MISSING_SYMBOLS: Watched(
        "Missing symbols",
        "Dumps of one build wait because its ELF file was not uploaded.",
        threshold="Waiting dumps of one build",
        takes_filter=False,
        defaults=(10, 0),
    ),
    Trigger.LAG: Watched(
        "Lag",
        "A stage does not keep up. Told again after six hours while it lasts.",
        threshold="Entries that wait for one stage; 0 for any number",
        minutes="Oldest entry waits for so many minutes; 0 for any time",
        takes_filter=False,
        defaults=(10_000, 15),
        may_lack=True,
    ),
}


@dataclass(frozen=True, slots=True)
class RuleValues:
    """What a rule is made of, checked."""

    name: str
    trigger: Trigger
    threshold: int = 0
    minutes: int = 0
    query: str = ""


def check_rule(name: str, trigger: str, threshold: int, minutes: int, query: str) -> RuleValues:
    """The values of a rule; those that its trigger does not take are left out. Raises `BadRule` or `BadFilter`."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadRule(f"a rule needs a name of 1 to {MAX_NAME} characters")
    if trigger not in list(Trigger):
        raise BadRule(f"{trigger[:40]!r} is nothing that a rule can watch for: take one of {', '.join(Trigger)}")
    kind = Trigger(trigger)
    watched = WATCHED[kind]
    threshold, minutes = threshold if watched.threshold else 0, minutes if watched.minutes else 0
    least = 0 if watched.may_lack else 1
    if watched.threshold and not least <= threshold <= watched.largest:
        raise BadRule(f"threshold: expected a number from {least} to {watched.largest}")
    if watched.minutes and not least <= minutes <= LONGEST_MINUTES:
        raise BadRule(f"minutes: expected a number from {least} to {LONGEST_MINUTES}")
    if watched.may_lack and not threshold and not minutes:
        raise BadRule("set a number of entries, a number of minutes, or both: with neither the rule watches nothing")
    return RuleValues(name, kind, threshold, minutes, _filter(query).query if watched.takes_filter else "")


def _filter(query: str) -> EventFilter:
    """The filter in a query string, or in the address of the events page; a rule has no use for its time."""
    text = query.strip().rpartition("?")[2]
    if len(text) > MAX_QUERY:
        raise BadRule(f"the filter is longer than {MAX_QUERY} characters: give fewer values")
    return replace(EventFilter.parse(text, other=("cursor",)), since=None, until=None)
