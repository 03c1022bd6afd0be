"""Which crashes are the same crash."""

from analyzer.grouping.fingerprint import Grouping, NamedFrame, group
from analyzer.grouping.plumbing import Plumbing, load_plumbing

__all__ = ["Grouping", "NamedFrame", "Plumbing", "group", "load_plumbing"]
