from pathlib import Path

import pytest

from analyzer.grouping import BadPlumbing
from analyzer.plumbing_file import read_plumbing


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[skip]\nmine = ["crash_here"]\n')
    assert read_plumbing(path).group("crash_here") == "mine"


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadPlumbing, match=r"own\.toml"):
        read_plumbing(path)
