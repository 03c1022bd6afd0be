"""Frames that say how a crash was handled and not what caused it, from a data file."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


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
        found = self.exact.get(function)
        return found or next((group for pattern, group in self.patterns if fnmatchcase(function, pattern)), None)

    def kind(self, functions: Iterable[str]) -> tuple[str, str] | None:
        """Kind and title that the plumbing around a crash stands for."""
        for function in functions:
            group = self.group(function)
            if group is None:
                return None
            if group in self.kinds:
                return self.kinds[group]
        return None


@cache
def load_plumbing() -> Plumbing:
    """The list that comes with Faultcast."""
    data = tomllib.loads(files("analyzer.grouping").joinpath("plumbing.toml").read_text("utf-8"))
    names = [(name, group) for group, members in data["skip"].items() for name in members]
    return Plumbing(
        exact={name: group for name, group in names if "*" not in name},
        patterns=tuple((name, group) for name, group in names if "*" in name),
        kinds={group: (kind, title) for group, (kind, title) in data["kinds"].items()},
    )
