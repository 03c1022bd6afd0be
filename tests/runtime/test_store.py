"""The folder store: whole and durable, or not there and said so."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import FaultcastError, ServiceError, StoreUnavailable
from runtime.store import (
    FolderStore,
    NoSuchObject,
    best_report,
    content_name,
    dump_key,
    elf_key,
    index_key,
    report_key,
)

KEY = dump_key("ab" * 32)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store")
    made.verify()
    return made


def files(store: FolderStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


def test_what_was_put_is_got(store: FolderStore) -> None:
    assert not store.exists(KEY)
    store.put(KEY, b"content")
    assert store.exists(KEY)
    assert store.get(KEY) == b"content"
    assert store.path(KEY).read_bytes() == b"content"
    assert files(store) == [KEY]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (dump_key("ab" * 32), "dump/" + "ab" * 32),
        (index_key("0123abcd", 3), "firmware/0123abcd/index.v3"),
        (elf_key("0123abcd"), "firmware/0123abcd/firmware.elf"),
        (report_key("88890be6-35e7-5bca-90dd-8d490073d5a3", 4), "report/88890be6-35e7-5bca-90dd-8d490073d5a3-4.json"),
    ],
)
def test_every_kind_of_object_has_its_place(store: FolderStore, key: str, expected: str) -> None:
    assert key == expected
    store.put(key, b"x")
    assert files(store) == [expected]


def test_an_object_is_replaced_as_a_whole(store: FolderStore) -> None:
    store.put(KEY, b"long content")
    store.put(KEY, b"new")
    assert store.get(KEY) == b"new"
    assert files(store) == [KEY]


def test_the_name_of_a_dump_is_its_sha256() -> None:
    assert content_name(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_is_not_there_is_named(store: FolderStore) -> None:
    for ask in (store.get, store.path):
        with pytest.raises(NoSuchObject, match=KEY) as caught:
            ask(KEY)
        assert caught.value.code == "store-missing"


def test_what_is_not_there_is_no_reason_to_wait(store: FolderStore) -> None:
    """A worker tries again for ever what fails for want of a service; a lost object would stop it for good."""
    with pytest.raises(FaultcastError) as caught:
        store.get(KEY)
    assert not isinstance(caught.value, ServiceError)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "dump",
        "dump/",
        "/etc/passwd",
        "dump/../../etc/passwd",
        "dump/..",
        "dump/.",
        "dump/./x",
        "../x",
        "dump//x",
        "dump/a b",
        "dump/a\n",
        "dump/a\0",
        "dump/.new-x",
        "dump/\u0661",
        "Dump/x",
        "dump\\x",
        "~/x",
    ],
)
def test_a_hostile_key_touches_nothing(store: FolderStore, key: str) -> None:
    for ask in (store.get, store.path, store.exists, lambda key: store.put(key, b"x")):
        with pytest.raises(ValueError, match="not a store key"):
            ask(key)
    assert files(store) == []


@given(st.text("ab./\\~\0\n -_:", max_size=12))
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    store = FolderStore(Path("/nonexistent/store"))
    try:
        place = store._place(key)
    except ValueError:
        return
    assert Path(os.path.normpath(place)).is_relative_to(store.root)
    assert os.path.normpath(place) == str(place) != str(store.root)


class Journal:
    """What the store asks of the operating system, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[str] = []
        fsync, replace = os.fsync, Path.replace

        def note_fsync(descriptor: int) -> None:
            target = Path(f"/proc/self/fd/{descriptor}").readlink()
            self.steps.append(f"fsync {'folder' if target.is_dir() else 'file'} {target.name[:5]}")
            fsync(descriptor)

        def note_replace(path: Path, target: Path) -> Path:
            self.steps.append(f"rename {path.name[:5]} to {Path(target).name[:5]}")
            return replace(path, target)

        monkeypatch.setattr(os, "fsync", note_fsync)
        monkeypatch.setattr(Path, "replace", note_replace)


