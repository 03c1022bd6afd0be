"""Why it crashed, in words."""

from analyzer.explain.fault import Explanation, Facts, explain
from analyzer.explain.mismatch import mismatches

__all__ = ["Explanation", "Facts", "explain", "mismatches"]
