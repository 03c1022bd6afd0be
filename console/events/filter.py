"""The filter of crash events: from and to the query string of a page, of the API, of an alert rule."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode

from console.web.moment import Moment
from contract.errors import InputError

MAX_VALUES: Final = 50
MAX_LENGTH: Final = 200
MAX_GROUP: Final = 2**53
ATTRIBUTE: Final = "attr."
WORDS: Final = ("q", "device", "build", "version", "firmware", "board", "arch", "kind", "thread", "trust")
"""Parameters that are text; given more than once they mean any of their values."""
MARKS: Final = ("symbolized", "complete")
MOMENTS: Final = ("since", "until")
PARAMETERS: Final = (*WORDS, "group", *MARKS, *MOMENTS)
_YES_NO: Final = {"true": True, "false": False}


class BadFilter(InputError):
    """A parameter is not one of a filter's, or its value is not one of the parameter's."""

    code = "bad-filter"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which crashes: those that fit every field that is set; a field with several values wants any of them."""

    q: tuple[str, ...] = ()
    """Words that must all occur in what the crash says: title, explanation, functions, files."""
    device: tuple[str, ...] = ()
    """Names; one that ends in `*` is a prefix."""
    build: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    board: tuple[str, ...] = ()
    arch: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    group: tuple[int, ...] = ()
    symbolized: bool | None = None
    complete: bool | None = None
    since: Moment | None = None
    until: Moment | None = None
    """Exclusive."""
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Metadata keys in their order, each with its values."""

    @classmethod
    def parse(cls, query: str, other: Iterable[str] = ()) -> Self:
        """From a query string, in which `other` parameters are not ours; raises `BadFilter`."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_VALUES)
        except ValueError:
            raise BadFilter(f"a filter takes {MAX_VALUES} values at most: give fewer") from None
        return cls.of(pairs, other)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], other: Iterable[str] = ()) -> Self:
        """From parameters and their values; an empty value says nothing, as in a form. Raises `BadFilter`."""
        skipped = frozenset(other)
        given: dict[str, dict[str, None]] = {}
        for name, value in pairs:
            if name not in skipped and (text := _checked(name, value)):
                given.setdefault(name, {})[text] = None
        values = {name: tuple(each) for name, each in given.items()}
        attributes = {name.removeprefix(ATTRIBUTE): each for name, each in values.items() if name.startswith(ATTRIBUTE)}
        return cls(
            **{name: values.get(name, ()) for name in WORDS},
            group=tuple(dict.fromkeys(_group(each) for each in values.get("group", ()))),
            symbolized=_mark("symbolized", values),
            complete=_mark("complete", values),
            since=_moment("since", values),
            until=_moment("until", values),
            attributes=tuple(sorted(attributes.items())),
        )

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The parameters and their values; `of` makes the same filter of them."""
        for name in WORDS:
            for value in getattr(self, name):
                yield name, value
        for group in self.group:
            yield "group", str(group)
        for name in MARKS:
            if (mark := getattr(self, name)) is not None:
                yield name, "true" if mark else "false"
        for name in MOMENTS:
            if moment := getattr(self, name):
                yield name, moment.text
        for key, values in self.attributes:
            for value in values:
                yield f"{ATTRIBUTE}{key}", value

    @property
    def query(self) -> str:
        """The query string."""
        return urlencode(list(self.pairs()))

    def without(self, name: str, value: str) -> Self:
        """The filter that lacks one value of one parameter."""
        return type(self).of(pair for pair in self.pairs() if pair != (name, value))

    @property
    def asks_time(self) -> bool:
        """Whether it wants a range of time."""
        return self.since is not None or self.until is not None

    @property
    def of_profiles(self) -> Self:
        """What of it a crash shares with its whole profile."""
        return replace(self, device=(), attributes=(), since=None, until=None)

    @property
    def asks_profile_only(self) -> bool:
        """Whether every crash of a profile fits or none does, but for its time."""
        return not self.device and not self.attributes


def _checked(name: str, value: str) -> str:
    if not (name in PARAMETERS or (name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE))):
        raise BadFilter(f"{name[:MAX_LENGTH]!r} is no parameter of a filter: take {', '.join(PARAMETERS)} or attr.KEY")
    if max(len(name), len(value)) > MAX_LENGTH or "\0" in name + value:
        raise BadFilter(f"{name[:MAX_LENGTH]!r}: expected text of {MAX_LENGTH} characters at most, without NUL")
    return value.strip()


def _group(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and 0 < int(text) <= MAX_GROUP):
        raise BadFilter(f"group: {text!r} is no id of a group: expected a positive number")
    return int(text)


def _mark(name: str, values: dict[str, tuple[str, ...]]) -> bool | None:
    given = values.get(name)
    if given is None:
        return None
    if len(given) != 1 or given[0] not in _YES_NO:
        raise BadFilter(f"{name}: expected true or false, not {' and '.join(map(repr, given))}")
    return _YES_NO[given[0]]


def _moment(name: str, values: dict[str, tuple[str, ...]]) -> Moment | None:
    given = values.get(name)
    if given is None:
        return None
    try:
        (text,) = given
        return Moment.parse(text)
    except (ValueError, OverflowError):
        said = " and ".join(map(repr, given))
        expected = "expected a time such as 2026-03-01T08:15:00Z, or 30m, 24h, 7d, 2w before now"
        raise BadFilter(f"{name}: {expected}, not {said}") from None
