"""Links from a line of a report to where people read the source. Pure.

A person gives each firmware a template such as `https://git.example.com/app/blob/v1.4/{file}#L{line}`. File names come
from ELF files and are hostile: they are escaped, and none leads out of the folder that the template names.
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from contract.errors import InputError

MAX_LENGTH: Final = 1000
_PLACE: Final = re.compile(r"\{(file|line)\}")
_PLAIN: Final = re.compile(r"[!-~]+")


class BadSourceTemplate(InputError):
    """A template that makes no links to source."""

    code = "source-template"


def check_template(template: str) -> str:
    """The template, if links can be made with it; raises `BadSourceTemplate`."""
    if len(template) > MAX_LENGTH or not _PLAIN.fullmatch(template):
        raise BadSourceTemplate(f"a link takes at most {MAX_LENGTH} ASCII characters without spaces; percent-encode")
    if re.search(r"[{}\\\"'<>]", _PLACE.sub("", template)):
        raise BadSourceTemplate("of braces, quotes and backslashes a link may only have {file} and {line}")
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadSourceTemplate(f"this is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise BadSourceTemplate("a link begins with https:// or http:// and a host, without a user")
    if "{" in parts.netloc or "{file}" not in template:
        raise BadSourceTemplate(
            "{file} is needed, behind the host: https://git.example.com/app/blob/main/{file}#L{line}"
        )
    return template


def source_link(template: str, file: str | None, line: int | None) -> str | None:
    """Where a line is shown; None without a template or a file, and where the two cannot be trusted."""
    if not template or not file:
        return None
    try:
        check_template(template)
    except BadSourceTemplate:
        return None
    path = file.replace("\\", "/").lstrip("/")
    if any(part in ("..", ".") for part in path.split("/")):
        return None
    values = {"file": quote(path, safe="/", errors="replace"), "line": str(line or 1)}
    return _PLACE.sub(lambda found: values[found[1]], template)
