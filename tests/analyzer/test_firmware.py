from pathlib import Path

import pytest

from analyzer.firmware import find_firmware, link_firmware, unlink_firmware
from analyzer.symbols.format.container import FORMAT_VERSION
from runtime.store import FolderStore, index_key, link_key

OWN, OTHER = "aa" * 20, "bb" * 20


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path)
    store.put(index_key(OTHER, FORMAT_VERSION), b"index")
    return store


def test_a_link_leads_to_another_firmware_until_it_is_undone(store: FolderStore) -> None:
    assert find_firmware(store, OWN) is None
    link_firmware(store, OWN, OTHER)
    found = find_firmware(store, OWN)
    assert found is not None
    assert found.linked == OTHER
    unlink_firmware(store, OWN)
    assert find_firmware(store, OWN) is None


def test_the_right_firmware_wins_over_a_link(store: FolderStore) -> None:
    link_firmware(store, OWN, OTHER)
    store.put(index_key(OWN, FORMAT_VERSION), b"own")
    found = find_firmware(store, OWN)
    assert found is not None
    assert (found.linked, found.index.read_bytes()) == ("", b"own")


def test_one_chosen_for_a_single_dump_is_used_or_nothing(store: FolderStore) -> None:
    found = find_firmware(store, "", OTHER)
    assert found is not None
    assert found.linked == OTHER
    assert find_firmware(store, OTHER, "cc" * 20) is None


@pytest.mark.parametrize("target", [b"", b"../../etc", b"\xff\xfe", b"AA"])
def test_a_damaged_link_leads_nowhere(store: FolderStore, target: bytes) -> None:
    store.put(link_key(OWN), target)
    assert find_firmware(store, OWN) is None
