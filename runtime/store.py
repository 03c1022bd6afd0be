"""The store of dumps, firmware indexes and reports: named, immutable objects behind one small interface."""

import hashlib
import io
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from contract.errors import FaultcastError, StoreUnavailable

_KEY = re.compile(r"[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
"""Levels that begin with a letter or digit: none leads upwards, none is like a file that is being written."""

_PIECE: Final = 1 << 20
"""Bytes of a file that are copied at a time."""


class NoSuchObject(FaultcastError):
    """The store works and has no object of that name; asking again changes nothing."""

    code = "store-missing"


class Store(Protocol):
    """What workers need of a store. Calls block: run them in a thread."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`; durable on return. Raises `StoreUnavailable`."""
        ...

    def put_file(self, key: str, file: Path) -> None:
        """Keep the contents of a file, which may be larger than memory. Raises `StoreUnavailable`."""
        ...

    def get(self, key: str) -> bytes:
        """The object's bytes. Raises `NoSuchObject` or `StoreUnavailable`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object. Raises `StoreUnavailable`."""
        ...

    def path(self, key: str) -> Path:
        """A local file with the object's bytes, to be memory-mapped. Raises `NoSuchObject` or `StoreUnavailable`."""
        ...

    def delete(self, key: str) -> int:
        """Remove an object; returns the bytes that it had, 0 where there is none. Raises `StoreUnavailable`."""
        ...

    def names(self, level: str) -> list[str]:
        """What there is directly below the first level of keys, in no order. Raises `StoreUnavailable`."""
        ...


def dump_key(sha256: str) -> str:
    """Key of a dump."""
    return f"dump/{sha256}"


def index_key(build_id: str, version: int) -> str:
    """Key of the symbol index of a firmware; `version` is that of the index format."""
    return f"firmware/{build_id}/index.v{version}"


def elf_key(build_id: str) -> str:
    """Key of the ELF file itself."""
    return f"firmware/{build_id}/firmware.elf"


def link_key(build_id: str) -> str:
    """Key of the build id of another firmware, which a person chose for this one."""
    return f"firmware/{build_id}/linked"


def report_key(event_id: str, revision: int) -> str:
    """Key of the newest report of a crash that is as good as `revision` says: no worse one takes its place."""
    return f"report/{event_id}-{revision}.json"


def report_keys(event_id: str) -> list[str]:
    """Every key that a report of a crash may have, the best one first; the last is of reports before revisions."""
    return [*(report_key(event_id, revision) for revision in range(4, 0, -1)), f"report/{event_id}.json"]


def best_report(store: Store, event_id: str) -> bytes:
    """The best report of a crash. Raises `NoSuchObject` or `StoreUnavailable`."""
    for key in report_keys(event_id):
        with suppress(NoSuchObject):
            return store.get(key)
    raise NoSuchObject(f"the store has no report/{event_id}*.json")


def content_name(content: bytes) -> str:
    """SHA-256 in hexadecimal: what a dump is called."""
    return hashlib.sha256(content).hexdigest()


class FolderStore:
    """Objects as files of one folder.

    A new object is written beside its place, flushed to the disk, renamed, and the folder flushed: after a crash of
    the machine there is the whole object or none.
    """

    def __init__(self, root: Path) -> None:
        """`root` is made when it does not exist."""
        self.root = root.resolve()

    def verify(self) -> None:
        """Check at start-up that the folder can be written; raises `StoreUnavailable` with what to do."""
        try:
            _make_folder(self.root)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreUnavailable(
                f"store folder {self.root} cannot be written ({error.strerror}): "
                "create it, give this user the right to write, or set FAULTCAST_STORE to another folder"
            ) from error

    def put(self, key: str, content: bytes) -> None:
        """See `Store.put`."""
        self._write(key, io.BytesIO(content), len(content))

    def put_file(self, key: str, file: Path) -> None:
        """See `Store.put_file`."""
        try:
            source, size = file.open("rb"), file.stat().st_size
        except OSError as error:
            raise StoreUnavailable(f"cannot read {file} ({error.strerror})") from error
        with source:
            self._write(key, source, size)

    def _write(self, key: str, content: BinaryIO, size: int) -> None:
        target = self._place(key)
        temporary: str | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(content, file, _PIECE)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
            temporary = None
            for folder in target.parents:  # another worker may have made one and not flushed it yet
                _flush_folder(folder)
                if folder == self.root:
                    break
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write {size} bytes to {target} ({error.strerror}): "
                "nothing is lost, the work is tried again; free space on the disk or mend its rights"
            ) from error
        finally:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        try:
            return self._place(key).read_bytes()
        except FileNotFoundError as error:
            raise NoSuchObject(f"the store has no {key}") from error
        except OSError as error:
            raise StoreUnavailable(f"cannot read {key} from {self.root} ({error.strerror})") from error

    def exists(self, key: str) -> bool:
        """See `Store.exists`."""
        try:
            return self._place(key).is_file()
        except OSError as error:
            raise StoreUnavailable(f"cannot look for {key} in {self.root} ({error.strerror})") from error

    def path(self, key: str) -> Path:
        """See `Store.path`."""
        if not self.exists(key):
            raise NoSuchObject(f"the store has no {key}")
        return self._place(key)

    def delete(self, key: str) -> int:
        """See `Store.delete`. A file that is mapped by another process stays until that one is done with it."""
        place = self._place(key)
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreUnavailable(
                f"cannot remove {key} from {self.root} ({error.strerror}): mend the rights of its folder"
            ) from error
        return size

    def names(self, level: str) -> list[str]:
        """See `Store.names`; names of folders that have been emptied are among them."""
        try:
            return [each.name for each in (self.root / level).iterdir() if not each.name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnavailable(f"cannot list {level} in {self.root} ({error.strerror})") from error

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a store key: {key!r}")
        return self.root / key


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable in its own."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
