"""Values of requests that every room takes, with the limits that both databases have."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, Field
from starlette.convertors import Convertor, register_url_convertor

MAX_ID = 2**63 - 1


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("line ends and other letters that cannot be seen do not belong here")
    return text


Id = Annotated[int, Path(ge=1, le=MAX_ID)]
"""The number of a row, as part of a path."""
Line = Annotated[str, AfterValidator(_plain), Field(max_length=1000)]
"""Text of one line; PostgreSQL takes no zero bytes."""


class _Rest(Convertor[str]):
    """The rest of a path, whatever it is: Starlette's own `path` ends at the end of a line."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", _Rest())
"""`{name:rest}` in the address of a route that imports this module."""


def sends(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route that answers with a file: its media types, for the OpenAPI document."""
    content = {each: {"schema": {"type": "object" if each == "application/json" else "string"}} for each in media_types}
    return {200: {"description": "The file.", "content": content}}
