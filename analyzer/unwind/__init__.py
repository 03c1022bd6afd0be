"""From the registers of one moment to the chain of calls that led there."""

from analyzer.unwind.frame import Frame, Trust
from analyzer.unwind.interrupted import guess_interrupted
from analyzer.unwind.stack import End, EndCode, Stack
from analyzer.unwind.unwinder import Unwinder

__all__ = ["End", "EndCode", "Frame", "Stack", "Trust", "Unwinder", "guess_interrupted"]
