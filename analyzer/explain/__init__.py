"""Why it crashed, in words."""

from analyzer.explain.fault import Explanation, Facts, explain
from analyzer.explain.mismatch import confirmed, mismatches

__all__ = ["Explanation", "Facts", "confirmed", "explain", "mismatches"]