def test_bytes_are_flushed_before_the_rename_and_every_folder_after_it(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(monkeypatch)
    store.put("firmware/0123abcd/firmware.elf", b"x")
    assert journal.steps == [
        "fsync file .new-",
        "rename .new- to firmw",
        "fsync folder 0123a",
        "fsync folder firmw",
        "fsync folder store",
    ]


def test_a_new_store_is_durable_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(monkeypatch)
    FolderStore(tmp_path / "data" / "store").verify()
    assert "fsync folder data" in journal.steps


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_before_the_rename_leaves_what_was_there(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    store.put(KEY, b"old")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(StoreUnavailable, match="Input/output error"):
        store.put(KEY, b"new")
    monkeypatch.undo()
    assert store.get(KEY) == b"old"
    assert files(store) == [KEY]


def test_a_disk_that_turns_read_only_in_the_middle_is_the_error_that_is_told(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(StoreUnavailable, match="Read-only file system"):
        store.put(KEY, b"x")


def test_a_full_disk_is_named_with_its_path_and_what_to_do(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable) as caught:
        store.put(KEY, bytes(1000))
    assert caught.value.code == "store-unavailable"
    for part in ("1000 bytes", str(store.root / KEY), "No space left on device", "free space"):
        assert part in str(caught.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full_loses_nothing_and_takes_work_again_when_there_is_room(small_disk: Path) -> None:
    store = FolderStore(small_disk / "store")
    store.verify()
    store.put(KEY, b"old")
    other = dump_key("cd" * 32)
    with pytest.raises(StoreUnavailable, match=f"{other}.*No space left on device"):
        store.put(other, bytes(2 << 20))
    assert files(store) == [KEY]
    store.put(other, bytes(1 << 19))
    assert len(store.get(other)) == 1 << 19


def test_a_store_that_is_a_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreUnavailable, match=r"store folder .*/store cannot be written.*FAULTCAST_STORE"):
        FolderStore(tmp_path / "store").verify()


def test_a_place_that_is_a_folder_is_an_error_of_ours(store: FolderStore) -> None:
    (store.root / KEY).mkdir(parents=True)
    with pytest.raises(StoreUnavailable):
        store.put(KEY, b"x")
    with pytest.raises(StoreUnavailable):
        store.get(KEY)
    assert files(store) == []


@pytest.mark.parametrize("ask", ["put", "get", "exists", "path"])
def test_a_folder_without_rights_is_an_error_of_ours(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    """Rights do not bind root, so the operating system's refusal is played."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("mkdir", "read_bytes", "stat", "is_file"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(StoreUnavailable, match="Permission denied"):
        store.put(KEY, b"x") if ask == "put" else getattr(store, ask)(KEY)


def test_nobody_sees_half_an_object(store: FolderStore) -> None:
    """Readers and writers of one key at once: every read is one of the writes, whole."""
    contents = [bytes([n]) * 200_000 for n in range(1, 9)]
    store.put(KEY, contents[0])

    async def run() -> list[bytes]:
        writes = [asyncio.to_thread(store.put, KEY, content) for content in contents]
        reads = [asyncio.to_thread(store.get, KEY) for _ in range(32)]
        return [result for result in await asyncio.gather(*writes, *reads) if result is not None]

    assert set(asyncio.run(run())) <= set(contents)
    assert files(store) == [KEY]


def test_what_was_deleted_is_gone_and_its_size_is_told(store: FolderStore) -> None:
    store.put(KEY, b"content")
    assert store.delete(KEY) == 7
    assert not store.exists(KEY)
    assert store.delete(KEY) == 0


def test_a_worse_report_never_takes_the_place_of_a_better_one(store: FolderStore) -> None:
    store.put(report_key("a", 4), b"whole")
    store.put(report_key("a", 2), b"partial")
    assert best_report(store, "a") == b"whole"
    store.delete(report_key("a", 4))
    assert best_report(store, "a") == b"partial"
    with pytest.raises(NoSuchObject, match="report/b"):
        best_report(store, "b")


def test_a_report_from_before_revisions_is_found(store: FolderStore) -> None:
    store.put("report/a.json", b"old")
    assert best_report(store, "a") == b"old"


def test_a_file_is_kept_like_bytes(store: FolderStore, tmp_path: Path) -> None:
    source = tmp_path / "firmware.elf"
    source.write_bytes(os.urandom(3_000_000))
    store.put_file(elf_key("ab" * 20), source)
    assert store.get(elf_key("ab" * 20)) == source.read_bytes()


def test_a_file_that_is_not_there_is_said(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="missing"):
        store.put_file(elf_key("ab" * 20), tmp_path / "missing")
