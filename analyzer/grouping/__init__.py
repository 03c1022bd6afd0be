"""Which crashes are the same crash."""

from analyzer.grouping.families import family_of
from analyzer.grouping.fingerprint import Circumstances, Grouping, group
from analyzer.grouping.plumbing import BadPlumbing, Plumbing, extended, load_plumbing

__all__ = [
    "BadPlumbing",
    "Circumstances",
    "Grouping",
    "Plumbing",
    "extended",
    "family_of",
    "group",
    "load_plumbing",
]
