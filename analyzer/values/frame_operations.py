"""Operations that ask the frame: for registers, memory and what other entries say (DWARF 5, section 2.5.1).

Each is made with its operands decoded; what it asks for and is not known ends in `UnknownValue`.
"""

from analyzer.symbols.dwarf import leb128
from analyzer.values.arithmetic import BadExpression
from analyzer.values.operands import Operands
from analyzer.values.place import InMemory, InRegister, Unknown
from analyzer.values.stack_machine import Frame, Operation, Stack, UnknownValue, as_entry, whole


def base_register(number: int, offset: int, mask: int) -> Operation:
    """DW_OP_breg*: what a register holds plus a number."""

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.register(number) + offset & mask)

    return run


def frame_base(offset: int, mask: int) -> Operation:
    """DW_OP_fbreg."""

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.frame_base() + offset & mask)

    return run


def _content(frame: Frame, address: int, size: int) -> bytes:
    content = frame.source.content(InMemory(address), 0, size)
    if isinstance(content, Unknown):
        raise UnknownValue(content)
    return content


def dereference(size: int) -> Operation:
    """DW_OP_deref: the number at an address."""

    def run(stack: Stack, frame: Frame) -> None:
        stack[-1] = int.from_bytes(_content(frame, whole(stack[-1]), size), "little")

    return run


def dereference_some(operands: Operands) -> Operation:
    """DW_OP_deref_size."""
    size = operands.fixed(1)
    if not 0 < size <= operands.types.pointer_size:
        raise BadExpression("An expression reads a number of a size that no address has.")
    return dereference(size)


def dereference_type(operands: Operands) -> Operation:
    """DW_OP_deref_type, and GNU's before it."""
    size, kind = operands.fixed(1), operands.kind()
    if size != kind.size:
        raise BadExpression("An expression reads a number that is not of its type's size.")

    def run(stack: Stack, frame: Frame) -> None:
        stack[-1] = as_entry(kind.from_bytes(_content(frame, whole(stack[-1]), size)))

    return run


def register_of_type(operands: Operands) -> Operation:
    """DW_OP_regval_type, and GNU's before it."""
    number, kind = operands.unsigned(), operands.kind()

    def run(stack: Stack, frame: Frame) -> None:
        content = frame.source.content(InRegister(number), 0, kind.size)
        if isinstance(content, Unknown):
            raise UnknownValue(content)
        stack.append(as_entry(kind.from_bytes(content)))

    return run


def frame_address(stack: Stack, frame: Frame) -> None:
    """DW_OP_call_frame_cfa."""
    stack.append(frame.cfa())


def object_address(stack: Stack, frame: Frame) -> None:
    """DW_OP_push_object_address."""
    stack.append(frame.object_address())


def entry_value(operands: Operands) -> Operation:
    """DW_OP_entry_value, and GNU's before it."""
    number = entry_register(operands)

    def run(stack: Stack, frame: Frame) -> None:
        value = None if number is None else frame.register_on_entry(number)
        if value is None:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)
        stack.append(value)

    return run


def entry_register(operands: Operands) -> int | None:
    """The register whose value on entry is asked for; None where it is more than a register."""
    block = operands.take(operands.unsigned())
    if len(block) == 1 and 0x50 <= block[0] <= 0x6F:  # reg0 to reg31
        return block[0] - 0x50
    if block[:1] == b"\x90":  # regx
        number, end = leb128.unsigned(block, 1)
        return number if end == len(block) else None
    return None


def parameter(operands: Operands) -> Operation:
    """DW_OP_GNU_parameter_ref."""
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.parameter_value(reference))

    return run


def variable(operands: Operands) -> Operation:
    """DW_OP_GNU_variable_value."""
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.variable_value(reference))

    return run


def call(operands: Operands) -> Operation:
    """DW_OP_call_ref."""
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        frame.call(reference, stack)

    return run


def refuse(reason: Unknown) -> Operation:
    """What can be told of no dump."""

    def run(_stack: Stack, _frame: Frame) -> None:
        raise UnknownValue(reason)

    return run


def other_space(operands: Operands, size: int) -> Operation:
    """DW_OP_xderef and DW_OP_xderef_size."""
    operands.take(size)
    return refuse(Unknown.ADDRESS_SPACE)


def other_space_of_type(operands: Operands) -> Operation:
    """DW_OP_xderef_type."""
    operands.take(1)
    operands.kind()
    return refuse(Unknown.ADDRESS_SPACE)
