"""Kinds of fault that are one cause, from a data file."""

import tomllib
from functools import cache
from importlib.resources import files


def family_of(kind: str) -> str:
    """What a kind of fault counts as, over all CPUs."""
    return _families().get(kind, kind)


@cache
def _families() -> dict[str, str]:
    """Kind to family."""
    text = files("analyzer.grouping").joinpath("families.toml").read_text("utf-8")
    return {kind: family for family, kinds in tomllib.loads(text).items() for kind in kinds}
