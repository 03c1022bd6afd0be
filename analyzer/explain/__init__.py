"""Why it crashed, in words."""

from analyzer.explain.facts import Crash, SourceLine, ThreadStack
from analyzer.explain.fault import Explanation, explain
from analyzer.explain.incomplete import incomplete
from analyzer.explain.mismatch import confirmed, mismatches

__all__ = ["Crash", "Explanation", "SourceLine", "ThreadStack", "confirmed", "explain", "incomplete", "mismatches"]
