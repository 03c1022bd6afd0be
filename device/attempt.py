"""The note beside a dump that is being sent: what was said about it at the first attempt is said at every other.

The server tells a new crash from a repeated upload by the metadata (`Metadata.occurrence`). A client that is started
again, perhaps after another boot, must therefore repeat the first metadata and not describe the present.
"""

import os
import tempfile
from pathlib import Path

import msgspec

from contract.chunk import Metadata
from contract.errors import InputError

SUFFIX = ".faultcast"


class BadAttemptNote(InputError):
    """The note beside the dump cannot be read."""

    code = "attempt-note"


class _Note(msgspec.Struct, frozen=True):
    version: int
    dumps: dict[str, Metadata]
    """By dump id, in hexadecimal: a log may hold several dumps."""


def note_path(dump: Path) -> Path:
    """Where the note of a dump file is."""
    return dump.with_name(dump.name + SUFFIX)


def first_metadata(dump: Path, dump_id: bytes, metadata: Metadata) -> Metadata:
    """The metadata of the first attempt; this is the first when nothing is noted yet, and then it gets noted.

    Raises:
        BadAttemptNote: there is a note and it cannot be read.
        OSError: the note cannot be written.
    """
    path = note_path(dump)
    noted = _read(path)
    if dump_id.hex() in noted:
        return noted[dump_id.hex()]
    _write(path, _Note(1, {**noted, dump_id.hex(): metadata}))
    return metadata


def forget_attempt(dump: Path) -> None:
    """Remove the note, after everything in the file is stored."""
    note_path(dump).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Metadata]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Note).dumps
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadAttemptNote(
            f"{path} is no note of an earlier attempt ({error}); remove it, and give --boot as it was then"
        ) from error


def _write(path: Path, note: _Note) -> None:
    """Whole or not at all, also over a power loss."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(msgspec.json.format(msgspec.json.encode(note), indent=2))
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
