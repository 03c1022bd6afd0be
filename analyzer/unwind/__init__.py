"""From the registers of one moment to the chain of calls that led there."""

from analyzer.unwind.frame import Frame, Trust
from analyzer.unwind.unwinder import End, EndCode, Stack, Unwinder

__all__ = ["End", "EndCode", "Frame", "Stack", "Trust", "Unwinder"]
