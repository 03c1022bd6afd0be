"""What the API answers about one crash. Addresses and raw values are hexadecimal strings: JSON's numbers lose bits."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field


def _hexadecimal(value: object) -> object:
    return hex(value) if isinstance(value, int) else value


Hex = Annotated[str, BeforeValidator(_hexadecimal), Field(examples=["0x20000054"])]


class GroupOfCrash(BaseModel):
    """The group that a crash belongs to."""

    id: int
    title: str


class SymbolsAnswer(BaseModel):
    """Why there are symbols, or none."""

    state: str = Field(
        description="matched, unconfirmed, mismatch, arrived, missing, zero-build-id or no-build-id",
        examples=["matched"],
    )
    text: str
    advice: str


class StepAnswer(BaseModel):
    """A line of the processing log."""

    name: str
    text: str
    at: str | None = Field(description="RFC 3339; null where it is not known")
    is_bad: bool


class CrashAnswer(BaseModel):
    """One crash: its event, its report, and how both came about."""

    event: dict[str, Any] = Field(description="The crash event, as it was published (docs/events.md).")
    report: dict[str, Any] | None = Field(description="The whole report (docs/reports.md); null when it was removed.")
    why_no_report: str
    group: GroupOfCrash | None
    symbols: SymbolsAnswer
    log: list[StepAnswer]


class Value(BaseModel):
    """A value, closed."""

    name: str
    type: str
    text: str = Field(description="For a person; what is not known says why.", examples=["0x20000054 <station+44>"])
    known: bool
    parts: int = Field(description="How many members, elements or targets can be asked for.")
    address: Hex | None
    kind: str = Field(description="parameter, local, static or global; empty for parts.")


class GlobalRowAnswer(BaseModel):
    """A global variable, not decoded yet."""

    number: int = Field(description="Names it in /globals/{number}; valid as long as the firmware is the same.")
    name: str
    type: str
    file: str
    function: str = Field("", description="Of a static variable inside one.")


class GlobalsAnswer(BaseModel):
    """Some of the global variables."""

    rows: list[GlobalRowAnswer]
    total: int


class RegisterAnswer(BaseModel):
    """A register of a frame."""

    name: str
    number: int | None = Field(description="DWARF number; null for the status register.")
    value: Hex | None = Field(description="Null where it is not known.")
    text: str
    fields: dict[str, int] = Field(default={}, description="Of a status register: what its bits say.")


class PointerAnswer(BaseModel):
    """A word that reads like the address of a function or a variable."""

    address: Hex
    target: Hex = Field(description="What it points at; of code without the mark of Thumb.")
    symbol: str
    offset: int = Field(description="Of the target from the start of the symbol.")


class MemoryAnswer(BaseModel):
    """Bytes that lie behind each other, from one source, of one symbol."""

    address: Hex
    size: int
    content: str | None = Field(description="Base 64; null where nothing is known.")
    source: str = Field(description="dump, firmware (read-only sections of the image) or unknown.")
    symbol: str | None
    offset: int = Field(description="Of the first byte from the start of the symbol.")
    pointers: list[PointerAnswer]


class InstructionAnswer(BaseModel):
    """A line of disassembly."""

    address: str
    code: str
    text: str
    target: str | None
    file: str | None
    line: int | None
    failed: bool


class Queued(BaseModel):
    """The dump waits to be analysed again; the crash keeps its id."""

    event_id: str
