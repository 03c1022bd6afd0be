"""An unwound stack, and why there is no more of it."""

from enum import StrEnum

import msgspec

from analyzer.unwind.frame import Frame


class EndCode(StrEnum):
    """Why an unwinding ended."""

    OUTERMOST = "outermost"
    """The function is one that nothing calls."""
    MARKED = "marked"
    """The return address is one that start-up code leaves where nothing is called from."""
    INTERRUPTED = "interrupted"
    """An exception handler's first frame, and what it interrupted is not known."""
    NO_PC = "no-pc"
    NO_SYMBOLS = "no-symbols"
    NO_RULES = "no-rules"
    NOT_IN_DUMP = "not-in-dump"
    NO_CODE = "no-code"
    """A return address that is none."""
    NO_PROGRESS = "no-progress"
    OUTSIDE_STACK = "outside-stack"
    CANNOT = "cannot-unwind"
    """The firmware says that this function cannot be unwound."""
    TOO_MANY = "too-many-frames"


class End(msgspec.Struct, frozen=True):
    """Where an unwinding ended."""

    code: EndCode
    text: str

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to be found."""
        return self.code in (EndCode.OUTERMOST, EndCode.MARKED)

    @property
    def certain(self) -> bool:
        """Whether it cannot be by accident that the unwinding got here."""
        return self.code in (EndCode.OUTERMOST, EndCode.INTERRUPTED)


class Stack(msgspec.Struct):
    """An unwound stack, innermost frame first."""

    end: End
    frames: list[Frame] = []
