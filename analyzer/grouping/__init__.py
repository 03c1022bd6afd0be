"""Which crashes are the same crash."""

from analyzer.grouping.fingerprint import Grouping, NamedFrame, group
from analyzer.grouping.plumbing import BadPlumbing, Plumbing, extended, load_plumbing

__all__ = ["BadPlumbing", "Grouping", "NamedFrame", "Plumbing", "extended", "group", "load_plumbing"]
