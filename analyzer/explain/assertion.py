"""What an assertion said: its text, its file and its line, from the arguments of the function that reports it.

Zephyr's `include/zephyr/sys/__assert.h` (`assert_post_action(file, line)`), `lib/libc` (`__assert_func`,
`__assert_no_args`), newlib and picolibc.
"""

from collections.abc import Iterator

from analyzer.explain.facts import Assertion, Crash
from analyzer.grouping import Plumbing
from analyzer.symbols.interface import Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Frame
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import BadExpression, Context, locate
from analyzer.values.member_path import pointee
from analyzer.values.place import InRegister, Unknown

KIND = "assertion"
MAX_TEXT = 400
"""Bytes of a text that is shown."""
MAX_LINE = 1_000_000
_TEXTS = ("test", "expr", "failedexpr", "assertion", "cond", "message", "msg")
"""Names that the condition or a message has, best first."""
_FILES, _LINES = ("file", "filename"), ("line", "lineno")
_MAX_FRAMES = 8


def assertion(crash: Crash, plumbing: Plumbing) -> Assertion | None:
    """What the functions that report an assertion were called with; None where no such function was running."""
    if crash.symbols is None:
        return None
    for frame in crash.frames[:_MAX_FRAMES]:
        if frame.guessed:
            return None
        for source in frame.source_frames():
            group = plumbing.group(source.function)
            if group is None:
                return None
            if plumbing.kinds.get(group, ("", ""))[0] == KIND and source.scope >= 0:
                return _said(dict(_parameters(frame, source.scope, crash.symbols)), frame)
    return None


def _said(values: dict[str, tuple[int, bool]], frame: Frame) -> Assertion | None:
    def text(names: tuple[str, ...]) -> str | None:
        return next((found for name in names if name in values and (found := _text(values[name], frame))), None)

    line = next((values[name][0] for name in _LINES if name in values), None)
    found = Assertion(text(_TEXTS), text(_FILES), line if line and line < MAX_LINE else None)
    return found if found != Assertion(None, None, None) else None


def _parameters(frame: Frame, scope: int, symbols: TypedSymbols) -> Iterator[tuple[str, tuple[int, bool]]]:
    """Value of each parameter that is known, and whether it is a pointer."""
    context = Context(frame, symbols, EntryValues(symbols, frame, frame.lookup_pc), pc=frame.lookup_pc)
    for variable in symbols.variables(scope, frame.lookup_pc):
        value = _value(variable, context, symbols) if variable.is_parameter else None
        if value is not None:
            yield variable.name, (value, pointee(symbols, variable.type) is not None)


def _value(variable: Variable, context: Context, symbols: TypedSymbols) -> int | None:
    size = symbols.size_of(variable.type)
    if variable.location is None or size is None or size > symbols.pointer_size:
        return variable.const_value if isinstance(variable.const_value, int) else None
    try:
        place = locate(variable.location, context)
        found = context.source.bits(place, 0, 8 * size)
    except BadExpression:
        return None
    if not isinstance(found, Unknown):
        return found
    # These functions only pass on what they were given: where its register is lost, the caller may still know it.
    return context.register_on_entry(place.number) if isinstance(place, InRegister) else None


def _text(value: tuple[int, bool], frame: Frame) -> str | None:
    """The text behind a pointer."""
    address, is_pointer = value
    if not is_pointer or not address:
        return None
    content = bytearray()
    while len(content) < MAX_TEXT:
        piece = frame.read(address + len(content), 1)
        if piece is None:
            return None
        if piece == b"\0":
            break
        content += piece
    return content.decode("utf-8", "replace") or None
