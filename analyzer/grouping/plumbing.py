"""Frames that say how a crash was handled and not what caused it, from a data file."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from contract.errors import InputError


@dataclass(frozen=True, slots=True)
class Plumbing:
    """Functions to skip, by group, and the kinds of crash that some groups stand for."""

    exact: dict[str, str]
    """Function to group."""
    patterns: tuple[tuple[str, str], ...]
    """Pattern and group."""
    kinds: dict[str, tuple[str, str]]
    """Group to kind and title."""

    def group(self, function: str) -> str | None:
        """The group of a plumbing function; None for any other."""
        return self.exact.get(function) or _matching(function, self.patterns)

    def kind(self, functions: Iterable[str]) -> tuple[str, str] | None:
        """Kind and title that the plumbing around a crash stands for."""
        for function in functions:
            group = self.group(function)
            if group is None:
                return None
            if group in self.kinds:
                return self.kinds[group]
        return None


@lru_cache(4096)
def _matching(function: str, patterns: tuple[tuple[str, str], ...]) -> str | None:
    """The group of the first pattern that a function's name matches: the same few functions crash again and again."""
    return next((group for pattern, group in patterns if fnmatchcase(function, pattern)), None)


class BadPlumbing(InputError):
    """A list of plumbing cannot be used."""

    code = "plumbing"


class _List(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of a list."""

    skip: dict[str, list[str]] = {}
    kinds: dict[str, tuple[str, str]] = {}


@cache
def load_plumbing() -> Plumbing:
    """The list that comes with Faultcast."""
    text = files("analyzer.grouping").joinpath("plumbing.toml").read_text("utf-8")
    return extended(Plumbing({}, (), {}), text, "plumbing.toml")


def extended(base: Plumbing, text: str, source: str) -> Plumbing:
    """A list with the entries of another one, in TOML, on top; `source` names that one to whoever wrote it.

    Raises:
        BadPlumbing: it is no TOML, or not of the list's shape.
    """
    try:
        added = msgspec.convert(tomllib.loads(text), _List)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadPlumbing(
            f"{source}: {error}; it needs [skip] with lists of functions by group, and may have [kinds] with kind and "
            "title by group"
        ) from error
    names = [(name, group) for group, members in added.skip.items() for name in members]
    return Plumbing(
        exact={**base.exact, **{name: group for name, group in names if "*" not in name}},
        patterns=(*((name, group) for name, group in names if "*" in name), *base.patterns),
        kinds={**base.kinds, **added.kinds},
    )
