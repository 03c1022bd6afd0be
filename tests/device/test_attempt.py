from pathlib import Path

import pytest

from contract.chunk import Metadata
from device.attempt import BadAttemptNote, first_metadata, forget_attempt, note_path

FIRST = Metadata(build_id=b"\x01\x02", boot=7, attributes={"line": 3, "hot": True, "name": "x"})


def test_the_first_attempt_is_repeated(tmp_path: Path) -> None:
    dump = tmp_path / "a.core"
    assert first_metadata(dump, b"one!", FIRST) == FIRST
    assert first_metadata(dump, b"one!", Metadata(boot=8)) == FIRST
    assert first_metadata(dump, b"two!", Metadata(boot=8)) == Metadata(boot=8)
    assert first_metadata(dump, b"one!", Metadata()) == FIRST
    assert [path.name for path in tmp_path.iterdir()] == ["a.core.faultcast"]
    forget_attempt(dump)
    forget_attempt(dump)
    assert first_metadata(dump, b"one!", Metadata(boot=8)) == Metadata(boot=8)


@pytest.mark.parametrize("note", [b"", b"{}", b"\xff\xfe", b'{"version":1,"dumps":{"00":{"boot":"x"}}}'])
def test_a_note_that_cannot_be_read_is_never_overwritten(tmp_path: Path, note: bytes) -> None:
    dump = tmp_path / "a.core"
    note_path(dump).write_bytes(note)
    with pytest.raises(BadAttemptNote, match="remove it"):
        first_metadata(dump, b"one!", FIRST)
    assert note_path(dump).read_bytes() == note
