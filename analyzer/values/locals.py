"""The parameters and local variables of one frame with their values."""

from typing import NamedTuple

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import BadExpression, Context, UnknownValue, locate
from analyzer.values.place import Implicit, InMemory, Nowhere, Place, Unknown
from analyzer.values.render import Renderer
from analyzer.values.value import Value

_CONSTANT_SIZE = 16


class Local(NamedTuple):
    """A variable of a frame."""

    name: str
    type: str
    is_parameter: bool
    value: Value


def locals_at(symbols: TypedSymbols, machine: Machine, scope: int, pc: int) -> list[Local]:
    """Variables in scope at pc, parameters first.

    Args:
        symbols: the firmware.
        machine: the frame that the scope belongs to.
        scope: handle of a function or of one inlined into it, as `Symbols.source_frames` gives it.
        pc: the pc to look up: of a calling frame one less than its return address.
    """
    if scope < 0:
        return []
    renderer = Renderer(symbols, machine)
    context = Context(machine, symbols, EntryValues(symbols, machine, pc))
    found: list[Local] = []
    for variable in symbols.variables(scope, pc):
        value = renderer.variable(place_of(variable, context), variable.type)
        found.append(Local(variable.name, symbols.type_name(variable.type), variable.is_parameter, value))
    return found


def value_at(symbols: TypedSymbols, machine: Machine, handle: int, address: int) -> Value:
    """The object of a type that lies at an address, such as what a pointer points at."""
    return Renderer(symbols, machine).variable(InMemory(address), handle)


def place_of(variable: Variable, context: Context) -> Place:
    """Where a variable lies; a place that says why when that is not known."""
    if variable.location is None:
        constant = variable.const_value
        if constant is None:
            return Nowhere(Unknown.OPTIMIZED_OUT)
        if isinstance(constant, bytes):
            return Implicit(constant)
        return Implicit((constant & (1 << 8 * _CONSTANT_SIZE) - 1).to_bytes(_CONSTANT_SIZE, "little"))
    try:
        return locate(variable.location, context)
    except UnknownValue as error:
        return Nowhere(error.reason)
    except BadExpression:
        return Nowhere(Unknown.UNREADABLE)
